"""After an erasure each projection renews its rows by itself, and they are those that a rebuild would write."""

from __future__ import annotations

import json
from uuid import UUID

import pytest

from cases import commands as cases
from cases.domain import Role
from evidence import commands as evidence
from evidence import domain
from evidence.erasure.domain import NewErasure
from ledger.actors import Actor
from ledger.events import erasable
from ledger.read import read
from ledger.rebuild import differing
from ledger.subscriptions import projections
from ledger.verify import verify
from tests.enrichment.jobs import work
from tests.evidence.erasures import WHY, erase, of_event, places_of

pytestmark = pytest.mark.django_db
WITNESS = "Quuxilda"


def test_every_projection_knows_how_to_renew_its_rows() -> None:
    lacking = [[table.__name__ for table in each.tables] for each in projections() if each.renew is None]
    assert lacking == [], "these tables would keep what was erased"


@pytest.fixture
def case(owner: Actor, reviewer: Actor) -> UUID:
    """A case in which a name stands in whatever can hold one, next to others that it does not stand in."""
    case = cases.open_case(title=f"What {WITNESS} saw", description=f"{WITNESS}, and others", by=owner).stream
    cases.add_member(case_id=case, user=reviewer.user, role=Role.REVIEWER, by=owner)  # type: ignore[arg-type]
    cases.tag_case(case_id=case, tag=WITNESS, by=owner)
    cases.tag_case(case_id=case, tag="oil", by=owner)
    cases.hold_case(case_id=case, reason=f"{WITNESS} is away", by=owner)
    cases.resume_case(case_id=case, reason="Back", by=owner)
    cases.comment_on_case(case_id=case, text=f"Call {WITNESS}", by=owner)
    for text in (f"{WITNESS} saw a tanker at 42.74, 133.08", "Nobody saw anything at 42.74, 133.08"):
        said = domain.EvidenceSubmitted(kind=domain.Kind.STATEMENT, text=text, tags=("claim", "seen"), when="9999")
        item = evidence.submit_evidence(case_id=case, said=said, by=owner).item
        assert item is not None
        work(case)
        changes = {"speaker": {"name": WITNESS}, "when": "2024-05", "tags": ["claim", WITNESS]}
        evidence.correct(case_id=case, item=item, changes=changes, reason=f"{WITNESS} called", by=owner)
        evidence.tag(case_id=case, item=item, tag=f"of {WITNESS}", by=owner)
        evidence.untag(case_id=case, item=item, tag="claim", by=owner)
        evidence.look(case_id=case, items=[item], action="viewed", by=reviewer)
        evidence.record_custody(case_id=case)
        cases.record_export(case_id=case, format="waterline-bundle/1", by=owner)
    evidence.retract(case_id=case, item=item, reason=f"{WITNESS} took it back", by=owner)
    return case


def test_rows_are_those_of_a_rebuild_whatever_was_erased(case: UUID, owner: Actor, reviewer: Actor) -> None:
    erase(case, NewErasure(texts=(WITNESS,), **WHY), asks=owner, agrees=reviewer)
    assert places_of(WITNESS) == []
    assert differing() == []
    assert verify(stream=case).faults == []


def still_there(case: UUID) -> tuple[UUID, str] | None:
    """Find the first field that can go; those of the erasures themselves stay."""
    for event in read(case):
        names = {json.loads(each)[1] for each in event.disclosures} & erasable(event.type).keys()
        if names and event.name != "redaction.requested":
            return event.id, min(names)
    return None


def test_rows_are_those_of_a_rebuild_after_each_of_many_small_erasures(
    case: UUID, owner: Actor, reviewer: Actor
) -> None:
    """Everything that can go, one field at a time, with what follows from it; and what was said again in between."""
    while found := still_there(case):
        erase(case, of_event(*found), asks=owner, agrees=reviewer)
        assert differing() == [], found
    assert verify(stream=case).faults == []
    assert places_of(WITNESS) == []
