"""What stands in a PDF's bytes that a reader which only draws pages passes over: names of actions, and how it dates.

Pure. Source: ISO 32000-2:2020, 7.3.5 (names), 7.5.7 (object streams), 7.9.4 (dates), 12.6.4 (types of actions).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from evidence.when import InvalidWhen, parse

ACTS = {
    "JavaScript": "a script",
    "Launch": "a command to start a program",
    "SubmitForm": "a command to send what was filled in",
    "ImportData": "a command to read data from a file",
    "GoToE": "a jump into an embedded file",
    "EmbeddedFile": "an embedded file",
    "RichMedia": "embedded media",
    "XFA": "a form of XFA, which is drawn by its own rules",
}
"""Names that mark what more than shows a page, and what each is."""

STREAMS, INFLATED = 400, 1 << 20
"""How many object streams are opened, and how many bytes of each."""

_PLAIN = re.compile(rb"/(" + b"|".join(name.encode() for name in ACTS) + rb")(?![A-Za-z0-9])")
_ESCAPED = re.compile(rb"/((?:[A-Za-z]|#[0-9A-Fa-f]{2}){2,60})")
_OBJECTS = re.compile(rb"/Type\s{0,9}/ObjStm")
_BEGINS = re.compile(rb"stream\r?\n")
_DATE = re.compile(
    r"\s*(?:D:)?(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:(Z)(?:00'?00'?)?|([+-]\d\d)(?:'?(\d\d))?'?)?\s*"
)


@dataclass(frozen=True, kw_only=True)
class Acts:
    """Names out of `ACTS` that stand in a file, sorted; in how many object streams they could not be looked for."""

    names: tuple[str, ...]
    unread: int


def acts(content: bytes) -> Acts:
    """Look for the names in a PDF, and in its object streams as far as these are deflated and not encrypted."""
    found = set(_names(content))
    unread = 0
    for number, stream in enumerate(_object_streams(content)):
        inflated = _inflated(stream) if number < STREAMS else None
        if inflated is None:
            unread += 1
        else:
            found |= set(_names(inflated))
    return Acts(names=tuple(sorted(found)), unread=unread)


def edtf(date: str) -> str:
    """Give a PDF's date as EDTF, as exact as it is, with a zone where it has one; empty where it is none."""
    match = _DATE.fullmatch(date)
    if not match:
        return ""
    year, month, day, hour, minute, second, utc, hours, minutes = match.groups()
    written = "-".join(filter(None, (year, month, day)))
    # An hour alone is none in EDTF.
    if minute:
        zone = "Z" if utc else f"{hours}:{minutes or '00'}" if hours else ""
        written += f"T{hour}:{minute}{':' + second if second else ''}{zone}"
    try:
        parse(written)
    except InvalidWhen:
        return ""
    return written


def _names(content: bytes) -> Iterator[str]:
    for match in _PLAIN.finditer(content):
        yield match[1].decode()
    # A letter may be written by its number: /J#61vaScript.
    if b"#" in content:
        for match in _ESCAPED.finditer(content):
            if b"#" in match[1]:
                name = re.sub(rb"#(..)", lambda code: bytes([int(code[1], 16)]), match[1]).decode("latin-1")
                if name in ACTS:
                    yield name


def _object_streams(content: bytes) -> Iterator[memoryview]:
    # Not copied: there may be millions that are never opened.
    whole = memoryview(content)
    for match in _OBJECTS.finditer(content):
        begins = _BEGINS.search(content, match.end(), match.end() + 1000)
        if begins:
            yield whole[begins.end() : begins.end() + INFLATED]


def _inflated(stream: memoryview) -> bytes | None:
    try:
        return zlib.decompressobj().decompress(stream, INFLATED)
    except zlib.error:
        return None
