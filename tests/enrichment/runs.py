"""What the tests of runs share: starting one, doing its steps, a newer version of a tool."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from enrichment import commands as jobs
from enrichment import registry
from enrichment.models import Job, Run
from enrichment.runs import work
from enrichment.runs.commands import start_run
from enrichment.runs.domain import NewRun
from enrichment.runs.queries import Progress, progress_of
from ledger.actors import Actor


def newer(monkeypatch: pytest.MonkeyPatch, name: str = "text") -> int:
    """Install the next version of an enricher, and give its number."""
    now = registry.installed()[name]
    monkeypatch.setitem(registry.installed(), name, replace(now, version=now.version + 1))
    return now.version + 1


def start(case: UUID, by: Actor, *enrichers: str, failed: bool = False) -> UUID:
    return start_run(case_id=case, wanted=NewRun(enrichers=enrichers, failed=failed), by=by).id


def steps(run: UUID) -> None:
    """Do the steps of a run as far as they go; there is no broker here, so publishing ends them."""
    while work.go_on(run_id=run):
        pass


def do(run: UUID) -> list[str]:
    """Do a run to its end, and say how its jobs ended."""
    steps(run)
    ended = [
        jobs.run_job(job_id=job) for job in Job.objects.filter(run=run).order_by("id").values_list("id", flat=True)
    ]
    steps(run)
    return ended


def progress(run: UUID) -> Progress:
    return progress_of([Run.objects.get(pk=run)])[run]
