"""Reading events back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Max, QuerySet

from ledger.envelope import reveal
from ledger.events import decode
from ledger.models import Event
from ledger.payloads import unpack
from ledger.recorded import Recorded

CHUNK = 500


def read(
    stream: UUID,
    *,
    after: int = 0,
    until: int | None = None,
    item: UUID | None = None,
    limit: int | None = None,
) -> Iterator[Recorded]:
    """Yield a stream's events in order, those with `after < seq <= until`, a chunk of rows in memory at a time."""
    rows = Event.objects.filter(stream=stream).select_related("payload").order_by("seq")
    if item is not None:
        rows = rows.filter(item=item)
    if until is not None:
        rows = rows.filter(seq__lte=until)
    left = limit
    while left is None or left > 0:
        chunk = list(rows.filter(seq__gt=after)[: min(CHUNK, left) if left is not None else CHUNK])
        if not chunk:
            return
        yield from map(recorded, chunk)
        after = chunk[-1].seq
        left = None if left is None else left - len(chunk)


def last_event(stream: UUID) -> Event | None:
    """Find the last event of a stream."""
    return Event.objects.filter(stream=stream).order_by("-seq").first()


def streams() -> Iterator[UUID]:
    """Yield every stream, in the order of their ids."""
    yield from Event.objects.filter(seq=1).order_by("stream").values_list("stream", flat=True)


def seq_at(stream: UUID, at: datetime) -> int:
    """Find the last `seq` that had been recorded at an instant (0: none)."""
    found: int | None = Event.objects.filter(stream=stream, at__lte=at).aggregate(last=Max("seq"))["last"]
    return found or 0


def recorded_by_ids(ids: Sequence[UUID]) -> list[Recorded]:
    """Read events by their ids, in any stream; unknown ids are left out."""
    rows: QuerySet[Event] = Event.objects.filter(pk__in=ids).select_related("payload")
    return [recorded(row) for row in rows]


def recorded(row: Event) -> Recorded:
    """Decode one stored event."""
    disclosures = unpack(row.payload.body, row.payload.file)
    return as_recorded(row, decode(row.type, reveal(disclosures)), disclosures)


def as_recorded(row: Event, data: Any, disclosures: Sequence[str]) -> Recorded:
    """Put an event's row, data and disclosures together."""
    return Recorded(
        id=row.id,
        stream=row.stream,
        seq=row.seq,
        item=row.item,
        type=row.type,
        at=row.at,
        actor=row.actor,
        cause=row.cause,
        hash=row.hash,
        data=data,
        envelope=row.envelope,
        disclosures=disclosures,
    )
