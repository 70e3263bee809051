"""How many items are in a selection."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from analysis.domain import About, Result, Role, Step
from analysis.rule import Given, Outcome, Rule
from analysis.selection import Fit, Selection


@dataclass(frozen=True, kw_only=True)
class Count:
    """`of`: the items that are counted; `unit`: what each is called."""

    of: Selection = field(default_factory=Selection)
    unit: str = "items"

    def problems(self) -> Iterator[tuple[str, str]]:
        yield from ((f"of.{name}", why) for name, why in self.of.problems())


def count(parameters: Count, given: Given) -> Outcome:
    """Count what is surely in the selection; what may be is counted in the upper end of the interval alone."""
    fits = {seen.item: parameters.of.fit(seen) for seen in given.items}
    surely = tuple(item for item, fit in fits.items() if fit is Fit.SURELY)
    maybe = tuple(item for item, fit in fits.items() if fit is Fit.MAYBE)
    value = float(len(surely))
    result = Result(value=value, low=value, high=value + len(maybe), unit=parameters.unit)
    steps = [Step(text="Surely in the selection.", value=value, unit=parameters.unit, items=surely)]
    if maybe:
        text = "May be in it: their time or place is not known well enough."
        doubtful = Step(text=text, about=About.LEFT_OUT, value=float(len(maybe)), unit=parameters.unit, items=maybe)
        steps.append(doubtful)
    roles = {**dict.fromkeys(surely, Role.COUNTS), **dict.fromkeys(maybe, Role.MAY_COUNT)}
    return Outcome(result=result, steps=tuple(steps), roles=roles)


RULE = Rule(
    name="count",
    version=1,
    says="How many items are in a selection.",
    parameters=Count,
    run=count,
    selection=lambda parameters: parameters.of,
)
