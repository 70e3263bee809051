"""Workers that are killed while they plan or stop a run: the next goes on, and each item has its job once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from enrichment.models import Job, RunWork
from enrichment.runs import work
from enrichment.runs.commands import stop_run
from ledger.actors import Actor
from ledger.verify import verify
from tests.enrichment.conftest import case, owner  # noqa: F401 -- fixtures
from tests.enrichment.jobs import submit_text
from tests.enrichment.runs import newer, progress, start, steps
from tests.faults.fail_points import killed_before_step

STRIDE = 3


@pytest.mark.django_db(transaction=True)
def test_a_run_that_is_killed_at_any_step_plans_every_item_once(
    case: UUID,  # noqa: F811 -- that fixture
    owner: Actor,  # noqa: F811 -- that fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(work, "LOOKED_AT", 2)
    monkeypatch.setattr(work, "ENDED_AT_ONCE", 2)
    items = {submit_text(case, owner, f"Text {n}") for n in range(5)}
    version = newer(monkeypatch)
    run = start(case, owner)
    # Killed again and again, a little later each time: it goes on from where the dead one was.
    killed = 0
    while not killed_before_step(STRIDE * (killed + 1), lambda _: steps(run)).finished:
        killed += 1
        planned = Job.objects.filter(run=run)
        assert planned.count() == RunWork.objects.get(pk=run).items_done, "jobs of items that are not counted"
    assert killed >= 3
    jobs = Job.objects.filter(run=run)
    assert {(job.item, job.version, job.status) for job in jobs} == {(item, version, Job.WAITING) for item in items}
    assert jobs.count() == len(items)
    assert progress(run).status == "running"

    stop_run(case_id=case, run=run, by=owner)
    killed = 0
    while not killed_before_step(STRIDE * (killed + 1), lambda _: steps(run)).finished:
        killed += 1
    assert killed
    stands = progress(run)
    assert (stands.status, stands.stopped, stands.left) == ("stopped", len(items), 0)
    assert RunWork.objects.get(pk=run).ended_at is not None
    assert verify(stream=case).faults == []


def test_a_run_that_nobody_knows_has_no_next_step(db: Any) -> None:
    assert work.go_on(run_id=UUID(int=0)) is False
