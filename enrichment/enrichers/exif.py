"""What the camera wrote: EXIF times, position, device (Exif 3.0, CIPA DC-008-2023), read by exifread.

A capture time without its offset tag is local, zone unknown; nothing is inferred. A position of 0, 0 is a missing
value and is flagged instead of given. Where the file contradicts the submitter, both stay and the item is flagged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from enrichment.domain import IMAGES, Enricher, EnricherInput, Flag, Result
from enrichment.exif_tags import (
    TAKEN,
    Position,
    gps_time_of,
    position_of,
    tags_of,
    taken_of,
    text_of,
    time_of,
    whole_of,
)
from enrichment.geodesy import sphere_m
from evidence.when import parse

NEAR_M = 1000.0
"""How far, in metres, a position may be from a place given without a radius before it counts as another one."""


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
    tags = tags_of(given.original)
    gps, flags = position_of(tags)
    taken = taken_of(tags)
    modified = time_of(tags, "Image DateTime", offset="EXIF OffsetTime", part="EXIF SubSecTime")
    output = Exif(
        make=text_of(tags, "Image Make"),
        model=text_of(tags, "Image Model"),
        software=text_of(tags, "Image Software"),
        orientation=whole_of(tags, "Image Orientation"),
        taken=taken,
        modified=modified,
        gps_time=gps_time_of(tags),
        gps=gps,
        tags=len(tags),
    )
    flags += _doubtful_time(text_of(tags, TAKEN), taken, modified)
    flags += _other_place(gps, given.fields.get("place")) + _other_time(taken, given.fields.get("when"))
    return Result(output=output, flags=tuple(flags))


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
    apart = sphere_m(gps.lat, gps.lon, place["lat"], place["lon"])
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
