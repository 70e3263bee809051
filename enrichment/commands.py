"""Carrying out jobs: claim, run in the sandbox, record what came out. Each step leaves the job in a known state."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import OperationalError, transaction
from django.db.models import F
from django.utils import timezone

from cases.access import Permission
from cases.domain import Sensitivity
from cases.models import Case
from cases.queries import load_case
from cases.rules import require_active
from enrichment import isolation, registry, sandbox
from enrichment.domain import GIB, NOT_INSTALLED, Enricher, Limits, may_leave
from enrichment.models import ANEW, ATTEMPTS, Job, JobQuerySet
from enrichment.parameters import read, written
from enrichment.publish import publish, yielding
from enrichment.reactions import digest_of, fields_for
from evidence import domain
from evidence.models import ItemState
from evidence.projections import state_of
from evidence.queries import load_item
from ledger import store
from ledger.actors import Actor
from ledger.append import Fact, append, lock
from ledger.errors import Conflict, NotFound
from ledger.leftovers import claim, leave
from ledger.recorded import Recorded

log = structlog.get_logger(__name__)

LIMITS = Limits()
SWEEP = 1000
LATER = 10
"""How many times longer each further attempt waits than the one before."""

COPY_SECONDS_PER_GIB = 60
"""How much longer a claim holds while a large original is fetched and hashed; from then on it is renewed."""


STAYS = "Not run: it would ask others, and the case is TLP:{}, the item TLP:{}. Both have to be TLP:CLEAR."
OVERTAKEN = "The item was corrected meanwhile; a newer job reads it."


class NothingToRetry(Conflict):
    """Nobody waits for a retry."""

    code = "nothing-to-retry"
    title = "This work has not failed"


def run_job(*, job_id: UUID) -> str:
    """Carry out one job and return the status it ends in; a job that is done or claimed is left alone."""
    job = _claim(job_id)
    if job is None:
        return Job.objects.filter(pk=job_id).values_list("status", flat=True).first() or "gone"
    if job.attempts > ATTEMPTS:
        return _park(job, f"It died {ATTEMPTS} times without a result.")
    enricher = registry.find(job.enricher, job.version)
    if enricher is None:
        return _park(job, f"No enricher {job.enricher}@{job.version} is installed here.")
    said = _said(job)
    if digest_of(enricher, said, job.parameters) != job.input_digest:
        return _close(job, Job.DONE, [], reason=OVERTAKEN)
    if missing := enricher.missing():
        return _failed(job, sandbox.Failed(reason=f"{NOT_INSTALLED}{missing}", phase="start", permanent=True))
    if enricher.network and not may_leave(of_case := _sensitivity(job), said.sensitivity):
        stays = STAYS.format(of_case.upper(), said.sensitivity.upper())
        return _failed(job, sandbox.Failed(reason=stays, phase="start", permanent=True))
    fetching = (said.file.size if said.file else 0) * COPY_SECONDS_PER_GIB / GIB
    # The claim itself covers the fetching of most.
    is_long = fetching > settings.CLAIM_SECONDS / 2
    if is_long:
        _hold(job, seconds=settings.CLAIM_SECONDS + fetching)
    with ExitStack() as stack:
        if job.run:
            # Who reads files of the type that a run found is in no greater hurry than the run.
            stack.enter_context(yielding())
        try:
            original = stack.enter_context(store.local_path(said.file.sha256)) if said.file else None
        except store.MissingFile as missing:
            # Somebody may bring it back from a backup.
            return _failed(job, sandbox.Failed(reason=missing.detail, phase="start", permanent=False))
        if is_long:
            _hold(job, seconds=settings.CLAIM_SECONDS)
        outcome = stack.enter_context(_outcome(job, enricher, said, original))
        if isinstance(outcome, sandbox.Done):
            isolation.note(outcome)
            return _finish(job, Job.DONE, _found(job, enricher, outcome))
        return _failed(job, outcome)


def _sensitivity(job: Job) -> Sensitivity:
    return Sensitivity(Case.objects.values_list("sensitivity", flat=True).get(pk=job.case_id))


def _said(job: Job) -> domain.EvidenceSubmitted:
    return state_of(ItemState.objects.now().only("state").get(item=job.item)).said


def sweep() -> int:
    """Publish again what was not published, or not finished, for a while; return how many jobs that is."""
    now = timezone.now()
    # What was published a moment ago may still stand in the queue.
    heard = now - 2 * timedelta(seconds=settings.SWEEP_SECONDS)
    jobs = Job.objects.free(now).unheard(heard).order_by("id").values_list("id", flat=True)[:SWEEP]
    found = list(jobs)
    if found:
        log.info("sweep", jobs=len(found))
        with yielding():
            publish(found)
    return len(found)


@transaction.atomic
def retry(*, case_id: UUID, job_id: UUID, by: Actor) -> Recorded:
    """Try a parked or failed job again from the start.

    :raises NotFound: there is none in this case, or not for this caller.
    :raises CaseNotOpen: evidence of the case is not worked on as it stands.
    """
    require_active(load_case(case_id, by=by, permission=Permission.EDIT).status)
    job = Job.objects.select_for_update().ended_without_result().filter(pk=job_id, case_id=case_id).first()
    if job is None:
        raise NotFound
    return _again(job, by=by)


@transaction.atomic
def retry_enrichment(
    *, case_id: UUID, item: UUID, retried: domain.EnrichmentRetried, by: Actor, seen: int | None = None
) -> Recorded:
    """Let a tool that could not read an item try again.

    :raises NothingToRetry: this version of the tool has not failed on the item, or is at it already.
    """
    load_item(case_id, item, by=by, permission=Permission.EDIT, seen=seen)
    of_tool = Job.objects.select_for_update().filter(item=item, enricher=retried.enricher, version=retried.version)
    # The last one reads the item as it now stands.
    job = of_tool.order_by("-created_at").first()
    if job is None or job.status not in {Job.PARKED, Job.FAILED}:
        raise NothingToRetry(f"{retried.enricher}@{retried.version} has not failed on this item, or is at it already.")
    return _again(job, by=by)


def _again(job: Job, *, by: Actor) -> Recorded:
    Job.objects.filter(pk=job.pk).update(**ANEW)
    said = domain.EnrichmentRetried(enricher=job.enricher, version=job.version)
    [recorded] = append(job.case_id, [Fact(said, item=job.item)], by=by)
    transaction.on_commit(lambda: publish([job.pk]))
    return recorded


def _claim(job_id: UUID) -> Job | None:
    """Take a job, counting the attempt; committed before any work, so it counts even if this process dies."""
    now = timezone.now()
    taken = (
        Job.objects.free(now)
        .filter(pk=job_id)
        .update(status=Job.RUNNING, attempts=F("attempts") + 1, claimed_until=_after(settings.CLAIM_SECONDS))
    )
    return Job.objects.get(pk=job_id) if taken else None


def _renew(job: Job) -> None:
    """Keep a claim up while the work goes on: written down when half of it is over."""
    if job.claimed_until is None or job.claimed_until < _after(settings.CLAIM_SECONDS / 2):
        try:
            _hold(job, seconds=settings.CLAIM_SECONDS)
        except OperationalError as error:
            # The work goes on; at worst somebody does it again, and the first result counts.
            log.warning("claim_not_renewed", job=str(job.pk), reason=type(error).__name__)


def _hold(job: Job, *, seconds: float) -> None:
    """Let a claim hold for so long from now on; one that was taken over is not taken back."""
    until = _after(seconds)
    if _mine(job).update(claimed_until=until):
        job.claimed_until = until


def _after(seconds: float) -> datetime:
    return timezone.now() + timedelta(seconds=seconds)


def _outcome(job: Job, enricher: Enricher, said: domain.EvidenceSubmitted, original: Path | None) -> Any:
    return sandbox.run(
        registry.module_of(enricher),
        kind=said.kind,
        fields=fields_for(enricher, said),
        original=original,
        limits=LIMITS.for_original(said.file.size if said.file else 0),
        adjusted=job.parameters,
        meanwhile=partial(_renew, job),
    )


def _found(job: Job, enricher: Enricher, outcome: sandbox.Done) -> list[Any]:
    derivatives = []
    for each in outcome.made:
        with store.incoming() as incoming, each.path.open("rb") as made:
            while chunk := made.read(1 << 18):
                incoming.write(chunk)
            kept = incoming.keep()
        derivatives.append(
            domain.Derivative(
                name=each.name,
                sha256=kept.sha256,
                size=kept.size,
                media_type=each.media_type,
                width=each.width,
                height=each.height,
            )
        )
    found = domain.EvidenceEnriched(
        enricher=job.enricher,
        version=job.version,
        tool=outcome.tool,
        parameters={**enricher.parameters, **written(read(enricher.adjustable, job.parameters)[0])},
        input_digest=job.input_digest,
        output=outcome.output,
        derivatives=tuple(derivatives),
        seconds=round(outcome.seconds, 3),
    )
    by = f"{job.enricher}@{job.version}"
    flags = [domain.EvidenceFlagged(flag=each.flag, detail=each.detail, found_by=by) for each in outcome.flags]
    return [found, *flags]


def _failed(job: Job, outcome: sandbox.Failed) -> str:
    """Record a permanent failure; let a temporary one wait for its next attempt, or park it after the last.

    What fails for the time being would fail again at once: the sweep comes back to it, each time later.
    """
    if outcome.permanent:
        return _finish(job, Job.FAILED, [_failure(job, outcome.reason, outcome.phase, permanent=True)], outcome.reason)
    if job.attempts >= ATTEMPTS:
        return _park(job, outcome.reason, outcome.phase)
    later = _after(settings.RETRY_SECONDS * LATER ** (job.attempts - 1))
    mine = _mine(job).update(status=Job.WAITING, reason=outcome.reason, published_at=None, not_before=later)
    return Job.WAITING if mine else _taken_over(job)


def _park(job: Job, reason: str, phase: str = "start") -> str:
    return _close(job, Job.PARKED, [_failure(job, reason, phase, permanent=False)], reason)


def _failure(job: Job, reason: str, phase: str, *, permanent: bool) -> domain.EnrichmentFailed:
    return domain.EnrichmentFailed(
        enricher=job.enricher,
        version=job.version,
        input_digest=job.input_digest,
        reason=reason,
        phase=phase,
        attempt=min(job.attempts, ATTEMPTS),
        permanent=permanent,
    )


@transaction.atomic
def _finish(job: Job, status: str, said: list[Any], reason: str = "") -> str:
    """End a job with the result of its work: the first that comes counts, whoever holds the job by now.

    The work is the same for all who claim it, for it is that on one input. If that is no longer how the item stands,
    the result would hide the one that a newer job may have found already.
    """
    lock(job.case_id)
    made = [each.sha256 for data in said for each in getattr(data, "derivatives", ())]
    enricher = registry.find(job.enricher, job.version)
    still = Job.objects.open().filter(pk=job.pk)
    if enricher is None or digest_of(enricher, _said(job), job.parameters) != job.input_digest:
        status, said, reason = Job.DONE, [], OVERTAKEN
    if made and not (said and still.exists()):
        # No event names what it made; kept it was, so that one could.
        leave(*made)
    else:
        for each in made:
            claim(each)
    return _end(still, job, status, said, reason)


@transaction.atomic
def _close(job: Job, status: str, said: list[Any], reason: str = "") -> str:
    """End a job without its work being done, if the claim is still this one."""
    lock(job.case_id)
    return _end(_mine(job), job, status, said, reason)


def _end(still: JobQuerySet, job: Job, status: str, said: list[Any], reason: str) -> str:
    """End a job and append what came out, in a transaction that has the case locked.

    The case before the job, as in a correction or a retry: the other way round two would wait for each other.
    """
    took = next((data.seconds for data in said if isinstance(data, domain.EvidenceEnriched)), None)
    if not still.update(status=status, reason=reason, ended_at=timezone.now(), seconds=took):
        return _taken_over(job)
    by = Actor.worker(job.enricher, job.version)
    append(job.case_id, [Fact(data, item=job.item, cause=job.submitted) for data in said], by=by)
    return status


def _mine(job: Job) -> JobQuerySet:
    """Select the job while this claim of it holds; attempts alone do not tell, a retry counts them from the start."""
    return Job.objects.filter(pk=job.pk, status=Job.RUNNING, attempts=job.attempts, claimed_until=job.claimed_until)


def _taken_over(job: Job) -> str:
    log.warning("claim_lost", job=str(job.pk))
    return "taken over"
