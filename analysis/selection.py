"""Which items of a case a finding is about, and how surely each is among them. Pure.

What is not known of an item is not taken for a no: an item without a time may have happened in the time that is asked
for. So every selection has items that are surely in it and some that may be, and a number made of them an interval.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any
from uuid import UUID

from enrichment.geodesy import geodesic_m
from evidence.parts import ItemStatus, Kind
from evidence.when import InvalidWhen, parse

MOST_ITEMS = 1000
"""How many items a selection may name: each is a value in a query."""


class Fit(IntEnum):
    """Whether an item is in a selection."""

    NOT, MAYBE, SURELY = range(3)


@dataclass(frozen=True, slots=True)
class Seen:
    """An item as a rule sees it: what is said of it as JSON values, the instants (UTC) between which it happened.

    `events` are those of its events that set something which the rule reads, the oldest first.
    """

    item: UUID
    said: Mapping[str, Any]
    status: str
    grade: Mapping[str, str] | None
    earliest: datetime | None
    latest: datetime | None
    events: tuple[UUID, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Area:
    """A circle on the Earth: its middle in degrees (WGS 84), its radius in metres."""

    lat: float
    lon: float
    radius_m: float
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What an item must be; what is left empty does not matter. Conditions combine with AND, values of one with OR.

    `tags`: it carries all of them. `when_from`, `when_to`: EDTF, both inclusive. `grade_at_least`: an Admiralty code
    such as C3: at least that reliable and that credible; what was never graded is not. `items`: only these.
    Retracted items are never in it.
    """

    kinds: tuple[Kind, ...] = ()
    tags: tuple[str, ...] = ()
    subject_kinds: tuple[str, ...] = ()
    activities: tuple[str, ...] = ()
    observed: bool | None = None
    area: Area | None = None
    when_from: str = ""
    when_to: str = ""
    grade_at_least: str = ""
    items: tuple[UUID, ...] = ()
    without: tuple[UUID, ...] = ()

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield each field that can not be meant, and why."""
        for name in ("when_from", "when_to"):
            try:
                if text := getattr(self, name):
                    parse(text)
            except InvalidWhen as error:
                yield name, str(error)
        if self.area and not (abs(self.area.lat) <= 90 and abs(self.area.lon) <= 180 and 0 < self.area.radius_m <= 2e7):
            yield "area", "A latitude of at most 90, a longitude of at most 180 degrees, a radius of 1 to 20,000,000 m."
        for name in ("items", "without"):
            if len(getattr(self, name)) > MOST_ITEMS:
                yield name, f"At most {MOST_ITEMS:,} items."
        grade = self.grade_at_least
        if grade and not (len(grade) == 2 and grade[0] in "ABCDE" and grade[1] in "12345"):
            yield "grade_at_least", "A letter from A to E and a digit from 1 to 5, such as C3."

    @property
    def reads(self) -> frozenset[str]:
        """Name what of an item decides whether it is in: fields of its submission, `status`, `grade`."""
        asked = {
            "tags": self.tags,
            "subject": self.subject_kinds,
            "activity": self.activities,
            "observed": self.observed is not None,
            "place": self.area,
            "when": self.when_from or self.when_to,
            "grade": self.grade_at_least,
        }
        return frozenset({"kind", "status", *(name for name, given in asked.items() if given)})

    def fit(self, seen: Seen) -> Fit:
        """Say whether an item is in it."""
        said = seen.said
        if seen.status == ItemStatus.RETRACTED or seen.item in self.without:
            return Fit.NOT
        if self.items and seen.item not in self.items:
            return Fit.NOT
        subject = said.get("subject") or {}
        for wanted, value in (
            (self.kinds, said.get("kind", "")),
            (self.subject_kinds, subject.get("kind", "")),
            (self.activities, said.get("activity", "")),
        ):
            if wanted and value not in wanted:
                return Fit.NOT
        if self.tags and not set(self.tags) <= set(said.get("tags", ())):
            return Fit.NOT
        if self.observed is not None and said.get("observed", True) != self.observed:
            return Fit.NOT
        if self.grade_at_least and not _graded(seen.grade, self.grade_at_least):
            return Fit.NOT
        return min(self._in_time(seen), self._in_area(said.get("place") or {}))

    def _in_time(self, seen: Seen) -> Fit:
        first = parse(self.when_from).earliest if self.when_from else None
        last = parse(self.when_to).latest if self.when_to else None
        early, late = seen.earliest, seen.latest
        if (first and late and late < first) or (last and early and early > last):
            return Fit.NOT
        inside = (not first or (early and early >= first)) and (not last or (late and late <= last))
        return Fit.SURELY if inside else Fit.MAYBE

    def _in_area(self, place: Mapping[str, Any]) -> Fit:
        if self.area is None:
            return Fit.SURELY
        lat, lon = place.get("lat"), place.get("lon")
        if lat is None or lon is None:
            return Fit.MAYBE
        away, off = geodesic_m(self.area.lat, self.area.lon, lat, lon), place.get("radius_m") or 0.0
        if away - off > self.area.radius_m:
            return Fit.NOT
        return Fit.SURELY if away + off <= self.area.radius_m else Fit.MAYBE


def _graded(grade: Mapping[str, str] | None, least: str) -> bool:
    return grade is not None and grade["reliability"] <= least[0] and grade["credibility"] <= least[1]


def values_of(seen: Seen, names: frozenset[str]) -> dict[str, Any]:
    """Pick what is read of an item: by this an item changes for a rule, or does not."""
    own = {"status": seen.status, "grade": seen.grade and {**seen.grade, "reason": ""}}
    return {name: own[name] if name in own else seen.said.get(name) for name in sorted(names)}
