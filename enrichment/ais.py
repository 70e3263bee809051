"""AIS messages in NMEA 0183 sentences (ITU-R M.1371-5; NMEA 4.10 tag blocks), decoded by pyais. Pure.

What the standard has for "not available" is nothing here: latitude 91, longitude 181, speed 102.3, course 360, heading
511, IMO number 0, draught 0. A line that is no message, or a part without the others, is a reject with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any

from pyais import NMEAMessage
from pyais.exceptions import AISBaseException

MOST_OPEN = 64
"""Messages whose parts are waited for at a time; the oldest is given up for a further one."""

APART = 1000
"""Lines that may lie between the parts of one message."""

_SENTENCE = re.compile(
    rb"(?:\\(?P<tags>[^\\]{0,200})\\)?(?P<nmea>[!$]..VD[MO],(?P<count>[1-9]),(?P<part>[1-9]),(?P<group>[0-9]?),"
    rb"(?P<channel>[AB12C]?),[^,*]{0,100},[0-5]\*(?P<sum>[0-9A-Fa-f]{2}))(?P<note>[^!$]{0,200})"
)
_CORRECTIONS = 17
"""The type whose position comes in tenths of a minute; the library takes their sign for a part of the number."""

_AT = re.compile(rb"(?:^|,)c:(\d{9,13})")
_NOTED_AT = re.compile(rb",(\d{9,10})$")
"""Receivers of coast guards write behind the sentence how they heard it, and when."""

_NOTHING: dict[str, tuple[float, ...]] = {
    "lat": (91.0,),
    "lon": (181.0,),
    "speed": (102.3, 102.2, 63.0),
    "course": (360.0,),
    "heading": (511.0,),
    "imo": (0,),
    "draught": (0.0,),
}
"""What stands for "not available"; 102.2 is "or faster", 63 the highest of message 27 and stands for nothing there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message: where it begins (line, from 1), its type (1 to 27), who sent it, when it was received (seconds since
    1970, UTC, from a tag block). Degrees (WGS 84), knots, metres; None where it says nothing of that."""

    line: int
    type: int
    mmsi: str
    received_at: int | None = None
    lat: float | None = None
    lon: float | None = None
    speed_kn: float | None = None
    course_deg: float | None = None
    heading_deg: float | None = None
    status: int | None = None
    imo: str = ""
    name: str = ""
    call_sign: str = ""
    destination: str = ""
    draught_m: float | None = None
    ship_type: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """A line that gave no message, and why."""

    line: int
    reason: str


@dataclass(slots=True)
class _Open:
    line: int
    count: int
    received_at: int | None
    parts: dict[int, bytes]


def read_sentences(lines: Iterable[bytes]) -> Iterator[Message | Reject]:
    """Decode lines one after the other; blank ones and comments (#) are passed over."""
    waiting: dict[tuple[bytes, bytes, int], _Open] = {}
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith(b"#"):
            continue
        found = _SENTENCE.fullmatch(text)
        if not found:
            yield Reject(line=number, reason="This is no AIS sentence.")
            continue
        if _checksum(found["nmea"]) != int(found["sum"], 16):
            yield Reject(line=number, reason="The checksum does not hold.")
            continue
        count, part = int(found["count"]), int(found["part"])
        if part > count:
            yield Reject(line=number, reason="A part beyond the last.")
        elif count == 1:
            yield _decoded(number, [found["nmea"]], _received(found))
        else:
            yield from _joined(waiting, number, found)
    for each in waiting.values():
        yield _given_up(each)


def _joined(waiting: dict[tuple[bytes, bytes, int], _Open], number: int, found: re.Match[bytes]) -> Iterator[Any]:
    """Put a part to the others of its message; once all are there, decode them."""
    count, part = int(found["count"]), int(found["part"])
    key = (found["group"], found["channel"], count)
    known = waiting.get(key)
    if known is not None and (part in known.parts or number - known.line > APART):
        yield _given_up(waiting.pop(key))
        known = None
    if known is None:
        if len(waiting) >= MOST_OPEN:
            yield _given_up(waiting.pop(next(iter(waiting))))
        known = waiting[key] = _Open(number, count, None, {})
    known.parts[part] = found["nmea"]
    known.received_at = known.received_at or _received(found)
    if len(known.parts) == count:
        del waiting[key]
        yield _decoded(known.line, [known.parts[n] for n in range(1, count + 1)], known.received_at)


def _given_up(group: _Open) -> Reject:
    there = ", ".join(map(str, sorted(group.parts)))
    return Reject(line=group.line, reason=f"Of {group.count} parts only {there} came.")


def _decoded(line: int, parts: list[bytes], received_at: int | None) -> Message | Reject:
    try:
        sentences = [NMEAMessage(part) for part in parts]
        said = (
            (sentences[0] if len(sentences) == 1 else NMEAMessage.assemble_from_iterable(sentences)).decode().asdict()
        )
    # The library meets hostile bits with whatever its inside raises.
    except (AISBaseException, ValueError, TypeError, IndexError, KeyError, AttributeError, OverflowError) as error:
        return Reject(line=line, reason=f"The message can not be decoded ({type(error).__name__}).")
    if said.get("mmsi") is None:
        return Reject(line=line, reason="The message can not be decoded: it ends before its sender.")
    if said["msg_type"] == _CORRECTIONS:
        tenths = (("lat", 17), ("lon", 18))
        said |= {name: _from_tenths(said[name], bits) for name, bits in tenths if said.get(name) is not None}
    return Message(
        line=line,
        type=int(said["msg_type"]),
        mmsi=f"{int(said['mmsi']):09}",
        received_at=received_at,
        lat=_number(said, "lat", 90),
        lon=_number(said, "lon", 180),
        speed_kn=_number(said, "speed", 102.1),
        course_deg=_number(said, "course", 359.9),
        heading_deg=_number(said, "heading", 359),
        status=int(said["status"]) if said.get("status") is not None else None,
        imo=f"{int(said['imo']):07}" if said.get("imo") else "",
        name=_text(said, "shipname") or _text(said, "name"),
        call_sign=_text(said, "callsign"),
        destination=_text(said, "destination"),
        draught_m=_number(said, "draught", 25.5),
        ship_type=int(said["ship_type"]) if said.get("ship_type") else None,
    )


def _from_tenths(minutes: float, bits: int) -> float:
    """Read tenths of a minute of so many bits, the first of which is the sign, as degrees."""
    tenths = round(minutes * 10)
    return (tenths - (1 << bits) if tenths >= 1 << (bits - 1) else tenths) / 600


def _number(said: dict[str, Any], name: str, most: float) -> float | None:
    value = said.get(name)
    if value is None or isinstance(value, bool) or not isfinite(float(value)):
        return None
    number = float(value)
    nothing = any(abs(number - each) < 1e-3 for each in _NOTHING[name])
    return None if nothing or abs(number) > most else number


def _text(said: dict[str, Any], name: str) -> str:
    return str(said.get(name) or "").rstrip("@ ")


def _received(line: re.Match[bytes]) -> int | None:
    found = _AT.search((line["tags"] or b"").partition(b"*")[0]) or _NOTED_AT.search(line["note"])
    if not found:
        return None
    value = int(found[1])
    # Some receivers write milliseconds.
    return value // 1000 if value > 10**11 else value


def _checksum(nmea: bytes) -> int:
    """XOR the bytes between the first and the asterisk (NMEA 0183)."""
    total = 0
    for byte in nmea[1 : nmea.rindex(b"*")]:
        total ^= byte
    return total
