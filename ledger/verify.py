"""Check that nothing in the ledger was changed: every event, its place in the chain, its payload, its columns.

The envelope's bytes are the truth; a copy that disagrees with them is a fault as much as a broken chain is. What a
chain in one's own database can not show (a tail cut together with its head, a whole history written anew) needs a
head that is kept elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db import connection

from ledger.envelope import GENESIS, VERSION, digests
from ledger.errors import DomainError
from ledger.models import Head
from ledger.payloads import unpack

BATCH = 2000

_ROWS = """
SELECT e.stream, e.seq, e.id, e.item, e.type, e.at, e.actor, e.cause, e.hash, e.envelope, p.body, p.file
FROM ledger_event e LEFT JOIN ledger_payload p ON p.event_id = e.id
WHERE {where} ORDER BY e.stream, e.seq LIMIT {limit}
"""
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
    """Check one stream or all of them, flat in memory, and report the first fault of each."""
    heads = {_hex(head.stream): head for head in _heads(stream)}
    faults: list[Fault] = []
    events = streams = 0
    for key, rows in groupby(_rows(stream), key=lambda row: row[0]):
        here = _hex(key)
        streams += 1
        chain = _Chain(here)
        for row in rows:
            chain.check(row)
        events += chain.rows
        faults += [chain.fault] if chain.fault else _at_the_end(chain, heads.get(here))
        heads.pop(here, None)
    for left, head in heads.items():
        if head.seq:
            faults.append(Fault(_dashed(left), 1, "missing", "the head counts events and none is stored"))
    return Report(events=events, streams=streams, faults=faults)


class _Chain:
    """One stream's chain as far as it was walked; past the first fault nothing more can be said about it."""

    def __init__(self, stream: str | None) -> None:
        self.stream = stream
        self.seq = self.rows = 0
        self.hash = GENESIS
        self.fault: Fault | None = None

    def check(self, row: tuple[Any, ...]) -> None:
        self.rows += 1
        if self.fault is None:
            self.seq += 1
            if reason := _fault(row, seq=self.seq, prev=self.hash):
                self.fault = Fault(_dashed(self.stream), row[1], _dashed(_hex(row[2])), reason)
            self.hash = row[8]


def _heads(stream: UUID | None) -> Iterator[Head]:
    heads = Head.objects.order_by("stream")
    yield from heads.filter(stream=stream) if stream else heads


def _rows(stream: UUID | None) -> Iterator[tuple[Any, ...]]:
    """Yield plain rows, a batch at a time by key: no model instances, no long-lived cursor."""
    last: tuple[Any, int] | None = None
    # The raw parameter form of a UUID differs by database: Django's own field knows it.
    uuid_field = Head._meta.get_field("stream")
    while True:
        where, params = "TRUE", []
        if stream is not None:
            where, params = "e.stream = %s", [uuid_field.get_db_prep_value(stream, connection)]
        if last is not None:
            where += " AND (e.stream, e.seq) > (%s, %s)"
            params += last
        with connection.cursor() as cursor:
            cursor.execute(_ROWS.format(where=where, limit=BATCH), params)
            rows = cursor.fetchall()
        yield from rows
        if len(rows) < BATCH:
            return
        last = (rows[-1][0], rows[-1][1])


def _fault(row: tuple[Any, ...], *, seq: int, prev: str) -> str | None:
    """Say what is wrong with one event, given the sequence number and hash that must come before it."""
    stream, row_seq, id_, item, type_, at, actor, cause, hash_, text, body, file = row
    if row_seq != seq:
        return f"event {seq} is missing; the next one stored is {row_seq}"
    if sha256(text.encode()).hexdigest() != hash_:
        return "the envelope was changed: its hash is not the one recorded with it"
    try:
        envelope = json.loads(text)
    except ValueError:
        return "the envelope is not JSON"
    if not isinstance(envelope, dict) or tuple(envelope) != _KEYS or envelope["v"] != VERSION:
        return "the envelope does not have the shape of an envelope"
    if envelope["prev"] != prev:
        return "the chain breaks here: `prev` is not the hash of the event before"
    copies = (
        ("id", _hex(id_), _undashed(envelope["id"])),
        ("stream", _hex(stream), _undashed(envelope["stream"])),
        ("seq", row_seq, envelope["seq"]),
        ("item", _hex(item), _undashed(envelope["item"])),
        ("type", type_, envelope["type"]),
        ("at", _instant(at), _instant(envelope["at"])),
        ("actor", actor, envelope["actor"]),
        ("cause", _hex(cause), _undashed(envelope["cause"])),
    )
    for name, copy, original in copies:
        if copy != original:
            return f"the column {name!r} does not agree with the envelope"
    return _payload_fault(envelope["fields"], body, file)


def _payload_fault(fields: list[str], body: str | None, file: str | None) -> str | None:
    if body is None:
        return "the payload is missing"
    try:
        found = digests(unpack(body, file or ""))
    except DomainError as error:
        return f"the payload's file does not hold: {error.detail}"
    if list(found) == fields:
        return None
    changed = len(set(found) - set(fields))
    if changed:
        return f"the payload was changed: {changed} of its {len(found)} disclosures are not in the envelope"
    return f"the payload is not whole: {len(fields) - len(found)} disclosures are missing"


def _at_the_end(chain: _Chain, head: Head | None) -> list[Fault]:
    stream = _dashed(chain.stream)
    if head is None:
        return [Fault(stream, chain.seq, "head", "the stream has events and no head")]
    if (head.seq, head.hash) == (chain.seq, chain.hash):
        return []
    if head.seq > chain.seq:
        return [Fault(stream, chain.seq + 1, "missing", f"the tail was cut: the head stands at {head.seq}")]
    return [Fault(stream, chain.seq, "head", "the head does not agree with the last event")]


def _hex(value: Any) -> str | None:
    """Write a stored UUID as 32 hex digits (SQLite keeps them so; PostgreSQL returns UUID)."""
    return value.hex if isinstance(value, UUID) else value


def _undashed(value: Any) -> Any:
    return value.replace("-", "") if isinstance(value, str) else value


def _dashed(value: str | None) -> str:
    try:
        return str(UUID(value or ""))
    except ValueError:
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
