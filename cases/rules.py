"""What is decided about a case: each function returns an event, or refuses in a sentence. Pure."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cases.domain import (
    ACTIVE,
    Case,
    CaseArchived,
    CaseClosed,
    CaseCommented,
    CaseDescribed,
    CaseHeld,
    CaseOpened,
    CaseRenamed,
    CaseReopened,
    CaseResumed,
    CaseSentToReview,
    CaseTagged,
    CaseUntagged,
    EmergencyAccessTaken,
    MemberAdded,
    MemberRemoved,
    Role,
    RoleChanged,
    Sensitivity,
    SensitivitySet,
    Status,
    StatusChange,
)
from ledger.errors import Conflict, Invalid

TITLE_LENGTH = 200
TEXT_LENGTH = 20_000
TAG_LENGTH = 60


class CaseNotOpen(Conflict):
    """The status of the case does not allow it."""

    code = "case-not-open"
    title = "The case is not open for this"


class LastOwner(Conflict):
    """A case never stands without an owner."""

    code = "last-owner"
    title = "The case would have no owner"


class NothingChanges(Conflict):
    """The event would say what is so already."""

    code = "nothing-changes"
    title = "It is so already"


def open_case(*, title: str, description: str, sensitivity: Sensitivity, owner: UUID) -> CaseOpened:
    return CaseOpened(
        title=_title(title),
        description=_text("description", description),
        sensitivity=sensitivity,
        owner=owner,
    )


def rename(case: Case, *, title: str) -> CaseRenamed:
    return _changes(CaseRenamed(title=_title(title)), case, "The case has this title already.")


def describe(case: Case, *, description: str) -> CaseDescribed:
    said = CaseDescribed(description=_text("description", description))
    return _changes(said, case, "The case has this description already.")


def set_sensitivity(case: Case, *, sensitivity: Sensitivity, reason: str) -> SensitivitySet:
    said = SensitivitySet(sensitivity=sensitivity, reason=_text("reason", reason))
    return _changes(said, case, f"The case is TLP:{sensitivity.upper()} already.")


_LEADS_TO: dict[type[StatusChange], tuple[frozenset[Status], str]] = {
    CaseHeld: (ACTIVE, "Only a case that is worked on can be put on hold."),
    CaseResumed: (
        frozenset({Status.ON_HOLD, Status.IN_REVIEW}),
        "Only a case on hold or in review can be resumed.",
    ),
    CaseSentToReview: (ACTIVE - {Status.IN_REVIEW}, "Only an open case can be sent to review."),
    CaseClosed: (ACTIVE | {Status.ON_HOLD}, "Only an open case can be closed."),
    CaseReopened: (
        frozenset({Status.CLOSED, Status.ARCHIVED}),
        "Only a closed or archived case can be reopened.",
    ),
    CaseArchived: (frozenset({Status.CLOSED}), "Only a closed case can be archived."),
}


def change_status(case: Case, change: type[StatusChange], *, reason: str) -> Any:
    """Decide a change of status; every one needs its reason."""
    allowed, refusal = _LEADS_TO[change]
    if case.status not in allowed:
        raise CaseNotOpen(f"{refusal} This one is {case.status.replace('_', ' ')}.")
    if not reason.strip():
        raise Invalid("A change of status needs a reason.", errors={"reason": ["This field is required."]})
    return change(reason=_text("reason", reason))


def possible_changes(case: Case) -> list[type[StatusChange]]:
    """List the changes of status that the case's status allows."""
    return [change for change, (allowed, _) in _LEADS_TO.items() if case.status in allowed]


def require_active(status: str) -> None:
    """Refuse to add or change evidence while the case rests or is over.

    :raises CaseNotOpen: it is on hold, closed or archived.
    """
    if status not in ACTIVE:
        until = "resumed" if status == Status.ON_HOLD else "reopened"
        said = status.replace("_", " ")
        raise CaseNotOpen(f"The case is {said}: its evidence is neither added to nor changed until it is {until}.")


def add_member(case: Case, *, user: UUID, role: Role) -> MemberAdded:
    if user in case.team:
        raise NothingChanges("This person is on the team already; change the role instead.")
    return MemberAdded(user=user, role=role)


def change_role(case: Case, *, user: UUID, role: Role) -> RoleChanged:
    _on_team(case, user)
    said = _changes(RoleChanged(user=user, role=role), case, f"This person is {role} already.")
    _keeps_an_owner(said.apply(case))
    return said


def remove_member(case: Case, *, user: UUID, reason: str) -> MemberRemoved:
    _on_team(case, user)
    said = MemberRemoved(user=user, reason=_text("reason", reason))
    _keeps_an_owner(said.apply(case))
    return said


def take_emergency_access(case: Case, *, user: UUID, reason: str) -> EmergencyAccessTaken:
    if user in case.team:
        raise NothingChanges("You are on the team of this case already.")
    if not reason.strip():
        raise Invalid("Emergency access needs a reason.", errors={"reason": ["This field is required."]})
    return EmergencyAccessTaken(user=user, reason=_text("reason", reason))


def comment(*, text: str) -> CaseCommented:
    return CaseCommented(text=required_text("text", text))


def tag(case: Case, *, tag: str) -> CaseTagged:
    return _changes(CaseTagged(tag=tag_name(tag)), case, f"The case is tagged {tag!r} already.")


def untag(case: Case, *, tag: str) -> CaseUntagged:
    return _changes(CaseUntagged(tag=tag_name(tag)), case, f"The case is not tagged {tag!r}.")


def tag_name(tag: str) -> str:
    """Refuse a tag that is empty, long or spread over lines."""
    clean = " ".join(tag.split())
    if not clean or len(clean) > TAG_LENGTH:
        raise Invalid("Not a tag.", errors={"tag": [f"A tag has 1 to {TAG_LENGTH} characters."]})
    return clean


def required_text(name: str, text: str) -> str:
    """Refuse a text that is blank or too long."""
    if not text.strip():
        raise Invalid("A text is missing.", errors={name: ["This field is required."]})
    return _text(name, text)


def _changes(said: Any, case: Case, refusal: str) -> Any:
    if said.apply(case) == case:
        raise NothingChanges(refusal)
    return said


def _on_team(case: Case, user: UUID) -> None:
    if user not in case.team:
        raise Invalid("This person is not on the team.", errors={"user": ["Not on the team of this case."]})


def _keeps_an_owner(case: Case) -> None:
    if Role.OWNER not in case.team.values():
        raise LastOwner("A case needs an owner: make another person owner first.")


def _title(title: str) -> str:
    clean = " ".join(title.split())
    if not clean or len(clean) > TITLE_LENGTH:
        raise Invalid("Not a title.", errors={"title": [f"A title has 1 to {TITLE_LENGTH} characters."]})
    return clean


def _text(name: str, text: str) -> str:
    if len(text) > TEXT_LENGTH:
        raise Invalid("A text is too long.", errors={name: [f"At most {TEXT_LENGTH} characters."]})
    return text
