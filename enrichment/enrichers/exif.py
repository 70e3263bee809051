"""What the camera wrote: EXIF times, position, device (Exif 3.0, CIPA DC-008-2023), read by exifread.

A capture time without its offset tag is local, zone unknown; nothing is inferred. A position of 0, 0 is a missing
value and is flagged instead of given. Where the file contradicts the submitter, both stay and the item is flagged.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import exifread

from enrichment.domain import IMAGES, Enricher, EnricherInput, Flag, PermanentFailure, Result
from evidence.when import InvalidWhen, parse

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius of the Earth (IUGG 1980, R1), in metres."""

NEAR_M = 1000.0
"""How far, in metres, a position may be from a place given without a radius before it counts as another one."""

_TIME = re.compile(r"(\d{4}):(\d\d):(\d\d)[ T](\d\d):(\d\d):(\d\d)")
_OFFSET = re.compile(r"[+-]\d\d:\d\d|Z")
_ZEROS = "0000"
_TAKEN = "EXIF DateTimeOriginal"

logging.getLogger("exifread").setLevel(logging.CRITICAL)


@dataclass(frozen=True, kw_only=True)
class Position:
    """Degrees (WGS 84 unless `datum` says otherwise), south and west negative; metres above sea level."""

    lat: float
    lon: float
    altitude_m: float | None
    datum: str


@dataclass(frozen=True, kw_only=True)
class Exif:
    """Times are EDTF, without a zone where the file has none; `gps_time` is UTC, from the satellites."""

    make: str
    model: str
    software: str
    orientation: int | None
    taken: str
    modified: str
    gps_time: str
    gps: Position | None
    tags: int


def read_exif(given: EnricherInput) -> Result:
    """Read what the camera wrote and compare it with what the submitter said."""
    assert given.original is not None  # noqa: S101 -- images have an original
    tags = _tags(given)
    gps, flags = _position(tags)
    taken = _time(tags, _TAKEN, "EXIF OffsetTimeOriginal", "EXIF SubSecTimeOriginal")
    modified = _time(tags, "Image DateTime", "EXIF OffsetTime", "EXIF SubSecTime")
    output = Exif(
        make=_text(tags, "Image Make"),
        model=_text(tags, "Image Model"),
        software=_text(tags, "Image Software"),
        orientation=_whole(tags, "Image Orientation"),
        taken=taken,
        modified=modified,
        gps_time=_gps_time(tags),
        gps=gps,
        tags=len(tags),
    )
    flags += _doubtful_time(_text(tags, _TAKEN), taken, modified)
    flags += _other_place(gps, given.fields.get("place")) + _other_time(taken, given.fields.get("when"))
    return Result(output=output, flags=tuple(flags))


