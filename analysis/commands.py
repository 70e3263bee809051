"""What people do with findings: each function is the whole story of one intention (load, decide, append).

All of them raise `NotFound` for a case or finding that does not exist for the caller, `Forbidden` where the caller's
role does not allow it, `CaseNotOpen` for a case that is worked on no more, and `StaleStream` where the finding changed
since `seen`.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction

from analysis import decisions
from analysis.compute import Computed, compute, rests_on
from analysis.domain import (
    FindingComputed,
    FindingPublished,
    FindingRestated,
    FindingReviewed,
    FindingSignedOff,
    FindingStated,
)
from analysis.models import Finding
from analysis.projections import state_of
from analysis.queries import finding_row
from cases.access import Permission
from cases.queries import load_case, require_seen
from cases.rules import require_active
from ledger import codec
from ledger.actors import Actor
from ledger.append import Fact, append, lock
from ledger.errors import NotFound
from ledger.ids import uuid7
from ledger.models import Head
from ledger.recorded import Recorded


@transaction.atomic
def state_finding(*, case_id: UUID, stated: FindingStated, by: Actor) -> Recorded:
    """State a finding: a sentence, and the rule with its parameters that its number comes from.

    :raises Invalid: there is no such rule, or it can not be asked that.
    :raises NotFound: it rests on a finding that is none of the case.
    """
    require_active(load_case(case_id, by=by, permission=Permission.STATE).status)
    decided, finding = decisions.state(stated, author=by.user), uuid7()
    _require_findings(case_id, finding, decided)
    return append(case_id, [Fact(decided, item=finding)], by=by)[0]


@transaction.atomic
def restate_finding(
    *, case_id: UUID, finding: UUID, restated: FindingRestated, by: Actor, seen: int | None = None
) -> Recorded:
    """State it anew, for a reason: its result, review and sign-off were those of another sentence."""
    row = _load(case_id, finding, by=by, permission=Permission.STATE, seen=seen)
    decided = decisions.restate(state_of(row), restated, author=by.user)
    _require_findings(case_id, finding, decided)
    return append(case_id, [Fact(decided, item=finding)], by=by)[0]


def compute_finding(*, case_id: UUID, finding: UUID, by: Actor, seen: int | None = None) -> Recorded:
    """Compute a finding over the evidence as it stands, and record the result with all that it stands on.

    The rule works while others write; what they record meanwhile makes the result stale at once.

    :raises NotComputed: a finding that it rests on has no result yet.
    """
    row = finding_row(case_id, finding, by=by)
    as_of = Head.objects.get(pk=case_id).seq
    rule, parameters = decisions.computable(state_of(row))
    done = compute(case_id, rule, parameters, as_of=as_of)
    with transaction.atomic():
        now = _load(case_id, finding, by=by, permission=Permission.STATE, seen=seen)
        require_seen(row.last_seq, now.last_seq)
        return append(case_id, [Fact(_computed(now, as_of, done, by=by), item=finding)], by=by)[0]


@transaction.atomic
def review_finding(
    *, case_id: UUID, finding: UUID, reviewed: FindingReviewed, by: Actor, seen: int | None = None
) -> Recorded:
    """Say whether one agrees with the present result, as somebody who did not state or compute it."""
    row = _load(case_id, finding, by=by, permission=Permission.SIGN_OFF, seen=seen)
    decided = decisions.review(state_of(row), reviewed, stale=row.stale, own=_own(row, by))
    return append(case_id, [Fact(decided, item=finding)], by=by)[0]


@transaction.atomic
def sign_off_finding(
    *, case_id: UUID, finding: UUID, signed_off: FindingSignedOff, by: Actor, seen: int | None = None
) -> Recorded:
    """Stand for the present result, as somebody who did not state or compute it; bound to the digest of its inputs."""
    row = _load(case_id, finding, by=by, permission=Permission.SIGN_OFF, seen=seen)
    decided = decisions.sign_off(state_of(row), signed_off, stale=row.stale, own=_own(row, by))
    return append(case_id, [Fact(decided, item=finding)], by=by)[0]


@transaction.atomic
def publish_finding(
    *, case_id: UUID, finding: UUID, published: FindingPublished, by: Actor, seen: int | None = None
) -> Recorded:
    """Record that the sentence went out with the present result, which somebody has signed off."""
    row = _load(case_id, finding, by=by, permission=Permission.MANAGE, seen=seen)
    decided = decisions.publish(state_of(row), published, stale=row.stale)
    return append(case_id, [Fact(decided, item=finding)], by=by)[0]


@transaction.atomic
def withdraw_finding(*, case_id: UUID, finding: UUID, reason: str, by: Actor, seen: int | None = None) -> Recorded:
    """Take a finding back, for a reason; it stays readable."""
    row = _load(case_id, finding, by=by, permission=Permission.STATE, seen=seen)
    return append(case_id, [Fact(decisions.withdraw(state_of(row), reason=reason), item=finding)], by=by)[0]


def _load(case_id: UUID, finding: UUID, *, by: Actor, permission: Permission, seen: int | None) -> Finding:
    """Lock the case and find a finding of it that the caller may change."""
    require_active(load_case(case_id, by=by, permission=permission).status)
    row = finding_row(case_id, finding, by=by)
    require_seen(seen, row.last_seq)
    return row


def _own(row: Finding, by: Actor) -> bool:
    """Say whether the caller stated or computed it, be it with a token of theirs."""
    finding = state_of(row)
    computed_by = finding.computed.computed_by if finding.computed else None
    return by.user in {*finding.authors, computed_by}


def _require_findings(case_id: UUID, finding: UUID, stated: FindingStated | FindingRestated) -> None:
    rule = decisions.rule_of(stated.rule, stated.version)
    wanted = rule.findings(codec.from_values(rule.parameters, stated.parameters))
    if wanted:
        lock(case_id)
        others = {row.pk: rests_on(row) for row in Finding.objects.filter(case=case_id)}
        if not set(wanted) <= {*others, finding}:
            raise NotFound("A finding that this rests on is not in the case.")
        decisions.require_no_circle(finding, {**others, finding: wanted})


def _computed(row: Finding, as_of: int, done: Computed, *, by: Actor) -> FindingComputed:
    stated: dict[str, Any] = row.state["stated"]
    return FindingComputed(
        rule=stated["rule"],
        version=stated["version"],
        parameters=stated["parameters"],
        as_of=as_of,
        digest=done.digest,
        result=done.outcome.result,
        steps=done.outcome.steps,
        uses=done.uses,
        findings={str(finding): event for finding, event in done.findings.items()},
        computed_by=by.user,
    )
