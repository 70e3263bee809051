"""Whether a ship can have been where two sightings say: the shortest way between, at the fastest, in the time between.

Everything is read in the sightings' favour: the ends of the places' radii that are nearest to one another, the ends of
the times that are furthest apart, and no land in between. So what comes out impossible is so under every reading. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from enrichment.geodesy import geodesic_m

FASTEST_KN = 30.0
"""Knots. Container ships, the fastest of merchant ships, are built for some 20 to 26 (MAN Energy Solutions, Basic
principles of ship propulsion, 2018); warships and fast ferries can be faster, which a reader has to judge."""

UNSTATED_M = 5000.0
"""Metres that a position given without a radius may be off: as much as a port with its roads."""

METRES_PER_MILE = 1852.0
HALF_WAY_ROUND_M = 20_040_000.0

FAR_APART = timedelta(hours=HALF_WAY_ROUND_M / METRES_PER_MILE / FASTEST_KN)
"""After so long, any ship can be anywhere."""


@dataclass(frozen=True, kw_only=True)
class Sighted:
    """A place and a time: degrees, metres (None: not stated), UTC."""

    lat: float
    lon: float
    radius_m: float | None
    earliest: datetime
    latest: datetime


@dataclass(frozen=True, kw_only=True)
class Impossible:
    """`distance_km` at least, `hours` at most between two sightings, and the speed in knots that this would need at
    least: None where no time lies between. `at_once`: the times may be the same."""

    distance_km: float
    hours: float
    speed_kn: float | None
    at_once: bool


def around(earliest: datetime, latest: datetime) -> tuple[datetime, datetime]:
    """Widen a time by what a ship needs to anywhere, within the calendar: what is outside need not be looked at."""
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    return max(earliest, first + FAR_APART) - FAR_APART, min(latest, last - FAR_APART) + FAR_APART


def impossible(one: Sighted, other: Sighted, *, fastest_kn: float = FASTEST_KN) -> Impossible | None:
    """Say what a ship would have had to do; None where it can have done it."""
    radii = sum(UNSTATED_M if each.radius_m is None else each.radius_m for each in (one, other))
    metres = geodesic_m(one.lat, one.lon, other.lat, other.lon) - radii
    apart = max(one.latest - other.earliest, other.latest - one.earliest, timedelta())
    hours = apart.total_seconds() / 3600
    if metres <= hours * fastest_kn * METRES_PER_MILE:
        return None
    return Impossible(
        distance_km=round(metres / 1000, 1),
        hours=round(hours, 2),
        speed_kn=round(metres / METRES_PER_MILE / hours, 1) if hours else None,
        at_once=one.earliest <= other.latest and other.earliest <= one.latest,
    )
