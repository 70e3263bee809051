"""From news about evidence to jobs: one for each enricher that reads what was submitted or corrected."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from hashlib import sha256

from django.db import transaction
from django.utils import timezone

from enrichment import registry
from enrichment.domain import Enricher
from enrichment.models import Job
from enrichment.publish import announce
from evidence import domain
from evidence.models import ItemState
from evidence.projections import state_of
from ledger import codec
from ledger.recorded import Recorded
from ledger.rows import insert
from ledger.subscriptions import reacts_to, reacts_to_run


@reacts_to_run(domain.EvidenceSubmitted)
def plan(events: Sequence[Recorded]) -> None:
    """Insert a job for each enricher that reads what was submitted, and announce them once all is committed."""
    # The items are new, and so are their jobs.
    _insert([job for event in events for job in _jobs(event, event.data)], unless_there=False)


@reacts_to(domain.EvidenceCorrected)
def plan_again(event: Recorded) -> None:
    """Do the same for each enricher whose input is new after a correction, or is an earlier one again."""
    assert event.item is not None  # noqa: S101 -- every evidence event is about an item
    jobs = _jobs(event, state_of(ItemState.objects.now().get(item=event.item)).said)
    earlier = list(Job.objects.filter(item=event.item).order_by("created_at"))
    _insert(jobs, unless_there=True)
    _reopen([job for job in (_came_back(job, earlier) for job in jobs) if job])


def _came_back(job: Job, earlier: list[Job]) -> Job | None:
    """Find the job that once read the same input, unless it is the last of its tool: that one's result still holds."""
    of_tool = [each for each in earlier if (each.enricher, each.version) == (job.enricher, job.version)]
    same = [each for each in of_tool if each.input_digest == job.input_digest]
    return same[0] if same and same[0] is not of_tool[-1] else None


def _reopen(jobs: list[Job]) -> None:
    now = timezone.now()
    for job in jobs:
        # From now on it is the last of its tool; one that is still open needs no more than that.
        Job.objects.filter(pk=job.pk).update(created_at=now)
        ended = Job.objects.filter(pk=job.pk).exclude(status__in=[Job.WAITING, Job.RUNNING])
        ended.update(status=Job.WAITING, attempts=0, reason="", published_at=now, claimed_until=None, not_before=None)
    if jobs:
        transaction.on_commit(partial(announce, [job.pk for job in jobs]))


def _jobs(event: Recorded, said: domain.EvidenceSubmitted) -> list[Job]:
    assert event.item is not None  # noqa: S101 -- every evidence event is about an item
    return [
        Job(
            case_id=event.stream,
            item=event.item,
            submitted=event.id,
            enricher=enricher.name,
            version=enricher.version,
            input_digest=digest_of(enricher, said),
            published_at=timezone.now(),
        )
        for enricher in registry.accepting(said.kind)
    ]


def _insert(jobs: list[Job], *, unless_there: bool) -> None:
    insert(jobs, unless_there=unless_there)
    transaction.on_commit(partial(announce, [job.id for job in jobs]))


def digest_of(enricher: Enricher, said: domain.EvidenceSubmitted) -> str:
    """Hash what an enricher reads of an item: SHA-256 of the compact JSON of those fields; the file by its SHA-256."""
    return sha256(codec.to_json(fields_for(enricher, said)).encode()).hexdigest()


def fields_for(enricher: Enricher, said: domain.EvidenceSubmitted) -> dict[str, object]:
    """Pick the submitted fields that an enricher reads."""
    values = codec.to_values(said)
    return {name: values[name] for name in sorted(enricher.reads) if name in values}
