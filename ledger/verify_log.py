"""Check the log of all events: no place is empty, each entry is its event's, the tree is the one that was signed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from ledger import anchor, keys
from ledger.errors import DomainError, Invalid
from ledger.merkle import Frontier, leaf_hash
from ledger.models import LogHead, SignedHead, Subtree
from ledger.sequence import KEPT
from ledger.signed_note import Checkpoint, Note, SigningKey, read_checkpoint, read_note

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
    """How many entries and signed heads were checked, what does not hold, and what could not be checked."""

    entries: int = 0
    heads: int = 0
    faults: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)


def verify_log() -> LogReport:
    """Check the whole log, flat in memory; after the first fault in its entries the tree is not judged."""
    report = LogReport()
    signed = {head.size: head for head in SignedHead.objects.order_by("size")}
    edge, fault = _walk(report, signed)
    if fault:
        report.faults.append(fault)
    else:
        report.faults += _at_the_end(edge, signed)
    if missing := _rows(_WITHOUT_A_PLACE):
        stream, seq, event = missing[0]
        report.faults.append(f"case {stream}, event {seq} ({event}): it has no place in the log")
    _check_signatures(report, signed)
    return report


def _walk(report: LogReport, signed: dict[int, SignedHead]) -> tuple[Frontier, str | None]:
    """Build the tree anew from the entries; stop at the first that does not hold."""
    edge = Frontier()
    last_seq: dict[Any, int] = {}
    for position, event, hash_, of_event, stream, seq in _entries():
        if position != edge.size:
            return edge, f"log: the entry at position {edge.size} is missing"
        if of_event is None:
            return edge, f"log, position {position}: the event {event} is not stored"
        if hash_ != of_event:
            return edge, f"log, position {position}: the entry is not that of case {stream}, event {seq} ({event})"
        if not _HASH.fullmatch(hash_):
            return edge, f"log, position {position}: the entry is no hash"
        if seq <= last_seq.get(stream, 0):
            return edge, f"log, position {position}: event {seq} of case {stream} comes after a later one"
        last_seq[stream] = seq
        edge, whole = edge.add(leaf_hash(bytes.fromhex(hash_)))
        report.entries = edge.size
        for level, index, root in whole:
            if level and level % KEPT == 0 and _kept(level, index) != root.hex():
                return edge, f"log: the kept root of level {level}, {index} is not that of its entries"
        head = signed.get(edge.size)
        if head and head.root != edge.root.hex():
            return edge, f"log: the first {edge.size} entries are not those whose head was signed"
    return edge, None


def _at_the_end(edge: Frontier, signed: dict[int, SignedHead]) -> Iterator[str]:
    stored = LogHead.objects.first()
    peaks = " ".join(peak.hex() for peak in edge.peaks)
    if (stored.size, stored.peaks) != (edge.size, peaks) if stored else edge.size:
        yield f"log: its head does not follow from its {edge.size} entries"
    longest = max(signed, default=0)
    if longest > edge.size:
        yield f"log: a head of {longest} entries was signed, and {edge.size} are stored"


def _check_signatures(report: LogReport, signed: dict[int, SignedHead]) -> None:
    try:
        key = keys.load()
    except DomainError as refusal:
        report.unchecked.append(f"the signatures of {len(signed)} heads: {refusal.detail}")
        return
    for size, head in signed.items():
        report.heads += 1
        said = _checkpoint(head.note, key)
        if said is None or (said.origin, said.size, said.root.hex()) != (key.name, size, head.root):
            report.faults.append(f"log: the signed head of {size} entries is not what was signed")
    _check_anchor(report, signed, key)


def _check_anchor(report: LogReport, signed: dict[int, SignedHead], key: SigningKey) -> None:
    try:
        note = anchor.read()
    except Invalid:
        report.faults.append("anchor: it is no signed note")
        return
    if note is None:
        report.unchecked.append("the anchor: nothing was signed yet")
        return
    head = _checkpoint(str(note), key)
    if head is None:
        report.faults.append("anchor: it is not signed by this log's key")
    elif head.size in signed and signed[head.size].root != head.root.hex():
        report.faults.append(f"anchor: the head of {head.size} entries is another one than the published one")
    elif head.size > report.entries and not report.faults:
        report.faults.append(f"anchor: {head.size} entries were signed, and {report.entries} are stored")


def _checkpoint(text: str, key: SigningKey) -> Checkpoint | None:
    """Read a checkpoint that this key signed; None where it is none."""
    try:
        note: Note = read_note(text)
        return read_checkpoint(note) if key.verifier.verified(note) else None
    except Invalid:
        return None


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
