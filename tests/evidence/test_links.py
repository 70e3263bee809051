"""How items relate: links that were made, and what an item's own field says, at each moment."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from cases import commands as cases
from evidence import commands as evidence
from evidence import domain
from evidence.models import Link
from ledger.actors import Actor

pytestmark = pytest.mark.django_db


@pytest.fixture
def by(alice: Any) -> Actor:
    return Actor.person(alice.id)


@pytest.fixture
def case(by: Actor) -> UUID:
    return cases.open_case(title="Tankers", by=by).stream


def submit(case: UUID, by: Actor, *origins: UUID) -> UUID:
    said = domain.EvidenceSubmitted(kind=domain.Kind.STATEMENT, text="Said.", derived_from=origins)
    item = evidence.submit_evidence(case_id=case, said=said, by=by).item
    assert item
    return item


def correct(case: UUID, by: Actor, item: UUID, *origins: UUID) -> int:
    changes = {"derived_from": [str(each) for each in origins]}
    return evidence.correct(case_id=case, item=item, changes=changes, reason="the other one", by=by).seq


def targets(links: Any) -> list[UUID]:
    return [link.target for link in links]


def test_a_corrected_origin_takes_the_place_of_the_old_one(case: UUID, by: Actor) -> None:
    first, second = submit(case, by), submit(case, by)
    item = submit(case, by, first)
    seq = correct(case, by, item, second)
    links = Link.objects.filter(item=item)
    assert targets(links.now()) == [second]
    assert targets(links.at(seq - 1)) == [first]
    assert targets(links.at(seq)) == [second]
    correct(case, by, item, first)
    assert targets(links.now()) == [first]
    correct(case, by, item)
    assert targets(links.now()) == []
    assert targets(links.at(seq)) == [second]


def test_an_origin_that_a_correction_keeps_is_linked_on(case: UUID, by: Actor) -> None:
    first, second = submit(case, by), submit(case, by)
    item = submit(case, by, first)
    correct(case, by, item, second, first)
    assert targets(Link.objects.now().filter(item=item)) == [first, second]


def test_a_link_that_somebody_made_is_not_ended_by_a_correction(case: UUID, by: Actor) -> None:
    first, second = submit(case, by), submit(case, by)
    item = submit(case, by, first)
    linked = domain.EvidenceLinked(relation=domain.Relation.DERIVED_FROM, target=first, note="I saw it")
    evidence.link(case_id=case, item=item, linked=linked, by=by)
    correct(case, by, item, second)
    assert [(link.target, link.note) for link in Link.objects.now().filter(item=item)] == [
        (first, "I saw it"), (second, ""),
    ]  # fmt: skip
