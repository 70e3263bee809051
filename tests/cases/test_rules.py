"""What is decided about a case, without a database: every change of status from every status, and the team."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from cases import rules
from cases.domain import (
    Case,
    CaseArchived,
    CaseClosed,
    CaseCommented,
    CaseHeld,
    CaseOpened,
    CaseReopened,
    CaseResumed,
    CaseSentToReview,
    EmergencyAccessTaken,
    Role,
    Sensitivity,
    Status,
    StatusChange,
)
from cases.rules import CaseNotOpen, LastOwner, NothingChanges
from ledger.errors import DomainError, Invalid

ALICE, BOB, CHARLIE = (UUID(int=number) for number in (1, 2, 3))
CASE = Case(title="Tankers", team={ALICE: Role.OWNER, BOB: Role.VIEWER})

OPEN, ON_HOLD, IN_REVIEW, CLOSED, REOPENED, ARCHIVED = Status
LEADS_TO: dict[type[StatusChange], tuple[set[Status], Status]] = {
    CaseHeld: ({OPEN, REOPENED, IN_REVIEW}, ON_HOLD),
    CaseResumed: ({ON_HOLD, IN_REVIEW}, OPEN),
    CaseSentToReview: ({OPEN, REOPENED}, IN_REVIEW),
    CaseClosed: ({OPEN, REOPENED, IN_REVIEW, ON_HOLD}, CLOSED),
    CaseReopened: ({CLOSED, ARCHIVED}, REOPENED),
    CaseArchived: ({CLOSED}, ARCHIVED),
}


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("change", LEADS_TO, ids=lambda change: change.__name__)
def test_a_status_leads_only_where_it_may(change: type[StatusChange], status: Status) -> None:
    before = replace(CASE, status=status)
    allowed, after = LEADS_TO[change]
    if status in allowed:
        said = rules.change_status(before, change, reason="because")
        assert said == change(reason="because")
        assert said.apply(before) == replace(before, status=after)
    else:
        with pytest.raises(CaseNotOpen, match=status.replace("_", " ")):
            rules.change_status(before, change, reason="because")
    assert (change in rules.possible_changes(before)) is (status in allowed)


@pytest.mark.parametrize("status", Status)
def test_evidence_is_added_to_a_case_that_is_worked_on(status: Status) -> None:
    if status in {OPEN, REOPENED, IN_REVIEW}:
        rules.require_active(status)
    else:
        with pytest.raises(CaseNotOpen, match="resumed" if status is ON_HOLD else "reopened"):
            rules.require_active(status)


@pytest.mark.parametrize("reason", ["", " \n\t", "x" * 20_001])
def test_a_change_of_status_needs_a_reason_that_one_can_read(reason: str) -> None:
    with pytest.raises(Invalid) as refusal:
        rules.change_status(CASE, CaseClosed, reason=reason)
    assert list(refusal.value.errors) == ["reason"]


def test_a_case_begins_with_its_owner() -> None:
    said = rules.open_case(title=" Tankers \n in the  east ", description="", sensitivity=Sensitivity.RED, owner=ALICE)
    assert said == CaseOpened(title="Tankers in the east", sensitivity=Sensitivity.RED, owner=ALICE)
    assert said.apply(Case()).team == {ALICE: Role.OWNER}


@pytest.mark.parametrize("title", ["", " \t\n", "x" * 201])
def test_a_title_has_something_to_read(title: str) -> None:
    for decide in (
        lambda: rules.rename(CASE, title=title),
        lambda: rules.open_case(title=title, description="", sensitivity=Sensitivity.AMBER, owner=ALICE),
    ):
        with pytest.raises(Invalid) as refusal:
            decide()
        assert list(refusal.value.errors) == ["title"]
    assert rules.rename(CASE, title="x" * 200).title == "x" * 200


TAGGED = replace(CASE, tags=("oil",))
SAME: dict[str, Callable[[], Any]] = {
    "title": lambda: rules.rename(CASE, title=" Tankers "),
    "description": lambda: rules.describe(CASE, description=""),
    "sensitivity": lambda: rules.set_sensitivity(CASE, sensitivity=Sensitivity.AMBER, reason="x"),
    "role": lambda: rules.change_role(CASE, user=BOB, role=Role.VIEWER),
    "member": lambda: rules.add_member(CASE, user=BOB, role=Role.OWNER),
    "tag": lambda: rules.tag(TAGGED, tag=" oil "),
    "no tag": lambda: rules.untag(TAGGED, tag="grain"),
}


@pytest.mark.parametrize("decide", SAME.values(), ids=SAME)
def test_what_is_so_already_is_no_event(decide: Callable[[], Any]) -> None:
    with pytest.raises(NothingChanges):
        decide()


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OWNER])
def test_the_last_owner_stays(role: Role) -> None:
    with pytest.raises(LastOwner):
        rules.change_role(CASE, user=ALICE, role=role)
    with pytest.raises(LastOwner):
        rules.remove_member(CASE, user=ALICE, reason="x")
    two = replace(CASE, team={ALICE: Role.OWNER, BOB: Role.OWNER})
    assert rules.change_role(two, user=ALICE, role=role).apply(two).team == {ALICE: role, BOB: Role.OWNER}
    assert rules.remove_member(two, user=ALICE, reason="").apply(two).team == {BOB: Role.OWNER}


def test_only_one_who_is_on_the_team_changes_role_or_leaves() -> None:
    for decide in (
        lambda: rules.change_role(CASE, user=CHARLIE, role=Role.VIEWER),
        lambda: rules.remove_member(CASE, user=CHARLIE, reason="x"),
    ):
        with pytest.raises(Invalid) as refusal:
            decide()
        assert list(refusal.value.errors) == ["user"]


def test_who_breaks_the_glass_may_read_and_says_why() -> None:
    said = rules.take_emergency_access(CASE, user=CHARLIE, reason="the owner is ill")
    assert isinstance(said, EmergencyAccessTaken)
    assert said.apply(CASE).team[CHARLIE] is Role.VIEWER
    with pytest.raises(Invalid):
        rules.take_emergency_access(CASE, user=CHARLIE, reason=" ")
    with pytest.raises(DomainError):
        rules.take_emergency_access(CASE, user=ALICE, reason="to lose my rights by it")


def test_a_comment_changes_nothing_and_says_something() -> None:
    assert rules.comment(text="Look").apply(CASE) == CASE
    assert isinstance(rules.comment(text="x" * 20_000), CaseCommented)
    for text in ("", " \n", "x" * 20_001):
        with pytest.raises(Invalid):
            rules.comment(text=text)


@pytest.mark.parametrize("tag", ["", "  ", "x" * 61])
def test_a_tag_is_short_and_visible(tag: str) -> None:
    for decide in (rules.tag, rules.untag):
        with pytest.raises(Invalid) as refusal:
            decide(CASE, tag=tag)
        assert list(refusal.value.errors) == ["tag"]


def test_tags_are_kept_in_order_and_leave_no_trace() -> None:
    case = CASE
    for tag in ("oil", "dprk", "ships"):
        case = rules.tag(case, tag=tag).apply(case)
    assert case.tags == ("dprk", "oil", "ships")
    assert rules.untag(case, tag="oil").apply(case).tags == ("dprk", "ships")
