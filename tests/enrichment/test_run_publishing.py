"""A run in the broker: a portion at a time, behind whatever is newer."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
from django.conf import settings
from redis import Redis

from enrichment.models import Job
from enrichment.publish import LATER
from enrichment.runs import work
from enrichment.tasks import go_on_with_run
from ledger.actors import Actor
from tests.enrichment.jobs import submit_text
from tests.enrichment.runs import newer, start

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue(broker: str) -> Iterator[Redis]:
    """The broker, with an empty queue before and after."""
    with Redis.from_url(settings.REDIS_URL) as client:
        client.flushall()
        yield client
        client.flushall()


def waiting(queue: Redis) -> dict[str, int]:
    """Count the messages of each priority, which has a list of its own."""
    return {key.decode(): queue.llen(key) for key in queue.keys("celery*")}


def test_a_run_is_published_a_portion_at_a_time_and_stands_behind_it_again(
    case: UUID,
    owner: Actor,
    queue: Redis,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: object,
) -> None:
    monkeypatch.setattr(work, "PORTION", 3)
    for n in range(5):
        submit_text(case, owner, f"Text {n}")
    newer(monkeypatch)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        run = start(case, owner)
    [(last, told)] = waiting(queue).items()
    assert (last.endswith(str(LATER)), told) == (True, 1)
    queue.flushall()

    def step() -> tuple[int, int]:
        """Do a step, and count its messages and what of the run is published by now."""
        queue.flushall()
        go_on_with_run(run_id=str(run))
        found = waiting(queue)
        assert set(found) <= {last}, "nothing of a run goes before what is newer"
        published = Job.objects.filter(run=run, status=Job.WAITING, published_at__isnull=False)
        return sum(found.values()), published.count()

    # The items are looked at; then three jobs are published, and behind them the run itself.
    assert [step(), step()] == [(1, 0), (4, 3)]
    # Another message of the run, while its portion still waits, does nothing.
    assert step() == (0, 3)
    Job.objects.filter(run=run, published_at__isnull=False).update(status=Job.DONE)
    assert [step(), step()] == [(3, 2), (0, 2)]
