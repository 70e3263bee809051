"""What people do with runs: start one, let it rest, go on, end it. Who runs the system, and acts as a tool, may too."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from cases.access import Permission
from cases.models import Case
from cases.queries import load_case
from cases.rules import require_active
from enrichment import registry
from enrichment.choosing import playbook_of
from enrichment.models import Job, Run, RunWork
from enrichment.playbooks import chosen, require_installed
from enrichment.runs.domain import NewRun, RunStarted, Status, change
from enrichment.runs.publish import announce
from evidence.models import ItemState
from ledger.actors import Actor
from ledger.append import Fact, append, lock
from ledger.errors import Conflict, NotFound
from ledger.recorded import Recorded
from ledger.subscriptions import reacts_to

MOST_OPEN = 3
"""Runs of one case that may be under way or paused at a time."""


class TooManyRuns(Conflict):
    """Enough runs of the case are open."""

    code = "too-many-runs"
    title = "Enough runs of the case are open"


@transaction.atomic
def start_run(*, case_id: UUID, wanted: NewRun, by: Actor) -> Recorded:
    """Have the evidence of a case read where given enrichers have no result; the run's id is that of the event.

    :raises NotFound: there is no such case for the caller.
    :raises Forbidden: the caller's role does not carry it.
    :raises CaseNotOpen: evidence of the case is not worked on as it stands.
    :raises Invalid: an enricher is not installed.
    :raises TooManyRuns: enough are open.
    """
    require_active(_status_of(case_id, by=by))
    installed = registry.installed()
    require_installed(wanted.enrichers, installed)
    playbook = playbook_of(case_id)
    names = set(wanted.enrichers) or {name for name, each in installed.items() if playbook.has(each)}
    if RunWork.objects.filter(case_id=case_id, ended_at__isnull=True).count() >= MOST_OPEN:
        raise TooManyRuns(f"{MOST_OPEN} runs of this case are open: stop one, or wait for it.")
    enrichers = tuple(chosen(installed[name], playbook.parameters_of(name)) for name in sorted(names))
    return append(case_id, [Fact(RunStarted(enrichers=enrichers, failed=wanted.failed))], by=by)[0]


@reacts_to(RunStarted)
def begin(started: Recorded) -> None:
    """Begin to work on a run: how many items there are to look at, and whom to tell once it is committed."""
    items = ItemState.objects.now().filter(case=started.stream).count()
    work = RunWork(run=started.id, case_id=started.stream, items_total=items, heard_at=timezone.now())
    work.save(force_insert=True)
    transaction.on_commit(partial(announce, started.id))


def pause_run(*, case_id: UUID, run: UUID, by: Actor) -> Recorded:
    """Begin no more jobs of a run until it goes on.

    :raises NotFound: there is no such run, or not for this caller.
    :raises RunNotOpen: it is not under way.
    """
    return _change(case_id, run, Status.PAUSED, by=by)


def resume_run(*, case_id: UUID, run: UUID, by: Actor) -> Recorded:
    """Let a paused run go on.

    :raises NotFound: there is no such run, or not for this caller.
    :raises CaseNotOpen: evidence of the case is not worked on as it stands.
    :raises RunNotOpen: it is not paused.
    """
    return _change(case_id, run, Status.RUNNING, by=by)


def stop_run(*, case_id: UUID, run: UUID, by: Actor) -> Recorded:
    """End a run: what still waits is not read by it.

    :raises NotFound: there is no such run, or not for this caller.
    :raises RunNotOpen: it is over.
    """
    return _change(case_id, run, Status.STOPPED, by=by)


@transaction.atomic
def _change(case_id: UUID, run_id: UUID, to: Status, *, by: Actor) -> Recorded:
    status = _status_of(case_id, by=by)
    run = Run.objects.filter(pk=run_id, case_id=case_id).first()
    if run is None:
        raise NotFound
    if to is Status.RUNNING:
        require_active(status)
    open_still = RunWork.objects.filter(pk=run_id, ended_at__isnull=True).exists()
    said = change(run_id, Status(run.status), to, ended=not open_still)
    recorded = append(case_id, [Fact(said, cause=run_id)], by=by)[0]
    if to is not Status.PAUSED:
        # Workers heard of these while the run was paused, and left them.
        Job.objects.filter(run=run_id, status=Job.WAITING).exclude(published_at=None).update(published_at=None)
        transaction.on_commit(partial(announce, run_id))
    return recorded


def _status_of(case_id: UUID, *, by: Actor) -> str:
    """Lock a case and give its status, to those who may have its evidence read."""
    if by.user is not None:
        return load_case(case_id, by=by, permission=Permission.EDIT).status
    lock(case_id)
    status = Case.objects.filter(pk=case_id).values_list("status", flat=True).first()
    if status is None:
        raise NotFound("There is no such case.")
    return status
