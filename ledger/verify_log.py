"""Check the log of all events: no place is empty, each entry is its event's, the tree is the one that was signed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection

from ledger import anchor, keys, log, raw
from ledger.errors import DomainError, Invalid
from ledger.merkle import Frontier, leaf_hash
from ledger.models import LogHead, SignedHead, Subtree
from ledger.rotation import Turn, key_of, turns
from ledger.sequence import KEPT
from ledger.signed_note import Checkpoint, Note, VerifierKey, read_checkpoint, read_note
from ledger.signer import checked
from ledger.verify_attested import verify_attested

BATCH = 2000
_HASH = re.compile("[0-9a-f]{64}")

_ENTRIES = """
SELECT n.position, n.event, n.hash, e.hash, e.stream, e.seq
FROM ledger_entry n LEFT JOIN ledger_event e ON e.id = n.event
WHERE n.position > %s ORDER BY n.position LIMIT %s
"""
_WITHOUT_A_PLACE = """
SELECT e.stream, e.seq, e.id FROM ledger_event e
LEFT JOIN ledger_entry n ON n.event = e.id LEFT JOIN ledger_pending p ON p.event = e.id
WHERE n.event IS NULL AND p.event IS NULL ORDER BY e.stream, e.seq LIMIT 1
"""


@dataclass
class LogReport:
    """How many entries, signed heads and rotations were checked, what does not hold, what could not be checked."""

    entries: int = 0
    heads: int = 0
    rotations: int = 0
    timestamps: int = 0
    cosignatures: int = 0
    faults: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)


def verify_log() -> LogReport:
    """Check the whole log as it stands at one moment, a batch of it in memory at a time.

    After the first fault in its entries the tree is not judged.
    """
    report = LogReport()
    key, anchored = _key(report), _anchored(report)
    with raw.snapshot():
        known = _turns(report, key)
        edge, fault = _walk(report, key, known)
        if fault:
            report.faults.append(fault)
        else:
            report.faults += _at_the_end(edge)
        if not fault:
            _attested(report)
        if missing := _rows(_WITHOUT_A_PLACE):
            stream, seq, event = missing[0]
            report.faults.append(f"case {_id(stream)}, event {seq} ({_id(event)}): it has no place in the log")
        if anchored and key:
            report.faults += _anchor_faults(anchored, key, known, edge if not fault else None)
    return report


def _turns(report: LogReport, key: VerifierKey | None) -> list[Turn]:
    """Read the rotations of the key, which must lead to the one in use."""
    try:
        known = turns()
        report.rotations = len(known)
    except Invalid as refusal:
        report.faults.append(f"log: {refusal.detail}")
        return []
    if key and known and known[-1].new != key:
        report.faults.append(
            f"log, position {known[-1].position}: it names the key of {known[-1].new.name}, and another one is in use: "
            "a rotation was begun and not ended, or somebody else wrote that"
        )
    return known


def _key(report: LogReport) -> VerifierKey | None:
    try:
        return keys.verifier()
    except DomainError as refusal:
        report.unchecked.append(f"the signatures of the log's heads: {refusal.detail}")
        return None


def _anchored(report: LogReport) -> Note | None:
    """Read the anchor before the database: what is signed meanwhile is no fault."""
    try:
        note = anchor.read()
    except Invalid as refusal:
        report.faults.append(f"anchor: {refusal.detail}")
        return None
    if note is None:
        report.unchecked.append("the anchor: nothing was signed yet")
    return note


def _attested(report: LogReport) -> None:
    found = verify_attested()
    report.timestamps, report.cosignatures = found.timestamps, found.cosignatures
    report.faults += found.faults
    report.unchecked += found.unchecked


def _walk(report: LogReport, key: VerifierKey | None, known: list[Turn]) -> tuple[Frontier, str | None]:
    """Build the tree anew from the entries; stop at the first that does not hold."""
    edge = Frontier()
    last_seq: dict[Any, int] = {}
    heads = SignedHead.objects.order_by("size").iterator(chunk_size=BATCH)
    head = next(heads, None)
    ahead = list(known)
    for position, event, hash_, of_event, stream, seq in _entries():
        if position != edge.size:
            return edge, f"log: the entry at position {edge.size} is missing"
        if of_event is None:
            return edge, f"log, position {position}: the event {_id(event)} is not stored"
        if hash_ != of_event:
            about = f"case {_id(stream)}, event {seq} ({_id(event)})"
            return edge, f"log, position {position}: the entry is not that of {about}"
        if not _HASH.fullmatch(hash_):
            return edge, f"log, position {position}: the entry is no hash"
        if seq <= last_seq.get(stream, 0):
            return edge, f"log, position {position}: event {seq} of case {_id(stream)} comes after a later one"
        last_seq[stream] = seq
        before = edge
        edge, whole = edge.add(leaf_hash(bytes.fromhex(hash_)))
        report.entries = edge.size
        for level, index, root in whole:
            if level and level % KEPT == 0 and _kept(level, index) != root.hex():
                return edge, f"log: the kept root of level {level}, {index} is not that of its entries"
        if ahead and ahead[0].position == position:
            report.faults += _turn_faults(ahead.pop(0), before, edge)
        if head and head.size == edge.size:
            if reason := _head_fault(head, edge, key and key_of(edge.size, known, key)):
                return edge, reason
            report.heads += 1
            head = next(heads, None)
    if head:
        return edge, f"log: a head of {head.size} entries was signed, and {edge.size} are stored"
    return edge, None


def _turn_faults(turn: Turn, before: Frontier, edge: Frontier) -> Iterator[str]:
    """Compare a rotation with the tree around it, and with the head by which the old key handed over."""
    here = f"log, position {turn.position}: the rotation of the key"
    if (turn.event.old_size, turn.event.old_root) != (before.size, before.root.hex()):
        yield f"{here} does not cite the head before it"
    if turn.lost:
        if turn.last_head:
            yield f"{here} says that the key was lost, and it signed"
    elif turn.last_head is None:
        yield f"{here} was not signed by the key before it"
    elif _checkpoint(str(turn.last_head), turn.old) != turn.last_checkpoint(edge.root):
        yield f"{here} is not what the key before it signed"


def _head_fault(head: SignedHead, edge: Frontier, key: VerifierKey | None) -> str | None:
    if head.root != edge.root.hex():
        return f"log: the first {edge.size} entries are not those whose head was signed"
    if key and _checkpoint(head.note, key) != Checkpoint(key.name, edge.size, edge.root):
        return f"log: the signed head of {edge.size} entries is not what was signed"
    return None


def _at_the_end(edge: Frontier) -> Iterator[str]:
    stored = LogHead.objects.first()
    peaks = " ".join(peak.hex() for peak in edge.peaks)
    if (stored.size, stored.peaks) != (edge.size, peaks) if stored else edge.size:
        yield f"log: its head does not follow from its {edge.size} entries"


def _anchor_faults(note: Note, key: VerifierKey, known: list[Turn], edge: Frontier | None) -> Iterator[str]:
    try:
        head = checked(note, key, known)
    except Invalid:
        yield "anchor: it is not signed by this log's key"
        return
    if edge and head.size > edge.size:
        yield f"anchor: {head.size} entries were signed, and {edge.size} are stored"
    elif edge and log.root_at(head.size) != head.root:
        yield f"anchor: the first {head.size} entries are not those whose head was signed"


def _checkpoint(text: str, key: VerifierKey) -> Checkpoint | None:
    """Read a checkpoint that this key signed; None where it is none."""
    try:
        note = read_note(text)
        return read_checkpoint(note) if key.verified(note) else None
    except Invalid:
        return None


def _id(value: Any) -> str:
    """Write an id with its dashes (SQLite keeps 32 hex digits)."""
    try:
        return str(UUID(str(value)))
    except ValueError:
        return repr(value)


def _kept(level: int, index: int) -> str | None:
    return Subtree.objects.filter(level=level, index=index).values_list("hash", flat=True).first()


def _entries() -> Iterator[tuple[Any, ...]]:
    last = -1
    while rows := _rows(_ENTRIES, last, BATCH):
        yield from rows
        last = rows[-1][0]


def _rows(query: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found
