"""Sightings of one ship that can not be true together, within a case."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q

from enrichment.models import Fix
from enrichment.voyages import Sighted, around, impossible
from evidence.models import ItemState
from evidence.queries import visible_everywhere
from ledger.actors import Actor

SHOWN = 50

NEIGHBOURS = 1000
"""Sightings of the same ship that are looked at, the nearest in time first."""


@dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """Another sighting of the same ship that can not be true together with this one.

    `ship`: the number both have. Distance at least, in kilometres; hours at most; knots needed at least, None where
    the two are of one moment; `at_once`: they may be.
    """

    item: UUID
    title: str
    ship: str
    when: str
    distance_km: float
    hours: float
    speed_kn: float | None
    at_once: bool


def elsewhere(row: ItemState, *, by: Actor) -> list[Elsewhere]:
    """List the sightings of the same ship, in the same case, that can not be true together with this one."""
    own = Fix.objects.filter(item=row.item).first()
    if own is None:
        return []
    found = {fix.item: fix for fix in _same_ship(own)}
    far = {item: far for item, fix in found.items() if (far := impossible(_sighted(own), _sighted(fix)))}
    visible = {other.item: other for other in visible_everywhere(by).filter(item__in=far, case=row.case_id)}
    shown = [
        Elsewhere(
            item=item,
            title=str(other),
            ship=f"IMO {own.imo}" if own.imo and found[item].imo == own.imo else f"MMSI {own.mmsi}",
            when=other.state["said"].get("when", ""),
            **vars(far[item]),
        )
        for item, other in visible.items()
    ]
    return sorted(shown, key=lambda each: (found[each.item].earliest, each.item))[:SHOWN]


def _same_ship(own: Fix) -> Iterator[Fix]:
    """Yield the sightings near enough in time: those with its IMO number, and those with its MMSI and no other IMO."""
    first, last = around(own.earliest, own.latest)
    near = Fix.objects.filter(case_id=own.case_id, earliest__lte=last, latest__gte=first).exclude(item=own.item)
    same: list[Any] = [Q(imo=own.imo)] if own.imo else []
    if own.mmsi:
        # Two ships can carry one MMSI, wrongly: the IMO number is the hull's.
        same.append(Q(mmsi=own.mmsi) & (Q(imo="") if own.imo else Q()))
    for ship in same:
        before = near.filter(ship, earliest__lte=own.earliest).order_by("-earliest", "item")
        after = near.filter(ship, earliest__gt=own.earliest).order_by("earliest", "item")
        for side in (before, after):
            yield from side[:NEIGHBOURS]


def _sighted(fix: Fix) -> Sighted:
    return Sighted(lat=fix.lat, lon=fix.lon, radius_m=fix.radius_m, earliest=fix.earliest, latest=fix.latest)
