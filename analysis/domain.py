"""Findings: what is stated, what came out, who stands for it; how a finding then stands. Pure.

A finding is a sentence with a rule and parameters. What the rule computes from the evidence is an event with its
steps and the events it stands on, so that anybody can compute it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any
from uuid import UUID

from ledger.events import event
from ledger.recorded import Recorded


class Role(StrEnum):
    """What an item does for a result: it counts, it may count (so it widens the interval), or it speaks against."""

    COUNTS = "counts"
    MAY_COUNT = "may_count"
    SPEAKS_AGAINST = "speaks_against"


@dataclass(frozen=True, kw_only=True)
class Use:
    """An item that a result stands on, and those of its events that set what the rule read of it, the oldest first."""

    item: UUID
    role: Role
    events: tuple[UUID, ...]


class About(StrEnum):
    """What a step tells: a part of the result, what is left out of it and why, another reckoning of it, or how much of
    its uncertainty (in %) comes from one input."""

    PART = "part"
    LEFT_OUT = "left_out"
    CHECK = "check"
    SHARE = "share"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step on the way to a result, in words, with the number that it gave and the items that went into it.

    It says nothing of the items but their ids: what it said would outlive their erasure.
    """

    text: str
    about: About = About.PART
    value: float | None = None
    unit: str = ""
    items: tuple[UUID, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Result:
    """A number in `unit` with the interval that it lies in: 95 % where it has a distribution, else the least and the
    most that the evidence allows. None: there is no such number, or no such end."""

    value: float | None
    low: float | None
    high: float | None
    unit: str


@event("finding.stated", version=1, personal=("sentence", "parameters", "note"))
@dataclass(frozen=True, kw_only=True)
class FindingStated:
    """Somebody states a sentence and names the rule, with parameters, that its number comes from."""

    sentence: str
    rule: str
    version: int
    parameters: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    author: UUID | None = None

    def apply(self, finding: Finding | None) -> Finding:
        return Finding(stated=self, authors=_with((), self.author))


@event("finding.restated", version=1, personal=("sentence", "parameters", "reason"))
@dataclass(frozen=True, kw_only=True)
class FindingRestated:
    """The sentence, or what its number is computed by, is another from here on, for a reason."""

    sentence: str
    rule: str
    version: int
    parameters: Mapping[str, Any] = field(default_factory=dict)
    reason: str
    author: UUID | None = None

    def apply(self, finding: Finding) -> Finding:
        stated = replace(
            finding.stated,
            sentence=self.sentence,
            rule=self.rule,
            version=self.version,
            parameters=self.parameters,
        )
        return Finding(stated=stated, authors=_with(finding.authors, self.author), published=finding.published)


@event("finding.computed", version=1, personal=("parameters", "steps"))
@dataclass(frozen=True, kw_only=True)
class FindingComputed:
    """What the rule gives over the evidence as it stood after event `as_of` of the case.

    `digest`: SHA-256 over the rule, its version, its parameters and the chain hashes of all events used (see
    `digests`). `findings` are other findings that it was computed from, each with the event of its own result.
    """

    rule: str
    version: int
    parameters: Mapping[str, Any] = field(default_factory=dict)
    as_of: int
    digest: str
    result: Result
    steps: tuple[Step, ...] = ()
    uses: tuple[Use, ...] = ()
    findings: Mapping[str, UUID] = field(default_factory=dict)
    computed_by: UUID | None = None

    def apply(self, finding: Finding) -> Finding:
        return replace(finding, computed=self)


@event("finding.reviewed", version=1, personal=("note",))
@dataclass(frozen=True, kw_only=True)
class FindingReviewed:
    """Somebody else looked at a result and says whether they agree, and why."""

    digest: str
    agrees: bool
    note: str

    def apply(self, finding: Finding) -> Finding:
        return replace(_judged(finding), reviewed=self)


@event("finding.signed_off", version=1, personal=("note",))
@dataclass(frozen=True, kw_only=True)
class FindingSignedOff:
    """Somebody other than the author stands for the result of exactly these inputs."""

    digest: str
    note: str = ""

    def apply(self, finding: Finding) -> Finding:
        return replace(_judged(finding), signed_off=self)


@event("finding.published", version=1, personal=("where", "sentence"))
@dataclass(frozen=True, kw_only=True)
class FindingPublished:
    """The sentence, as it was printed, went out; `where` names the place, `at` is EDTF."""

    digest: str
    sentence: str
    where: str
    at: str = ""

    def apply(self, finding: Finding) -> Finding:
        return replace(finding, published=(*finding.published, self))


@event("finding.withdrawn", version=1, personal=("reason",))
@dataclass(frozen=True, kw_only=True)
class FindingWithdrawn:
    """Nobody stands for the sentence any more, for a reason; it stays readable."""

    reason: str

    def apply(self, finding: Finding) -> Finding:
        return replace(finding, withdrawn_because=self.reason)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A finding as its events leave it. Whether its evidence changed since is no part of this: see `staleness`.

    `authors`: who stated it, now or earlier. `judged`: the result that was last reviewed or signed off under a digest.
    """

    stated: FindingStated
    authors: tuple[UUID, ...] = ()
    computed: FindingComputed | None = None
    reviewed: FindingReviewed | None = None
    signed_off: FindingSignedOff | None = None
    published: tuple[FindingPublished, ...] = ()
    withdrawn_because: str = ""
    judged: Mapping[str, Result] = field(default_factory=dict)

    def holds(self, said: FindingReviewed | FindingSignedOff | FindingPublished) -> bool:
        """Say whether what was said of a result holds for the present one: the inputs are the same, and the number.

        After an erasure the same events can give another number.
        """
        of = self.computed
        return of is not None and of.digest == said.digest and self.judged.get(of.digest, of.result) == of.result


Said = (
    FindingStated | FindingRestated | FindingComputed | FindingReviewed | FindingSignedOff | FindingPublished
    | FindingWithdrawn
)  # fmt: skip
CHANGES_FINDING: tuple[type, ...] = Said.__args__


def _judged(finding: Finding) -> Finding:
    of = finding.computed
    return replace(finding, judged={**finding.judged, of.digest: of.result}) if of else finding


def _with(authors: tuple[UUID, ...], author: UUID | None) -> tuple[UUID, ...]:
    return authors if author is None or author in authors else (*authors, author)


def applied(event: Recorded, finding: Finding | None) -> Finding:
    """Apply an event to the finding that it is about."""
    after: Finding = event.data.apply(finding)
    return after
