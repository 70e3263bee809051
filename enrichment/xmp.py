"""XMP packets (ISO 16684-1): properties out of RDF/XML, by expat, which may declare nothing here. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from evidence.when import InvalidWhen, parse

DEEPEST, MOST_ELEMENTS, MOST_PROPERTIES = 32, 100_000, 5000
LONGEST = 1000
"""Characters of one value; what is longer is cut."""

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XML = "http://www.w3.org/XML/1998/namespace"
_PREFIXES = {
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/xap/1.0/mm/": "xmpMM",
    "http://ns.adobe.com/xap/1.0/rights/": "xmpRights",
    "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#": "stEvt",
    "http://ns.adobe.com/xap/1.0/sType/ResourceRef#": "stRef",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
}
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?)?)?)?", re.ASCII)
_DEGREES = re.compile(r"(\d{1,3}),(\d{1,2}(?:\.\d{1,12})?)(?:,(\d{1,2}(?:\.\d{1,12})?))?([NSEW])", re.ASCII)

Path = tuple[str, ...]


class UnreadableXmp(Exception):
    """The packet is no XML, or more than may be read; the message is a sentence."""


@dataclass(frozen=True, kw_only=True)
class Packet:
    """Values by their path: names as `dc:creator`, places in a list as `1`, `2`; `more`: not all were read."""

    values: Mapping[Path, str]
    more: bool

    def first(self, *path: str) -> str:
        """Give the value at a path, or the first in the list that stands there; empty where there is none."""
        return self.values.get(path) or next(iter(self.all(*path)), "")

    def all(self, *path: str) -> Iterator[str]:
        """Give the values of the list at a path, or its one value."""
        if own := self.values.get(path):
            yield own
        yield from (text for at, text in self.values.items() if at[:-1] == path and at[-1].isdigit())

    def records(self, *path: str) -> list[dict[str, str]]:
        """Give the structures of the list at a path, in their order."""
        found: dict[str, dict[str, str]] = {}
        size = len(path)
        for at, text in self.values.items():
            if at[:size] == path and len(at) == size + 2:
                found.setdefault(at[size], {})[at[size + 1]] = text
        return list(found.values())


def read_xmp(*packets: bytes) -> Packet:
    """Read the properties of a packet, and of its extension.

    :raises UnreadableXmp: it is no well-formed XML, declares a document type or an entity, or is nested too deeply.
    """
    reading = _Reading()
    for packet in packets:
        reading.read(packet.rstrip(b"\0"))
    return Packet(values=reading.values, more=reading.more)


def edtf(text: str) -> str:
    """Give a time as XMP writes it, a profile of ISO 8601, as EDTF; empty for any other text. No zone is added."""
    if not _DATE.fullmatch(text):
        return ""
    try:
        parse(text)
    except InvalidWhen:
        return ""
    return text


def degrees(text: str) -> float | None:
    """Read a coordinate: degrees, minutes with decimals or seconds, hemisphere (XMP part 2, GPSCoordinate)."""
    found = _DEGREES.fullmatch(text.strip())
    if not found:
        return None
    minutes, seconds = float(found[2]), float(found[3] or 0)
    value = int(found[1]) + minutes / 60 + seconds / 3600
    if minutes > 60 or seconds > 60 or value > (90 if found[4] in "NS" else 180):
        return None
    return -value if found[4] in "SW" else value


@dataclass
class _Reading:
    values: dict[Path, str] = field(default_factory=dict)
    more: bool = False
    elements: int = 0
    path: list[str] = field(default_factory=list)
    # One of each open element: how many parts of the path are its own, how many items it has, whether it holds others.
    open: list[list[int]] = field(default_factory=list)
    inside: int = 0
    text: list[str] = field(default_factory=list)
    length: int = 0

    def read(self, packet: bytes) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = _refuse
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._characters
        self.path, self.open, self.inside = [], [], 0
        try:
            parser.Parse(packet, True)
        except expat.ExpatError as error:
            raise UnreadableXmp(f"The XMP is no well-formed XML ({expat.ErrorString(error.code)}).") from error
        # An encoding that Python does not know either.
        except (LookupError, ValueError) as error:
            raise UnreadableXmp("The XMP is in an encoding that is not known here.") from error

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        self.elements += 1
        if len(self.open) >= DEEPEST or self.elements > MOST_ELEMENTS:
            raise UnreadableXmp("The XMP has more elements, or deeper ones, than are read.")
        space, _, local = name.rpartition(" ")
        if self.open:
            self.open[-1][2] = 1
        own = 0
        if space == _RDF:
            self.inside += local == "RDF"
            if local == "li" and self.open and self.inside:
                self.open[-1][1] += 1
                self.path.append(str(self.open[-1][1]))
                own = 1
        elif self.inside:
            self.path.append(_short(space, local))
            own = 1
        self.open.append([own, 0, 0])
        self.text, self.length = [], 0
        if self.inside:
            self._attributes(attributes)

    def _attributes(self, attributes: Mapping[str, str]) -> None:
        for name, value in attributes.items():
            space, _, local = name.rpartition(" ")
            if space == _RDF and local == "resource":
                self._keep(tuple(self.path), value)
            elif space not in {_RDF, _XML, ""}:
                self._keep((*self.path, _short(space, local)), value)

    def _characters(self, text: str) -> None:
        if self.length <= LONGEST:
            self.text.append(text[: LONGEST + 1])
            self.length += len(text)

    def _end(self, name: str) -> None:
        own, _, holds = self.open.pop()
        if self.inside and not holds:
            self._keep(tuple(self.path), "".join(self.text).strip())
        self.text, self.length = [], 0
        if own:
            self.path.pop()
        self.inside -= name == f"{_RDF} RDF"

    def _keep(self, path: Path, value: str) -> None:
        if not path or not value or path in self.values:
            return
        if len(self.values) >= MOST_PROPERTIES:
            self.more = True
            return
        self.values[path] = value if len(value) <= LONGEST else f"{value[:LONGEST]}…"


def _short(space: str, local: str) -> str:
    return f"{_PREFIXES[space]}:{local}"[:200] if space in _PREFIXES else f"{space[:200]} {local[:200]}"


def _refuse(*_: object) -> None:
    raise UnreadableXmp("The XMP declares a document type or an entity, and is not read.")
