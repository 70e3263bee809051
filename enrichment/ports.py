"""Ports near a position, from the World Port Index (NGA, Pub. 150). Pure but for the table's file.

A port there is one position, mostly of whole minutes: the port's middle or entrance, not a berth.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import cos, radians

from enrichment.geodesy import geodesic_m
from enrichment.states import DATA, folded_name

EDITION = "World Port Index, NGA Pub. 150, edition of May 2023"

ROUNDED_M = 1900.0
"""How far off a position of whole minutes may be, in metres: half a minute of latitude and of longitude is 1.3 km;
neighbouring editions and other lists differ by about 2 km."""

_METRES_PER_DEGREE = 110_000
# What people write before or behind a port's name.
_AROUND = {"port", "of", "harbor", "harbour", "порт", "in", "at", "the", "sea"}


@dataclass(frozen=True, kw_only=True)
class Port:
    """A port as the index has it; `state` is an ISO 3166 code, `waters` the sea it lies on, in the index's words."""

    wpi: str
    name: str
    other: str
    locode: str
    state: str
    lat: float
    lon: float
    size: str
    waters: str


@dataclass(frozen=True, kw_only=True)
class Near:
    """A port and how far it is, in metres on the ellipsoid."""

    port: Port
    distance_m: float


def nearest(lat: float, lon: float, *, within_m: float, most: int) -> list[Near]:
    """List the ports within a distance, the nearest first."""
    tall = within_m / _METRES_PER_DEGREE
    # Around a pole every meridian is near.
    wide = tall / cos(radians(abs(lat) + tall)) if abs(lat) + tall < 89 else 360.0
    found = [
        Near(port=port, distance_m=geodesic_m(lat, lon, port.lat, port.lon))
        for port in table()
        if abs(port.lat - lat) <= tall and abs((port.lon - lon + 540) % 360 - 180) <= wide
    ]
    return sorted((each for each in found if each.distance_m <= within_m), key=lambda each: each.distance_m)[:most]


def called(name: str, *, lat: float, lon: float) -> Near | None:
    """Find the port of a name, or of one that is spelled alike; the nearest where several have it."""
    wanted = _folded(name)
    found = [port for port in table() if wanted and wanted in set(_names(port))]
    all_found = (Near(port=port, distance_m=geodesic_m(lat, lon, port.lat, port.lon)) for port in found)
    return min(all_found, key=lambda each: each.distance_m, default=None)


def _names(port: Port) -> Iterator[str]:
    for name in (port.name, *port.other.split(";")):
        if name:
            yield _folded(name)


def _folded(name: str) -> str:
    """Fold a port's name so that doubled letters and the word port do not matter: Vostochnyy, Port Vostochny."""
    words = [word for word in folded_name(name).split() if word not in _AROUND]
    text = " ".join(words)
    return "".join(letter for n, letter in enumerate(text) if n == 0 or letter != text[n - 1])


@cache
def table() -> tuple[Port, ...]:
    """Read all ports, once in a process."""
    with (DATA / "ports.csv").open(newline="", encoding="utf-8") as file:
        return tuple(
            Port(**{**row, "lat": float(row["lat"]), "lon": float(row["lon"])})  # type: ignore[arg-type]
            for row in csv.DictReader(file)
        )
