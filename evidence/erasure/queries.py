"""Reads for an erasure: what is asked for, what goes with it, what else speaks of it; and what was erased."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import TextField
from django.db.models.functions import Cast

from cases.folding import findable, folded, texts_in
from evidence.domain import EvidenceCorrected, EvidenceSubmitted
from evidence.erasure.domain import RedactionRequested, WhatGoes
from evidence.erasure.models import ErasedPart, ErasureRequest
from evidence.erasure.plan import Asked, Plan, plan
from evidence.erasure.rules import SHORT
from evidence.following import all_reads
from evidence.models import Enrichment, ItemState
from evidence.queries import require_items, visible_everywhere
from ledger.actors import Actor
from ledger.errors import Invalid, NotFound
from ledger.events import erasable, shape_of
from ledger.models import Payload
from ledger.payloads import unpack
from ledger.read import read, recorded_by_ids
from ledger.recorded import Recorded

ITEM_FIELDS = shape_of(EvidenceSubmitted).personal
"""The fields of an item that can be erased."""

MENTION = 4
"""The shortest text, in characters, that is looked for elsewhere in the case."""
OF_TOOLS = frozenset({"evidence.enriched", "evidence.enrichment_failed"})
"""What tools say is full of words of their own, which stand everywhere."""
MOST_TEXTS = 50
MOST_MENTIONS = 200
ROWS = 500


@dataclass(frozen=True)
class Preview:
    """What an erasure would do: the plan, what else in the case speaks of the same, and files that others name, too."""

    plan: Plan
    mentions: Sequence[tuple[Recorded, str]] = ()
    named_too: Mapping[str, Sequence[UUID]] = field(default_factory=dict)


def asked_of(case_id: UUID, wanted: WhatGoes, *, by: Actor) -> Asked:
    """Find what is asked for.

    :raises NotFound: an event or an item that it names is not in the case, or not for this caller.
    :raises Invalid: a field is none that can be erased; `errors` names it.
    """
    require_items(case_id, {each.item for each in wanted.items}, by=by)
    if strange := sorted({name for each in wanted.items for name in each.fields} - ITEM_FIELDS):
        said = f"Not a field of an item that can be erased: {', '.join(strange)}. There are: "
        raise Invalid("A field can not be erased.", errors={"items": [said + ", ".join(sorted(ITEM_FIELDS)) + "."]})
    events = _fields_of_events(case_id, wanted)
    for event, name, parts in _holding(case_id, _texts(wanted.texts)):
        known = events[event.id].get(name)
        # All of its parts were asked for already.
        events[event.id][name] = () if known == () else tuple(sorted({*(known or ()), *parts}))
    if strange := sorted(set(wanted.files) - {each for each in wanted.files if _naming(case_id, each)}):
        raise Invalid("A file is not there.", errors={"files": [f"No item of the case has it: {', '.join(strange)}."]})
    items: dict[UUID, frozenset[str]] = defaultdict(frozenset)
    for each in wanted.items:
        items[each.item] |= frozenset(each.fields)
    return Asked(events=events, items=items, files=frozenset(wanted.files))


def asked_before(request: RedactionRequested) -> Asked:
    """Find what a request asks for, now that time went by."""
    return Asked(
        events={each.event: {one.name: one.parts for one in each.fields} for each in request.targets},
        items={each.item: frozenset(each.fields) for each in request.items},
        files=frozenset(each.sha256 for each in request.files),
    )


def plan_of(case_id: UUID, asked: Asked) -> Plan:
    """List all that goes with what is asked for, as the case now stands."""
    named = recorded_by_ids(list(asked.events))
    if len(named) != len(asked.events) or any(event.stream != case_id for event in named):
        raise NotFound("An event that this names is not in the case.")
    items = {event.item for event in named if event.item} | set(asked.items)
    items |= {item for each in asked.files for item in _naming(case_id, each)}
    events = {event.id: event for event in named}
    for item in items:
        events |= {event.id: event for event in read(case_id, item=item)}
    return plan(asked, sorted(events.values(), key=lambda event: event.seq), reads=all_reads())


def preview(case_id: UUID, planned: Plan, *, by: Actor) -> Preview:
    """Look around a plan: what else says the same, and who else has the same files, as far as the caller may know."""
    going = {(line.event.id, line.field.name) for line in planned.lines}
    said = [line.value for line in planned.lines if line.event.name not in OF_TOOLS]
    texts = {text for value in said for text in texts_in(value) if MENTION <= len(text.strip()) <= SHORT}
    found = _holding(case_id, sorted(texts)[:MOST_TEXTS])
    mentions = [(event, name) for event, name, _ in found if (event.id, name) not in going]
    named_too = {}
    for file in planned.files:
        own = {event.item for event in recorded_by_ids(file.events)}
        others = visible_everywhere(by).filter(sha256=file.sha256).exclude(item__in=own)
        if items := list(others.values_list("item", flat=True)):
            named_too[file.sha256] = items
    return Preview(planned, mentions[:MOST_MENTIONS], named_too)


def request_of(case_id: UUID, redaction: UUID) -> tuple[ErasureRequest, RedactionRequested]:
    """Find a request of a case.

    :raises NotFound: there is none.
    """
    row = ErasureRequest.objects.filter(pk=redaction, case_id=case_id).first()
    event = recorded_by_ids([redaction])[:1]
    if row is None or not event:
        raise NotFound
    return row, event[0].data


def still_named(sha256: str) -> bool:
    """Say whether an item, or what a tool made of one, in whatever case, still stands for a file."""
    erased = ErasedPart.objects.filter(file=sha256)
    items = erased.filter(field="file", item__isnull=False).values("item")
    if ItemState.objects.filter(sha256=sha256).exclude(item__in=items).exists():
        return True
    return _made(sha256).exclude(id__in=erased.values("event")).exists()


def _made(sha256: str) -> Any:
    return Enrichment.objects.annotate(made=Cast("derivatives", TextField())).filter(made__contains=sha256)


def _naming(case_id: UUID, sha256: str) -> set[UUID]:
    """Find the items of a case that a file belongs to, and whose bytes were not erased yet."""
    items = ItemState.objects.filter(case=case_id, sha256=sha256).values_list("item", flat=True)
    made = _made(sha256).filter(case=case_id).values_list("item", flat=True)
    return {*items, *made} - set(ErasedPart.objects.filter(file=sha256).values_list("item", flat=True))


def _fields_of_events(case_id: UUID, wanted: WhatGoes) -> dict[UUID, dict[str, tuple[str, ...]]]:
    """Read the fields of single events that are asked for; dotted ones are parts."""
    events = {event.id: event for event in recorded_by_ids([each.event for each in wanted.events])}
    found: dict[UUID, dict[str, tuple[str, ...]]] = defaultdict(dict)
    for each in wanted.events:
        event = events.get(each.event)
        if event is None or event.stream != case_id:
            raise NotFound("An event that this names is not in the case.")
        for name in sorted(each.fields):
            whole, _, part = name.partition(".")
            _require_erasable(event, whole, part)
            if found[event.id].get(whole) != ():
                found[event.id][whole] = (*found[event.id].get(whole, ()), part) if part else ()
    return found


def _require_erasable(event: Recorded, name: str, part: str) -> None:
    may_go = erasable(event.type)
    if name not in may_go or (part and not isinstance(event.data, EvidenceCorrected)):
        there = ", ".join(sorted(may_go)) or "none"
        said = f"{name!r} of event {event.seq} ({event.type}) can not be erased. Its fields that can: {there}."
        raise Invalid("A field can not be erased.", errors={"events": [said]})
    if name in event.erased:
        raise Invalid("A field is erased.", errors={"events": [f"{name!r} of event {event.seq} is erased already."]})
    names = {json.loads(each)[1] for each in event.disclosures}
    if name not in names or (part and part not in event.data.changes):
        raise Invalid("A field is not there.", errors={"events": [f"Event {event.seq} says nothing under {name!r}."]})


def _texts(texts: Sequence[str]) -> list[str]:
    if any(not SHORT >= len(each.strip()) >= MENTION for each in texts) or len(texts) > MOST_TEXTS:
        said = f"At most {MOST_TEXTS} texts of {MENTION} to {SHORT} characters."
        raise Invalid("A text can not be looked for.", errors={"texts": [said]})
    return [each.strip() for each in texts]


def _holding(case_id: UUID, texts: Sequence[str]) -> Iterator[tuple[Recorded, str, tuple[str, ...]]]:
    """Find the fields, of all events of a case, that can be erased and in which one of some texts stands.

    :returns: the event, the field, and the parts of it that hold a text.
    """
    if not texts:
        return
    wanted = [findable(each) for each in texts]
    for event in sorted(recorded_by_ids(_candidates(case_id, wanted)), key=lambda event: event.seq):
        may_go = erasable(event.type)
        for text in event.disclosures:
            _, name, value = json.loads(text)
            if name in may_go and _holds(value, wanted):
                parts = ()
                if isinstance(event.data, EvidenceCorrected) and name == "changes":
                    parts = tuple(sorted(key for key, each in value.items() if _holds(each, wanted)))
                yield event, name, parts


def _holds(value: Any, wanted: Sequence[str]) -> bool:
    texts = [findable(each) for each in texts_in(value)]
    return any(each in text for each in wanted for text in texts)


def _candidates(case_id: UUID, wanted: Sequence[str]) -> list[UUID]:
    """Look through the payloads of a case as they lie there, before any is read in earnest: for letters and digits,
    which JSON writes as they are.
    """
    runs = [_RUN.findall(each) for each in wanted]
    rows = Payload.objects.filter(event__stream=case_id).values_list("event_id", "body", "file")
    return [
        event
        for event, body, file in rows.iterator(chunk_size=ROWS)
        if _any_in(runs, "\n".join(unpack(body, file)) if file else body)
    ]


def _any_in(runs: Iterable[Sequence[str]], body: str) -> bool:
    text = folded(body)
    return any(all(run in text for run in each) for each in runs)


_RUN = re.compile(r"\w+")
