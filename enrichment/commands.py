"""Carrying out jobs: claim, run in the sandbox, record what came out. Each step leaves the job in a known state."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from cases.access import Permission, require
from enrichment import registry, sandbox
from enrichment.domain import Enricher, Limits
from enrichment.models import ATTEMPTS, Job, JobQuerySet
from enrichment.publish import publish, yielding
from enrichment.reactions import digest_of, fields_for
from evidence import domain
from evidence.models import ItemState
from evidence.projections import state_of
from ledger import store
from ledger.actors import Actor
from ledger.append import Fact, append
from ledger.errors import NotFound

log = structlog.get_logger(__name__)

LIMITS = Limits()
SWEEP = 1000


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
    said = state_of(ItemState.objects.now().get(item=job.item)).said
    if digest_of(enricher, said) != job.input_digest:
        return _close(job, Job.DONE, [], reason="The item was corrected meanwhile; a newer job reads it.")
    with ExitStack() as stack:
        try:
            original = stack.enter_context(store.local_path(said.file.sha256)) if said.file else None
        except store.MissingFile as missing:
            # Somebody may bring it back from a backup.
            return _failed(job, sandbox.Failed(reason=missing.detail, phase="start", permanent=False))
        outcome = stack.enter_context(_outcome(enricher, said, original))
        if isinstance(outcome, sandbox.Done):
            return _close(job, Job.DONE, _found(job, enricher, outcome))
        return _failed(job, outcome)


def sweep() -> int:
    """Publish again what was not published, or not finished, for a while; return how many jobs that is."""
    now = timezone.now()
    died = Q(status=Job.RUNNING, claimed_until__lt=now)
    # What was published a moment ago may still stand in the queue.
    heard = now - 2 * timedelta(seconds=settings.SWEEP_SECONDS)
    unheard = Q(status=Job.WAITING) & (Q(published_at__isnull=True) | Q(published_at__lt=heard))
    jobs = Job.objects.filter(died | unheard).order_by("id").values_list("id", flat=True)[:SWEEP]
    found = list(jobs)
    if found:
        log.info("sweep", jobs=len(found))
        with yielding():
            publish(found)
    return len(found)


@transaction.atomic
def retry(*, case_id: UUID, job_id: UUID, by: Actor) -> None:
    """Try a parked or failed job again from the start.

    :raises NotFound: there is none in this case, or not for this caller.
    """
    require(case_id, Permission.EDIT, by=by)
    again = Job.objects.filter(pk=job_id, case_id=case_id, status__in=[Job.PARKED, Job.FAILED])
    if not again.update(status=Job.WAITING, attempts=0, reason="", published_at=None, claimed_until=None):
        raise NotFound
    transaction.on_commit(lambda: publish([job_id]))


def _claim(job_id: UUID) -> Job | None:
    """Take a job, counting the attempt; committed before any work, so it counts even if this process dies."""
    now = timezone.now()
    free = Q(status=Job.WAITING) | Q(status=Job.RUNNING, claimed_until__lt=now)
    until = now + timedelta(seconds=settings.CLAIM_SECONDS)
    taken = Job.objects.filter(free, pk=job_id).update(
        status=Job.RUNNING, attempts=F("attempts") + 1, claimed_until=until
    )
    return Job.objects.get(pk=job_id) if taken else None


def _outcome(enricher: Enricher, said: domain.EvidenceSubmitted, original: Path | None) -> Any:
    return sandbox.run(
        registry.module_of(enricher),
        kind=said.kind,
        fields=fields_for(enricher, said),
        original=original,
        limits=LIMITS,
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
        parameters=enricher.parameters,
        input_digest=job.input_digest,
        output=outcome.output,
        derivatives=tuple(derivatives),
        seconds=round(outcome.seconds, 3),
    )
    by = f"{job.enricher}@{job.version}"
    flags = [domain.EvidenceFlagged(flag=each.flag, detail=each.detail, found_by=by) for each in outcome.flags]
    return [found, *flags]


def _failed(job: Job, outcome: sandbox.Failed) -> str:
    """Record a permanent failure; let a temporary one wait for its next attempt, or park it after the last."""
    if outcome.permanent:
        return _close(job, Job.FAILED, [_failure(job, outcome.reason, outcome.phase, permanent=True)], outcome.reason)
    if job.attempts >= ATTEMPTS:
        return _park(job, outcome.reason, outcome.phase)
    mine = _mine(job).update(status=Job.WAITING, reason=outcome.reason, published_at=None)
    if not mine:
        return _taken_over(job)
    publish([job.pk])
    return Job.WAITING


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
def _close(job: Job, status: str, said: list[Any], reason: str = "") -> str:
    """End a job and append what came out, in one transaction, if the claim is still this one."""
    if not _mine(job).select_for_update().exists():
        return _taken_over(job)
    by = Actor.worker(job.enricher, job.version)
    append(job.case_id, [Fact(data, item=job.item, cause=job.submitted) for data in said], by=by)
    Job.objects.filter(pk=job.pk).update(status=status, reason=reason)
    return status


def _mine(job: Job) -> JobQuerySet:
    """Select the job while this claim of it holds; attempts alone do not tell, a retry counts them from the start."""
    return Job.objects.filter(pk=job.pk, status=Job.RUNNING, attempts=job.attempts, claimed_until=job.claimed_until)


def _taken_over(job: Job) -> str:
    log.warning("claim_lost", job=str(job.pk))
    return "taken over"
