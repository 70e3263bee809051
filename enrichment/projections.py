"""From events to rows: of the playbook of a case, and those that items are compared by: fingerprints of texts, hashes
of pictures, ships' places and times."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from enrichment.fingerprints import marks_of
from enrichment.identifiers import imo_is_valid
from enrichment.models import CasePlaybook, Fix, PictureHash, TextMark, TextPrint
from enrichment.near_duplicates import METHODS, is_hash
from enrichment.playbooks import PlaybookChosen
from evidence import domain
from evidence.models import ItemState
from evidence.projections import state_of
from evidence.when import parse
from ledger import codec
from ledger.read import read
from ledger.recorded import Recorded
from ledger.rows import insert
from ledger.subscriptions import Projection

comparisons = Projection(tables=[TextPrint, TextMark, PictureHash, Fix])
playbooks = Projection(tables=[CasePlaybook])

TEXTS = "text"
"""The enricher whose output holds a text's fingerprint."""

PICTURES = "perceptual_hash"
"""The enricher whose output holds a picture's hashes."""


@playbooks.on(PlaybookChosen)
def keep_playbook(event: Recorded) -> None:
    """Keep the playbook that was chosen last."""
    chosen: PlaybookChosen = event.data
    new = {
        "name": chosen.playbook,
        "enrichers": [codec.to_values(each) for each in chosen.enrichers],
        "seq": event.seq,
        "by": event.actor,
        "at": event.at,
    }
    CasePlaybook.objects.update_or_create(case_id=event.stream, defaults=new)


@playbooks.renews
def keep_playbooks(events: Sequence[Recorded]) -> None:
    """Leave them as they are: a playbook holds nothing that can be erased."""


@comparisons.on_run(domain.EvidenceSubmitted)
def begin(events: Sequence[Recorded]) -> None:
    """Keep where and when ships were sighted."""
    found = [(event, _fix(event.stream, event.item, event.data)) for event in events]
    insert([fix for _, fix in found if fix])


@comparisons.on(domain.EvidenceCorrected, domain.EvidenceRetracted)
def change(event: Recorded) -> None:
    """Keep what holds after a correction or a retraction; a text that changed has no fingerprint until it is read."""
    item = state_of(ItemState.objects.now().get(item=event.item))
    if isinstance(event.data, domain.EvidenceCorrected) and "text" in event.data.changes:
        _forget_text(event.item)
    if item.said.kind is domain.Kind.SIGHTING:
        Fix.objects.filter(item=event.item).delete()
        fix = _fix(event.stream, event.item, item.said) if item.status is domain.ItemStatus.SUBMITTED else None
        insert([fix] if fix else [])


@comparisons.on(domain.EvidenceEnriched)
def keep_fingerprint(event: Recorded) -> None:
    """Keep the newest fingerprint of a text."""
    found: domain.EvidenceEnriched = event.data
    if found.enricher != TEXTS or "output" in event.erased:
        return
    taken: dict[str, Any] = found.output.get("fingerprint") or {}
    _forget_text(event.item)
    if not taken.get("marks"):
        return
    marks = marks_of(taken["marks"])
    text = TextPrint(
        item=event.item,
        case_id=event.stream,
        method=taken["method"],
        whole=taken["whole"],
        kept=len(marks),
        last=marks[-1] if taken["of"] > len(marks) else None,
    )
    insert([text], [TextMark(mark=mark, case_id=event.stream, item=event.item) for mark in marks])


@comparisons.on(domain.EvidenceEnriched)
def keep_hashes(event: Recorded) -> None:
    """Keep the newest hashes of a picture, unless they would be like those of any other featureless one."""
    found: domain.EvidenceEnriched = event.data
    if found.enricher != PICTURES or "output" in event.erased:
        return
    PictureHash.objects.filter(item=event.item).delete()
    if found.output.get("featureless", True):
        return
    taken = {each["method"]: each["hash"] for each in found.output["hashes"]}
    of_item = {"item": event.item, "case_id": event.stream, "event": event.id}
    insert([PictureHash(**of_item, method=each, hash=taken[each]) for each in METHODS if is_hash(taken.get(each))])


@comparisons.renews
def renew(events: Sequence[Recorded]) -> None:
    """Fold items anew from their own events, after something of them was erased."""
    for item, stream in {(event.item, event.stream) for event in events if event.item}:
        _forget_text(item)
        PictureHash.objects.filter(item=item).delete()
        Fix.objects.filter(item=item).delete()
        comparisons.see(list(read(stream, item=item)))


def _forget_text(item: UUID | None) -> None:
    TextPrint.objects.filter(item=item).delete()
    TextMark.objects.filter(item=item).delete()


def _fix(case_id: UUID, item: UUID | None, said: domain.EvidenceSubmitted) -> Fix | None:
    if said.kind is not domain.Kind.SIGHTING or not said.observed or not said.subject or not said.when:
        return None
    when, place = parse(said.when), said.place
    # A number stands for a ship only where it can be one.
    imo = re.sub(r"^imo[\s:.#]*", "", said.subject.imo.strip(), flags=re.IGNORECASE)
    imo, mmsi = imo if imo_is_valid(imo) else "", re.sub(r"[\s-]", "", said.subject.mmsi)
    mmsi = mmsi if re.fullmatch(r"[2-7][0-9]{8}", mmsi) else ""
    if not (imo or mmsi) or not when.earliest or not when.latest:
        return None
    if not place or place.lat is None or place.lon is None:
        return None
    return Fix(
        item=item,
        case_id=case_id,
        imo=imo,
        mmsi=mmsi,
        earliest=when.earliest,
        latest=when.latest,
        lat=place.lat,
        lon=place.lon,
        radius_m=place.radius_m,
    )
