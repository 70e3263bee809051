"""What a camera wrote, with its maker's notes, read by exifread within a budget: hostile counts must not take forever.

Which notes name a person or a device is told by their names: owners and artists, serial numbers.
"""

from __future__ import annotations

import io
import logging
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import exifread

from evidence.when import InvalidWhen, parse

MOST_READS, MOST_BYTES = 400_000, 64 << 20
"""How often, and how many bytes, may be read of a file: a long maker's note is read byte by byte."""

NOTES, LONGEST = 100, 120
"""How many notes are listed, and characters of a value."""

MOST_THUMBNAIL = 1 << 20

_PERSON = re.compile(r"owner|artist|author|photographer|user ?name|copyright", re.I)
_DEVICE = re.compile(r"serial|internal ?id|body ?id|camera ?id|host ?computer|device ?id", re.I)
_NAMING = frozenset(
    {
        "Image Artist", "Image Copyright", "Image HostComputer",
        "EXIF CameraOwnerName", "EXIF BodySerialNumber", "EXIF LensSerialNumber",
    }
)  # fmt: skip
_TIME = re.compile(r"(\d{4}):(\d\d):(\d\d)[ T](\d\d:\d\d:\d\d)", re.ASCII)

logging.getLogger("exifread").setLevel(logging.CRITICAL)


class TooMuch(Exception):
    """More would be read of the file than may be."""


@dataclass(frozen=True, kw_only=True)
class Note:
    """A tag that can be read as text; `names` is "person", "device" or empty."""

    name: str
    value: str
    names: str


class _Budget(io.BufferedReader):
    """A file that ends with an error once too much of it was read."""

    reads = MOST_READS
    bytes_left = MOST_BYTES

    def read(self, size: int | None = -1) -> bytes:
        # Counts of four thousand million would be asked for as they are.
        data = super().read(min(size, MOST_BYTES) if size is not None and size >= 0 else MOST_BYTES)
        self.reads -= 1
        self.bytes_left -= len(data)
        if self.reads < 0 or self.bytes_left < 0:
            raise TooMuch
        return data


def read_tags(raw: BinaryIO) -> tuple[Mapping[str, Any], str]:
    """Read the tags of a TIFF stream; without the maker's notes where these are too much, and then say why.

    :returns: the tags, and a sentence on what could not be read, else empty.
    """
    said = ""
    for details in (True, False):
        raw.seek(0)
        file = _Budget(raw)  # type: ignore[arg-type]
        try:
            found: Mapping[str, Any] = exifread.process_file(file, details=details, extract_thumbnail=False)
        # The library meets hostile files with whatever its inside raises.
        except Exception as error:
            what = "The maker's notes" if details else "The camera's tags"
            said = f"{what} can not be read ({type(error).__name__})."
        else:
            return found, said
        finally:
            file.detach()
    return {}, said


def notes(tags: Mapping[str, Any]) -> tuple[tuple[Note, ...], bool]:
    """List the maker's notes that are known by name and short, and the other tags that name somebody; and whether there
    are more."""
    found = []
    for name, tag in tags.items():
        made_by_maker = name.startswith("MakerNote ") and not name.startswith("MakerNote Tag 0x")
        if not made_by_maker and name not in _NAMING:
            continue
        value = str(tag).strip(" \0")
        # Long lists of numbers tell a person nothing.
        most = LONGEST if not value.startswith("[") else LONGEST // 3
        if value and value.isprintable() and len(value) <= most and value not in {"[]", "Unknown"}:
            found.append(Note(name=name[:LONGEST], value=value, names=_names(name)))
    return tuple(found[:NOTES]), len(found) > NOTES


def _names(name: str) -> str:
    if _DEVICE.search(name):
        return "device"
    return "person" if _PERSON.search(name) else ""


def text(tags: Mapping[str, Any], name: str) -> str:
    """Give a tag's text; empty where it has none."""
    return str(tags[name]).strip(" \0")[:1000] if name in tags else ""


def time(tags: Mapping[str, Any], name: str, offset: str) -> str:
    """Give a time as EDTF, with its offset where the file has one; empty where it is none."""
    found = _TIME.match(text(tags, name))
    if not found:
        return ""
    zone = text(tags, offset)
    for end in (zone, "") if re.fullmatch(r"[+-]\d\d:\d\d|Z", zone, re.ASCII) else ("",):
        written = f"{found[1]}-{found[2]}-{found[3]}T{found[4]}{end}"
        try:
            parse(written)
        except InvalidWhen:
            continue
        return written
    return ""


def position(tags: Mapping[str, Any]) -> tuple[float, float] | None:
    """Give latitude and longitude in degrees; nothing where they are not whole, or 0, 0."""
    lat = _degrees(tags, "GPS GPSLatitude", "NS", 90)
    lon = _degrees(tags, "GPS GPSLongitude", "EW", 180)
    return None if lat is None or lon is None or (lat, lon) == (0, 0) else (lat, lon)


def _degrees(tags: Mapping[str, Any], name: str, signs: str, most: float) -> float | None:
    side = text(tags, f"{name}Ref").upper()[:1]
    values = getattr(tags.get(name), "values", None)
    if not side or side not in signs or not isinstance(values, list) or len(values) != 3:
        return None
    try:
        parts = [float(value.num) / float(value.den) for value in values]
    except (ZeroDivisionError, AttributeError, OverflowError):
        return None
    value = parts[0] + parts[1] / 60 + parts[2] / 3600
    if not all(map(math.isfinite, parts)) or min(parts) < 0 or max(parts[1:]) > 60 or value > most:
        return None
    return -value if side in "SW" else value


def thumbnail(tags: Mapping[str, Any], raw: BinaryIO) -> bytes:
    """Give the bytes of the JPEG that the second directory points to (Exif 3.0, 4.6.4, 0x0201); empty without one."""
    at, size = (
        next(iter(getattr(tags.get(f"Thumbnail JPEGInterchangeFormat{end}"), "values", None) or ()), 0)
        for end in ("", "Length")
    )
    if not isinstance(at, int) or not isinstance(size, int) or not 0 < size <= MOST_THUMBNAIL or at <= 0:
        return b""
    raw.seek(at)
    data = raw.read(size)
    return data if data.startswith(b"\xff\xd8") else b""
