"""Where a GeoTIFF lies: its corners and bounds in longitude and latitude (OGC GeoTIFF 1.1, 19-008r4), by pyproj.

Only what the file says: without a coordinate reference system there is no footprint, and none is guessed from a name or
from what is seen. It says where the picture lies, not when it was taken.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Any

from enrichment.domain import IMAGES, Enricher, EnricherInput, Result
from enrichment.geotiff import NoPlace, Placed, read_place

ALONG = 21
"""Points of each edge that are projected: between its ends an edge may bulge."""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Degrees (WGS 84). `west` is greater than `east` where the picture lies across the antimeridian; they are -180 and
    180 where it goes all around, as one does that holds a pole.
    """

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """Corners as [longitude, latitude] (WGS 84, degrees): of the first row's first pixel, its last, the last row's last
    pixel, its first. `crs` is the reference system as it was read, `called` as the file calls it; `pixel_m` a pixel's
    width and height on the ground in metres, at the middle. `why_none`: why there is no footprint.
    """

    corners: tuple[tuple[float, float], ...]
    bounds: Bounds | None
    crs: str
    called: str
    pixel_m: tuple[float, float] | None
    why_none: str


def read_footprint(given: EnricherInput) -> Result:
    """Project the edges of the picture."""
    assert given.original is not None  # noqa: S101 -- images have an original
    try:
        placed = read_place(given.original)
        edges = _projected(placed)
    except NoPlace as reason:
        nothing = Footprint(corners=(), bounds=None, crs="", called="", pixel_m=None, why_none=str(reason))
        return Result(output=nothing)
    corners = tuple(_rounded(edges[number * ALONG]) for number in range(4))
    output = Footprint(
        corners=corners,
        bounds=_bounds(edges),
        crs=placed.crs[:500],
        called=placed.called,
        pixel_m=_pixel(placed),
        why_none="",
    )
    return Result(output=output)


def _projected(placed: Placed) -> list[tuple[float, float]]:
    """Give points along the four edges, from the first corner on, in longitude and latitude."""
    wide, tall = placed.width, placed.height
    steps = [number / (ALONG - 1) for number in range(ALONG)]
    places = [
        *((step * wide, 0.0) for step in steps),
        *((float(wide), step * tall) for step in steps),
        *((wide - step * wide, float(tall)) for step in steps),
        *((0.0, tall - step * tall) for step in steps),
    ]
    return _to_degrees(placed, places)


def _to_degrees(placed: Placed, places: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    a, b, c, d, e, f = placed.affine
    xs = [a + b * column + c * row for column, row in places]
    ys = [d + e * column + f * row for column, row in places]
    lons, lats = _transformer(placed.crs).transform(xs, ys)
    found = list(zip(lons, lats, strict=True))
    if not all(math.isfinite(lon) and math.isfinite(lat) and abs(lat) <= 90 for lon, lat in found):
        raise NoPlace("What the file says of its place is not on Earth.")
    return [(_wrapped(lon), lat) for lon, lat in found]


@cache
def _transformer(crs: str) -> Any:
    # A second to load, and most pictures are none of these.
    from pyproj import CRS, Transformer, network
    from pyproj.exceptions import ProjError

    network.set_network_enabled(active=False)
    try:
        return Transformer.from_crs(CRS.from_user_input(crs), "EPSG:4326", always_xy=True)
    except ProjError as error:
        raise NoPlace(f"The coordinate reference system is not known: {crs[:60]}.") from error


def _bounds(edges: Sequence[tuple[float, float]]) -> Bounds:
    """Walk along the edges: where they have gone once around the Earth, a pole lies within."""
    lats = [lat for _, lat in edges]
    lons = [edges[0][0]]
    for lon, _ in (*edges[1:], edges[0]):
        lons.append(lons[-1] + (lon - lons[-1] + 180) % 360 - 180)
    south, west, north, east = min(lats), min(lons), max(lats), max(lons)
    if abs(lons[-1] - lons[0]) > 180:
        west, east = -180.0, 180.0
        south, north = (south, 90.0) if sum(lats) > 0 else (-90.0, north)
    elif east - west >= 360:
        west, east = -180.0, 180.0
    west, south, east, north = (round(each, 7) for each in (_wrapped(west), south, _wrapped(east), north))
    return Bounds(west=west, south=south, east=east, north=north)


def _wrapped(lon: float) -> float:
    return (lon + 540) % 360 - 180 if abs(lon) > 180 else lon


def _pixel(placed: Placed) -> tuple[float, float] | None:
    from pyproj import Geod

    middle = placed.width / 2, placed.height / 2
    lon, lat = zip(*_to_degrees(placed, [middle, (middle[0] + 1, middle[1]), (middle[0], middle[1] + 1)]), strict=True)
    across, down = (Geod(ellps="WGS84").inv(lon[0], lat[0], lon[n], lat[n])[2] for n in (1, 2))
    return (round(across, 3), round(down, 3)) if across and down else None


def _rounded(place: tuple[float, float]) -> tuple[float, float]:
    return round(place[0], 7), round(place[1], 7)


ENRICHER = Enricher(
    name="footprint",
    version=1,
    accepts=IMAGES,
    reads=frozenset({"file"}),
    media=frozenset({"image/tiff"}),
    run=read_footprint,
    tool=lambda: f"pyproj {version('pyproj')}",
    parameters={"along": ALONG},
)
