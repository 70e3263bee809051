"""Reads of findings: who sees them, and how they are shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from analysis import decisions
from analysis.compute import Computed, compute
from analysis.domain import FindingPublished, FindingReviewed, FindingSignedOff
from analysis.models import Computation, Finding
from analysis.projections import state_of
from cases.access import Permission, require
from ledger import codec
from ledger.actors import Actor
from ledger.errors import NotFound


def findings_of(case_id: UUID, *, by: Actor) -> QuerySet[Finding]:
    """Select the findings of a case.

    :raises NotFound: the case does not exist for the caller.
    :raises Forbidden: the caller may only add to it.
    """
    require(case_id, Permission.READ, by=by)
    return Finding.objects.filter(case=case_id)


def finding_row(case_id: UUID, finding: UUID, *, by: Actor) -> Finding:
    """Find a finding.

    :raises NotFound: there is none in this case, or not for the caller.
    """
    row = findings_of(case_id, by=by).filter(pk=finding).first()
    if row is None:
        raise NotFound
    return row


def findings_that_used(case_id: UUID, items: Collection[UUID]) -> set[UUID]:
    """Find the findings of a case any result of which stands on one of these items, and those that rest on them."""
    wanted = {str(item) for item in items}
    results = Computation.objects.filter(case=case_id).values_list("finding", "uses", "findings") if wanted else ()
    rests_on: dict[UUID, set[str]] = defaultdict(set)
    found: set[UUID] = set()
    for finding, uses, others in results:
        rests_on[finding] |= set(others)
        if any(use["item"] in wanted for use in uses):
            found.add(finding)
    more = found
    while more:
        names = {str(finding) for finding in more}
        more = {finding for finding, others in rests_on.items() if others & names} - found
        found |= more
    return found


def computed_as_of(case_id: UUID, finding: UUID, *, as_of: int, by: Actor) -> Computed:
    """Compute a finding as it would have come out after event `as_of`; nothing is recorded."""
    rule, parameters = decisions.computable(state_of(finding_row(case_id, finding, by=by)))
    return compute(case_id, rule, parameters, as_of=as_of)


def represent(row: Finding) -> dict[str, Any]:
    """Show a finding as a list does: how it stands, its result, whether that is stale; without steps and events."""
    finding = row.state
    computed = finding.get("computed")
    stated = finding["stated"]
    return {
        "id": row.pk,
        "case": row.case_id,
        "seq": row.seq,
        "sentence": stated["sentence"],
        "note": stated.get("note", ""),
        "rule": stated["rule"],
        "version": stated["version"],
        "parameters": stated.get("parameters", {}),
        "status": row.status,
        "author": row.author,
        "stated_at": row.stated_at,
        "changed_at": row.changed_at,
        "result": computed["result"] if computed else None,
        "digest": row.digest,
        "as_of": computed["as_of"] if computed else None,
        "stale": row.stale,
        "stale_because": row.stale_because,
        **bound(row),
        "withdrawn_because": finding.get("withdrawn_because", ""),
    }


def represent_whole(row: Finding) -> dict[str, Any]:
    """Show a finding with the steps of its result and every event that it stands on."""
    result = Computation.objects.filter(pk=row.computation).first() if row.computation else None
    return represent(row) | {
        "computed_by": result.by if result else None,
        "computed_at": result.at if result else None,
        "computation": result.pk if result else None,
        "steps": result.steps if result else [],
        "uses": result.uses if result else [],
        "findings": result.findings if result else {},
        "events": [event for use in result.uses for event in use["events"]] if result else [],
    }


def represent_computed(done: Computed, *, as_of: int) -> dict[str, Any]:
    """Show a result that was computed for the asking."""
    values = {name: codec.to_plain(value) for name, value in (("steps", done.outcome.steps), ("uses", done.uses))}
    return {
        "as_of": as_of,
        "digest": done.digest,
        "result": codec.to_plain(done.outcome.result),
        **values,
        "findings": {str(finding): event for finding, event in done.findings.items()},
        "events": [event for use in done.uses for event in use.events],
    }


def bound(row: Finding) -> dict[str, Any]:
    """Show what was said of results; it lapses when inputs or number are others, or the evidence changed since."""
    finding = state_of(row)

    def shown(said: FindingReviewed | FindingSignedOff | FindingPublished) -> dict[str, Any]:
        return {**codec.to_values(said), "lapsed": row.stale or not finding.holds(said)}

    return {
        "reviewed": finding.reviewed and shown(finding.reviewed),
        "signed_off": finding.signed_off and shown(finding.signed_off),
        "published": [shown(each) for each in finding.published],
    }
