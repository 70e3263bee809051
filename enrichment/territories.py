"""Whose land a position lies on, or how far the nearest land is: Natural Earth 1:10m, by shapely.

The borders are drawn as they are held, not as they are claimed, and generalised: up to some kilometre off. No sea
areas are installed: whose waters a position lies in is not said.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from functools import cache, lru_cache
from math import cos, radians
from pathlib import Path

import numpy
import shapely

from enrichment.states import DATA, name_of

EDITION = "Natural Earth 1:10m, version 4.1.0"

OFF_M = 2000.0
"""How far off a line may be drawn, in metres: a ship at a berth may come out on land, or a quay at sea."""

_METRES_PER_DEGREE = 111_195.0
_MAP_ENDS = -85.0
"""South of it all is Antarctica, and the map's file has no more of it."""


@dataclass(frozen=True, kw_only=True)
class Land:
    """A country or territory: ISO 3166 code ("" where it has none), name, a note where its status is disputed;
    and how far it is, in metres, 0 where the position lies on it."""

    state: str
    name: str
    note: str
    distance_m: float


@dataclass(frozen=True)
class _Polygon:
    land: int
    box: tuple[float, float, float, float]
    rings: tuple[int, ...]
    at: int
    size: int


def lands(lat: float, lon: float, *, within_m: float) -> list[Land]:
    """List the lands within a distance of a position, the nearest first.

    Distances are measured on a plane through the position: within 1 % up to 100 km, below 80 degrees of latitude.
    """
    index = the_map()
    if lat < _MAP_ENDS:
        return [Land(state="AQ", name=name_of("AQ"), note="", distance_m=0.0)]
    narrow = max(cos(radians(lat)), 0.01)
    tall = within_m / _METRES_PER_DEGREE
    nearest: dict[int, float] = {}
    # The map ends at 180 degrees; what lies across it is looked for by going round.
    for x in (lon, lon - 360, lon + 360):
        for each in index.polygons:
            west, south, east, north = each.box
            if not (west - tall / narrow <= x <= east + tall / narrow and south - tall <= lat <= north + tall):
                continue
            distance = _distance(index, each, x, lat, narrow)
            if distance <= within_m:
                nearest[each.land] = min(distance, nearest.get(each.land, distance))
    found = sorted((distance, land) for land, distance in nearest.items())
    return [index.land(land, distance) for distance, land in found]


def _distance(index: _Index, polygon: _Polygon, x: float, y: float, narrow: float) -> float:
    shape = index.shape(polygon)
    if shapely.intersects_xy(shape, x, y):
        return 0.0
    flat = shapely.transform(shape, lambda points: (points - (x, y)) * (narrow, 1.0))
    return float(shapely.distance(flat, shapely.Point(0, 0))) * _METRES_PER_DEGREE


class _Index:
    """The packed file: bounds of all polygons in memory, the polygons themselves unpacked when one is near."""

    def __init__(self, path: Path) -> None:
        data = path.read_bytes()
        length = int.from_bytes(data[:4], "big")
        index = json.loads(zlib.decompress(data[4 : 4 + length]))
        self.blobs = data[4 + length :]
        self.lands: list[tuple[str, str, str]] = [tuple(land) for land in index["lands"]]
        self.scale, self.translate = index["scale"], index["translate"]
        self.polygons = [
            _Polygon(land, (west, south, east, north), tuple(rings), at, size)
            for land, west, south, east, north, rings, at, size in index["polygons"]
        ]

    def land(self, number: int, distance: float) -> Land:
        state, name, note = self.lands[number]
        return Land(state=state, name=name if note or not state else name_of(state), note=note, distance_m=distance)

    def shape(self, polygon: _Polygon) -> shapely.Polygon:
        return _unpacked(polygon)


@cache
def the_map() -> _Index:
    """Read the map's index, once in a process."""
    return _Index(DATA / "territories.bin")


@lru_cache(maxsize=64)
def _unpacked(polygon: _Polygon) -> shapely.Polygon:
    index = the_map()
    packed = zlib.decompress(index.blobs[polygon.at : polygon.at + polygon.size])
    points = numpy.frombuffer(packed, dtype="<i4").reshape(-1, 2).cumsum(axis=0) * index.scale + index.translate
    ends = numpy.cumsum(polygon.rings)
    rings = numpy.split(points, ends[:-1])
    return shapely.Polygon(rings[0], rings[1:])
