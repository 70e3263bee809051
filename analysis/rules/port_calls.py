"""How often ships called at a place, from single sightings of them there.

Whoever looks seldom sees few calls: the number is one of calls that were seen, at least so many took place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from analysis.calls import Calling, calls_in
from analysis.domain import About, Result, Role, Step
from analysis.rule import Given, Outcome, Rule


@dataclass(frozen=True, kw_only=True)
class PortCalls(Calling):
    """What makes a call: see `calls.Calling`."""


def port_calls(parameters: PortCalls, given: Given) -> Outcome:
    """Count the calls that were surely seen; those that only doubtful sightings show widen the interval upwards."""
    calls = calls_in(given.items, parameters)
    value, high = float(len(calls.surely)), float(max(len(calls.surely), len(calls.perhaps)))
    steps = [Step(text="One call.", value=1.0, items=tuple(each.item for each in call.seen)) for call in calls.surely]
    if calls.doubtful:
        text = "Doubtful: place, time or ship is not known well enough."
        steps.append(_left_out(text, "sightings", calls.doubtful))
    if calls.not_there:
        steps.append(_left_out("Looked, and not there.", "looks", calls.not_there))
    roles = {
        **{each.item: Role.COUNTS for call in calls.surely for each in call.seen},
        **dict.fromkeys(calls.doubtful, Role.MAY_COUNT),
        **dict.fromkeys(calls.not_there, Role.SPEAKS_AGAINST),
    }
    result = Result(value=value, low=value, high=high, unit="port calls")
    return Outcome(result=result, steps=tuple(steps), roles=roles)


def _left_out(text: str, unit: str, items: Sequence[UUID]) -> Step:
    return Step(text=text, about=About.LEFT_OUT, value=float(len(items)), unit=unit, items=tuple(items))


RULE = Rule(
    name="port-calls",
    version=1,
    says="How often ships called at a place, from sightings of them there.",
    parameters=PortCalls,
    run=port_calls,
    selection=lambda parameters: parameters.selection,
    reads=frozenset({"subject", "place", "when", "observed"}),
)
