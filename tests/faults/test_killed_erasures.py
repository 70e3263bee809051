"""Killed at any step of an erasure: it was done whole or not at all, and what is left to remove is removed later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from cases import commands as cases
from cases.domain import Role
from evidence import commands as evidence
from evidence import domain
from evidence.erasure import commands
from evidence.erasure.domain import NewErasure, OfItem
from evidence.erasure.models import ErasureRequest
from ledger import store
from ledger.actors import Actor
from ledger.leftovers import remove_files
from ledger.rebuild import differing
from ledger.verify import verify
from tests.evidence.erasures import WHY, places_of
from tests.faults.fail_points import killed_before_step

STRIDE = 4
MOST = 400


def submit(case: UUID, by: Actor, name: str) -> tuple[UUID, str]:
    with store.incoming() as incoming:
        incoming.write(f"a picture of {name}".encode())
        kept = incoming.keep()
    file = domain.FileReference(sha256=kept.sha256, size=kept.size, name=f"{name}.png")
    said = domain.EvidenceSubmitted(kind=domain.Kind.IMAGE, title=f"What {name} saw", tags=(name,), file=file)
    item = evidence.submit_evidence(case_id=case, said=said, by=by).item
    assert item is not None
    return item, kept.sha256


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_killed_at_any_step_an_erasure_is_done_whole_or_not_at_all(alice: Any, bob: Any) -> None:
    owner, reviewer = Actor.person(alice.pk), Actor.person(bob.pk)
    case = cases.open_case(title="Tankers", by=owner).stream
    cases.add_member(case_id=case, user=bob.pk, role=Role.REVIEWER, by=owner)
    step = done = killed = 0
    finished = False
    while not finished:
        name = f"quuxilda{done}"
        item, sha256 = submit(case, owner, name)
        wanted = NewErasure(items=(OfItem(item=item, fields=("title", "tags", "file")),), **WHY)
        asked = commands.request_erasure(case_id=case, wanted=wanted, by=owner).id
        seen = commands.preview_request(case_id=case, redaction=asked, by=reviewer).plan.fingerprint

        def work(acknowledge: Callable[[str], None], asked: UUID = asked, seen: str = seen) -> None:
            commands.confirm_erasure(case_id=case, redaction=asked, fingerprint=seen, by=reviewer)
            acknowledge("erased")

        while True:
            step += STRIDE
            assert step < MOST, "more steps than this can take"
            outcome = killed_before_step(step, work)
            finished, killed = outcome.finished, killed + (not outcome.finished)
            is_done = ErasureRequest.objects.get(pk=asked).status == "done"
            assert is_done or not outcome.acknowledged
            assert (places_of(name) == []) is is_done
            remove_files()
            assert store.exists(sha256) is not is_done
            assert verify(stream=case).faults == []
            if is_done:
                done += 1
                break
    assert differing() == []
    assert killed > 10, "too few steps were killed: the test would prove little"
