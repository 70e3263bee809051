"""Check that nothing in the ledger was changed: every event, its place in the chain, its payload, its columns.

The envelope's bytes are the truth; a copy that disagrees with them is a fault as much as a broken chain is. What a
chain in one's own database can not show (a tail cut together with its head, a whole history written anew) shows in the
log, whose head is signed and kept elsewhere (see `verify_log`). What an erasure names must be gone, and nothing
else may be (see `verify_erasures`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import groupby
from typing import Any
from uuid import UUID

from ledger import raw
from ledger.envelope import GENESIS, VERSION, digests
from ledger.errors import DomainError
from ledger.payloads import unpack
from ledger.raw import Row
from ledger.verify_erasures import Erased, Erasures, erasures, unlisted

_KEYS = ("v", "id", "stream", "seq", "item", "type", "at", "actor", "cause", "prev", "fields")


@dataclass(frozen=True)
class Fault:
    """One thing that does not hold: which event (or stream), and what about it."""

    stream: str
    seq: int
    event: str
    reason: str

    def __str__(self) -> str:
        return f"case {self.stream}, event {self.seq} ({self.event}): {self.reason}"


@dataclass(frozen=True)
class Report:
    """How much was checked; and the first fault of each stream."""

    events: int
    streams: int
    faults: list[Fault]


def verify(*, stream: UUID | None = None) -> Report:
    """Check one stream or all of them as they stand at one moment, and report the first fault of each.

    In memory is one head for each stream, and a batch of events.
    """
    with raw.snapshot():
        return _verify(stream)


def _verify(stream: UUID | None) -> Report:
    heads = {_hex(key): (seq, hash_) for key, seq, hash_ in raw.heads(stream)}
    erased = erasures(stream)
    faults: list[Fault] = []
    events = streams = 0
    for key, rows in groupby(raw.rows(stream), key=lambda row: row.key_stream):
        here = _hex(key)
        streams += 1
        chain = _Chain(here, erased)
        for row in rows:
            chain.check(row)
        events += chain.rows
        faults += [chain.fault] if chain.fault else _at_the_end(chain, heads.get(here), erased)
        heads.pop(here, None)
    for left, (seq, _) in heads.items():
        if seq:
            faults.append(Fault(_dashed(left), 1, "missing", "the head counts events and none is stored"))
    if not faults:
        faults += [
            Fault(_dashed(here), seq, _dashed(event), reason) for here, seq, event, reason in unlisted(erased, stream)
        ]
    return Report(events=events, streams=streams, faults=faults)


class _Chain:
    """One stream's chain as far as it was walked; past the first fault nothing more can be said about it."""

    def __init__(self, stream: Any, erasures: Erasures) -> None:
        self.stream = stream
        self.erasures = erasures
        self.seq = self.rows = 0
        self.hash = GENESIS
        self.fault: Fault | None = None

    def check(self, row: Row) -> None:
        self.rows += 1
        if self.fault is None:
            self.seq += 1
            erased = self.erasures.of(_hex(row.stream), _hex(row.id), seq=row.seq)
            if reason := _fault(row, seq=self.seq, prev=self.hash, erased=erased):
                self.fault = Fault(_dashed(self.stream), row.key_seq, _name(row), reason)
            self.hash = row.hash


def intact(row: Row, *, erased: Mapping[str, Erased]) -> dict[str, Any] | None:
    """Read the envelope of an event that is, taken alone and with its payload, what its digests say; else nothing.

    :param erased: what of it was erased, by digest.
    """
    envelope = _envelope(row)
    return envelope if isinstance(envelope, dict) and not _payload_fault(envelope["fields"], row, erased) else None


def _fault(row: Row, *, seq: int, prev: str, erased: Mapping[str, Erased]) -> str | None:
    """Say what is wrong with one event, given the sequence number and hash that must come before it."""
    if row.key_seq != seq:
        return f"event {seq} is missing; the next one stored is {row.key_seq}"
    envelope = _envelope(row)
    if isinstance(envelope, str):
        return envelope
    if envelope["prev"] != prev:
        return "the chain breaks here: `prev` is not the hash of the event before"
    copies = (
        ("id", _hex(row.id), _undashed(envelope["id"])),
        ("stream", _hex(row.stream), _undashed(envelope["stream"])),
        ("stream", _hex(row.key_stream), _undashed(envelope["stream"])),
        ("seq", row.seq, envelope["seq"]),
        ("seq", row.key_seq, envelope["seq"]),
        ("item", _hex(row.item), _undashed(envelope["item"])),
        ("type", row.type, envelope["type"]),
        ("at", _instant(row.at), _instant(envelope["at"])),
        ("actor", row.actor, envelope["actor"]),
        ("cause", _hex(row.cause), _undashed(envelope["cause"])),
    )
    for name, copy, original in copies:
        if copy != original:
            return f"the column {name!r} does not agree with the envelope"
    return _payload_fault(envelope["fields"], row, erased)


