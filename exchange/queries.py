"""Reads of exports that are more than a filter, and what a profile would withhold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from cases.access import Permission, require
from evidence.queries import require_items
from exchange.bundle import withholding_for
from exchange.models import Export
from exchange.profile import Profile
from ledger.actors import Actor
from ledger.errors import NotFound
from ledger.read import read


def exports_of(case_id: UUID, *, by: Actor) -> QuerySet[Export]:
    """Select the exports of a case: whoever reads the case may know who takes it where.

    :raises NotFound: there is no such case for this caller.
    :raises Forbidden: the caller's role does not carry it.
    """
    require(case_id, Permission.READ, by=by)
    return Export.objects.filter(case_id=case_id)


def export_of(case_id: UUID, export_id: UUID, *, by: Actor) -> Export:
    """Find one export.

    :raises NotFound: there is none, or not for this caller.
    """
    found = exports_of(case_id, by=by).filter(pk=export_id).first()
    if found is None:
        raise NotFound
    return found


@dataclass(frozen=True)
class Preview:
    """What a profile would withhold of a case as it stands: of how many events which fields; how many items whole."""

    events: int
    of_events: int
    items: int
    fields: Mapping[str, int]

    @property
    def of_fields(self) -> int:
        return sum(self.fields.values())


def preview(case_id: UUID, profile: Profile, *, by: Actor) -> Preview:
    """Count what a profile would withhold; nothing is recorded.

    :raises NotFound: there is no such case for the caller, or an item to withhold is none of the case.
    :raises Forbidden: the caller's role does not carry it.
    """
    require(case_id, Permission.EXPORT, by=by)
    require_items(case_id, profile.items, by=by)
    withholding = withholding_for(case_id, profile)
    seen = 0
    for event in read(case_id):
        withholding.split(event)
        seen += 1
    noted = withholding.noted
    fields = Counter(name for each in noted for name in each["fields"])  # type: ignore[attr-defined]
    items = len(withholding.whole_items)
    return Preview(events=len(noted), of_events=seen, items=items, fields=dict(fields.most_common()))
