"""How each enricher fares, over all cases: for whoever runs the site. Numbers of jobs, and nothing of any case."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.db.models import Count, Min, Q
from django.db.models.functions import TruncHour
from django.utils import timezone

from enrichment import registry
from enrichment.domain import NOT_INSTALLED
from enrichment.models import Job

HOURS = 24
"""Over how many hours jobs that have ended are counted."""

NEWEST = 200
"""Of how many results, the newest, the median time is taken."""

_FAILED = Q(status__in=[Job.FAILED, Job.PARKED])
_LACKED = Q(reason__startswith=NOT_INSTALLED)


@dataclass(frozen=True, kw_only=True)
class Hour:
    """Jobs that ended within an hour of the clock that begins at `at` (UTC)."""

    at: datetime
    done: int = 0
    failed: int = 0


@dataclass(frozen=True, kw_only=True)
class Health:
    """How one enricher fares. Numbers are of jobs; `hours` are the last 24, the earliest first, and this one.

    `missing` names what is not installed in this process; jobs that ended for that reason, here or at another machine,
    are `lacked` and count as neither done nor failed. `failed_share` is from 0 to 1, None where none has ended;
    `median_seconds` is how long the tool worked for one of its newest results; `oldest_seconds` how long the job that
    waits longest has been there.
    """

    name: str
    version: int | None
    kinds: Sequence[str]
    missing: str
    done: int
    failed: int
    lacked: int
    per_minute: float
    failed_share: float | None
    median_seconds: float | None
    waiting: int
    running: int
    oldest_seconds: float | None
    hours: Sequence[Hour]


def health() -> list[Health]:
    """Tell how every installed enricher fares, and any other that still has jobs; by name."""
    now = timezone.now()
    queues = {row.pop("enricher"): row for row in _queues()}
    ended = _ended(now)
    last_hour = dict(_ended_since(now - timedelta(hours=1)))
    installed = registry.installed()
    return [
        _health(name, queues.get(name, {}), ended.get(name, {}), last_hour.get(name, 0), now)
        for name in sorted({*installed, *queues})
    ]


def _health(
    name: str, queue: Mapping[str, Any], ended: Mapping[datetime, Mapping[str, int]], last_hour: int, now: datetime
) -> Health:
    enricher = registry.installed().get(name)
    done, failed, lacked = (sum(each[what] for each in ended.values()) for what in ("done", "failed", "lacked"))
    oldest = queue.get("oldest")
    return Health(
        name=name,
        version=enricher.version if enricher else None,
        kinds=sorted(enricher.accepts) if enricher else (),
        missing=enricher.missing() if enricher else f"an enricher of the name {name}",
        done=done,
        failed=failed,
        lacked=lacked,
        per_minute=round(last_hour / 60, 2),
        failed_share=failed / (done + failed) if done + failed else None,
        median_seconds=_median(name) if done else None,
        waiting=queue.get("waiting", 0),
        running=queue.get("running", 0),
        oldest_seconds=(now - oldest).total_seconds() if oldest else None,
        hours=_hours(ended, now),
    )


def _queues() -> Any:
    waiting, running = (Count("pk", filter=Q(status=status)) for status in (Job.WAITING, Job.RUNNING))
    oldest = Min("created_at", filter=Q(status=Job.WAITING))
    return Job.objects.open().order_by().values("enricher").annotate(waiting=waiting, running=running, oldest=oldest)


def _ended(now: datetime) -> dict[str, dict[datetime, dict[str, int]]]:
    """Count what ended within the last hours, by enricher and hour."""
    since = _hour(now) - timedelta(hours=HOURS)
    jobs = Job.objects.order_by().filter(ended_at__gte=since).annotate(hour=TruncHour("ended_at"))
    counts = jobs.values("enricher", "hour").annotate(
        done=Count("pk", filter=Q(seconds__isnull=False)),
        failed=Count("pk", filter=_FAILED & ~_LACKED),
        lacked=Count("pk", filter=_FAILED & _LACKED),
    )
    found: dict[str, dict[datetime, dict[str, int]]] = defaultdict(dict)
    for row in counts:
        found[row.pop("enricher")][row.pop("hour")] = row
    return found


def _ended_since(since: datetime) -> Iterator[tuple[str, int]]:
    jobs = Job.objects.order_by().filter(Q(seconds__isnull=False) | _FAILED & ~_LACKED, ended_at__gte=since)
    yield from jobs.values_list("enricher").annotate(Count("pk"))


def _median(name: str) -> float:
    newest = Job.objects.filter(enricher=name, seconds__isnull=False, ended_at__isnull=False).order_by("-ended_at")
    return round(median(newest.values_list("seconds", flat=True)[:NEWEST]), 3)


def _hours(ended: Mapping[datetime, Mapping[str, int]], now: datetime) -> list[Hour]:
    hours = [_hour(now) - timedelta(hours=ago) for ago in range(HOURS, -1, -1)]
    none = {"done": 0, "failed": 0}
    return [Hour(at=at, done=(found := ended.get(at, none))["done"], failed=found["failed"]) for at in hours]


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
