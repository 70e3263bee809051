"""The order of all events: a dense position for each, and the Merkle tree over them.

Events get their positions after they are committed, so there is never a gap, and no reader can pass one by. On
PostgreSQL this runs beside the writers; on SQLite, which has one writer anyway, inside of each append.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from ledger.merkle import Frontier, leaf_hash
from ledger.models import Entry, LogHead, Pending, Subtree
from ledger.rows import insert

BATCH = 2000
"""Events that get their positions in one transaction."""

KEPT = 8
"""Whole subtrees are kept on the levels that this divides; those between follow from them (see `log`)."""


@transaction.atomic
def sequence(*, limit: int = BATCH) -> int:
    """Give the longest-waiting events the next positions, and return how many that were.

    Two at once are harmless: the second waits for the first, and takes what is left.
    """
    head = _locked_head()
    waiting = list(Pending.objects.order_by("n")[:limit])
    if not waiting:
        return 0
    edge = edge_of(head)
    entries: list[Entry] = []
    subtrees: list[Subtree] = []
    for each in waiting:
        entries.append(Entry(position=edge.size, event=each.event, hash=each.hash))
        edge, whole = edge.add(leaf_hash(bytes.fromhex(each.hash)))
        subtrees += [
            Subtree(level=level, index=index, hash=hash_.hex())
            for level, index, hash_ in whole
            if level and level % KEPT == 0
        ]
    insert(entries, subtrees)
    head.size, head.peaks = edge.size, " ".join(peak.hex() for peak in edge.peaks)
    head.save(update_fields=["size", "peaks"])
    Pending.objects.filter(n__in=[each.n for each in waiting]).delete()
    return len(waiting)


def edge_of(head: LogHead) -> Frontier:
    """Read the tree's right edge out of its row."""
    return Frontier(head.size, tuple(map(bytes.fromhex, head.peaks.split())))


def backlog() -> tuple[int, timedelta]:
    """Count the events that wait for a position, and tell how long the oldest one has waited."""
    oldest: datetime | None = Pending.objects.order_by("n").values_list("at", flat=True).first()
    if oldest is None:
        return 0, timedelta()
    return Pending.objects.count(), max(timedelta(), timezone.now() - oldest)


def _locked_head() -> LogHead:
    heads = LogHead.objects.select_for_update()
    head = heads.first()
    if head is None:
        LogHead.objects.bulk_create([LogHead()], ignore_conflicts=True)
        head = heads.get()
    return head
