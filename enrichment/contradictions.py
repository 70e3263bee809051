"""Where one part of a file's metadata says another time or place than another part. Pure.

Times with a zone are compared as instants, times without one as they stand on the clock; where only one of the two has
a zone, they contradict where no zone on Earth makes them the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from enrichment.geodesy import sphere_m
from evidence.when import EAST, WEST, When, parse

LATE = timedelta(seconds=60)
"""Some programs write no seconds, others round them."""

FAR_M = 250.0
"""Metres: a tenth of a minute, as some programs write a coordinate, is up to 186."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """What one part says, named for people: times as EDTF, latitude and longitude in degrees."""

    where: str
    taken: str = ""
    digitised: str = ""
    position: tuple[float, float] | None = None


def contradictions(one: Said, others: Iterable[Said]) -> list[str]:
    """Say in sentences where the others contradict the one."""
    found = []
    for other in others:
        for what, ours, theirs in (
            ("it was taken", one.taken, other.taken),
            ("it was made digital", one.digitised, other.digitised),
        ):
            if ours and theirs and apart(ours, theirs):
                found.append(f"{one.where} says {what} {ours}, {other.where} {theirs}.")
        if one.position and other.position:
            metres = sphere_m(*one.position, *other.position)
            if metres > FAR_M:
                ours, theirs = (f"{lat:.5f}, {lon:.5f}" for lat, lon in (one.position, other.position))
                found.append(
                    f"{one.where} has the position {ours}, {other.where} {theirs}: {metres / 1000:.1f} km apart."
                )
    return found


def apart(one: str, other: str) -> bool:
    """Say whether two times lie further apart than `LATE`, whatever is not known of them."""
    ours, theirs = parse(one), parse(other)
    both_float = _floats(ours) and _floats(theirs)
    first, last = _bounds(ours, on_clock=both_float)
    begin, end = _bounds(theirs, on_clock=both_float)
    if first is None or last is None or begin is None or end is None:
        return False
    return first - end > LATE or begin - last > LATE


def _floats(when: When) -> bool:
    return when.zone in {"unknown", "date"}


def _bounds(when: When, *, on_clock: bool) -> tuple[datetime | None, datetime | None]:
    """Give the first and last instant; of times without a zone, as if their clock showed UTC."""
    if not on_clock or when.earliest is None or when.latest is None:
        return when.earliest, when.latest
    try:
        return when.earliest + EAST, when.latest - WEST
    # At the ends of the calendar.
    except OverflowError:
        return None, None
