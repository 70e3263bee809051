"""Where a sighting was: ports and land near the position, with the distances; and whether it was day or night there.

Ports are those of the World Port Index, land is Natural Earth's; the sun is computed by astral. A port near by is a
suggestion, not a call: the index has one position a port, and no berths.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from enrichment import ports, territories
from enrichment.daylight import Light, light_at
from enrichment.domain import SIGHTINGS, Enricher, EnricherInput, Flag, PermanentFailure, Result
from enrichment.parameters import bounded
from enrichment.states import name_of

AROUND_M = 50_000.0
"""How far around, in metres, all is looked at by which the nearest port, and whose land it is, are judged."""

NAMED_M = 10_000.0
"""From so far away, in metres, a port by whose name the place is called is another place, if one lies nearer."""

BERTHS = "not installed: the World Port Index has no berths"
SEA_AREAS = "not known: no boundaries of seas are installed, and the ports around tell no one sea"


@dataclass(frozen=True, kw_only=True)
class Reach:
    """How far from the position ports and land are looked for, in metres, and how many of each are told."""

    within_m: float = bounded(
        AROUND_M, least=1000, most=200_000, unit="m", says="How far from the position a port or land may be."
    )
    most: int = bounded(5, least=1, most=50, says="How many ports, and how many countries, are told: the nearest.")


@dataclass(frozen=True, kw_only=True)
class NearPort:
    """A port of the World Port Index; distance in kilometres, on the ellipsoid (WGS 84)."""

    name: str
    distance_km: float
    state: str
    locode: str
    wpi_number: str
    size: str
    lies_on: str


@dataclass(frozen=True, kw_only=True)
class NearLand:
    """A country or territory as it is held, not as it is claimed; 0 km: the position lies on it."""

    name: str
    distance_km: float
    code: str
    note: str


@dataclass(frozen=True, kw_only=True)
class PositionFindings:
    """Positions in degrees (WGS 84), distances in kilometres, from the middle of the place.

    `nearest_port`: the one that lies nearest under every reading of the positions; empty where two may. `on`: whose
    land; "at sea" where none; with "or" within two kilometres of the coast, which is drawn no better than that.
    `sea_area`: the waters that all of the nearest ports lie on, as their index names them, the narrowest first.
    """

    lat: float | None
    lon: float | None
    radius_m: float | None
    nearest_port: str
    ports: tuple[NearPort, ...]
    berths: str
    on: str
    land: tuple[NearLand, ...]
    sea_area: str
    light: Light | None


def read_position(given: EnricherInput) -> Result:
    """Find ports and land near the place, and the light at the time; flag a place called by another port's name."""
    place: Mapping[str, Any] = given.fields.get("place") or {}
    lat, lon, radius = (_number(place.get(name)) for name in ("lat", "lon", "radius_m"))
    if lat is None or lon is None:
        return Result(output=_nothing(), flags=())
    if abs(lat) > 90 or abs(lon) > 180 or (radius or 0) < 0:
        raise PermanentFailure(f"The position {lat}, {lon} is not on Earth.")
    reach: Reach = given.adjusted or Reach()
    # However little is to be told, it is judged by what lies around.
    around = max(AROUND_M, reach.within_m)
    found = ports.nearest(lat, lon, within_m=around, most=max(2, reach.most))
    lands = territories.lands(lat, lon, within_m=around)
    clear = _clear(found, radius or 0.0)
    output = PositionFindings(
        lat=lat,
        lon=lon,
        radius_m=radius,
        nearest_port=clear.port.name if clear else "",
        ports=tuple(_port(each) for each in found[: reach.most] if each.distance_m <= reach.within_m),
        berths=BERTHS,
        on=_on(lands, radius or 0.0),
        land=tuple(_land(each) for each in lands[: reach.most] if each.distance_m <= reach.within_m),
        sea_area=_waters(found),
        light=light_at(lat, lon, radius or 0.0, str(given.fields.get("when") or "")),
    )
    return Result(output=output, flags=_other_port(str(place.get("name") or ""), lat, lon, radius or 0.0, clear))


def _waters(found: list[ports.Near]) -> str:
    """Name the waters that all ports around lie on, as the index does, the narrowest first; else say that none is."""
    names = {near.port.waters for near in found}
    return f"{names.pop()} (as of the ports around)" if len(names) == 1 and "" not in names else SEA_AREAS


def _number(value: Any) -> float | None:
    if value is None or isinstance(value, bool):
        return None
    number = float(value)
    if not math.isfinite(number):
        raise PermanentFailure("The position is no number.")
    return number


def _nothing() -> PositionFindings:
    return PositionFindings(
        lat=None, lon=None, radius_m=None, nearest_port="", ports=(), berths=BERTHS, on="", land=(), sea_area=SEA_AREAS,
        light=None,
    )  # fmt: skip


def _clear(near: list[ports.Near], radius: float) -> ports.Near | None:
    """Take the nearest port unless another may be nearer: each may be off by the radius and its own rounding."""
    if not near:
        return None
    off = 2 * (radius + ports.ROUNDED_M)
    return near[0] if len(near) == 1 or near[1].distance_m - near[0].distance_m > off else None


def _port(near: ports.Near) -> NearPort:
    port = near.port
    return NearPort(
        name=port.name + (f" ({port.other})" if port.other else ""),
        distance_km=round(near.distance_m / 1000, 1),
        state=name_of(port.state),
        locode=port.locode,
        wpi_number=port.wpi,
        size=port.size,
        lies_on=port.waters,
    )


def _land(land: territories.Land) -> NearLand:
    return NearLand(name=land.name, distance_km=round(land.distance_m / 1000, 1), code=land.state, note=land.note)


def _on(lands: list[territories.Land], radius: float) -> str:
    off = radius + territories.OFF_M
    possible = [land.name for land in lands if land.distance_m <= off]
    at_sea = not lands or lands[0].distance_m > 0
    if at_sea:
        return " or ".join(["at sea", *possible])
    return " or ".join(possible)


def _other_port(name: str, lat: float, lon: float, radius: float, clear: ports.Near | None) -> tuple[Flag, ...]:
    if not name or clear is None:
        return ()
    named = ports.called(name, lat=lat, lon=lon)
    if named is None or named.distance_m <= max(NAMED_M, radius + ports.ROUNDED_M) or named.port == clear.port:
        return ()
    detail = (
        f"The place is called {name}; the port {named.port.name} is {named.distance_m / 1000:.1f} km from the position "
        f"given, {clear.port.name} only {clear.distance_m / 1000:.1f} km."
    )
    return (Flag(flag="place_is_another_port", detail=detail),)


def _load() -> None:
    ports.table()
    territories.the_map()


ENRICHER = Enricher(
    name="position",
    version=2,
    accepts=SIGHTINGS,
    reads=frozenset({"place", "when"}),
    run=read_position,
    tool=lambda: f"astral {version('astral')}, shapely {version('shapely')}",
    parameters={"named_m": NAMED_M, "ports": ports.EDITION, "land": territories.EDITION},
    adjustable=Reach,
    prepare=_load,
)
