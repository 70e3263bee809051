"""Reads of runs: which there are of a case, and how far each has come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from cases.access import Permission, require
from enrichment.models import Job, Run, RunWork
from enrichment.runs.domain import STOPPED, Status
from ledger.actors import Actor
from ledger.errors import NotFound

LATELY = timedelta(minutes=5)
"""Over how long the rate of a run is measured, or since it was started."""

OPEN = frozenset({"planning", "running", "paused", "stopping"})


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a run has come.

    `status`: planning (items are looked at for what is to be done), running, paused, stopping, stopped or done;
    elsewhere, where the run came here with its case in a bundle. Of the jobs known by now, `done`, `failed` and `left`
    say how they stand, and `stopped` how many were ended unread. `per_minute` is how many ended in a minute lately, and
    `seconds_left` how long the rest takes at that rate; None where that can not be known.
    """

    status: str
    items_done: int
    items_total: int
    done: int
    failed: int
    stopped: int
    left: int
    per_minute: float | None
    seconds_left: float | None
    ended_at: datetime | None
    reason: str

    @property
    def of(self) -> int:
        return self.done + self.failed + self.stopped + self.left

    @property
    def ended(self) -> int:
        return self.of - self.left

    @property
    def open(self) -> bool:
        """Say whether it is not over."""
        return self.status in OPEN


def runs_of(case_id: UUID, *, by: Actor) -> QuerySet[Run]:
    """Select the runs of a case.

    :raises NotFound: there is no such case for this caller.
    :raises Forbidden: the caller's role does not carry it.
    """
    require(case_id, Permission.READ, by=by)
    return Run.objects.filter(case_id=case_id)


def run_of(case_id: UUID, run_id: UUID, *, by: Actor) -> Run:
    """Find one run.

    :raises NotFound: there is none, or not for this caller.
    """
    found = runs_of(case_id, by=by).filter(pk=run_id).first()
    if found is None:
        raise NotFound
    return found


def progress_of(runs: Collection[Run]) -> dict[UUID, Progress]:
    """Tell how far some runs have come, in two queries."""
    now, ids = timezone.now(), [run.pk for run in runs]
    works = RunWork.objects.in_bulk(ids)
    counts: dict[UUID, dict[str, Any]] = defaultdict(dict)
    jobs = Job.objects.order_by().filter(run__in=ids).values("run", "status")
    lately = Q(ended_at__gte=now - LATELY)
    for row in jobs.annotate(
        n=Count("pk"), ended=Count("pk", filter=lately), stopped=Count("pk", filter=Q(reason=STOPPED))
    ):
        counts[row["run"]][row["status"]] = row
    return {run.pk: _progress(run, works.get(run.pk), counts[run.pk], now) for run in runs}


def _progress(run: Run, work: RunWork | None, counts: Mapping[str, Mapping[str, int]], now: datetime) -> Progress:
    def count(what: str, *statuses: str) -> int:
        return sum(counts[status][what] for status in statuses if status in counts)

    stopped = count("stopped", Job.PARKED)
    left = count("n", Job.WAITING, Job.RUNNING)
    status = _status(run, work, left)
    rate = _rate(count("ended", *counts), now - run.started_at) if status in {"planning", "running"} else None
    return Progress(
        status=status,
        items_done=work.items_done if work else 0,
        items_total=work.items_total if work else 0,
        done=count("n", Job.DONE),
        failed=count("n", Job.FAILED, Job.PARKED) - stopped,
        stopped=stopped,
        left=left,
        per_minute=rate,
        seconds_left=round(left * 60 / rate, 1) if rate and status == "running" else None,
        ended_at=work.ended_at if work else None,
        reason=work.reason if work else "",
    )


def _status(run: Run, work: RunWork | None, left: int) -> str:
    if work is None:
        return "elsewhere"
    if run.status == Status.STOPPED:
        return "stopping" if left else "stopped"
    if work.ended_at or (work.planned and not left):
        return "done"
    if run.status == Status.PAUSED:
        return "paused"
    return "running" if work.planned else "planning"


def _rate(ended: int, since: timedelta) -> float | None:
    """Give how many ended in a minute; None where none did."""
    minutes = min(since, LATELY).total_seconds() / 60
    return round(ended / minutes, 1) if ended and minutes else None