def distance_m(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Measure the great-circle distance in metres (haversine formula; Sinnott, Sky and Telescope 68, 1984)."""
    a, b = math.radians(lat1), math.radians(lat2)
    half = math.sin((b - a) / 2) ** 2
    half += math.cos(a) * math.cos(b) * math.sin(math.radians(lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, half)))


def _tags(given: EnricherInput) -> Mapping[str, Any]:
    assert given.original is not None  # noqa: S101
    with given.original.open("rb") as file:
        try:
            found: Mapping[str, Any] = exifread.process_file(file, details=False, extract_thumbnail=False)
        # The library meets hostile files with whatever its inside raises.
        except Exception as error:
            raise PermanentFailure(f"The metadata can not be read ({type(error).__name__}).") from error
    return found


def _text(tags: Mapping[str, Any], name: str) -> str:
    return str(tags[name]).strip(" \0") if name in tags else ""


def _whole(tags: Mapping[str, Any], name: str) -> int | None:
    values = getattr(tags.get(name), "values", None)
    first = values[0] if isinstance(values, list) and values else None
    return first if isinstance(first, int) else None


def _time(tags: Mapping[str, Any], name: str, offset: str, part: str) -> str:
    found = _TIME.match(_text(tags, name))
    if not found or found[1] == _ZEROS:
        return ""
    year, month, day, hour, minute, second = found.groups()
    fraction = _text(tags, part)
    fraction = f".{fraction[:6]}" if fraction.isascii() and fraction.isdigit() else ""
    zone = _text(tags, offset)
    local = f"{year}-{month}-{day}T{hour}:{minute}:{second}{fraction}"
    if _OFFSET.fullmatch(zone) and _is_time(local + zone):
        return local + zone
    return local if _is_time(local) else ""


def _is_time(text: str) -> bool:
    try:
        parse(text)
    except InvalidWhen:
        return False
    return True


def _gps_time(tags: Mapping[str, Any]) -> str:
    date = re.fullmatch(r"(\d{4})[:-](\d\d)[:-](\d\d)", _text(tags, "GPS GPSDate"))
    parts = _numbers(tags, "GPS GPSTimeStamp")
    if not date or len(parts) != 3:
        return ""
    hour, minute, second = parts
    text = f"{date[1]}-{date[2]}-{date[3]}T{int(hour):02}:{int(minute):02}:{int(second):02}Z"
    return text if _is_time(text) else ""


def _position(tags: Mapping[str, Any]) -> tuple[Position | None, list[Flag]]:
    lat = _degrees(tags, "GPS GPSLatitude", {"N": 1, "S": -1}, 90)
    lon = _degrees(tags, "GPS GPSLongitude", {"E": 1, "W": -1}, 180)
    if lat is None or lon is None:
        if "GPS GPSLatitude" in tags or "GPS GPSLongitude" in tags:
            said = "The file has a GPS position that is not whole or not on Earth."
            return None, [Flag(flag="gps_unreadable", detail=said)]
        return None, []
    if lat == 0 and lon == 0:
        said = "The file's GPS position is 0, 0: most often a missing value, not a place."
        return None, [Flag(flag="gps_null_island", detail=said)]
    height = _numbers(tags, "GPS GPSAltitude")
    below = _whole(tags, "GPS GPSAltitudeRef") in {1, 3}
    altitude = (-height[0] if below else height[0]) if height else None
    position = Position(
        lat=round(lat, 7),
        lon=round(lon, 7),
        altitude_m=None if altitude is None else round(altitude, 2),
        datum=_text(tags, "GPS GPSMapDatum"),
    )
    return position, []


def _degrees(tags: Mapping[str, Any], name: str, signs: Mapping[str, int], most: float) -> float | None:
    """Read degrees, minutes and seconds; without its hemisphere a number is no position."""
    sign = signs.get(_text(tags, f"{name}Ref").upper()[:1])
    parts = _numbers(tags, name)
    if sign is None or len(parts) != 3:
        return None
    value = parts[0] + parts[1] / 60 + parts[2] / 3600
    # Some round 59.99 seconds up to 60.
    whole = min(parts) >= 0 and max(parts[1:]) <= 60 and value <= most
    return sign * value if whole else None


def _numbers(tags: Mapping[str, Any], name: str) -> list[float]:
    values = getattr(tags.get(name), "values", None)
    if not isinstance(values, list):
        return []
    try:
        numbers = [float(value.num) / float(value.den) if hasattr(value, "den") else float(value) for value in values]
    except (ZeroDivisionError, ValueError, TypeError, OverflowError):
        return []
    return numbers if all(math.isfinite(number) for number in numbers) else []


def _doubtful_time(recorded: str, taken: str, modified: str) -> list[Flag]:
    if not taken:
        # Blanks and zeros are how a camera says that it does not know.
        if not re.search("[1-9]", recorded):
            return []
        return [Flag(flag="exif_time_unreadable", detail=f"The file's time of capture is no time: {recorded[:40]}")]
    begun, ended = parse(taken).earliest, parse(modified).latest if modified else None
    if not begun or not ended or begun <= ended:
        return []
    detail = f"The file says it was taken {taken}, after it was last modified, {modified}: a clock was wrong."
    return [Flag(flag="exif_times_contradict", detail=detail)]


def _other_place(gps: Position | None, place: Mapping[str, Any] | None) -> list[Flag]:
    if not gps or not place or place.get("lat") is None or place.get("lon") is None:
        return []
    allowed = max(place.get("radius_m") or NEAR_M, 50.0)
    apart = distance_m(gps.lat, gps.lon, place["lat"], place["lon"])
    if apart <= allowed:
        return []
    detail = (
        f"The file's GPS position {gps.lat:.5f}, {gps.lon:.5f} is {apart / 1000:.1f} km from the place given "
        f"({place['lat']:.5f}, {place['lon']:.5f}, within {allowed:.0f} m)."
    )
    return [Flag(flag="exif_place_differs", detail=detail)]


def _other_time(taken: str, when: str | None) -> list[Flag]:
    if not taken or not when:
        return []
    file, said = parse(taken), parse(when)
    before = file.latest and said.earliest and file.latest < said.earliest
    after = file.earliest and said.latest and file.earliest > said.latest
    if not before and not after:
        return []
    zone = " (its zone is unknown)" if file.zone == "unknown" else ""
    detail = f"The file says it was taken {taken}{zone}; the submitter said {when}."
    return [Flag(flag="exif_time_differs", detail=detail)]


ENRICHER = Enricher(
    name="exif",
    version=1,
    accepts=IMAGES,
    reads=frozenset({"file", "place", "when"}),
    run=read_exif,
    tool=lambda: f"ExifRead {version('exifread')}",
    parameters={"near_m": NEAR_M},
)
