"""Where the sun stood for a picture: at the place and time that are claimed for it, by astral (after NOAA's formulas).

Who looks at the picture compares shadows with it: they point away from the sun, and a mast of height h throws one of
h / tan(elevation) on level ground. The numbers are about the claim, or about what EXIF has where the file has a
position. Whether the picture fits is not judged here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from typing import Any

from astral import Observer
from astral.sun import azimuth

from enrichment.daylight import Light, light_at
from enrichment.domain import IMAGES, Enricher, EnricherInput, PermanentFailure, Result
from enrichment.exif_tags import gps_time_of, position_of, tags_of, taken_of
from enrichment.pictures import MEDIA
from evidence.when import When, parse

LONGEST = timedelta(hours=3)
"""Over a longer time the sun's direction is anywhere: none is given."""

WIDEST_M = 50_000.0
"""In metres: within a wider circle directions differ by about a degree, and none is given."""

LOWEST_DEG = 2.0
"""Below this elevation a shadow's length says nothing: refraction and the ground's slope decide."""


@dataclass(frozen=True, kw_only=True)
class Sun:
    """The sun at a place (WGS 84, degrees, within metres) and time (EDTF); `light` says whether it was up.

    Directions are from north over east in degrees, from the beginning of the time to its end; shadows point the other
    way. `shadow_shortest` and `shadow_longest`: a shadow's length on level ground, in heights of what throws it.
    `why_unknown`: why something of it is not given.
    """

    lat: float | None
    lon: float | None
    radius_m: float | None
    when: str
    light: Light | None
    sun_from_deg: float | None
    sun_to_deg: float | None
    shadows_from_deg: float | None
    shadows_to_deg: float | None
    shadow_shortest: float | None
    shadow_longest: float | None
    why_unknown: str


@dataclass(frozen=True, kw_only=True)
class Sky:
    """The sun as it is `claimed`, and at the position and time that EXIF has: its time of capture, or the satellites'
    (UTC) where that has no zone. `file` is none where the file has no position."""

    claimed: Sun
    file: Sun | None


def read_sky(given: EnricherInput) -> Result:
    """Compute the sun for what is claimed of a picture, and for what its file says."""
    place: Mapping[str, Any] = given.fields.get("place") or {}
    lat, lon, radius = (_number(place.get(name)) for name in ("lat", "lon", "radius_m"))
    claimed = _sun(lat, lon, radius, str(given.fields.get("when") or ""))
    return Result(output=Sky(claimed=claimed, file=_of_file(given)))


def _of_file(given: EnricherInput) -> Sun | None:
    assert given.original is not None  # noqa: S101 -- images have an original
    try:
        tags = tags_of(given.original)
    except PermanentFailure:
        # What is wrong with the tags, `exif` says.
        return None
    position, _ = position_of(tags)
    if position is None:
        return None
    taken = taken_of(tags)
    has_zone = taken and parse(taken).zone in {"utc", "offset"}
    return _sun(position.lat, position.lon, None, taken if has_zone else gps_time_of(tags) or taken)


def _sun(lat: float | None, lon: float | None, radius: float | None, when: str) -> Sun:
    if lat is None or lon is None:
        return _told(lat, lon, radius, when, why="no position is claimed")
    if abs(lat) > 90 or abs(lon) > 180 or (radius or 0) < 0:
        raise PermanentFailure(f"The position {lat}, {lon} is not on Earth.")
    light = light_at(lat, lon, radius or 0.0, when)
    if light.lowest_deg is None:
        return _told(lat, lon, radius, when, light=light, why=light.why_unknown)
    time = parse(when)
    why = _too_vague(time, radius or 0.0)
    directions = None if why else _directions(lat, lon, time)
    return _told(lat, lon, radius, when, light=light, directions=directions, why=why)


def _too_vague(time: When, radius: float) -> str:
    assert time.earliest is not None and time.latest is not None  # noqa: S101, PT018 -- there was light at it
    if time.latest - time.earliest > LONGEST:
        zone = ", as its zone is not given" if time.zone in {"unknown", "date"} else ""
        return f"the time is not known to {LONGEST.total_seconds() / 3600:g} hours{zone}"
    return "the place is too large" if radius > WIDEST_M else ""


def _directions(lat: float, lon: float, time: When) -> tuple[float, float]:
    """Give the sun's direction at the beginning and at the end, in degrees from north over east."""
    assert time.earliest is not None and time.latest is not None  # noqa: S101, PT018 -- there was light at it
    observer = Observer(lat, lon)
    return azimuth(observer, time.earliest), azimuth(observer, time.latest)


def _told(
    lat: float | None,
    lon: float | None,
    radius: float | None,
    when: str,
    *,
    light: Light | None = None,
    directions: tuple[float, float] | None = None,
    why: str,
) -> Sun:
    sun: list[float | None] = [round(each, 1) % 360 for each in directions or ()] or [None, None]
    # A shadow needs the sun to be up, whenever it was.
    is_up = light is not None and directions is not None and (light.lowest_deg or -90) >= LOWEST_DEG
    shadows = [round((each + 180) % 360, 1) if is_up and each is not None else None for each in sun]
    return Sun(
        lat=lat,
        lon=lon,
        radius_m=radius,
        when=when,
        light=light,
        sun_from_deg=sun[0],
        sun_to_deg=sun[1],
        shadows_from_deg=shadows[0],
        shadows_to_deg=shadows[1],
        shadow_shortest=_length(light.highest_deg) if is_up and light else None,
        shadow_longest=_length(light.lowest_deg) if is_up and light else None,
        why_unknown=why,
    )


def _length(elevation: float | None) -> float | None:
    return None if elevation is None else round(1 / math.tan(math.radians(min(90.0, elevation))), 3)


def _number(value: Any) -> float | None:
    if value is None or isinstance(value, bool):
        return None
    number = float(value)
    if not math.isfinite(number):
        raise PermanentFailure("The position is no number.")
    return number


ENRICHER = Enricher(
    name="sky",
    version=1,
    accepts=IMAGES,
    reads=frozenset({"file", "place", "when"}),
    media=MEDIA,
    run=read_sky,
    tool=lambda: f"ExifRead {version('exifread')}, astral {version('astral')}",
    parameters={"longest_hours": LONGEST.total_seconds() / 3600, "widest_m": WIDEST_M, "lowest_deg": LOWEST_DEG},
)
