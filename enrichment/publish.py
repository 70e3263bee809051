"""Telling the workers that jobs wait. If the broker does not hear it, the sweep says it again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

import structlog
from django.utils import timezone
from kombu.exceptions import OperationalError

from enrichment.models import Job

log = structlog.get_logger(__name__)

FIRST, LATER = 0, 9
"""Celery's priorities on Redis and Valkey: the lower number goes first."""

_priority = ContextVar("priority", default=FIRST)


@contextmanager
def yielding() -> Iterator[None]:
    """Let what is published inside wait for everything else: people watch for what they have just submitted."""
    before = _priority.set(LATER)
    try:
        yield
    finally:
        _priority.reset(before)


def publish(jobs: Iterable[UUID]) -> bool:
    """Send one message for each job; a broker that does not answer loses nothing.

    :returns: whether the broker took them all.
    """
    from enrichment.tasks import run_job

    sent: list[UUID] = []
    try:
        for job in jobs:
            run_job.apply_async(kwargs={"job_id": str(job)}, priority=_priority.get())
            sent.append(job)
    except OperationalError as error:
        log.warning("broker_unreachable", reason=type(error).__name__)
        return False
    finally:
        Job.objects.filter(pk__in=sent).update(published_at=timezone.now())
    return True
