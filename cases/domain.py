"""A case: what can happen to it, and how it then stands. Pure: no clock, no database.

Each event type is one class whose `apply` only copies. What is decided, and refused, is in `rules`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from uuid import UUID

from ledger.events import event
from ledger.recorded import Recorded


class Status(StrEnum):
    OPEN = "open"
    ON_HOLD = "on_hold"
    IN_REVIEW = "in_review"
    CLOSED = "closed"
    REOPENED = "reopened"
    ARCHIVED = "archived"


class Sensitivity(StrEnum):
    """The Traffic Light Protocol 2.0 labels (FIRST, 2022), least restricted first."""

    CLEAR = "clear"
    GREEN = "green"
    AMBER = "amber"
    AMBER_STRICT = "amber+strict"
    RED = "red"


class Role(StrEnum):
    OWNER = "owner"
    INVESTIGATOR = "investigator"
    REVIEWER = "reviewer"
    VIEWER = "viewer"
    SUBMITTER = "submitter"


class AccountChange(StrEnum):
    PASSWORD = "password"  # noqa: S105 -- the word, not one
    EMAIL = "email"
    ACTIVATED = "activated"
    DEACTIVATED = "deactivated"


ACTIVE = frozenset({Status.OPEN, Status.REOPENED, Status.IN_REVIEW})
"""The statuses in which evidence may be added and changed."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """An investigation as its events leave it; `erased` names what of it was erased and not said anew."""

    title: str = ""
    description: str = ""
    sensitivity: Sensitivity = Sensitivity.AMBER
    status: Status = Status.OPEN
    tags: tuple[str, ...] = ()
    team: Mapping[UUID, Role] = field(default_factory=dict)
    erased: tuple[str, ...] = ()


@event("case.opened", version=1, personal=("title", "description"))
@dataclass(frozen=True, kw_only=True)
class CaseOpened:
    """An investigation began; `owner` is the person who answers for it."""

    title: str
    description: str = ""
    sensitivity: Sensitivity = Sensitivity.AMBER
    owner: UUID

    def apply(self, case: Case) -> Case:
        return replace(
            case,
            title=self.title,
            description=self.description,
            sensitivity=self.sensitivity,
            team={self.owner: Role.OWNER},
        )


@event("case.renamed", version=1, personal=("title",))
@dataclass(frozen=True, kw_only=True)
class CaseRenamed:
    """The case has another title from here on."""

    title: str

    def apply(self, case: Case) -> Case:
        return replace(case, title=self.title)


@event("case.described", version=1, personal=("description",))
@dataclass(frozen=True, kw_only=True)
class CaseDescribed:
    """The case has another description from here on."""

    description: str

    def apply(self, case: Case) -> Case:
        return replace(case, description=self.description)


@event("case.sensitivity_set", version=1, personal=("reason",))
@dataclass(frozen=True, kw_only=True)
class SensitivitySet:
    """The case may be shared more, or less, widely (TLP 2.0)."""

    sensitivity: Sensitivity
    reason: str = ""

    def apply(self, case: Case) -> Case:
        return replace(case, sensitivity=self.sensitivity)


@dataclass(frozen=True, kw_only=True)
class StatusChange:
    reason: str = ""


@event("case.held", version=1, personal=("reason",))
@dataclass(frozen=True, kw_only=True)
class CaseHeld(StatusChange):
    """Work on the case rests."""

    def apply(self, case: Case) -> Case:
        return replace(case, status=Status.ON_HOLD)


@event("case.resumed", version=1, personal=("reason",))
@dataclass(frozen=True, kw_only=True)
class CaseResumed(StatusChange):
    """Work on the case goes on, after a rest or a review."""

    def apply(self, case: Case) -> Case:
        return replace(case, status=Status.OPEN)


@event("case.sent_to_review", version=1, personal=("reason",))
@dataclass(frozen=True, kw_only=True)
class CaseSentToReview(StatusChange):
    """The team asks its reviewers to look at the case."""

    def apply(self, case: Case) -> Case:
        return replace(case, status=Status.IN_REVIEW)


@event("case.closed", version=1, personal=("reason",))
@dataclass(frozen=True, kw_only=True)
class CaseClosed(StatusChange):
    """The investigation ended; nothing more is added until it is reopened."""

    def apply(self, case: Case) -> Case:
        return replace(case, status=Status.CLOSED)


@event("case.reopened", version=1, personal=("reason",))
@dataclass(frozen=True, kw_only=True)
class CaseReopened(StatusChange):
    """The investigation goes on after it was closed or archived."""

    def apply(self, case: Case) -> Case:
        return replace(case, status=Status.REOPENED)


@event("case.archived", version=1, personal=("reason",))
@dataclass(frozen=True, kw_only=True)
class CaseArchived(StatusChange):
    """The closed case was put away; it stays readable."""

    def apply(self, case: Case) -> Case:
        return replace(case, status=Status.ARCHIVED)


@event("case.member_added", version=1)
@dataclass(frozen=True, kw_only=True)
class MemberAdded:
    """A person joined the team."""

    user: UUID
    role: Role

    def apply(self, case: Case) -> Case:
        return replace(case, team={**case.team, self.user: self.role})


@event("case.role_changed", version=1)
@dataclass(frozen=True, kw_only=True)
class RoleChanged:
    """A member of the team has another role from here on."""

    user: UUID
    role: Role

    def apply(self, case: Case) -> Case:
        return replace(case, team={**case.team, self.user: self.role})


@event("case.member_removed", version=1, personal=("reason",))
@dataclass(frozen=True, kw_only=True)
class MemberRemoved:
    """A person left the team."""

    user: UUID
    reason: str = ""

    def apply(self, case: Case) -> Case:
        return replace(case, team={user: role for user, role in case.team.items() if user != self.user})


@event("case.emergency_access_taken", version=1, personal=("reason",))
@dataclass(frozen=True, kw_only=True)
class EmergencyAccessTaken:
    """A superuser who is not on the team broke the glass: they may read, and the team sees that they do."""

    user: UUID
    reason: str

    def apply(self, case: Case) -> Case:
        return replace(case, team={**case.team, self.user: Role.VIEWER})


@event("case.account_changed", version=1)
@dataclass(frozen=True, kw_only=True)
class AccountChanged:
    """Somebody changed the account of a person on the team, and may be able to act as them from here on."""

    user: UUID
    changes: tuple[AccountChange, ...]

    def apply(self, case: Case) -> Case:
        return case


@event("case.commented", version=1, personal=("text",))
@dataclass(frozen=True, kw_only=True)
class CaseCommented:
    """Somebody on the team wrote a comment about the case."""

    text: str

    def apply(self, case: Case) -> Case:
        return case


@event("case.tagged", version=1, personal=("tag",))
@dataclass(frozen=True, kw_only=True)
class CaseTagged:
    """The case carries one more tag."""

    tag: str

    def apply(self, case: Case) -> Case:
        return replace(case, tags=tuple(sorted({*case.tags, self.tag})))


@event("case.untagged", version=1, personal=("tag",))
@dataclass(frozen=True, kw_only=True)
class CaseUntagged:
    """The case carries a tag no more."""

    tag: str

    def apply(self, case: Case) -> Case:
        return replace(case, tags=tuple(tag for tag in case.tags if tag != self.tag))


@event("case.exported", version=1)
@dataclass(frozen=True, kw_only=True)
class CaseExported:
    """Everything up to event `head_seq` (chain hash `head_hash`) left in a bundle, this event as the last of it.

    `withheld` says, in words that give nothing away, what did not leave with it.
    """

    head_seq: int
    head_hash: str
    format: str
    withheld: tuple[str, ...] = ()

    def apply(self, case: Case) -> Case:
        return case


@event("case.bundle_downloaded", version=1)
@dataclass(frozen=True, kw_only=True)
class BundleDownloaded:
    """Somebody took the bundle of an export away: that of the event `export`, which is number `seq` of the case.

    `sha256` and `size` (in bytes) are those of the file that they were handed.
    """

    export: UUID
    seq: int
    sha256: str
    size: int

    def apply(self, case: Case) -> Case:
        return case


@event("case.imported", version=1)
@dataclass(frozen=True, kw_only=True)
class CaseImported:
    """All before this came out of a bundle: up to event `head_seq` (chain hash `head_hash`) it was recorded elsewhere.

    `key` is the verifier key by which the bundle was checked, and `checkpoint` the signed head of the other log under
    which all of these events have their places.
    """

    head_seq: int
    head_hash: str
    format: str
    key: str
    checkpoint: str

    def apply(self, case: Case) -> Case:
        return case


CASE_EVENTS = (
    CaseOpened, CaseRenamed, CaseDescribed, SensitivitySet, CaseHeld, CaseResumed, CaseSentToReview, CaseClosed,
    CaseReopened, CaseArchived, MemberAdded, RoleChanged, MemberRemoved, EmergencyAccessTaken, CaseCommented,
    CaseTagged, CaseUntagged,
)  # fmt: skip
"""Every event type that changes how a case stands, or is shown in its history."""


def applied(event: Recorded, case: Case) -> Case:
    """Apply an event, and note what of the case was erased with its fields, or is said anew."""
    if "tag" in event.erased:
        # Which tag it was is not known any more.
        gone = {"tags"} if isinstance(event.data, CaseTagged) else set()
        return replace(case, erased=tuple(sorted({*case.erased, *gone})))
    after: Case = event.data.apply(case)
    says = {"title", "description"} & event.data.__dataclass_fields__.keys()
    return replace(after, erased=tuple(sorted({*case.erased} - says | says & event.erased.keys())))
