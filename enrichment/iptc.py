"""IPTC's Information Interchange Model, version 4.2: what newsrooms write into pictures. Pure.

It lies in Photoshop's image resource 0x0404. Texts are in the character set that dataset 1:90 names by the escape
sequences of ISO 2022; where it names none, most programs write UTF-8 or Latin-1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from evidence.when import InvalidWhen, parse

MOST, LONGEST, KEYWORDS = 2000, 1000, 50
"""How many datasets are read; characters of a text; how many keywords and names are kept."""

_RESOURCE = 0x0404
_CHARSET = (1, 90)
_CHARSETS = {b"\x1b%G": ("UTF-8", "utf-8"), b"\x1b-A": ("ISO 8859-1", "latin-1"), b"\x1b.A": ("ISO 8859-1", "latin-1")}


@dataclass(frozen=True, kw_only=True)
class Iptc:
    """As the file has them; `created` is EDTF, without a zone where none is given. `charset` is what 1:90 names, or
    "not declared", with what the texts were read as. `datasets` is how many there are; `cut`: one has a length that
    leads out of the block, and what follows is not read."""

    charset: str
    bylines: tuple[str, ...]
    caption: str
    city: str
    country: str
    created: str
    copyright: str
    program: str
    keywords: tuple[str, ...]
    datasets: int
    cut: bool


def resource(resources: bytes) -> bytes:
    """Find the model's data among Photoshop's image resources (Photoshop File Formats, "Image Resource Blocks")."""
    at = 0
    for _ in range(MOST):
        if resources[at : at + 4] != b"8BIM" or at + 12 > len(resources):
            return b""
        number = int.from_bytes(resources[at + 4 : at + 6], "big")
        # The name's length and the name are padded to an even number of bytes.
        at += 6 + (resources[at + 6] + 2) // 2 * 2
        size = int.from_bytes(resources[at : at + 4], "big")
        if number == _RESOURCE:
            return resources[at + 4 : at + 4 + size]
        at += 4 + size + size % 2
    return b""


def read_iptc(data: bytes) -> Iptc | None:
    """Read the datasets of a block; nothing where there is none."""
    sets: dict[tuple[int, int], list[bytes]] = {}
    count, cut = 0, False
    for number, value in _datasets(data):
        if value is None:
            cut = True
            break
        count += 1
        sets.setdefault(number, []).append(value)
    if not count and not cut:
        return None
    said, codec = _charset(sets)

    def texts(number: int) -> tuple[str, ...]:
        found = (
            value[: LONGEST * 4].decode(codec, "replace").strip(" \0")[:LONGEST] for value in sets.get((2, number), ())
        )
        return tuple(text for text in found if text)[:KEYWORDS]

    def text(number: int) -> str:
        return next(iter(texts(number)), "")

    return Iptc(
        charset=said,
        bylines=texts(80),
        caption=text(120),
        city=text(90),
        country=text(101),
        created=_created(text(55), text(60)),
        copyright=text(116),
        program=text(65),
        keywords=texts(25),
        datasets=count,
        cut=cut,
    )


def _datasets(data: bytes) -> Iterator[tuple[tuple[int, int], bytes | None]]:
    """Give record, number and value of each dataset; the value is None where its length leads out of the block."""
    at = 0
    for _ in range(MOST):
        if data[at : at + 1] != b"\x1c":
            return
        head = data[at : at + 5]
        at += 5
        if len(head) < 5:
            yield (0, 0), None
            return
        length = int.from_bytes(head[3:5], "big")
        if length & 0x8000:
            # An extended dataset: so many bytes hold the length.
            size = length & 0x7FFF
            length = int.from_bytes(data[at : at + size], "big") if size <= 4 else len(data)
            at += size
        if at + length > len(data):
            yield (head[1], head[2]), None
            return
        yield (head[1], head[2]), data[at : at + length]
        at += length


def _charset(sets: dict[tuple[int, int], list[bytes]]) -> tuple[str, str]:
    if declared := sets.get(_CHARSET):
        escape = declared[0][:16]
        return _CHARSETS.get(escape, (f"not known here: {escape.hex(' ')}", "ascii"))
    whole = b"".join(value for number, values in sets.items() if number[0] == 2 and number[1] for value in values)
    try:
        whole.decode()
    except UnicodeDecodeError:
        return "not declared, read as ISO 8859-1", "latin-1"
    return "not declared, read as UTF-8", "utf-8"


def _created(day: str, time: str) -> str:
    """Put date (CCYYMMDD, zeros where unknown) and time (HHMMSS±HHMM) together as EDTF."""
    found = re.fullmatch(r"(\d{4})(\d\d)(\d\d)", day, re.ASCII)
    if not found or found[1] == "0000":
        return ""
    date = "-".join(part for part in found.groups() if part != "00")
    clock = re.fullmatch(r"(\d\d)(\d\d)(\d\d)(?:([+-]\d\d)(\d\d))?", time, re.ASCII)
    if clock and len(date) == 10:
        zone = f"{clock[4]}:{clock[5]}" if clock[4] else ""
        if whole := _known(f"{date}T{clock[1]}:{clock[2]}:{clock[3]}{zone}"):
            return whole
    return _known(date)


def _known(text: str) -> str:
    try:
        parse(text)
    except InvalidWhen:
        return ""
    return text
