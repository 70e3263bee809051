"""How many different ships, sources or places the items of a selection are about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from analysis.domain import About, Result, Role, Step
from analysis.rule import Given, Outcome, Rule
from analysis.selection import Fit, Seen, Selection
from analysis.ships import ships
from enrichment.states import folded_name


class By(StrEnum):
    """What is told apart: ships by number and name, the rest by name."""

    SHIP = "ship"
    SOURCE = "source"
    SPEAKER = "speaker"
    PLACE = "place"


@dataclass(frozen=True, kw_only=True)
class Distinct:
    """`of`: the items; `by`: what of them is told apart."""

    of: Selection = field(default_factory=Selection)
    by: By = By.SHIP

    def problems(self) -> Iterator[tuple[str, str]]:
        yield from ((f"of.{name}", why) for name, why in self.of.problems())


def distinct(parameters: Distinct, given: Given) -> Outcome:
    """Count what surely occurs; what only items that may be in the selection bring widens the interval upwards."""
    fits = {seen.item: parameters.of.fit(seen) for seen in given.items}
    seen = [each for each in given.items if fits[each.item] is not Fit.NOT]
    keys = _keys(parameters.by, seen)
    surely, maybe = defaultdict[Any, list[UUID]](list), defaultdict[Any, list[UUID]](list)
    for item, key in keys.items():
        (surely if fits[item] is Fit.SURELY else maybe)[key].append(item)
    more = [key for key in maybe if key not in surely]
    unit = f"{parameters.by}s"
    value = float(len(surely))
    steps = [Step(text=f"One {parameters.by}.", value=1.0, items=tuple(surely[key])) for key in sorted(surely, key=str)]
    steps += [
        Step(text=f"Perhaps one more {parameters.by}.", about=About.LEFT_OUT, items=tuple(maybe[key]))
        for key in sorted(more, key=str)
    ]
    nameless = tuple(each.item for each in seen if each.item not in keys)
    if nameless:
        steps.append(Step(text=f"Name no {parameters.by}, and count for none.", about=About.LEFT_OUT, items=nameless))
    roles = {item: Role.COUNTS if fits[item] is Fit.SURELY else Role.MAY_COUNT for item in keys}
    result = Result(value=value, low=value, high=value + len(more), unit=unit)
    return Outcome(result=result, steps=tuple(steps), roles=roles)


def _keys(by: By, seen: Sequence[Seen]) -> Mapping[UUID, Any]:
    if by is By.SHIP:
        return ships(seen)
    found = {each.item: folded_name(_NAMES[by](each.said)) for each in seen}
    return {item: name for item, name in found.items() if name}


_NAMES: Mapping[By, Callable[[Mapping[str, Any]], str]] = {
    By.SOURCE: lambda said: (said.get("source") or {}).get("name", ""),
    By.SPEAKER: lambda said: (said.get("speaker") or {}).get("name", ""),
    By.PLACE: lambda said: (said.get("place") or {}).get("name", ""),
}

RULE = Rule(
    name="distinct",
    version=1,
    says="How many different ships, sources, speakers or places the items of a selection are about.",
    parameters=Distinct,
    run=distinct,
    selection=lambda parameters: parameters.of,
    reads=frozenset({"subject", "source", "speaker", "place"}),
)
