"""EXIF tags (Exif 3.0, CIPA DC-008-2023) as exifread reads them, and the times and positions in them.

Nothing is inferred: a time without its offset tag is local, zone unknown; a position without its hemisphere is none.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import exifread

from enrichment.domain import Flag, PermanentFailure
from evidence.when import InvalidWhen, parse

Tags = Mapping[str, Any]
"""By group and name, as "EXIF DateTimeOriginal"."""

TAKEN = "EXIF DateTimeOriginal"

_TIME = re.compile(r"(\d{4}):(\d\d):(\d\d)[ T](\d\d):(\d\d):(\d\d)")
_OFFSET = re.compile(r"[+-]\d\d:\d\d|Z")
_ZEROS = "0000"

logging.getLogger("exifread").setLevel(logging.CRITICAL)


@dataclass(frozen=True, kw_only=True)
class Position:
    """Degrees (WGS 84 unless `datum` says otherwise), south and west negative; metres above sea level."""

    lat: float
    lon: float
    altitude_m: float | None
    datum: str


def tags_of(path: Path) -> Tags:
    """Read the tags of a file, without those in makers' notes.

    :raises PermanentFailure: they are broken.
    """
    with path.open("rb") as file:
        try:
            found: Tags = exifread.process_file(file, details=False, extract_thumbnail=False)
        # The library meets hostile files with whatever its inside raises.
        except Exception as error:
            raise PermanentFailure(f"The metadata can not be read ({type(error).__name__}).") from error
    return found


def text_of(tags: Tags, name: str) -> str:
    """Give a tag as a text, empty where there is none."""
    return str(tags[name]).strip(" \0") if name in tags else ""


def whole_of(tags: Tags, name: str) -> int | None:
    """Give the first value of a tag, if it is a whole number."""
    values = getattr(tags.get(name), "values", None)
    first = values[0] if isinstance(values, list) and values else None
    return first if isinstance(first, int) else None


def taken_of(tags: Tags) -> str:
    """Give the time of capture as EDTF, empty where there is none."""
    return time_of(tags, TAKEN, offset="EXIF OffsetTimeOriginal", part="EXIF SubSecTimeOriginal")


def time_of(tags: Tags, name: str, *, offset: str, part: str) -> str:
    """Give a time as EDTF, with the zone and the part of a second that these tags have."""
    found = _TIME.match(text_of(tags, name))
    if not found or found[1] == _ZEROS:
        return ""
    year, month, day, hour, minute, second = found.groups()
    fraction = text_of(tags, part)
    fraction = f".{fraction[:6]}" if fraction.isascii() and fraction.isdigit() else ""
    zone = text_of(tags, offset)
    local = f"{year}-{month}-{day}T{hour}:{minute}:{second}{fraction}"
    if _OFFSET.fullmatch(zone) and is_time(local + zone):
        return local + zone
    return local if is_time(local) else ""


def is_time(text: str) -> bool:
    """Say whether a text is a time (EDTF)."""
    try:
        parse(text)
    except InvalidWhen:
        return False
    return True


def gps_time_of(tags: Tags) -> str:
    """Give the satellites' time, in UTC, as EDTF."""
    date = re.fullmatch(r"(\d{4})[:-](\d\d)[:-](\d\d)", text_of(tags, "GPS GPSDate"))
    parts = _numbers(tags, "GPS GPSTimeStamp")
    if not date or len(parts) != 3:
        return ""
    hour, minute, second = parts
    text = f"{date[1]}-{date[2]}-{date[3]}T{int(hour):02}:{int(minute):02}:{int(second):02}Z"
    return text if is_time(text) else ""


def position_of(tags: Tags) -> tuple[Position | None, list[Flag]]:
    """Give the position, or say what is wrong with it."""
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
    below = whole_of(tags, "GPS GPSAltitudeRef") in {1, 3}
    altitude = (-height[0] if below else height[0]) if height else None
    position = Position(
        lat=round(lat, 7),
        lon=round(lon, 7),
        altitude_m=None if altitude is None else round(altitude, 2),
        datum=text_of(tags, "GPS GPSMapDatum"),
    )
    return position, []


def _degrees(tags: Tags, name: str, signs: Mapping[str, int], most: float) -> float | None:
    """Read degrees, minutes and seconds; without its hemisphere a number is no position."""
    sign = signs.get(text_of(tags, f"{name}Ref").upper()[:1])
    parts = _numbers(tags, name)
    if sign is None or len(parts) != 3:
        return None
    value = parts[0] + parts[1] / 60 + parts[2] / 3600
    # Some round 59.99 seconds up to 60.
    whole = min(parts) >= 0 and max(parts[1:]) <= 60 and value <= most
    return sign * value if whole else None


def _numbers(tags: Tags, name: str) -> list[float]:
    values = getattr(tags.get(name), "values", None)
    if not isinstance(values, list):
        return []
    try:
        numbers = [float(value.num) / float(value.den) if hasattr(value, "den") else float(value) for value in values]
    except (ZeroDivisionError, ValueError, TypeError, OverflowError):
        return []
    return numbers if all(math.isfinite(number) for number in numbers) else []
