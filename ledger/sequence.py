"""The order of all events: a dense position for each, and the Merkle tree over them.

Events get their positions after they are committed, so there is never a gap, and no reader can pass one by. On
PostgreSQL this runs beside the writers; on SQLite, which has one writer anyway, inside of each append.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from ledger.merkle import Frontier, leaf_hash
from ledger.models import Entry, LogHead, Pending, Subtree
from ledger.rows import Copy, Statement, execute, insertions

BATCH = 2000
"""Events that get their positions in one transaction."""

KEPT = 8
"""Whole subtrees are kept on the levels that this divides; those between follow from them (see `log`)."""


@transaction.atomic
def sequence(*, limit: int = BATCH) -> int:
    """Give the longest-waiting events the next positions, and return how many that were.

    Two at once are harmless: the second waits for the first, and takes what is left.
    """
    # Before the events: who waits here for another sequencer must not have looked already at what that one takes.
    edge = hold()
    waiting = list(Pending.objects.order_by("n")[:limit])
    if waiting:
        execute(_placed(edge, [(each.event, each.hash) for each in waiting]))
        Pending.objects.filter(n__in=[each.n for each in waiting]).delete()
    return len(waiting)


def place(arrivals: Sequence[tuple[UUID, str]]) -> list[Statement | Copy]:
    """Write the statements that give fresh events, by id and chain hash, the next positions.

    Only for a database with one writer at a time, or one who holds the edge; in the transaction that appends them.
    """
    return _placed(hold(), arrivals)


# Written out, as in `append`: every append on SQLite passes here.
_EDGE = "SELECT size, peaks FROM ledger_loghead WHERE id = 1"
_MOVE = "UPDATE ledger_loghead SET size = %s, peaks = %s WHERE id = 1"


def _placed(edge: Frontier, arrivals: Sequence[tuple[UUID, str]]) -> list[Statement | Copy]:
    entries: list[Entry] = []
    subtrees: list[Subtree] = []
    for event, hash_ in arrivals:
        entries.append(Entry(position=edge.size, event=event, hash=hash_))
        edge, whole = edge.add(leaf_hash(bytes.fromhex(hash_)))
        subtrees += [
            Subtree(level=level, index=index, hash=root.hex())
            for level, index, root in whole
            if level and level % KEPT == 0
        ]
    move = Statement(_MOVE, [edge.size, " ".join(peak.hex() for peak in edge.peaks)])
    return [*insertions(entries), *insertions(subtrees), move]


def hold() -> Frontier:
    """Hold the log's right edge for the rest of the transaction, so that nobody else gives places meanwhile."""
    found = _edge()
    if found is None:
        # Two first sequencers: one inserts, the other waits here for its commit and then finds the row.
        LogHead.objects.bulk_create([LogHead()], ignore_conflicts=True)
        found = _edge()
    assert found is not None  # noqa: S101 -- nobody deletes it
    return found


def _edge() -> Frontier | None:
    with connection.cursor() as cursor:
        cursor.execute(_EDGE + (" FOR UPDATE" if connection.features.has_select_for_update else ""))
        row = cursor.fetchone()
    return edge_of(LogHead(size=row[0], peaks=row[1])) if row else None


def edge_of(head: LogHead) -> Frontier:
    """Read the tree's right edge out of its row."""
    return Frontier(head.size, tuple(map(bytes.fromhex, head.peaks.split())))


def backlog() -> tuple[int, timedelta]:
    """Count the events that wait for a position, and tell how long the oldest one has waited."""
    oldest: datetime | None = Pending.objects.order_by("n").values_list("at", flat=True).first()
    if oldest is None:
        return 0, timedelta()
    return Pending.objects.count(), max(timedelta(), timezone.now() - oldest)
