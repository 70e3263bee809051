"""The one way into the ledger.

One transaction: lock the stream's head, compare what the caller expected, build envelopes, insert events and
payloads, move the head, let subscribers see each event. If any step fails, nothing happened.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from ledger import events, subscriptions
from ledger.actors import Actor
from ledger.codec import to_values
from ledger.envelope import GENESIS, Envelope, chain_hash, digests, disclose
from ledger.errors import Conflict, StaleStream
from ledger.ids import uuid7
from ledger.models import Event, Head, Payload, Pending
from ledger.payloads import pack
from ledger.read import as_recorded, recorded_by_ids
from ledger.recorded import Recorded
from ledger.rows import Statement, execute, insert, insertions, together
from ledger.sequence import place


@dataclass(frozen=True)
class Fact:
    """Something to append: an event's data, the item it is about, the event that caused it.

    An `id` given by the caller makes the append safe to repeat: the same id with the same content is the same event.
    """

    data: Any
    item: UUID | None = None
    cause: UUID | None = None
    id: UUID | None = None


def append(stream: UUID, facts: Sequence[Fact], *, by: Actor, expected: int | None = None) -> list[Recorded]:
    """Append facts to a stream, all or none, and return them as recorded.

    Inside a transaction of the caller's, a refusal leaves it as it was, and any other error dooms the whole of it: a
    savepoint for each append would cost two round trips.

    :param expected: the `seq` of the last event the caller has seen (0: the stream must be new).
    :raises StaleStream: the stream has moved past `expected`.
    :raises Conflict: a given id is taken by an event of other content, or only some of the given ids are known.
    """
    with nullcontext() if connection.in_atomic_block else transaction.atomic():
        head = _locked_head(stream)
        if already := _appended_before(stream, facts):
            return already
        if expected is not None and expected != head.seq:
            raise StaleStream(
                f"This changed meanwhile: it stands at {head.seq}, not at {expected}. Look again, then retry."
            )
        if not facts:
            return []
        with transaction.atomic(savepoint=False), together():
            recorded = _chain(head, facts, by=by, at=timezone.now())
            subscriptions.publish(recorded)
        return recorded


def lock(stream: UUID) -> int:
    """Hold a stream for the rest of the transaction and return its last `seq` (0: no event yet).

    A command that looks before it appends takes this lock first, so nothing changes between look and append.
    """
    head = _lock(stream)
    return head.seq if head else 0


# Written out, because every append passes here and writing a query anew takes longer than to carry it out.
_LOCK = "SELECT seq, hash FROM ledger_head WHERE stream = %s"
_MOVE = "UPDATE ledger_head SET seq = %s, hash = %s WHERE stream = %s"


def _lock(stream: UUID) -> Head | None:
    # SQLite has no row locks and needs none: a transaction that may write has no other beside it.
    for_update = " FOR UPDATE" if connection.features.has_select_for_update else ""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK + for_update, [_raw(stream)])
        row = cursor.fetchone()
    return Head(stream=stream, seq=row[0], hash=row[1]) if row else None


def _raw(stream: UUID) -> Any:
    """Write a UUID as the database keeps it."""
    return stream if connection.features.has_native_uuid_field else stream.hex


def _locked_head(stream: UUID) -> Head:
    head = _lock(stream)
    if head is None:
        # Two first writers: one inserts, the other waits here for its commit and then finds the row.
        insert([Head(stream=stream, hash=GENESIS)], unless_there=True)
        head = _lock(stream)
    assert head is not None  # noqa: S101 -- nobody deletes heads
    return head


def _chain(head: Head, facts: Sequence[Fact], *, by: Actor, at: datetime) -> list[Recorded]:
    rows: list[Event] = []
    payloads: list[Payload] = []
    recorded: list[Recorded] = []
    for fact in facts:
        disclosures = disclose(to_values(fact.data))
        envelope = Envelope(
            id=fact.id or uuid7(),
            stream=head.stream,
            seq=head.seq + 1,
            item=fact.item,
            type=events.shape_of(fact.data).type,
            at=at,
            actor=by.name,
            cause=fact.cause,
            prev=head.hash,
            fields=digests(disclosures),
        )
        text = envelope.text()
        head.seq, head.hash = envelope.seq, chain_hash(text)
        rows.append(_row(envelope, text, head.hash))
        payloads.append(pack(envelope.id, disclosures))
        recorded.append(as_recorded(rows[-1], fact.data, disclosures))
    move = Statement(_MOVE, [head.seq, head.hash, _raw(head.stream)])
    execute([*insertions(rows), *insertions(payloads), *_order(rows), move])
    return recorded


def _order(rows: Sequence[Event]) -> Iterable[Statement]:
    """Give the events their places in the log where there is one writer at a time; else let them wait for them."""
    if connection.vendor == "sqlite":
        return place([(row.id, row.hash) for row in rows])
    return insertions([Pending(event=row.id, hash=row.hash, at=row.at) for row in rows])


def _row(envelope: Envelope, text: str, hash_: str) -> Event:
    return Event(
        id=envelope.id,
        stream=envelope.stream,
        seq=envelope.seq,
        item=envelope.item,
        type=envelope.type,
        at=envelope.at,
        actor=envelope.actor,
        cause=envelope.cause,
        hash=hash_,
        envelope=text,
    )


def _appended_before(stream: UUID, facts: Sequence[Fact]) -> list[Recorded]:
    """Find the events that carry the given ids already; empty when all are new."""
    given = [fact.id for fact in facts if fact.id is not None]
    known = {each.id: each for each in recorded_by_ids(given)} if given else {}
    if not known:
        return []
    for fact in facts:
        stored = known.get(fact.id) if fact.id else None
        if stored is None or not _same(stored, stream, fact):
            raise Conflict("An event with this id is recorded already, and says something else.")
    return [known[fact.id] for fact in facts if fact.id]


def _same(stored: Recorded, stream: UUID, fact: Fact) -> bool:
    return (stored.stream, stored.item, stored.type, stored.data) == (
        stream,
        fact.item,
        events.shape_of(fact.data).type,
        fact.data,
    )
