"""What a GeoTIFF says of where it lies: its tags (TIFF 6.0, BigTIFF) and GeoKeys (OGC 19-008r4). Pure, and bounded.

Read here and not by an image library: whether the pixels can be decoded does not matter for the place.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

MOST_TAGS, MOST_VALUES = 512, 20_000
WIDTH, HEIGHT, SCALE, TIEPOINTS, MATRIX = 256, 257, 33550, 33922, 34264
KEYS, DOUBLES, TEXTS = 34735, 34736, 34737
USER_DEFINED = 32767

# GeoKeys by their ids in OGC 19-008r4, chapter 7.
MODEL, RASTER, CITATION, GEODETIC, PROJECTED = 1024, 1025, 1026, 2048, 3072
PROJECTED_CITATION, PROJECTION, METHOD = 3073, 3074, 3075
ELLIPSOID, SEMI_MAJOR, INVERSE_FLATTENING, SEMI_MINOR = 2056, 2057, 2059, 2058
PIXEL_IS_POINT = 2

_SIZES = {2: ("c", 1), 3: ("H", 2), 4: ("L", 4), 11: ("f", 4), 12: ("d", 8), 16: ("Q", 8)}
_COUNTS, _NUMBERS = frozenset({3, 4, 16}), frozenset({11, 12})
_TYPES = {
    WIDTH: _COUNTS, HEIGHT: _COUNTS, KEYS: frozenset({3}), TEXTS: frozenset({2}),
    SCALE: _NUMBERS, TIEPOINTS: _NUMBERS, MATRIX: _NUMBERS, DOUBLES: _NUMBERS,
}  # fmt: skip
"""Of which TIFF types each tag's values may be."""

_METHODS = {1: "tmerc", 7: "merc", 8: "lcc", 9: "lcc", 10: "laea", 11: "aea", 15: "stere", 17: "eqc"}
"""Coordinate transformation codes, and what PROJ calls them."""

_PARAMETERS = (
    ("lat_1", (3078,)), ("lat_2", (3079,)), ("lon_0", (3080, 3088, 3084)), ("lat_0", (3081, 3089, 3085)),
    ("x_0", (3082, 3086)), ("y_0", (3083, 3087)), ("k_0", (3092, 3093)),
)  # fmt: skip
"""PROJ's parameters, and the GeoKeys that may hold each: natural origin, centre, false origin."""


