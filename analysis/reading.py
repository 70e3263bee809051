"""Items as rules see them, at one moment of their case."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet

from analysis.selection import Seen, Selection, values_of
from evidence.models import ItemState
from ledger.models import Event

CHUNK = 5000
"""Ids that are asked for at a time."""

_COLUMNS = ("item", "id", "state", "earliest", "latest")


def seen_at(case_id: UUID, seq: int, selection: Selection, *, reads: frozenset[str]) -> list[Seen]:
    """List the items that a selection may hold after event `seq` of the case, in the order they were submitted.

    :param reads: what is read of them, which tells which of their events a result stands on.
    """
    states = ItemState.objects.filter(case=case_id).at(seq)
    if selection.kinds:
        states = states.filter(kind__in=selection.kinds)
    if selection.items:
        states = states.filter(item__in=selection.items)
    changed = ItemState.objects.filter(case=case_id, from_seq__lte=seq, until_seq__isnull=False, until_seq__lte=seq)
    earlier: dict[UUID, list[Seen]] = defaultdict(list)
    for item, seen in _rows(changed.filter(item__in=states.filter(from_seq__gt=F("seq")).values("item"))):
        earlier[item].append(seen)
    return [_with_events([*earlier[item], seen], reads) for item, seen in _rows(states, order="seq")]


def seen_before_and_after(case_id: UUID, item: UUID, seq: int) -> tuple[Seen | None, Seen | None]:
    """Give an item as it stood before event `seq` of its case, and after; None where it was not there."""
    states = ItemState.objects.filter(case=case_id, item=item)
    before, after = (next((seen for _, seen in _rows(states.at(at))), None) for at in (seq - 1, seq))
    return before, after


def hashes_of(events: Iterable[UUID]) -> dict[UUID, str]:
    """Give the chain hashes (hex) of some events."""
    ids = list(events)
    found: dict[UUID, str] = {}
    for first in range(0, len(ids), CHUNK):
        found.update(Event.objects.filter(pk__in=ids[first : first + CHUNK]).values_list("pk", "hash"))
    return found


def _rows(states: QuerySet[ItemState], *, order: str = "from_seq") -> Iterator[tuple[UUID, Seen]]:
    for item, event, state, earliest, latest in states.order_by(order, "id").values_list(*_COLUMNS):
        yield item, _seen(item, event, state, earliest, latest)


def _seen(item: UUID, event: UUID, state: Any, earliest: Any, latest: Any) -> Seen:
    status = state.get("status", "submitted")
    return Seen(
        item=item,
        said=state["said"],
        status=status,
        grade=state.get("grade"),
        earliest=earliest,
        latest=latest,
        events=(event,),
    )


def _with_events(states: Sequence[Seen], reads: frozenset[str]) -> Seen:
    """Give the last state with the events, of all states in order, at which something changed that is read."""
    if len(states) == 1:
        return states[0]
    events, before = [], None
    for each in states:
        now = values_of(each, reads)
        if now != before:
            events.append(each.events[0])
        before = now
    last = states[-1]
    return Seen(last.item, last.said, last.status, last.grade, last.earliest, last.latest, tuple(events))
