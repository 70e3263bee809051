"""Positions as people write them, found in a text. Pure.

What is read: signed or lettered decimal degrees, degrees with minutes, degrees with minutes and seconds; with signs,
letters, words (south, east), colons, dots or blanks between; packed digits of navigation logs. What could be read in
two ways, or is coarser than a place, is marked ambiguous with the reason; what can not be a position is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_LETTERS = {"n": ("lat", 1), "s": ("lat", -1), "e": ("lon", 1), "w": ("lon", -1)}
_WORDS = "north|south|east|west"
_LETTER = rf"(?:(?:{_WORDS})\b|[NSEW](?![A-Za-z]))"
_NUMBER = r"\d{1,10}(?:[.,]\d{1,12})?"

# One half of a position: degrees, then perhaps minutes, then perhaps seconds, each with its own mark.
_DEGREE = r"\s?(?:°|º|˚|deg(?:rees)?\b|(?-i:d)(?![a-z]))\s?"
_MINUTE = r"\s?(?:['’′´]|min(?:utes)?\b|(?-i:m)(?![a-z]))\s?"
_SECOND = r"\s?(?:[\"”″]|''|’’|′′|sec(?:onds)?\b|(?-i:s)(?![A-Za-z\d]))"
_BODY = (
    (
        rf"(?P<{{0}}deg>\d{{{{1,3}}}}){_DEGREE}(?:(?P<{{0}}min>\d{{{{1,2}}}}(?:[.,]\d{{{{1,9}}}})?)(?:{_MINUTE})?"
        rf"(?:(?P<{{0}}sec>\d{{{{1,2}}}}(?:[.,]\d{{{{1,9}}}})?)(?:{_SECOND})?)?)"
        rf"|(?P<{{0}}cdeg>\d{{{{1,3}}}}):(?P<{{0}}cmin>\d{{{{1,2}}}}):(?P<{{0}}csec>\d{{{{1,2}}}}(?:[.,]\d{{{{1,9}}}})?)"
        rf"|(?P<{{0}}ddeg>\d{{{{1,3}}}})\.(?P<{{0}}dmin>\d{{{{1,2}}}})\.(?P<{{0}}dsec>\d{{{{1,2}}}}(?:[.,]\d{{{{1,9}}}})?)"
        rf"|(?P<{{0}}sdeg>\d{{{{1,3}}}}) (?P<{{0}}smin>\d{{{{1,2}}}}) "
        rf"(?P<{{0}}ssec>\d{{{{1,2}}}}(?:\.\d{{{{1,9}}}})?)(?![\d.])"
        rf"|(?P<{{0}}mdeg>\d{{{{1,3}}}}) (?P<{{0}}mmin>\d{{{{1,2}}}}\.\d{{{{1,9}}}})(?![\d.])"
        rf"|(?P<{{0}}num>\d{{{{1,10}}}}(?:[.,]\d{{{{1,12}}}})?)(?P<{{0}}mark>{_DEGREE})?(?![\d.])"
    )
    .replace("{{", "{")
    .replace("}}", "}")
)


def _half(name: str) -> str:
    body = _BODY.replace("{0}", name)
    # A letter stands before or behind, never both: the one behind may belong to the other half.
    behind = rf"(?:(?({name}pre)(?!)|\s?(?P<{name}post>{_LETTER})))?"
    return rf"(?P<{name}pre>{_LETTER})?\s?(?P<{name}sign>[-−+])?(?:{body}){behind}"


_PAIR = re.compile(
    rf"(?<![\w.:,°'\"-])(?:{_half('a')})(?:\s?[,;/]\s{{0,2}}|\s{{1,3}}|(?<=[NSEWnsewht])){_half('b')}(?![\w°:]|[.,]\d)",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Coordinate:
    """A position in degrees as a text may mean it; `ambiguous` says why it may not, or is empty."""

    text: str
    start: int
    lat: float
    lon: float
    ambiguous: str


@dataclass(frozen=True)
class _Half:
    value: float
    axis: str
    notation: str
    decimals: int
    zeros: bool
    minutes: float | None = None


def coordinates(text: str) -> Iterator[Coordinate]:
    """Yield the positions in a text, in their order."""
    for match in _PAIR.finditer(text):
        if found := _read(match):
            yield found


def _read(match: re.Match[str]) -> Coordinate | None:
    first, second = _part(match, "a"), _part(match, "b")
    if not first or not second or bool(first.axis) != bool(second.axis):
        return None
    if first.axis and first.axis == second.axis:
        return None
    if first.notation != second.notation and "whole" not in (first.notation, second.notation):
        return None
    if not first.axis and not _marked(match) and first.notation == second.notation == "whole":
        # "On 12, 13 May": two bare whole numbers are anything.
        return None
    turned = first.axis == "lon"
    lat, lon = (second, first) if turned else (first, second)
    if abs(lat.value) > 90 or abs(lon.value) > 180:
        return None
    doubt = _doubt(lat, lon, turned=turned)
    lat_value, lon_value = lat.value, lon.value
    if lat.minutes is not None and lon.minutes is not None and not doubt.startswith("only"):
        doubt = f"read as degrees and minutes; as decimal degrees it is {lat.value}, {lon.value}"
        lat_value, lon_value = lat.minutes, lon.minutes
    return Coordinate(
        text=match[0].strip(),
        start=match.start(),
        lat=round(lat_value, 9),
        lon=round(lon_value, 9),
        ambiguous=doubt,
    )


def _marked(match: re.Match[str]) -> bool:
    return bool(match["amark"] or match["bmark"])


def _part(match: re.Match[str], name: str) -> _Half | None:
    group = match.groupdict()
    letter = group[f"{name}pre"] or group[f"{name}post"]
    axis, sign = _LETTERS[letter.lower()[0]] if letter else ("", 1)
    if group[f"{name}sign"] in {"-", "−"}:
        # "-23.3° S" says south twice; a minus before a northern letter contradicts itself.
        if axis and sign > 0:
            return None
        sign = -1
    found = _value(group, name, lettered=bool(axis))
    if found is None:
        return None
    value, notation, decimals, zeros = found
    minutes = None
    if axis and notation == "decimal" and decimals == 2 and not group[f"{name}mark"]:
        # "18.24S" is 18 degrees 24 minutes in one convention, and 18.24 degrees in another.
        hundredths = round(value * 100) % 100
        minutes = sign * (int(value) + hundredths / 60) if hundredths < 60 else None
    return _Half(sign * value, axis, notation, decimals, zeros, minutes)


def _value(group: dict[str, str | None], name: str, *, lettered: bool) -> tuple[float, str, int, bool] | None:
    for kind in ("", "c", "d", "s", "m"):
        degrees = group.get(f"{name}{kind}deg")
        if degrees is None:
            continue
        minutes, seconds = group.get(f"{name}{kind}min"), group.get(f"{name}{kind}sec")
        m, s = _number(minutes or "0"), _number(seconds or "0")
        if m >= 60 or s >= 60 or (seconds and m != int(m)):
            return None
        family = "dms" if seconds else "dm"
        return float(degrees) + m / 60 + s / 3600, family, 9, False
    number = group[f"{name}num"] or ""
    if lettered and (packed := _packed(number)):
        return packed
    whole, _, decimals = number.replace(",", ".").partition(".")
    if len(whole) > 3:
        return None
    notation = "decimal" if decimals else "whole"
    return _number(number), notation, len(decimals), bool(decimals) and not decimals.strip("0")


def _packed(number: str) -> tuple[float, str, int, bool] | None:
    """Read digits run together, as navigation logs have them: (d)ddmm.m or (d)ddmmss.s (NMEA 0183, GGA)."""
    number = number.replace(",", ".")
    whole, _, _ = number.partition(".")
    if len(whole) in {4, 5}:
        degrees, minutes = float(whole[:-2]), float(number[len(whole) - 2 :])
        return (degrees + minutes / 60, "dm", 9, False) if minutes < 60 else None
    if len(whole) in {6, 7}:
        degrees, minutes, seconds = float(whole[:-4]), float(whole[-4:-2]), float(number[len(whole) - 2 :])
        return (degrees + minutes / 60 + seconds / 3600, "dms", 9, False) if max(minutes, seconds) < 60 else None
    return None


def _doubt(lat: _Half, lon: _Half, *, turned: bool) -> str:
    fewest = min(lat.decimals, lon.decimals)
    if turned:
        return "longitude is written first"
    if lat.zeros and lon.zeros and lat.value == int(lat.value):
        return "only zeros after the point"
    if "whole" in (lat.notation, lon.notation):
        return "a value has no decimals: too coarse, or no position at all"
    if fewest < 3:
        return "fewer than three decimals"
    return ""


def _number(text: str) -> float:
    return float(text.replace(",", "."))
