"""What the workers do. Arguments are ids by keyword; unknown ones are ignored, so old and new messages mix."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from celery import shared_task

from enrichment import commands


@shared_task(name="enrichment.tasks.run_job")
def run_job(*, job_id: str, **_: Any) -> None:
    """Run one enricher on one item, if nobody else has or does."""
    commands.run_job(job_id=UUID(job_id))


@shared_task(name="enrichment.tasks.sweep")
def sweep(**_: Any) -> None:
    """Publish again what waits for too long, take over what was claimed and not finished."""
    commands.sweep()
