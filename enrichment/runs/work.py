"""The work on a run, a short step at a time: look at some items and insert their jobs, or publish some of the jobs.

Each step is one transaction that leaves the run where the next can go on, whoever does it: a worker that dies loses
nothing, and two that work on one run do what one would. After a step the run stands at the end of the queue again,
behind what was published in it: so only a portion of a run is ever in the broker, and new evidence goes first.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from enrichment.models import ANEW, Job, Run, RunWork
from enrichment.publish import publish, yielding
from enrichment.runs.domain import STOPPED, Status
from enrichment.runs.planning import Plan, plan_for
from enrichment.runs.publish import announce
from evidence.models import ItemState
from ledger.append import lock
from ledger.rows import insert

log = structlog.get_logger(__name__)

LOOKED_AT = 100
"""Items that one step looks at: the case is locked meanwhile."""

PORTION = 100
"""Jobs of a run that wait in the broker at a time."""

ENDED_AT_ONCE = 1000
"""Jobs that one step ends, of a run that was stopped."""

SWEEP = 100


def go_on(*, run_id: UUID) -> bool:
    """Do the next step of a run, and say whether there is another one to be done at once."""
    work = RunWork.objects.filter(pk=run_id, ended_at__isnull=True).first()
    run = Run.objects.filter(pk=run_id).first()
    if work is None or run is None or run.status == Status.PAUSED:
        return False
    RunWork.objects.filter(pk=run_id).update(heard_at=timezone.now())
    if run.status == Status.STOPPED:
        return _end_what_waits(run_id)
    if not work.planned:
        return _look_at_items(run_id, run.case_id)
    return _publish_some(run_id)


def sweep() -> int:
    """Tell workers again of runs that nobody worked on for a while; return how many that is."""
    now = timezone.now()
    heard = now - 2 * timedelta(seconds=settings.SWEEP_SECONDS)
    paused = Run.objects.filter(status=Status.PAUSED).values("pk")
    silent = RunWork.objects.filter(ended_at__isnull=True, heard_at__lt=heard).exclude(pk__in=paused)
    found = list(silent.order_by("run").values_list("run", flat=True)[:SWEEP])
    RunWork.objects.filter(pk__in=found).update(heard_at=now)
    for run in found:
        announce(run)
    return len(found)


@transaction.atomic
def _look_at_items(run_id: UUID, case_id: UUID) -> bool:
    """Insert the jobs of the next items, the earliest submitted first, and note how far that is."""
    # An item is not corrected or erased meanwhile, and the run not stopped.
    lock(case_id)
    work, run = RunWork.objects.get(pk=run_id), Run.objects.get(pk=run_id)
    if run.status != Status.RUNNING or work.planned:
        return True
    following = ItemState.objects.now().filter(case=case_id, seq__gt=work.after).order_by("seq")
    rows = list(following.only("item", "seq", "status", "state")[:LOOKED_AT])
    plan = plan_for(run, rows)
    _carry_out(plan, run)
    work.after = rows[-1].seq if rows else work.after
    work.items_done += len(rows)
    work.items_total = max(work.items_total, work.items_done)
    work.planned = len(rows) < LOOKED_AT
    work.reason = plan.reason
    work.save()
    return True


def _carry_out(plan: Plan, run: Run) -> None:
    insert(plan.new, unless_there=True)
    if plan.again:
        # What was ended by one who works on it at this moment is not opened again.
        ended = Job.objects.filter(pk__in=plan.again).exclude(status=Job.RUNNING)
        ended.update(**{**ANEW, "run": run.id, "submitted": run.id})


def _publish_some(run_id: UUID) -> bool:
    of_run = Job.objects.filter(run=run_id, status=Job.WAITING)
    if of_run.filter(published_at__isnull=False).count() >= PORTION:
        # Somebody else did, and stands in the queue behind them; or the broker lost them, and the sweep publishes them.
        return False
    due = Q(not_before__isnull=True) | Q(not_before__lte=timezone.now())
    found = list(of_run.filter(due, published_at__isnull=True).order_by("id").values_list("id", flat=True)[:PORTION])
    if found:
        with yielding():
            return publish(found)
    if not Job.objects.open().filter(run=run_id).exists():
        RunWork.objects.filter(pk=run_id).update(ended_at=timezone.now())
    return False


def _end_what_waits(run_id: UUID) -> bool:
    """End jobs of a run that was stopped; those that are worked on end by themselves."""
    now = timezone.now()
    died = Q(status=Job.RUNNING, claimed_until__lt=now)
    waits = Job.objects.filter(Q(status=Job.WAITING) | died, run=run_id)
    some = list(waits.order_by("id").values_list("id", flat=True)[:ENDED_AT_ONCE])
    waits.filter(pk__in=some).update(status=Job.PARKED, reason=STOPPED, claimed_until=None)
    if some:
        return True
    if not Job.objects.open().filter(run=run_id).exists():
        RunWork.objects.filter(pk=run_id).update(ended_at=now)
    return False
