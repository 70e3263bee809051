"""How often ships' trackers were silent: from sightings that say from when to when nothing was heard.

Silences of one ship that touch are one. Two ships that were silent at the same time, last heard near one another, may
have met: they are named together, and whether they did is for other evidence to say.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

from analysis.domain import About, Result, Role, Step
from analysis.rule import Given, Outcome, Rule
from analysis.selection import Fit, Seen, Selection
from analysis.ships import Ship, ships
from enrichment.geodesy import geodesic_m
from evidence.parts import Kind

MOST_MEETINGS = 200
"""How many possible meetings are named."""


@dataclass(frozen=True, kw_only=True)
class DarkPeriods:
    """`activity`: what the sightings of silence are called; `of`: which of them; `least_hours`: shorter ones do not
    count; `near_m`: how near to one another (metres) two silent ships were last heard to be named together."""

    activity: str = "tracker silent"
    of: Selection = field(default_factory=Selection)
    least_hours: float = 6.0
    near_m: float = 20_000.0

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield each parameter that can not be meant, and why."""
        if not self.activity.strip():
            yield "activity", "What sightings of silence are called."
        if self.of.activities or set(self.of.kinds) - {Kind.SIGHTING}:
            yield "of", "Sightings; their activity is named beside."
        yield from ((f"of.{name}", why) for name, why in self.of.problems())
        for name, most in (("least_hours", 24 * 366), ("near_m", 2e6)):
            value: float = getattr(self, name)
            if not (math.isfinite(value) and 0 < value <= most):
                yield name, f"A number above 0, at most {most:g}."

    @property
    def selection(self) -> Selection:
        """Select sightings of silence."""
        return replace(self.of, kinds=(Kind.SIGHTING,), activities=(self.activity,))


@dataclass(frozen=True)
class Silence:
    """One ship's silence: from and to (UTC), and the sightings that tell of it."""

    ship: Ship
    begin: datetime
    end: datetime
    seen: tuple[Seen, ...]


def dark_periods(parameters: DarkPeriods, given: Given) -> Outcome:
    """Count silences that lasted long enough; those that may have, or of ships that are not named, widen upwards."""
    selection = parameters.selection
    fits = {seen.item: selection.fit(seen) for seen in given.items}
    there = [each for each in given.items if fits[each.item] is not Fit.NOT]
    named = ships(there)
    known = [each for each in there if each.item in named and each.earliest and each.latest]
    least = timedelta(hours=parameters.least_hours)
    silences = [each for each in _silences(known, named) if each.end - each.begin >= least]
    surely = [each for each in silences if any(fits[seen.item] is Fit.SURELY for seen in each.seen)]
    perhaps = [each for each in silences if all(fits[seen.item] is not Fit.SURELY for seen in each.seen)]
    dated = {each.item for each in known}
    vague = tuple(each.item for each in there if each.item not in dated)
    steps = [_step("One silence.", each) for each in surely]
    for one, other in _meetings(surely, parameters.near_m):
        items = tuple(seen.item for seen in (*one.seen, *other.seen))
        text = "Two ships were silent at the same time, last heard near one another: they may have met."
        steps.append(Step(text=text, about=About.CHECK, items=items))
    steps += [replace(_step("Perhaps one more silence.", each), about=About.LEFT_OUT) for each in perhaps]
    if vague:
        steps.append(Step(text="No ship, or no beginning and end.", about=About.LEFT_OUT, items=vague))
    roles = {seen.item: Role.COUNTS for each in surely for seen in each.seen}
    roles |= {seen.item: Role.MAY_COUNT for each in perhaps for seen in each.seen}
    roles |= dict.fromkeys(vague, Role.MAY_COUNT)
    value = float(len(surely))
    result = Result(value=value, low=value, high=value + len(perhaps) + len(vague), unit="dark periods")
    return Outcome(result=result, steps=tuple(steps), roles=roles)


def _silences(known: Sequence[Seen], named: dict[UUID, Ship]) -> list[Silence]:
    by_ship = defaultdict[Ship, list[Seen]](list)
    for each in known:
        by_ship[named[each.item]].append(each)
    found = []
    for ship, of_ship in sorted(by_ship.items()):
        current: list[Seen] = []
        for each in sorted(of_ship, key=lambda each: (each.earliest, str(each.item))):
            if current and each.earliest and each.earliest > _end(current):
                found.append(_silence(ship, current))
                current = []
            current.append(each)
        found.append(_silence(ship, current))
    return sorted(found, key=lambda each: (each.begin, each.ship))


def _silence(ship: Ship, seen: Sequence[Seen]) -> Silence:
    begin = seen[0].earliest
    assert begin is not None  # noqa: S101 -- only sightings with a time come here
    return Silence(ship, begin, _end(seen), tuple(seen))


def _end(seen: Sequence[Seen]) -> datetime:
    return max(each.latest for each in seen if each.latest)


def _meetings(silences: Sequence[Silence], near_m: float) -> list[tuple[Silence, Silence]]:
    """List the pairs of ships that may have met: silent at the same time, last heard near one another."""
    return list(islice(_near(silences, near_m), MOST_MEETINGS))


def _near(silences: Sequence[Silence], near_m: float) -> Iterator[tuple[Silence, Silence]]:
    for place, one in enumerate(silences):
        for later in range(place + 1, len(silences)):
            other = silences[later]
            # In the order of their beginnings: once one begins after this has ended, all later ones do.
            if other.begin > one.end:
                break
            if one.ship != other.ship and _apart(one.seen[0], other.seen[0]) <= near_m:
                yield one, other


def _apart(one: Seen, other: Seen) -> float:
    """Measure the metres between two places; infinity where one has no position."""
    a, b = one.said.get("place") or {}, other.said.get("place") or {}
    values = (a.get("lat"), a.get("lon"), b.get("lat"), b.get("lon"))
    return math.inf if None in values else geodesic_m(*values)  # type: ignore[arg-type]


def _step(text: str, silence: Silence) -> Step:
    return Step(text=text, value=1.0, items=tuple(each.item for each in silence.seen))


RULE = Rule(
    name="dark-periods",
    version=1,
    says="How often ships' trackers were silent for long, and which silent ships may have met.",
    parameters=DarkPeriods,
    run=dark_periods,
    selection=lambda parameters: parameters.selection,
    reads=frozenset({"subject", "place", "when"}),
)
