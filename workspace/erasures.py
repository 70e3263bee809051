"""Erasures in words: what could go, what would go and why, and what was asked for and done."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from evidence.erasure.commands import preview_request
from evidence.erasure.models import ErasureRequest
from evidence.erasure.queries import ITEM_FIELDS, Preview
from evidence.models import ItemState
from evidence.projections import state_of
from ledger import codec
from ledger.actors import Actor
from ledger.errors import DomainError
from ledger.events import erasable
from ledger.models import Event
from ledger.read import read, recorded_rows
from ledger.recorded import Recorded
from ledger.redaction import GROUND_WORDS, Ground
from workspace.facts import flat, label_of
from workspace.history import WORDS

MOST = 200
"""The newest things that were said about an item, or of the case itself, that are offered."""
SHOWN = 120
BY_THEMSELVES = frozenset({"input_digest", "derivatives"})
"""Fields that nobody would choose: they go with what they belong to."""


@dataclass(frozen=True)
class Line:
    """One field of one event that goes, with what it holds and why it is on the list."""

    seq: int
    did: str
    what: str
    holds: str
    why: str
    item: UUID | None
    title: str


@dataclass(frozen=True)
class Shown:
    """A preview as a page shows it."""

    fingerprint: str
    lines: Sequence[Line]
    files: Sequence[tuple[str, Sequence[UUID]]]
    restated: Sequence[tuple[UUID, str, str]]
    mentions: Sequence[Line]


@dataclass(frozen=True)
class Asked:
    """An erasure that was asked for; `now` is what it would take away, as long as it is open."""

    row: ErasureRequest
    ground: str
    fields: int
    own: bool = False
    now: Shown | None = None
    nothing_left: str = ""
    names: dict[str, str] = field(default_factory=dict)


def fields_of(row: ItemState) -> list[tuple[str, str]]:
    """List the fields of an item that hold something that can go."""
    said = codec.to_values(state_of(row).said)
    return [(name, f"{label_of(name)[0]}: {_brief(said[name])}") for name in sorted(ITEM_FIELDS & said.keys())]


def said_of(case_id: UUID, item: UUID | None) -> list[tuple[str, str]]:
    """List what was said later about an item, or of a case itself, that can go; newest first."""
    events: Iterable[Recorded]
    if item is not None:
        events = [event for event in read(case_id, item=item) if event.name != "evidence.submitted"]
    else:
        rows = Event.objects.filter(stream=case_id, item__isnull=True).select_related("payload").order_by("-seq")
        events = list(recorded_rows(list(rows[:MOST])))[::-1]
    return list(_choices(list(events)[::-1]))[:MOST]


def _choices(events: Iterable[Recorded]) -> Iterator[tuple[str, str]]:
    for event in events:
        may_go = erasable(event.type).keys() - BY_THEMSELVES
        for text in event.disclosures:
            _, name, value = json.loads(text)
            if name in may_go and value not in ("", [], {}, None):
                did = WORDS.get(event.name, event.name)
                yield f"{event.id}:{name}", f"event {event.seq}, {did}, {label_of(name)[0]}: {_brief(value)}"


def shown(preview: Preview, *, before: Collection[tuple[UUID, str]] | None = None) -> Shown:
    """Show a preview; given what was asked for `before`, say what came since."""
    lines = preview.plan.lines
    items = {event.item for event in (*(line.event for line in lines), *(event for event, _ in preview.mentions))}
    items |= preview.plan.restated.keys()
    titles = {row.item: str(row) for row in ItemState.objects.now().filter(item__in=items - {None})}
    found = []
    for line in lines:
        why = "follows from what goes" if line.follows else "asked for"
        if before is not None:
            why = "asked for" if (line.event.id, line.field.name) in before else "came since"
        what = label_of(line.field.name)[0]
        if line.field.parts:
            what += f" ({', '.join(label_of(each)[0] for each in line.field.parts)})"
        found.append(_line(line.event, what, _brief(line.value), why, titles))
    return Shown(
        fingerprint=preview.plan.fingerprint,
        lines=found,
        files=[(file.sha256, preview.named_too.get(file.sha256, ())) for file in preview.plan.files],
        restated=[
            (item, titles.get(item, ""), ", ".join(label_of(each)[0] for each in names))
            for item, names in preview.plan.restated.items()
        ],
        mentions=[_line(event, label_of(name)[0], "", "", titles) for event, name in preview.mentions],
    )


def _line(event: Recorded, what: str, holds: str, why: str, titles: dict[UUID, str]) -> Line:
    did = WORDS.get(event.name, event.name)
    title = titles.get(event.item, "") if event.item else ""
    return Line(event.seq, did, what, holds, why, event.item, title)


def asked(row: ErasureRequest, *, by: Actor) -> Asked:
    """Show one erasure, and what it would take away by now."""
    fields = sum(len(target["fields"]) for target in row.targets)
    about = {"row": row, "ground": GROUND_WORDS[Ground(row.ground)], "fields": fields, "own": row.person == by.user}
    if row.status != ErasureRequest.OPEN:
        return Asked(**about)
    try:
        preview = preview_request(case_id=row.case_id, redaction=row.pk, by=by)
    except DomainError as refusal:
        return Asked(**about, nothing_left=refusal.detail)
    before = {(UUID(target["event"]), each["name"]) for target in row.targets for each in target["fields"]}
    now = shown(preview, before=before)
    gone = "" if now.lines or now.files else "All of it was erased meanwhile: decline it."
    return Asked(**about, now=now, nothing_left=gone)


def _brief(value: Any) -> str:
    text = "; ".join(f"{path} {said}".strip() for path, said in flat(value) if said not in {"–", "no"})
    text = " ".join(text.split())
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