class NoPlace(Exception):
    """The file does not say where it lies, or not so that it can be read; the message says which."""


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A raster and where it lies: pixels, the affine map from column and row to the coordinates of `crs`.

    `affine`: x = a + b column + c row, y = d + e column + f row, as (a, b, c, d, e, f). `crs` is what pyproj reads:
    "EPSG:32618", a WKT or a PROJ string; `called` the name that the file has for it.
    """

    width: int
    height: int
    affine: tuple[float, float, float, float, float, float]
    crs: str
    called: str


def read_place(path: Path) -> Placed:
    """Read where a TIFF lies.

    :raises NoPlace: it does not say.
    """
    with path.open("rb") as file:
        try:
            tags = _tags(file)
            keys = _keys(tags)
        except (struct.error, ValueError, IndexError, OverflowError) as error:
            raise NoPlace("The directory of the file is broken.") from error
    if WIDTH not in tags or HEIGHT not in tags:
        raise NoPlace("The file has no size.")
    if MODEL not in keys and PROJECTED not in keys and GEODETIC not in keys:
        raise NoPlace("The file names no coordinate reference system.")
    return Placed(
        width=int(tags[WIDTH][0]),
        height=int(tags[HEIGHT][0]),
        affine=_affine(tags, is_point=keys.get(RASTER) == PIXEL_IS_POINT),
        crs=_crs(keys),
        called=" ".join(str(keys.get(PROJECTED_CITATION) or keys.get(CITATION) or "").split())[:200],
    )


def _tags(file: BinaryIO) -> dict[int, tuple[Any, ...]]:
    head = file.read(16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None:
        raise NoPlace("This is no TIFF.")
    version = struct.unpack(f"{order}H", head[2:4])[0]
    if version not in {42, 43}:
        raise NoPlace("This is no TIFF.")
    is_big = version == 43
    offset = struct.unpack(f"{order}{'Q' if is_big else 'L'}", head[8:16] if is_big else head[4:8])[0]
    file.seek(offset)
    count = struct.unpack(f"{order}{'Q' if is_big else 'H'}", file.read(8 if is_big else 2))[0]
    size, places = (20, "HHQ8s") if is_big else (12, "HHL4s")
    entries = file.read(min(count, MOST_TAGS) * size)
    found: dict[int, tuple[Any, ...]] = {}
    for at in range(0, len(entries) - size + 1, size):
        tag, kind, number, inline = struct.unpack(f"{order}{places}", entries[at : at + size])
        if kind in _TYPES.get(tag, ()) and 0 < number <= MOST_VALUES:
            found[tag] = _values(file, order, kind, number, inline)
    return found


def _values(file: BinaryIO, order: str, kind: int, number: int, inline: bytes) -> tuple[Any, ...]:
    letter, size = _SIZES[kind]
    data = inline
    if number * size > len(inline):
        file.seek(struct.unpack(f"{order}{'Q' if len(inline) == 8 else 'L'}", inline)[0])
        data = file.read(number * size)
    if kind == 2:
        return (data[:number].decode("ascii", "replace"),)
    return struct.unpack(f"{order}{number}{letter}", data[: number * size])


def _keys(tags: Mapping[int, tuple[Any, ...]]) -> dict[int, Any]:
    """Look each GeoKey up in the tag that holds its value."""
    directory, found = tags.get(KEYS, ()), {}
    for at in range(4, len(directory) - 3, 4):
        key, tag, number, value = directory[at : at + 4]
        if tag == 0:
            found[key] = value
        elif tag == DOUBLES:
            found[key] = tags.get(DOUBLES, ())[value : value + 1][0]
        elif tag == TEXTS:
            found[key] = tags.get(TEXTS, ("",))[0][value : value + number].rstrip("|\0")
    return found


def _affine(tags: Mapping[int, tuple[Any, ...]], *, is_point: bool) -> tuple[float, float, float, float, float, float]:
    matrix, scale, tie = tags.get(MATRIX, ()), tags.get(SCALE, ()), tags.get(TIEPOINTS, ())
    if len(matrix) >= 8:
        a, b, c, d, e, f = matrix[3], matrix[0], matrix[1], matrix[7], matrix[4], matrix[5]
    elif len(scale) >= 2 and len(tie) >= 6:
        column, row, _, x, y, _ = tie[:6]
        a, b, c = x - column * scale[0], scale[0], 0.0
        d, e, f = y + row * scale[1], 0.0, -scale[1]
    elif tie:
        raise NoPlace("The file has ground control points alone: they say roughly where it lies, and no more.")
    else:
        raise NoPlace("The file does not say where its pixels lie.")
    if not all(map(math.isfinite, (a, b, c, d, e, f))) or b * f - c * e == 0:
        raise NoPlace("The file says where its pixels lie in numbers that can not be.")
    if is_point:
        # The coordinates are those of a pixel's middle.
        a, d = a - (b + c) / 2, d - (e + f) / 2
    return a, b, c, d, e, f


def _crs(keys: Mapping[int, Any]) -> str:
    # One of its own is based on degrees that have a code: those are not its coordinates.
    is_projected = keys.get(MODEL) == 1 or (PROJECTED in keys and keys.get(MODEL) != 2)
    code = keys.get(PROJECTED if is_projected else GEODETIC, USER_DEFINED)
    if code not in {0, USER_DEFINED}:
        # EPSG's end where ESRI's begin.
        return f"{'ESRI' if code > USER_DEFINED else 'EPSG'}:{code}"
    if wkt := _wkt(keys):
        return wkt
    if not is_projected:
        return f"+proj=longlat {_ellipsoid(keys)} +no_defs"
    zone = keys.get(PROJECTION, 0)
    if 16001 <= zone <= 16060 or 16101 <= zone <= 16160:
        south = " +south" if zone > 16100 else ""
        return f"+proj=utm +zone={zone % 100}{south} {_ellipsoid(keys)} +units=m +no_defs"
    method = _METHODS.get(keys.get(METHOD, 0))
    if method is None:
        raise NoPlace("The file's coordinate reference system is one of its own that can not be read.")
    given = [
        f"+{name}={value!r}"
        for name, places in _PARAMETERS
        if (value := next((keys[each] for each in places if isinstance(keys.get(each), float)), None)) is not None
    ]
    return " ".join([f"+proj={method}", *given, _ellipsoid(keys), "+units=m +no_defs"])


def _wkt(keys: Mapping[int, Any]) -> str:
    """Find the WKT that ESRI's software writes into the citation."""
    for key in (PROJECTED_CITATION, CITATION):
        _, mark, wkt = str(keys.get(key, "")).partition("ESRI PE String = ")
        if mark:
            return wkt
    return ""


def _ellipsoid(keys: Mapping[int, Any]) -> str:
    major, flattening, minor = keys.get(SEMI_MAJOR), keys.get(INVERSE_FLATTENING), keys.get(SEMI_MINOR)
    if isinstance(major, float) and isinstance(flattening, float):
        return f"+a={major!r} +rf={flattening!r}"
    if isinstance(major, float) and isinstance(minor, float):
        return f"+a={major!r} +b={minor!r}"
    if keys.get(ELLIPSOID) in {7030, None} and keys.get(GEODETIC) in {4326, None}:
        return "+ellps=WGS84"
    if (isinstance(code := keys.get(GEODETIC), int) and code == 4258) or keys.get(ELLIPSOID) == 7019:
        return "+ellps=GRS80"
    raise NoPlace("The file's coordinate reference system is on an ellipsoid that it does not describe.")
