"""How often ships called at a place, from single sightings of them there.

A ship's sightings at the place are one call while less than `merge_hours` lies between them, unless somebody looked
in between and it was not there. Whoever looks seldom sees few calls: the number is one of calls that were seen, at
least so many took place.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from analysis.domain import Result, Role, Step
from analysis.rule import Given, Outcome, Rule
from analysis.selection import Area, Fit, Seen, Selection
from analysis.ships import Ship, ships
from evidence.parts import Kind


@dataclass(frozen=True, kw_only=True)
class PortCalls:
    """`at`: the place; `of`: which sightings; `merge_hours`: what lies nearer together is one call (hours, above 0)."""

    at: Area
    of: Selection = field(default_factory=Selection)
    merge_hours: float = 72.0

    def problems(self) -> Iterator[tuple[str, str]]:
        if self.of.area is not None or self.of.observed is not None or set(self.of.kinds) - {Kind.SIGHTING}:
            yield "of", "Sightings, whether or not they found something, at the place that `at` names."
        yield from ((f"of.{name}", why) for name, why in self.selection.problems())
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


def port_calls(parameters: PortCalls, given: Given) -> Outcome:
    """Count the calls that were surely seen; those that only doubtful sightings show widen the interval upwards."""
    selection = parameters.selection
    fits = {seen.item: selection.fit(seen) for seen in given.items}
    there = [each for each in given.items if fits[each.item] is not Fit.NOT and each.said.get("observed", True)]
    not_there = [each for each in given.items if fits[each.item] is Fit.SURELY and not each.said.get("observed", True)]
    named = ships([*there, *not_there])
    surely = [each for each in there if fits[each.item] is Fit.SURELY and each.item in named and each.earliest]
    within = timedelta(hours=parameters.merge_hours)
    calls = _calls(surely, named, not_there, within)
    all_calls = _calls([each for each in there if each.item in named and each.earliest], named, not_there, within)
    value, high = float(len(calls)), float(max(len(calls), len(all_calls)))
    counted = {each.item for call in calls for each in call.seen}
    doubtful = tuple(each.item for each in there if each.item not in counted)
    # The items tell of which ship and when: a step that did would outlive an erasure.
    steps = [Step(text="One call.", value=1.0, items=tuple(each.item for each in call.seen)) for call in calls]
    if doubtful:
        text = "Doubtful: place, time or ship is not known well enough."
        steps.append(Step(text=text, value=float(len(doubtful)), unit="sightings", items=doubtful))
    if not_there:
        looked = tuple(each.item for each in not_there)
        steps.append(Step(text="Looked, and not there.", value=float(len(looked)), unit="looks", items=looked))
    roles = {
        **dict.fromkeys(counted, Role.COUNTS),
        **dict.fromkeys(doubtful, Role.MAY_COUNT),
        **{each.item: Role.SPEAKS_AGAINST for each in not_there},
    }
    result = Result(value=value, low=value, high=high, unit="port calls")
    return Outcome(result=result, steps=tuple(steps), roles=roles)


def _calls(seen: Sequence[Seen], named: dict[UUID, Ship], not_there: Sequence[Seen], within: timedelta) -> list[Call]:
    by_ship = defaultdict[Ship, list[Seen]](list)
    for each in seen:
        by_ship[named[each.item]].append(each)
    calls = []
    for ship, of_ship in sorted(by_ship.items()):
        looks = [each for each in not_there if named.get(each.item, ship) == ship]
        current: list[Seen] = []
        for each in sorted(of_ship, key=lambda each: (each.earliest, str(each.item))):
            if current and not _one_call(current[-1], each, looks, within):
                calls.append(Call(ship, tuple(current)))
                current = []
            current.append(each)
        calls.append(Call(ship, tuple(current)))
    return sorted(calls, key=lambda call: (call.seen[0].earliest, call.ship))


def _one_call(before: Seen, after: Seen, looks: Sequence[Seen], within: timedelta) -> bool:
    end, begin = before.latest or before.earliest, after.earliest
    assert end is not None and begin is not None  # noqa: S101, PT018 -- only sightings with a time come here
    if begin - end >= within:
        return False
    return not any(_between(each, end, begin) for each in looks)


def _between(look: Seen, end: datetime, begin: datetime) -> bool:
    """Say whether somebody looked after one sighting and before the next, and the ship was not there."""
    return bool(look.earliest and look.latest and end < look.earliest and look.latest < begin)


RULE = Rule(
    name="port-calls",
    version=1,
    says="How often ships called at a place, from sightings of them there.",
    parameters=PortCalls,
    run=port_calls,
    selection=lambda parameters: parameters.selection,
    reads=frozenset({"subject", "place", "when", "observed"}),
)
