"""From what is asked for to the exact list of what goes: that, and what follows from it. Pure."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any
from uuid import UUID

from evidence.domain import (
    CHANGES_ITEM,
    EvidenceCorrected,
    EvidenceSubmitted,
    EvidenceTagged,
    EvidenceUntagged,
    Item,
    applied,
)
from evidence.following import Reads, follows
from ledger import codec
from ledger.envelope import digest, reveal
from ledger.events import decode, erasable
from ledger.files import named_by
from ledger.recorded import Erasure, Recorded
from ledger.redaction import ErasedField, ErasedFile, Target

FIELD_OF_FILES = {"evidence.submitted": "file", "evidence.enriched": "derivatives"}
"""The field by which events of a type name files."""

Fields = Mapping[UUID, frozenset[str]]
NOBODY = UUID(int=0)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked for, by id: fields of events (with the parts that are meant; none: all), fields of items, files."""

    events: Mapping[UUID, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    items: Fields = field(default_factory=dict)
    files: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Line:
    """One field of one event that goes; `follows` where nobody asked for it. `value` is what it holds."""

    event: Recorded
    field: ErasedField
    follows: bool
    value: Any


@dataclass(frozen=True)
class Plan:
    """All that goes, the files whose bytes go, and the fields of items that are said anew because they went along."""

    lines: Sequence[Line] = ()
    files: Sequence[ErasedFile] = ()
    restated: Mapping[UUID, tuple[str, ...]] = field(default_factory=dict)

    @property
    def targets(self) -> tuple[Target, ...]:
        fields: dict[tuple[int, UUID], list[ErasedField]] = defaultdict(list)
        for line in self.lines:
            fields[line.event.seq, line.event.id].append(line.field)
        return tuple(Target(event=id_, seq=seq, fields=tuple(each)) for (seq, id_), each in sorted(fields.items()))

    @property
    def fingerprint(self) -> str:
        """Write the list as one digest, by which somebody says that this, and nothing else, is what they have seen."""
        said = {
            "targets": [codec.to_plain(each) for each in self.targets],
            "files": [codec.to_plain(each) for each in self.files],
            "restated": {str(item): names for item, names in sorted(self.restated.items())},
        }
        return sha256(codec.to_json(said).encode()).hexdigest()

    @property
    def items(self) -> set[UUID]:
        return {line.event.item for line in self.lines if line.event.item}


def plan(asked: Asked, events: Sequence[Recorded], *, reads: Reads) -> Plan:
    """List what goes.

    :param events: those that are asked about, and all of the items that they and the files are about.
    :param reads: which fields of an item each tool reads.
    """
    scope = _Scope(asked, events, reads)
    lines = [line for event in events for line in scope.lines(event)]
    return Plan(lines=lines, files=_files(asked, events, lines), restated=_restated(events, lines, scope))


class _Scope:
    """Which fields of which items go, and which are merely touched: what a tool made of them goes with both."""

    def __init__(self, asked: Asked, events: Sequence[Recorded], reads: Reads) -> None:
        self.asked, self.reads = asked, reads
        self.gone: dict[UUID, set[str]] = defaultdict(set, {item: set(names) for item, names in asked.items.items()})
        self.touched: dict[UUID, set[str]] = defaultdict(set)
        for event in events:
            if event.item is not None:
                self._note(event, event.item)
        for item, names in self.gone.items():
            self.touched[item] |= names

    def _note(self, event: Recorded, item: UUID) -> None:
        named = self.asked.events.get(event.id, {})
        if isinstance(event.data, EvidenceSubmitted):
            self.gone[item] |= named.keys()
            if event.data.file and event.data.file.sha256 in self.asked.files:
                self.touched[item].add("file")
        elif "changes" in named:
            self.touched[item] |= set(named["changes"] or event.data.changes)

    def lines(self, event: Recorded) -> Iterator[Line]:
        may_go, named = erasable(event.type), self.asked.events.get(event.id, {})
        for text in event.disclosures:
            _, name, value = json.loads(text)
            if name not in may_go:
                continue
            asked = name in named or (isinstance(event.data, EvidenceSubmitted) and name in self._of(event, self.gone))
            if asked or self._follows(event, name):
                parts, others = self._parts(event, name)
                erased = ErasedField(name=name, digest=digest(text), parts=parts, others=others)
                yield Line(event, erased, not asked, {each: value[each] for each in parts} if parts else value)

    def _follows(self, event: Recorded, name: str) -> bool:
        # Another value of a field is no consequence of one that goes, unless the whole field goes.
        says_it_itself = isinstance(event.data, EvidenceCorrected | EvidenceTagged | EvidenceUntagged)
        fields = self._of(event, self.gone if says_it_itself else self.touched)
        return follows(event.data, name, fields=fields, reads=self.reads)

    def _parts(self, event: Recorded, name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        if not isinstance(event.data, EvidenceCorrected) or name != "changes":
            return (), ()
        every = set(event.data.changes)
        named = self.asked.events.get(event.id, {})
        meant = set(named["changes"] or every) if "changes" in named else set()
        meant |= every & self._of(event, self.gone)
        return tuple(sorted(meant)), tuple(sorted(every - meant))

    def _of(self, event: Recorded, fields: Mapping[UUID, set[str]]) -> set[str]:
        return fields.get(event.item, set()) if event.item else set()


def _files(asked: Asked, events: Sequence[Recorded], lines: Sequence[Line]) -> list[ErasedFile]:
    """Find the files whose names go, whose bytes would lie there for nobody; and those that are asked for."""
    going = {(line.event.id, line.field.name) for line in lines}
    found: dict[str, list[UUID]] = defaultdict(list)
    for event in events:
        for named, _ in named_by(event):
            if named in asked.files or (event.id, FIELD_OF_FILES[event.name]) in going:
                found[named].append(event.id)
    return [ErasedFile(sha256=each, events=tuple(dict.fromkeys(ids))) for each, ids in sorted(found.items())]


def _restated(events: Sequence[Recorded], lines: Sequence[Line], scope: _Scope) -> dict[UUID, tuple[str, ...]]:
    """Find the fields that go along with a correction although nobody meant them, and that nothing later says."""
    fields: dict[UUID, list[ErasedField]] = defaultdict(list)
    along: dict[UUID, set[str]] = defaultdict(set)
    for line in lines:
        fields[line.event.id].append(line.field)
        if line.event.item and line.field.others:
            along[line.event.item] |= set(line.field.others)
    found = {}
    for item, names in along.items():
        after = _folded([without(each, fields.get(each.id, ())) for each in events if each.item == item])
        if lost := names & set(after.erased) - scope.touched[item]:
            found[item] = tuple(sorted(lost))
    return found


def _folded(events: Sequence[Recorded]) -> Item:
    item: Item | None = None
    for event in events:
        if isinstance(event.data, CHANGES_ITEM):
            item = applied(event, item)
    assert item is not None  # noqa: S101 -- a correction is of an item that was submitted
    return item


def without(event: Recorded, fields: Sequence[ErasedField]) -> Recorded:
    """Show an event as it will be once these fields of it are erased."""
    if not fields:
        return event
    gone = {each.digest for each in fields}
    rest = [each for each in event.disclosures if digest(each) not in gone]
    erased = {each.name: Erasure(by=NOBODY, parts=each.parts, others=each.others) for each in fields}
    erased = {**event.erased, **erased}
    return replace(event, data=decode(event.type, reveal(rest), erased=erased), disclosures=rest, erased=erased)
