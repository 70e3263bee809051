"""What a disclosure withholds, and why. Pure: one decision for each field of each event.

Whatever is withheld, every event is in the bundle with its envelope, its time, its type and its place: that there is
something, and how it relates to the rest, can not be left out unseen.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from cases.domain import Sensitivity
from cases.folding import findable, texts_in
from evidence.domain import EvidenceCorrected, EvidenceSubmitted
from evidence.following import follows
from ledger.codec import to_json
from ledger.envelope import digest
from ledger.recorded import Recorded

ORDER = list(Sensitivity)

ALWAYS = frozenset({("evidence.submitted", "kind"), ("evidence.linked", "relation"), ("evidence.linked", "target")})
"""What is never withheld: of what kind an item is, and what it supports or contradicts."""

WHOLE = "event.redacted"
"""The events of which nothing is withheld: without them nobody could tell what was erased from what is missing."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Fields by their name, whole items by id or by their sensitivity, and whatever names a person.

    `persons` are texts: a field in which one of them stands, in whatever case and spelling of characters, is withheld.
    """

    fields: frozenset[str] = frozenset()
    items: frozenset[UUID] = frozenset()
    persons: tuple[str, ...] = ()
    above: Sensitivity | None = None

    @property
    def summary(self) -> tuple[str, ...]:
        """Say what is withheld, in words that give nothing of it away."""
        said = [f"field {name}" for name in sorted(self.fields)]
        said += [f"{len(self.items)} items"] if self.items else []
        said += [f"{len(self.persons)} persons"] if self.persons else []
        return (*said, f"above TLP:{self.above.upper()}") if self.above else tuple(said)

    def covers(self, sensitivity: Sensitivity) -> bool:
        """Say whether an item of this sensitivity is withheld whole."""
        return self.above is not None and ORDER.index(sensitivity) > ORDER.index(self.above)


@dataclass
class Withholding:
    """A profile at work on one case: which items it withholds whole, and which findings, as they were computed from
    such; what each enricher reads; what it withheld."""

    profile: Profile
    whole_items: Collection[UUID]
    reads: Mapping[str, Collection[str]]
    findings: Collection[UUID] = ()
    masked: dict[UUID | None, set[str]] = field(default_factory=dict)
    of_items: dict[UUID | None, set[str]] = field(default_factory=dict)
    noted: list[dict[str, object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.persons = [findable(each) for each in self.profile.persons]

    def split(self, event: Recorded) -> tuple[list[str], list[str]]:
        """Part an event's disclosures: those that are handed out, and the digests of those that are not."""
        given, kept = [], []
        why: dict[str, str] = {}
        for text in event.disclosures:
            _, name, value = json.loads(text)
            if reason := self._reason(event, name, value):
                kept.append(digest(text))
                why[name] = reason
            else:
                given.append(text)
        if why:
            self.masked.setdefault(event.item, set()).update(why)
            if isinstance(event.data, EvidenceSubmitted):
                self.of_items[event.item] = set(why)
            elif isinstance(event.data, EvidenceCorrected) and "changes" in why:
                self.of_items.setdefault(event.item, set()).update(event.data.changes)
            self.noted.append({"event": event.seq, "type": event.type, "fields": dict(sorted(why.items()))})
        return given, sorted(kept)

    def _reason(self, event: Recorded, name: str, value: Any) -> str:
        if (event.name, name) in ALWAYS or event.name == WHOLE:
            return ""
        if event.item in self.whole_items or event.item in self.findings:
            return "item"
        if name in self.profile.fields or follows(event.data, name, fields=self.profile.fields, reads=self.reads):
            return "field"
        # A digest without a salt proves a guess at what was withheld for any other reason.
        if name == "input_digest" and follows(event.data, name, fields=self._withheld(event.item), reads=self.reads):
            return "field"
        return "person" if self.persons and self._names_one(value) else ""

    def _names_one(self, value: Any) -> bool:
        # Names of keys are texts as well, and stand in the whole.
        said = [findable(each) for each in (*texts_in(value), to_json(value))]
        return any(person in each for person in self.persons for each in said)

    def _withheld(self, item: UUID | None) -> Collection[str]:
        return self.of_items.get(item, ())
