"""What the workers do. Arguments are ids by keyword; unknown ones are ignored, so old and new messages mix."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from celery import shared_task

from enrichment import commands, sandbox
from enrichment.publish import publish, yielding
from enrichment.runs import work
from enrichment.runs.publish import announce

LEFT_AFTER = timedelta(minutes=10)
"""A sandbox of that age that nobody holds belongs to a worker that was killed."""


@shared_task(name="enrichment.tasks.run_job")
def run_job(*, job_id: str, **_: Any) -> None:
    """Run one enricher on one item, if nobody else has or does."""
    commands.run_job(job_id=UUID(job_id))


@shared_task(name="enrichment.tasks.pass_on")
def pass_on(*, job_ids: list[str], **_: Any) -> None:
    """Publish many jobs that were inserted together, one by one; what comes alone meanwhile goes first."""
    with yielding():
        publish([UUID(job_id) for job_id in job_ids])


@shared_task(name="enrichment.tasks.go_on_with_run")
def go_on_with_run(*, run_id: str, **_: Any) -> None:
    """Do the next step of a run; the one after it waits behind what this one has published."""
    if work.go_on(run_id=UUID(run_id)):
        announce(UUID(run_id))


@shared_task(name="enrichment.tasks.sweep")
def sweep(**_: Any) -> None:
    """Publish again what waits for too long, take over what was claimed and not finished; tidy after the dead."""
    commands.sweep()
    work.sweep()
    sandbox.sweep(older_than=LEFT_AFTER)
