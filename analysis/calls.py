"""Which sightings of ships at a place are one call. Pure.

A ship's sightings at the place are one call while less than some hours lie between them, unless somebody looked in
between and it was not there.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from analysis.selection import Area, Fit, Seen, Selection
from analysis.ships import Ship, ships
from evidence.parts import Kind


@dataclass(frozen=True, kw_only=True)
class Calling:
    """`at`: the place; `of`: which sightings; `merge_hours`: what lies nearer together is one call (hours, above 0)."""

    at: Area
    of: Selection = field(default_factory=Selection)
    merge_hours: float = 72.0

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield each parameter that can not be meant, and why."""
        if self.of.area is not None or self.of.observed is not None or set(self.of.kinds) - {Kind.SIGHTING}:
            yield "of", "Sightings, whether or not they found something, at the place that `at` names."
        for name, why in self.selection.problems():
            yield ("at" if name == "area" else f"of.{name}"), why
        if not (math.isfinite(self.merge_hours) and 0 < self.merge_hours <= 24 * 366):
            yield "merge_hours", "Hours above 0, at most those of a year."

    @property
    def selection(self) -> Selection:
        """Select sightings at the place."""
        return replace(self.of, kinds=(Kind.SIGHTING,), area=self.at)


@dataclass(frozen=True)
class Call:
    """Sightings of one ship at the place, the earliest first, that are one call."""

    ship: Ship
    seen: tuple[Seen, ...]


@dataclass(frozen=True)
class Calls:
    """The calls that were surely seen, the earliest first; all, with those that only doubtful sightings show; and what
    makes no call: doubtful sightings, and looks that found no ship."""

    surely: Sequence[Call]
    perhaps: Sequence[Call]
    doubtful: Sequence[UUID]
    not_there: Sequence[UUID]


def calls_in(items: Sequence[Seen], asked: Calling) -> Calls:
    """Find the calls among some sightings."""
    selection = asked.selection
    fits = {seen.item: selection.fit(seen) for seen in items}
    there = [each for each in items if fits[each.item] is not Fit.NOT and each.said.get("observed", True)]
    not_there = [each for each in items if fits[each.item] is Fit.SURELY and not each.said.get("observed", True)]
    named = ships([*there, *not_there])
    dated = [each for each in there if each.item in named and each.earliest]
    surely = [each for each in dated if fits[each.item] is Fit.SURELY]
    within = timedelta(hours=asked.merge_hours)
    found = _calls(surely, named, not_there, within)
    counted = {each.item for call in found for each in call.seen}
    return Calls(
        surely=found,
        perhaps=_calls(dated, named, not_there, within),
        doubtful=[each.item for each in there if each.item not in counted],
        not_there=[each.item for each in not_there],
    )


def _calls(
    seen: Sequence[Seen], named: Mapping[UUID, Ship], not_there: Sequence[Seen], within: timedelta
) -> list[Call]:
    by_ship = defaultdict[Ship, list[Seen]](list)
    for each in seen:
        by_ship[named[each.item]].append(each)
    # A look that names no ship is one at all of them.
    at_all = [each for each in not_there if each.item not in named]
    found = []
    for ship, of_ship in sorted(by_ship.items()):
        looks = [*at_all, *(each for each in not_there if named.get(each.item) == ship)]
        current: list[Seen] = []
        for each in sorted(of_ship, key=lambda each: (each.earliest, str(each.item))):
            if current and not _one_call(current[-1], each, looks, within):
                found.append(Call(ship, tuple(current)))
                current = []
            current.append(each)
        found.append(Call(ship, tuple(current)))
    return sorted(found, key=lambda call: (call.seen[0].earliest, call.ship))


def _one_call(before: Seen, after: Seen, looks: Sequence[Seen], within: timedelta) -> bool:
    end, begin = before.latest or before.earliest, after.earliest
    assert end is not None and begin is not None  # noqa: S101, PT018 -- only sightings with a time come here
    return begin - end < within and not any(_between(each, end, begin) for each in looks)


def _between(look: Seen, end: datetime, begin: datetime) -> bool:
    """Say whether somebody looked after one sighting and before the next, and the ship was not there."""
    return bool(look.earliest and look.latest and end < look.earliest and look.latest < begin)
