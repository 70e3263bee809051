"""The parts that an item of evidence is made of. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    IMAGE = "image"
    STATEMENT = "statement"
    SIGHTING = "sighting"


class ItemStatus(StrEnum):
    SUBMITTED = "submitted"
    RETRACTED = "retracted"


class Relation(StrEnum):
    SUPPORTS = "supports"
    CONTRADICTS = "contradicts"
    SAME_AS = "same_as"
    DEPICTS = "depicts"
    DERIVED_FROM = "derived_from"


class AttributionRole(StrEnum):
    """The part of one link in an attribution chain: who said it, who carried it, who published it."""

    SAID = "said"
    RELAYED = "relayed"
    PUBLISHED = "published"


class Reliability(StrEnum):
    """Reliability of the source (Admiralty code; NATO AJP-2.1)."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    E = "E"
    F = "F"


class Credibility(StrEnum):
    """Credibility of the information (Admiralty code; NATO AJP-2.1)."""

    CONFIRMED = "1"
    PROBABLE = "2"
    POSSIBLE = "3"
    DOUBTFUL = "4"
    IMPROBABLE = "5"
    UNKNOWN = "6"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where: a name, a point (WGS 84, degrees), how far off it may be (metres)."""

    name: str = ""
    lat: float | None = None
    lon: float | None = None
    radius_m: float | None = None


@dataclass(frozen=True, kw_only=True)
class Source:
    """Who published it, and where. `published_at` is EDTF."""

    name: str = ""
    kind: str = ""
    url: str = ""
    publisher: str = ""
    author: str = ""
    published_at: str = ""


@dataclass(frozen=True, kw_only=True)
class Collection:
    """Who took it in, when (EDTF), how and with which tool."""

    by: str = ""
    at: str = ""
    method: str = ""
    tool: str = ""
    tool_version: str = ""
    url: str = ""
    notes: str = ""


@dataclass(frozen=True, kw_only=True)
class Speaker:
    """Who made a statement; `anonymous` where the source is known to the publisher alone."""

    name: str = ""
    role: str = ""
    anonymous: bool = False


@dataclass(frozen=True, kw_only=True)
class Attribution:
    """One link of an attribution chain."""

    name: str
    role: AttributionRole


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What was sighted. Lengths and draughts in metres, deadweight in tonnes; `mmsi` and `imo` as written."""

    kind: str = ""
    name: str = ""
    imo: str = ""
    mmsi: str = ""
    call_sign: str = ""
    flag: str = ""
    type: str = ""
    length_m: float | None = None
    beam_m: float | None = None
    design_draught_m: float | None = None
    deadweight_t: float | None = None
    notes: str = ""


@dataclass(frozen=True, kw_only=True)
class FileReference:
    """An original as received: its bytes by SHA-256 and size, its name and media type as the client gave them."""

    sha256: str
    size: int
    name: str = ""
    media_type: str = ""


@dataclass(frozen=True, kw_only=True)
class Grade:
    reliability: Reliability
    credibility: Credibility
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Flag:
    """Something about an item that a person should look at; `found_by` is the tool or "submission"."""

    flag: str
    detail: str
    found_by: str


@dataclass(frozen=True, kw_only=True)
class Derivative:
    """A file that an enricher made from an original."""

    name: str
    sha256: str
    size: int
    media_type: str
    width: int | None = None
    height: int | None = None
