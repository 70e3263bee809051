"""Bringing a whole stream back, byte for byte: the same envelopes, disclosures and hashes, and the rows that follow.

Its events get new places in the log of this system; reactions are not run, for what they started was done where the
stream comes from.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from ledger.envelope import GENESIS, chain_hash
from ledger.errors import Conflict, Invalid
from ledger.models import Event, Head, Pending, Redaction
from ledger.payloads import pack
from ledger.read import CHUNK, read
from ledger.redaction import read_redacted
from ledger.rotation import STREAM
from ledger.rows import execute, insert
from ledger.sequence import place
from ledger.subscriptions import project
from ledger.verify import verify

OCTETS = 8 << 20
"""Characters of events that are inserted at a time, where they are large."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An event as it was stored: its envelope, and those of its disclosures that there are."""

    envelope: str
    disclosures: Sequence[str]


def restore(stream: UUID, events: Iterable[Stored], *, keeps: Callable[[str], None] = lambda sha256: None) -> int:
    """Insert all events of a stream that is not here, in order, and return the last `seq`; the read rows come later.

    Must run in a transaction. Nothing is taken for granted: what does not follow on what came before is refused. What
    erasures among the events name is noted as erased, as it was where they come from.

    :param keeps: is told of each file that is stored for a large payload; it stays if the transaction does not.
    :raises Invalid: something is no event, or not the next one of this stream; or the stream is the log's own.
    :raises Conflict: the stream is here, or one of the events is.
    """
    if stream == STREAM:
        # Else a log elsewhere would decide whose key signs this one.
        raise Invalid("The log's own stream comes from nowhere else.")
    seq, hash_ = 0, GENESIS
    erased: list[Redaction] = []
    try:
        # In a savepoint: who is refused may go on. The head's row also keeps others from bringing the same stream.
        with transaction.atomic():
            insert([Head(stream=stream, hash=GENESIS)])
            for chunk in _chunks(events):
                rows = []
                for each in chunk:
                    rows.append(_row(stream, each, seq=seq + 1, prev=hash_))
                    seq, hash_ = rows[-1].seq, rows[-1].hash
                payloads = [pack(row.id, each.disclosures) for row, each in zip(rows, chunk, strict=True)]
                for payload in payloads:
                    if payload.file:
                        keeps(payload.file)
                insert(rows, payloads)
                _order(rows)
                erased += [each for pair in zip(rows, chunk, strict=True) for each in _erased_by(*pair)]
            insert(erased)
            Head.objects.filter(stream=stream).update(seq=seq, hash=hash_)
    except IntegrityError as error:
        raise Conflict("The case, or one of its events, is here already.") from error
    return seq


def replay(stream: UUID) -> None:
    """Write the rows that follow from a stream's events, as `rebuild` does for all.

    :raises Invalid: the events contradict one another, or the ledger does not hold with them.
    """
    events = read(stream)
    while chunk := list(islice(events, CHUNK)):
        project(chunk)
    report = verify(stream=stream)
    if report.faults:
        raise Invalid(f"It does not hold here: {report.faults[0]}.")


def _chunks(events: Iterable[Stored]) -> Iterator[list[Stored]]:
    chunk: list[Stored] = []
    octets = 0
    for each in events:
        chunk.append(each)
        octets += len(each.envelope) + sum(map(len, each.disclosures))
        if len(chunk) == CHUNK or octets > OCTETS:
            yield chunk
            chunk, octets = [], 0
    if chunk:
        yield chunk


def _row(stream: UUID, stored: Stored, *, seq: int, prev: str) -> Event:
    try:
        said = json.loads(stored.envelope)
        row = Event(
            id=UUID(said["id"]),
            stream=UUID(said["stream"]),
            seq=said["seq"],
            item=_id(said["item"]),
            type=_text(said["type"], Event.type.field.max_length),
            at=datetime.fromisoformat(said["at"]),
            actor=_text(said["actor"], Event.actor.field.max_length),
            cause=_id(said["cause"]),
            hash=chain_hash(stored.envelope),
            envelope=stored.envelope,
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Invalid(f"Event {seq} can not be read.") from error
    if (row.stream, row.seq, said["prev"]) != (stream, seq, prev):
        raise Invalid(f"What should be event {seq} does not follow on the one before it.")
    return row


def _erased_by(row: Event, stored: Stored) -> Iterator[Redaction]:
    said = read_redacted(row.type, stored.disclosures)
    for target in said.targets if said else ():
        for field in target.fields:
            yield Redaction(
                event=target.event,
                digest=field.digest,
                name=field.name,
                parts=list(field.parts),
                others=list(field.others),
                kept_in=target.kept_in,
                redacted_by=row.id,
            )


def _order(rows: Sequence[Event]) -> None:
    """Give the events places in the log of this system, or let them wait for them."""
    if connection.vendor == "sqlite":
        execute(place([(row.id, row.hash) for row in rows]))
    else:
        insert([Pending(event=row.id, hash=row.hash, at=row.at) for row in rows])


def _id(text: Any) -> UUID | None:
    return None if text is None else UUID(text)


def _text(text: Any, most: int | None) -> str:
    if not isinstance(text, str) or not 0 < len(text) <= (most or 0):
        raise ValueError(f"not a text of 1 to {most} characters")
    return text
