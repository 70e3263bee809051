"""Telling the workers that jobs wait. If the broker does not hear it, the sweep says it again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple
from uuid import UUID

import structlog
from django.utils import timezone
from kombu.exceptions import OperationalError

from enrichment.models import Job

log = structlog.get_logger(__name__)

FIRST, LATER = 0, 9
"""Celery's priorities on Redis and Valkey: the lower number goes first."""

MANY = 20
"""From so many jobs on, publishing them one by one is a worker's business."""

_priority = ContextVar("priority", default=FIRST)


@contextmanager
def yielding() -> Iterator[None]:
    """Let what is published inside wait for everything else: people watch for what they have just submitted."""
    before = _priority.set(LATER)
    try:
        yield
    finally:
        _priority.reset(before)


class News(NamedTuple):
    """Jobs that were inserted together, and their priority."""

    jobs: Sequence[UUID]
    priority: int


_held = ContextVar[list[News] | None]("held", default=None)


@contextmanager
def held_back() -> Iterator[list[News]]:
    """Keep news of jobs to be told later, by `tell`: nobody waits for the broker who does not need to."""
    news: list[News] = []
    before = _held.set(news)
    try:
        yield news
    finally:
        _held.reset(before)


def announce(jobs: Sequence[UUID]) -> None:
    """Send news of jobs that were inserted as published, once they are committed, or hold it back.

    So nothing is written after the commit that somebody waits for. Where the broker does not hear it, the jobs say so,
    and the next sweep takes them; where this process dies before it could speak, a later one does.
    """
    news, held = News(jobs, _priority.get()), _held.get()
    if held is None:
        tell([news])
    else:
        held.append(news)


def tell(news: Sequence[News]) -> None:
    """Send news to the broker. Many jobs go out as one message, for a worker to publish."""
    from enrichment.tasks import pass_on

    for jobs, priority in news:
        if len(jobs) < MANY:
            unsent = _send(jobs, priority=priority)
        else:
            try:
                pass_on.apply_async(kwargs={"job_ids": [str(job) for job in jobs]}, priority=priority)
                unsent = []
            except OperationalError as error:
                unsent = _unreachable(error, jobs)
        if unsent:
            Job.objects.filter(pk__in=unsent).update(published_at=None)


def publish(jobs: Sequence[UUID]) -> bool:
    """Send one message for each job; a broker that does not answer loses nothing.

    :returns: whether the broker took them all.
    """
    unsent = _send(jobs, priority=_priority.get())
    Job.objects.filter(pk__in=jobs[: len(jobs) - len(unsent)]).update(published_at=timezone.now())
    return not unsent


def _send(jobs: Sequence[UUID], *, priority: int) -> Sequence[UUID]:
    """Send one message for each job and return those, at the end, that the broker did not take."""
    from enrichment.tasks import run_job

    for number, job in enumerate(jobs):
        try:
            run_job.apply_async(kwargs={"job_id": str(job)}, priority=priority)
        except OperationalError as error:
            return _unreachable(error, jobs[number:])
    return []


def _unreachable(error: OperationalError, unsent: Sequence[UUID]) -> Sequence[UUID]:
    log.warning("broker_unreachable", reason=type(error).__name__)
    return unsent
