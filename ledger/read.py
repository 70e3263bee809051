"""Reading events back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Max, QuerySet

from ledger.envelope import reveal
from ledger.events import decode
from ledger.models import Event, Redaction
from ledger.payloads import unpack
from ledger.recorded import Erasure, Recorded

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
        yield from recorded_rows(chunk)
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
    return list(recorded_rows(list(rows)))


def recorded_rows(rows: Sequence[Event]) -> Iterator[Recorded]:
    """Decode stored events, one after the other; for those that lost a field to an erasure, one query more."""
    lacking = [row.id for row in rows if _lacks(row)]
    erased = _erased(lacking) if lacking else {}
    nothing: Mapping[str, Erasure] = {}
    for row in rows:
        disclosures = unpack(row.payload.body, row.payload.file)
        gone = erased.get(row.id, nothing)
        yield as_recorded(row, decode(row.type, reveal(disclosures), erased=gone), disclosures, gone)


def recorded(row: Event) -> Recorded:
    """Decode one stored event."""
    return next(recorded_rows([row]))


def _lacks(row: Event) -> bool:
    """Say whether an event may have lost a field: it has fewer disclosures than digests, or they lie in a file."""
    if row.payload.file:
        return True
    # The envelope is not read as a whole: the digests stand last in it, and hold no quotes.
    digests = row.envelope.count('"', row.envelope.rindex('"fields":[') + len('"fields":[')) // 2
    return digests > (row.payload.body.count("\n") + 1 if row.payload.body else 0)


def _erased(events: Collection[UUID]) -> Mapping[UUID, Mapping[str, Erasure]]:
    found: dict[UUID, dict[str, Erasure]] = defaultdict(dict)
    for row in Redaction.objects.filter(event__in=events):
        found[row.event][row.name] = Erasure(by=row.redacted_by, parts=row.parts, others=row.others)
    return found


def as_recorded(
    row: Event, data: Any, disclosures: Sequence[str], erased: Mapping[str, Erasure] | None = None
) -> Recorded:
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
        erased=erased or {},
    )
