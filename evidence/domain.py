"""Evidence: what can be said about an item, how the item then stands. Pure: no clock, no database.

What is decided (and refused) is in `rules`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from cases.domain import Sensitivity
from evidence.parts import (
    Attribution,
    AttributionRole,
    Collection,
    Credibility,
    Derivative,
    FileReference,
    Flag,
    Grade,
    ItemStatus,
    Kind,
    Place,
    Relation,
    Reliability,
    Source,
    Speaker,
    Subject,
)
from ledger import codec
from ledger.events import event
from ledger.recorded import Recorded


@event(
    "evidence.submitted",
    version=1,
    personal=(
        "title", "place", "source", "collection", "tags", "external_id", "file", "text", "speaker", "attribution",
        "subject", "activity", "observer",
    ),
)  # fmt: skip
@dataclass(frozen=True, kw_only=True)
class EvidenceSubmitted:
    """An item of evidence entered the case. Times are EDTF; empty fields were not given."""

    kind: Kind
    submitter: UUID | None = None
    title: str = ""
    when: str = ""
    place: Place | None = None
    source: Source | None = None
    collection: Collection | None = None
    derived_from: tuple[UUID, ...] = ()
    tags: tuple[str, ...] = ()
    sensitivity: Sensitivity = Sensitivity.AMBER
    graphic: bool = False
    external_id: str = ""
    # image
    file: FileReference | None = None
    # statement
    text: str = ""
    language: str = ""
    speaker: Speaker | None = None
    attribution: tuple[Attribution, ...] = ()
    stated_at: str = ""
    # sighting
    subject: Subject | None = None
    activity: str = ""
    observed: bool = True
    draught_m: float | None = None
    draught_error_m: float | None = None
    basis: tuple[UUID, ...] = ()
    observer: str = ""

    def apply(self, item: Item | None) -> Item:
        return Item(said=self)


@dataclass(frozen=True, kw_only=True)
class Item:
    """An item as its events leave it; `said` are its fields as they now stand.

    `erased` names those of them that were erased and not said anew: they stand as if they had not been given.
    """

    said: EvidenceSubmitted
    status: ItemStatus = ItemStatus.SUBMITTED
    retracted_because: str = ""
    grade: Grade | None = None
    corrected: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()
    erased: tuple[str, ...] = ()


@event("evidence.graded", version=1, personal=("reason",))
@dataclass(frozen=True, kw_only=True)
class EvidenceGraded:
    """Somebody judged the source and the information (Admiralty code)."""

    reliability: Reliability
    credibility: Credibility
    reason: str = ""

    def apply(self, item: Item) -> Item:
        grade = Grade(reliability=self.reliability, credibility=self.credibility, reason=self.reason)
        return replace(item, grade=grade)


@event("evidence.corrected", version=1, personal=("changes", "reason"))
@dataclass(frozen=True, kw_only=True)
class EvidenceCorrected:
    """Some fields have new values from here on; the old ones stay readable in the history."""

    changes: Mapping[str, Any]
    reason: str

    def apply(self, item: Item) -> Item:
        said = codec.from_values(EvidenceSubmitted, {**codec.to_values(item.said), **self.changes})
        return replace(item, said=said, corrected=tuple(sorted({*item.corrected, *self.changes})))


@event("evidence.retracted", version=1, personal=("reason",))
@dataclass(frozen=True, kw_only=True)
class EvidenceRetracted:
    """The item no longer counts, for a reason; it stays visible as retracted."""

    reason: str

    def apply(self, item: Item) -> Item:
        return replace(item, status=ItemStatus.RETRACTED, retracted_because=self.reason)


@event("evidence.linked", version=1, personal=("note",))
@dataclass(frozen=True, kw_only=True)
class EvidenceLinked:
    """The item relates to another one of the case."""

    relation: Relation
    target: UUID
    note: str = ""

    def apply(self, item: Item) -> Item:
        return item


@event("evidence.tagged", version=1, personal=("tag",))
@dataclass(frozen=True, kw_only=True)
class EvidenceTagged:
    """The item carries one more tag."""

    tag: str

    def apply(self, item: Item) -> Item:
        return replace(item, said=replace(item.said, tags=tuple(sorted({*item.said.tags, self.tag}))))


@event("evidence.untagged", version=1, personal=("tag",))
@dataclass(frozen=True, kw_only=True)
class EvidenceUntagged:
    """The item carries a tag no more."""

    tag: str

    def apply(self, item: Item) -> Item:
        tags = tuple(tag for tag in item.said.tags if tag != self.tag)
        return replace(item, said=replace(item.said, tags=tags))


@event("evidence.commented", version=1, personal=("text",))
@dataclass(frozen=True, kw_only=True)
class EvidenceCommented:
    """Somebody on the team wrote a comment about the item."""

    text: str

    def apply(self, item: Item) -> Item:
        return item


@event("evidence.flagged", version=1, personal=("detail",))
@dataclass(frozen=True, kw_only=True)
class EvidenceFlagged:
    """Something about the item is doubtful or contradicts itself; a person should look."""

    flag: str
    detail: str
    found_by: str

    def apply(self, item: Item) -> Item:
        flag = Flag(flag=self.flag, detail=self.detail, found_by=self.found_by)
        return item if flag in item.flags else replace(item, flags=(*item.flags, flag))


@event("evidence.enriched", version=1, personal=("output", "derivatives", "input_digest"))
@dataclass(frozen=True, kw_only=True)
class EvidenceEnriched:
    """What a tool found in the item: testimony by `tool`, never an edit of what the submitter said.

    `input_digest` is the SHA-256 of what it read; `seconds` the time it took.
    """

    enricher: str
    version: int
    tool: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    input_digest: str
    output: Mapping[str, Any]
    derivatives: tuple[Derivative, ...] = ()
    seconds: float

    def apply(self, item: Item) -> Item:
        return item


@event("evidence.enrichment_failed", version=1, personal=("reason", "input_digest"))
@dataclass(frozen=True, kw_only=True)
class EnrichmentFailed:
    """A tool could not read the item: why, in which phase, at which attempt; trying again may help or not."""

    enricher: str
    version: int
    parameters: Mapping[str, Any] = field(default_factory=dict)
    input_digest: str
    reason: str
    phase: str
    attempt: int
    permanent: bool

    def apply(self, item: Item) -> Item:
        return item


@event("evidence.enrichment_retried", version=1)
@dataclass(frozen=True, kw_only=True)
class EnrichmentRetried:
    """Somebody let a tool that could not read the item try again."""

    enricher: str
    version: int

    def apply(self, item: Item) -> Item:
        return item


@dataclass(frozen=True, kw_only=True)
class Handling:
    """Somebody read, or took away, an item: `times` between `first` and `last`."""

    item: UUID
    actor: str
    action: str
    times: int
    first: datetime
    last: datetime


@event("custody.recorded", version=1, personal=("handlings",))
@dataclass(frozen=True, kw_only=True)
class CustodyRecorded:
    """Who viewed and downloaded what since the last such record."""

    handlings: tuple[Handling, ...]

    def apply(self, state: Any) -> Any:
        return state


CHANGES_ITEM = (
    EvidenceSubmitted, EvidenceGraded, EvidenceCorrected, EvidenceRetracted, EvidenceTagged, EvidenceUntagged,
    EvidenceFlagged,
)  # fmt: skip
"""The event types after which an item stands differently."""


def applied(event: Recorded, item: Item | None) -> Item:
    """Apply an event, and note which of the item's fields were erased with its own, or are said anew."""
    data, erased = event.data, event.erased
    if "tag" in erased and item is not None:
        # Which tag it was is not known any more; the item had one, or has it no more.
        gone = ("tags",) if isinstance(data, EvidenceTagged) else ()
        return replace(item, erased=tuple(sorted({*item.erased, *gone})))
    after: Item = data.apply(item)
    if isinstance(data, EvidenceSubmitted):
        return replace(after, erased=tuple(sorted(erased)))
    if not isinstance(data, EvidenceCorrected):
        return after
    lost = {*erased["changes"].parts, *erased["changes"].others} if "changes" in erased else set()
    kept = {name: value for name, value in codec.to_values(after.said).items() if name not in lost}
    return replace(
        after,
        said=codec.from_values(EvidenceSubmitted, kept) if lost else after.said,
        corrected=tuple(sorted({*after.corrected, *lost})),
        erased=tuple(sorted({*after.erased} - data.changes.keys() | lost)),
    )


__all__ = [  # The parts belong to the domain: who needs an item imports them from here.
    "CHANGES_ITEM",
    "Attribution",
    "AttributionRole",
    "Collection",
    "Credibility",
    "CustodyRecorded",
    "Derivative",
    "EnrichmentFailed",
    "EnrichmentRetried",
    "EvidenceCommented",
    "EvidenceCorrected",
    "EvidenceEnriched",
    "EvidenceFlagged",
    "EvidenceGraded",
    "EvidenceLinked",
    "EvidenceRetracted",
    "EvidenceSubmitted",
    "EvidenceTagged",
    "EvidenceUntagged",
    "FileReference",
    "Flag",
    "Grade",
    "Handling",
    "Item",
    "ItemStatus",
    "Kind",
    "Place",
    "Relation",
    "Reliability",
    "Source",
    "Speaker",
    "Subject",
    "applied",
]
