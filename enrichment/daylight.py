"""Whether it was day or night at a place and time: the sun's elevation, by astral (after NOAA's solar calculator).

A time that is not exact gives a range; where that spans day and night, the light is unknown, never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from astral import Observer
from astral.sun import azimuth, elevation

from evidence.when import InvalidWhen, parse

STEP = timedelta(minutes=10)
LONGEST = timedelta(days=3)
"""A time that may lie in a span longer than this is not looked at: the days themselves grow longer or shorter."""

FIRST, LAST = 1900, 2100
"""The years that NOAA's formulas are meant for."""

OFF_DEG = 0.6
"""How far off an elevation may be for want of the weather's refraction, in degrees, close to the horizon; and by how
much it changes between two samples' extremes."""

_METRES_PER_DEGREE = 111_195.0
# The sun's upper edge on the horizon with usual refraction; civil, nautical and astronomical twilight end
# (Explanatory Supplement to the Astronomical Almanac, 3rd ed., 2013, chapter 12).
_KINDS = (
    ("day", -0.833),
    ("civil twilight", -6.0),
    ("nautical twilight", -12.0),
    ("astronomical twilight", -18.0),
    ("night", -91.0),
)


@dataclass(frozen=True, kw_only=True)
class Light:
    """What the light was: one kind, or "unknown" with why and the kinds that are possible.

    `lowest_deg` and `highest_deg`: the centre of the sun above the horizon, in degrees, with refraction; `azimuth_deg`
    from north over east, where the time is exact to the minute.
    """

    light: str
    possible: tuple[str, ...]
    why_unknown: str
    lowest_deg: float | None
    highest_deg: float | None
    azimuth_deg: float | None


def light_at(lat: float, lon: float, radius_m: float, when: str) -> Light:
    """Say what the light was within a radius (metres) of a position at a time (EDTF)."""
    try:
        time = parse(when) if when else None
    except InvalidWhen:
        time = None
    if time is None or time.earliest is None or time.latest is None:
        return _unknown("no time is given, or it is open at one side")
    begun, ended = time.earliest, time.latest
    if begun.year < FIRST or ended.year > LAST:
        return _unknown(f"the sun is computed for the years {FIRST} to {LAST}")
    if ended - begun > LONGEST:
        return _unknown("the time is not known to the day")
    if radius_m > 5 * _METRES_PER_DEGREE:
        return _unknown("the place is too large")
    low, high = _range(Observer(lat, lon), begun, ended)
    spread = radius_m / _METRES_PER_DEGREE
    exact = ended - begun <= timedelta(minutes=1)
    low, high = low - spread, high + spread
    # What was computed at one moment may still be off a little; at the edge it is said to be either.
    possible = _kinds(low - OFF_DEG, high + OFF_DEG)
    zone = " and its zone is not given" if time.zone in {"unknown", "date"} else ""
    why = "" if len(possible) == 1 else f"the time is {'close to the edge' if exact else 'not exact enough'}{zone}"
    return Light(
        light=possible[0] if len(possible) == 1 else "unknown",
        possible=possible,
        why_unknown=why,
        lowest_deg=round(low, 2),
        highest_deg=round(high, 2),
        azimuth_deg=round(azimuth(Observer(lat, lon), begun), 1) if exact else None,
    )


def _range(observer: Observer, begun: datetime, ended: datetime) -> tuple[float, float]:
    moments = [begun + STEP * n for n in range(int((ended - begun) / STEP) + 1)] + [ended]
    heights = [elevation(observer, moment.astimezone(UTC)) for moment in moments]
    return min(heights), max(heights)


def _kinds(low: float, high: float) -> tuple[str, ...]:
    """List the kinds of light that occur between two elevations."""
    upper, found = 91.0, []
    for kind, lower in _KINDS:
        if high >= lower and low < upper:
            found.append(kind)
        upper = lower
    return tuple(found)


def _unknown(why: str) -> Light:
    return Light(light="unknown", possible=(), why_unknown=why, lowest_deg=None, highest_deg=None, azimuth_deg=None)
