"""News of jobs: sent once they are committed, many as one message; what the broker did not hear says so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

import pytest
from django.conf import settings
from django.utils import timezone
from redis import Redis

from enrichment.models import Job
from enrichment.publish import MANY, announce
from enrichment.tasks import pass_on
from ledger.ids import uuid7

pytestmark = pytest.mark.django_db


def jobs(count: int) -> list[UUID]:
    """Insert jobs as a submission does: published, because they are announced right after the commit."""
    made = [
        Job(case_id=uuid7(), item=uuid7(), submitted=uuid7(), enricher="text", version=1, input_digest="0" * 64,
            published_at=timezone.now())
        for _ in range(count)
    ]  # fmt: skip
    Job.objects.bulk_create(made)
    return [job.pk for job in made]


def published(ids: list[UUID]) -> list[datetime | None]:
    return list(Job.objects.filter(pk__in=ids).values_list("published_at", flat=True))


@pytest.fixture
def queue(broker: str) -> Iterator[Redis]:
    """The broker, with an empty queue before and after."""
    with Redis.from_url(settings.REDIS_URL) as client:
        client.flushall()
        yield client
        client.flushall()


def waiting(queue: Redis) -> int:
    """Count the messages, whatever their priority: each has a list of its own."""
    return sum(queue.llen(key) for key in queue.keys("celery*"))


def test_a_few_jobs_are_a_message_each(queue: Redis) -> None:
    ids = jobs(3)
    announce(ids)
    assert waiting(queue) == 3
    assert None not in published(ids)


def test_many_jobs_are_one_message_for_a_worker_to_pass_on(queue: Redis) -> None:
    ids = jobs(MANY)
    announce(ids)
    assert waiting(queue) == 1
    queue.flushall()
    pass_on(job_ids=[str(job) for job in ids])
    assert waiting(queue) == MANY
    assert None not in published(ids)
