"""What a bundle says of what was erased: which digests stand for nothing any more, which files are gone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from evidence.erasure.models import ErasedPart
from ledger.envelope import digest
from ledger.models import Event, Redaction
from ledger.recorded import Recorded
from ledger.redaction import GROUND_WORDS, TYPE, Ground


@dataclass(frozen=True)
class Erased:
    """Digests of an event's fields that are gone: for those that are `named` the bundle holds the erasure's event.

    What was erased after the export is not in the bundle either, and counts as withheld.
    """

    named: list[str]
    later: list[str]


def erased_fields(event: Recorded, *, until: int) -> Erased:
    """Find the digests of an event that have no disclosure any more.

    :param until: the event of the export, by its seq.
    """
    if not event.erased:
        return Erased([], [])
    gone = set(json.loads(event.envelope)["fields"]) - {digest(each) for each in event.disclosures}
    by = dict(Redaction.objects.filter(event=event.id).values_list("digest", "redacted_by"))
    seqs = dict(Event.objects.filter(pk__in=by.values()).values_list("pk", "seq"))
    named = {each for each in gone if each in by and seqs[by[each]] < until}
    return Erased(sorted(named), sorted(gone - named))


def erased_files(case_id: UUID) -> set[tuple[UUID, UUID | None, str]]:
    """List the files of a case whose bytes were erased, each with the event that named it, and its item."""
    parts = ErasedPart.objects.filter(case_id=case_id).exclude(file="")
    return set(parts.values_list("event", "item", "file"))


def erasures(case_id: UUID, *, until: int) -> list[dict[str, Any]]:
    """Tell people which erasures there were up to an event: which, when, why, how much."""
    found = []
    parts = ErasedPart.objects.filter(case_id=case_id, seq__lt=until)
    for event in Event.objects.filter(stream=case_id, type=TYPE, seq__lt=until).order_by("seq"):
        own = parts.filter(redacted_by=event.id)
        first = own.first()
        words = GROUND_WORDS[Ground(first.ground)] if first else ""
        fields, files = own.filter(file="").count(), own.exclude(file="").values("file").distinct().count()
        found.append({"seq": event.seq, "at": event.at, "ground": words, "fields": fields, "files": files})
    return found
