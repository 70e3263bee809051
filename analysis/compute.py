"""From a rule and its parameters to a result, over the evidence as it stood after one event of the case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any
from uuid import UUID

from analysis.decisions import NoNumber, NotComputed, askable
from analysis.digests import inputs_digest
from analysis.domain import Result, Use
from analysis.models import Computation, Finding
from analysis.projections import state_of
from analysis.reading import hashes_of, seen_at
from analysis.rule import Given, Outcome, Rule
from analysis.staleness import reads
from ledger import codec


@dataclass(frozen=True, kw_only=True)
class Computed:
    """What came out, and what it stands on: items with their events, other findings with the event of their result."""

    outcome: Outcome
    uses: tuple[Use, ...]
    findings: Mapping[UUID, UUID]
    digest: str


def compute(case_id: UUID, rule: Rule, parameters: Any, *, as_of: int) -> Computed:
    """Let a rule compute over the items as they stood after event `as_of`, and the findings' results by then.

    :raises NotComputed: a finding that it rests on had no result by then.
    :raises NoNumber: what was submitted is so large that nothing comes out.
    """
    selection = rule.selection(parameters)
    items = seen_at(case_id, as_of, selection, reads=reads(rule, selection)) if selection else []
    results, events = _findings(case_id, rule.findings(parameters), as_of=as_of)
    outcome = _outcome(rule, parameters, Given(items=items, findings=results))
    uses = tuple(
        Use(item=seen.item, role=outcome.roles[seen.item], events=seen.events)
        for seen in items
        if seen.item in outcome.roles
    )
    hashes = hashes_of([*events.values(), *(event for use in uses for event in use.events)])
    digest = inputs_digest(
        rule=rule.name,
        version=rule.version,
        parameters=codec.to_plain(parameters),
        uses=uses,
        findings=events,
        hashes=hashes,
    )
    return Computed(outcome=outcome, uses=uses, findings=events, digest=digest)


def _outcome(rule: Rule, parameters: Any, given: Given) -> Outcome:
    try:
        found = rule.run(parameters, given)
        numbers = (found.result.value, found.result.low, found.result.high, *(step.value for step in found.steps))
        if all(isfinite(each) for each in numbers if each is not None):
            return found
    except OverflowError:
        pass
    raise NoNumber("The numbers of the evidence are too large to compute with: look at the measures of its ships.")


def rests_on(row: Finding) -> tuple[UUID, ...]:
    """List the findings that a finding is computed from."""
    asked = askable(state_of(row))
    return asked[0].findings(asked[1]) if asked else ()


def _findings(case_id: UUID, wanted: tuple[UUID, ...], *, as_of: int) -> tuple[dict[UUID, Result], dict[UUID, UUID]]:
    results: dict[UUID, Result] = {}
    events: dict[UUID, UUID] = {}
    for finding in wanted:
        of_finding = Computation.objects.filter(case=case_id, finding=finding, seq__lte=as_of)
        last = of_finding.order_by("-seq").values_list("id", "result").first()
        if last is None:
            raise NotComputed("A finding that this rests on has no result yet: compute that first.")
        events[finding], results[finding] = last[0], codec.from_values(Result, last[1])
    return results, events
