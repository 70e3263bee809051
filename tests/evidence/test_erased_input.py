"""Jobs on an item of which something was erased: what is gone is not read, and no job tells of it; the rest is read."""

from __future__ import annotations

from uuid import UUID

import pytest

from enrichment.models import Job
from evidence import commands as evidence
from evidence import domain
from ledger.actors import Actor
from tests.enrichment.jobs import submit_text
from tests.evidence.erasures import erase, of_item, places_of

pytestmark = pytest.mark.django_db


def test_nothing_is_read_again_out_of_what_is_not_there(case: UUID, owner: Actor, reviewer: Actor) -> None:
    item = submit_text(case, owner)
    erase(case, of_item(item, "text"), asks=owner, agrees=reviewer)
    assert not Job.objects.open().exists()
    evidence.correct(case_id=case, item=item, changes={"title": "Another"}, reason="clearer", by=owner)
    assert not Job.objects.open().exists()


def test_work_that_waits_forgets_what_it_was_to_read_and_reads_what_is_left(
    case: UUID, owner: Actor, reviewer: Actor
) -> None:
    said = domain.EvidenceSubmitted(
        kind=domain.Kind.SIGHTING,
        subject=domain.Subject(name="A tanker"),
        when="2026-03-01",
        place=domain.Place(name="Quuxilda's pier", lat=42.74, lon=133.08),
    )
    item = evidence.submit_evidence(case_id=case, said=said, by=owner).item
    assert item is not None
    [before] = Job.objects.filter(item=item, enricher="position").values_list("input_digest", flat=True)
    erase(case, of_item(item, "place"), asks=owner, agrees=reviewer)
    for text in ("Quuxilda", before):
        assert places_of(text) == [], text
    assert Job.objects.open().filter(item=item, enricher="position").count() == 1
