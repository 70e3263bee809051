"""The sum of other findings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from analysis.domain import Result, Step
from analysis.rule import Given, Outcome, Rule

MOST = 100


@dataclass(frozen=True, kw_only=True)
class Total:
    """`of`: the findings that are added up; all have one unit."""

    of: tuple[UUID, ...]

    def problems(self) -> Iterator[tuple[str, str]]:
        if not 1 <= len(self.of) <= MOST or len(set(self.of)) != len(self.of):
            yield "of", f"1 to {MOST} different findings."


def total(parameters: Total, given: Given) -> Outcome:
    """Add up values and ends of intervals: whatever the errors have in common, the sum lies in between.

    Findings of several units have no sum.
    """
    parts = [given.findings[each] for each in parameters.of]
    units = {part.unit for part in parts}
    steps = tuple(Step(text="Added.", value=part.value, unit=part.unit) for part in parts)
    if len(units) != 1:
        nothing = Result(value=None, low=None, high=None, unit="")
        said = Step(text=f"There is no sum of {', '.join(sorted(units))}.")
        return Outcome(result=nothing, steps=(*steps, said), roles={})
    value, low, high = (
        None if None in ends else sum(end for end in ends if end is not None)
        for ends in zip(*((part.value, part.low, part.high) for part in parts), strict=True)
    )
    return Outcome(result=Result(value=value, low=low, high=high, unit=units.pop()), steps=steps, roles={})


RULE = Rule(
    name="sum",
    version=1,
    says="The sum of other findings.",
    parameters=Total,
    run=total,
    selection=lambda parameters: None,
    findings=lambda parameters: parameters.of,
)