def _envelope(row: Row) -> dict[str, Any] | str:
    """Read the envelope, or say why it is not the one that was recorded."""
    if row.id is None and row.envelope is None:
        return "its row can not be read: the database is damaged there"
    if not isinstance(row.envelope, str) or _sha256(row.envelope) != row.hash:
        return "the envelope was changed: its hash is not the one recorded with it"
    try:
        envelope = json.loads(row.envelope)
    except (ValueError, RecursionError):
        return "the envelope is not JSON"
    if not isinstance(envelope, dict) or tuple(envelope) != _KEYS or envelope["v"] != VERSION:
        return "the envelope does not have the shape of an envelope"
    fields = envelope["fields"]
    if not isinstance(fields, list) or not all(isinstance(each, str) for each in fields):
        return "the envelope does not have the shape of an envelope"
    return envelope


def _name(row: Row) -> str:
    """Name an event as its envelope does, where that is whole; else by its column."""
    envelope = _envelope(row)
    return str(envelope["id"]) if isinstance(envelope, dict) else _dashed(_hex(row.id))


def _sha256(text: str) -> str:
    # Bytes that are no text came as surrogates, and become themselves again.
    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _payload_fault(fields: Sequence[str], row: Row, erased: Mapping[str, Erased]) -> str | None:
    if row.body is None and row.file is None:
        return "the payload is missing"
    if not (isinstance(row.body, str) and isinstance(row.file, str)):
        return "the payload was changed: it is not text"
    if row.payload != row.id:
        return "the payload's row belongs to another event"
    try:
        found = set(digests(lines := unpack(row.body, row.file)))
    except DomainError as error:
        return f"the payload's file does not hold: {error.detail}"
    except UnicodeError:
        return "the payload was changed: it is not text"
    known = set(fields)
    if changed := len(found - known):
        return f"the payload was changed: {changed} of its {len(lines)} disclosures are not in the envelope"
    if len(found) != len(lines) or len(known) != len(fields):
        return "the payload was changed: a disclosure stands there twice"
    for each in sorted(found & erased.keys()):
        by = erased[each]
        return f"the erasure of {by.name!r} by event {by.seq} was not carried out: the field is still there"
    if missing := len(known - found - erased.keys()):
        return f"the payload is not whole: {missing} disclosures are missing"
    return None


def _at_the_end(chain: _Chain, head: tuple[Any, Any] | None, erasures: Erasures) -> list[Fault]:
    stream = _dashed(chain.stream)
    for by in erasures.unmet(chain.stream):
        return [Fault(stream, by.seq, by.event, f"it erases {by.name!r} of an event that is not before it here")]
    for here, seq, event in erasures.by_one:
        if here == chain.stream:
            return [Fault(stream, seq, event, "one person asked for this erasure and confirmed it")]
    if head is None:
        return [Fault(stream, chain.seq, "head", "the stream has events and no head")]
    if head == (chain.seq, chain.hash):
        return []
    if isinstance(head[0], int) and head[0] > chain.seq:
        return [Fault(stream, chain.seq + 1, "missing", f"the tail was cut: the head stands at {head[0]}")]
    return [Fault(stream, chain.seq, "head", "the head does not agree with the last event")]


def _hex(value: Any) -> Any:
    """Write a stored UUID as 32 hex digits (SQLite keeps them so; PostgreSQL returns UUID)."""
    return value.hex if isinstance(value, UUID) else value


def _undashed(value: Any) -> Any:
    return value.replace("-", "") if isinstance(value, str) else value


def _dashed(value: Any) -> str:
    try:
        return str(UUID(value))
    except (ValueError, TypeError, AttributeError):
        return repr(value)


def _instant(value: Any) -> Any:
    """Read an instant in UTC from a column of either database or from an envelope; else the value itself."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return value
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return value
