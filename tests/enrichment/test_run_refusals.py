"""Who may start, pause and stop runs, of which cases, and how many."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from cases import commands as cases
from cases.domain import Role
from cases.rules import CaseNotOpen
from enrichment.models import Run
from enrichment.runs.commands import MOST_OPEN, TooManyRuns, pause_run, resume_run, stop_run
from ledger.actors import Actor
from ledger.errors import Forbidden, Invalid, NotFound
from tests.enrichment.runs import start

pytestmark = pytest.mark.django_db


def test_those_who_edit_evidence_start_runs_in_cases_that_are_worked_on(
    case: UUID, owner: Actor, bob: Any, charlie: Any
) -> None:
    stranger = Actor.person(charlie.pk)
    run = start(case, owner)
    for attempt in (lambda: start(case, stranger), lambda: pause_run(case_id=case, run=run, by=stranger)):
        with pytest.raises(NotFound):
            attempt()
    cases.add_member(case_id=case, user=bob.pk, role=Role.INVESTIGATOR, by=owner)
    cases.add_member(case_id=case, user=charlie.pk, role=Role.REVIEWER, by=owner)
    pause_run(case_id=case, run=run, by=Actor.person(bob.pk))
    with pytest.raises(Forbidden):
        start(case, stranger)
    with pytest.raises(Forbidden):
        stop_run(case_id=case, run=run, by=stranger)
    other = cases.open_case(title="Other", by=owner).stream
    with pytest.raises(NotFound):
        stop_run(case_id=other, run=run, by=owner)
    cases.close_case(case_id=case, reason="done", by=owner)
    for refused in (lambda: start(case, owner), lambda: resume_run(case_id=case, run=run, by=owner)):
        with pytest.raises(CaseNotOpen):
            refused()
    # What was begun can always be ended.
    stop_run(case_id=case, run=run, by=owner)


def test_only_so_many_runs_of_a_case_are_open(case: UUID, owner: Actor) -> None:
    for _ in range(MOST_OPEN):
        start(case, owner)
    with pytest.raises(TooManyRuns):
        start(case, owner)


@pytest.mark.parametrize("names", [["clairvoyant"], ["text", "Text"], [""], [f"t{n}" for n in range(10_000)]])
def test_an_enricher_that_is_not_installed_is_refused(case: UUID, owner: Actor, names: list[str]) -> None:
    with pytest.raises(Invalid):
        start(case, owner, *names)
    assert not Run.objects.exists()
