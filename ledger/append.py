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
from ledger.read import recorded_by_ids
from ledger.recorded import Recorded
from ledger.rows import Copy, Statement, execute, insert, insertions, raw, together
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


def append(
    stream: UUID, facts: Sequence[Fact], *, by: Actor, expected: int | None = None, head: Head | None = None
) -> list[Recorded]:
    """Append facts to a stream, all or none, and return them as recorded.

    Inside a transaction of the caller's, a refusal leaves it as it was, and any other error dooms the whole of it: a
    savepoint for each append would cost two round trips.

    :param expected: the `seq` of the last event the caller has seen (0: the stream must be new).
    :param head: what `lock` gave in this transaction, where nothing was appended since: it is not asked for again.
    :raises StaleStream: the stream has moved past `expected`.
    :raises Conflict: a given id is taken by an event of other content, or only some of the given ids are known.
    """
    with nullcontext() if connection.in_atomic_block else transaction.atomic():
        head = head or _locked_head(stream)
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


def lock(stream: UUID) -> Head | None:
    """Hold a stream for the rest of the transaction and return where it stands; None where it has no event yet.

    A command that looks before it appends takes this lock first, so nothing changes between look and append.
    """
    # SQLite has no row locks and needs none: a transaction that may write has no other beside it.
    for_update = " FOR UPDATE" if connection.features.has_select_for_update else ""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK + for_update, [raw(stream)])
        row = cursor.fetchone()
    return Head(stream=stream, seq=row[0], hash=row[1]) if row else None


# Written out, because every append passes here and writing a query anew takes longer than to carry it out.
_LOCK = "SELECT seq, hash FROM ledger_head WHERE stream = %s"
_MOVE = "UPDATE ledger_head SET seq = %s, hash = %s WHERE stream = %s"


def _locked_head(stream: UUID) -> Head:
    head = lock(stream)
    if head is None:
        # Two first writers: one inserts, the other waits here for its commit and then finds the row.
        insert([Head(stream=stream, hash=GENESIS)], unless_there=True)
        head = lock(stream)
    assert head is not None  # noqa: S101 -- nobody deletes heads
    return head


def _chain(head: Head, facts: Sequence[Fact], *, by: Actor, at: datetime) -> list[Recorded]:
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
        payloads.append(pack(envelope.id, disclosures))
        recorded.append(_recorded(envelope, text, head.hash, fact.data, disclosures))
    move = Statement(_MOVE, [head.seq, head.hash, raw(head.stream)])
    execute([*insertions(recorded, model=Event), *insertions(payloads), *_order(recorded), move])
    return recorded


def _order(fresh: Sequence[Recorded]) -> Iterable[Statement | Copy]:
    """Give the events their places in the log where there is one writer at a time; else let them wait for them."""
    if connection.vendor == "sqlite":
        return place([(each.id, each.hash) for each in fresh])
    return insertions([Pending(event=each.id, hash=each.hash, at=each.at) for each in fresh])


def _recorded(envelope: Envelope, text: str, hash_: str, data: Any, disclosures: Sequence[str]) -> Recorded:
    return Recorded(
        id=envelope.id,
        stream=envelope.stream,
        seq=envelope.seq,
        item=envelope.item,
        type=envelope.type,
        at=envelope.at,
        actor=envelope.actor,
        cause=envelope.cause,
        hash=hash_,
        data=data,
        envelope=text,
        disclosures=disclosures,
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
