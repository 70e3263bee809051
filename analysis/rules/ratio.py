"""One number over another: a finding over a finding, or over a number that is known, such as a cap."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from analysis.domain import Result, Step
from analysis.rule import Given, Outcome, Rule


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """`of` is a finding; it is divided by the finding `over`, or else by `number`, which `because` gives a source."""

    of: UUID
    over: UUID | None = None
    number: float | None = None
    because: str = ""

    def problems(self) -> Iterator[tuple[str, str]]:
        if (self.over is None) == (self.number is None):
            yield "over", "Either a finding or a number."
        if self.number is not None and not (math.isfinite(self.number) and self.number > 0):
            yield "number", "A number above 0."
        if self.number is not None and not self.because.strip():
            yield "because", "Where the number comes from."


def ratio(parameters: Ratio, given: Given) -> Outcome:
    """Divide; the ends of the interval are those of the worst cases: the two may err together in any way."""
    of = given.findings[parameters.of]
    if parameters.over is not None:
        over = given.findings[parameters.over]
    else:
        over = Result(value=parameters.number, low=parameters.number, high=parameters.number, unit=of.unit)
    result = Result(
        value=_over(of.value, over.value), low=_over(of.low, over.high), high=_over(of.high, over.low), unit="times"
    )
    steps = (
        Step(text="Divided.", value=of.value, unit=of.unit),
        Step(text=f"By: {parameters.because}" if parameters.because else "By.", value=over.value, unit=over.unit),
    )
    return Outcome(result=result, steps=steps, roles={})


def _over(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None or other <= 0 else one / other


RULE = Rule(
    name="ratio",
    version=1,
    says="One finding over another, or over a number that is known.",
    parameters=Ratio,
    run=ratio,
    selection=lambda parameters: None,
    findings=lambda parameters: tuple(each for each in (parameters.of, parameters.over) if each),
)
