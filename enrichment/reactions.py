"""From news about evidence to jobs: one for each enricher that reads what was submitted or corrected."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from hashlib import sha256
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from enrichment import registry
from enrichment.domain import Enricher
from enrichment.models import ANEW, Job
from enrichment.publish import announce
from evidence import domain
from evidence.erased import bytes_erased
from evidence.models import Enrichment, ItemState
from evidence.projections import state_of
from ledger import codec
from ledger.erasing import EventRedacted
from ledger.models import Event
from ledger.recorded import Recorded
from ledger.redaction import Target
from ledger.rows import insert
from ledger.subscriptions import reacts_to, reacts_to_run

IDENTITY = "file_identity"
"""The enricher that tells by the content what a file is, and so who reads it next."""

GONE = "What it read was erased."
"""Why a job ended without a result."""


@reacts_to_run(domain.EvidenceSubmitted)
def plan(events: Sequence[Recorded]) -> None:
    """Insert a job for each enricher that reads what was submitted, and announce them once all is committed."""
    # The items are new, and so are their jobs.
    _insert([job for event in events for job in _jobs(event, event.data)], unless_there=False)


@reacts_to(domain.EvidenceCorrected)
def plan_again(event: Recorded) -> None:
    """Do the same for each enricher whose input is new after a correction, or is an earlier one again."""
    assert event.item is not None  # noqa: S101 -- every evidence event is about an item
    now = state_of(ItemState.objects.now().get(item=event.item))
    there = {each.name for each in registry.of_kind(now.said.kind) if reads_what_is_there(each, now, event.item)}
    jobs = [job for job in _jobs(event, now.said, media=media_of(event.item)) if job.enricher in there]
    earlier = list(Job.objects.filter(item=event.item).order_by("created_at"))
    _insert(jobs, unless_there=True)
    _reopen([job for job in (_came_back(job, earlier) for job in jobs) if job])


@reacts_to(domain.EvidenceEnriched)
def plan_for_its_type(event: Recorded) -> None:
    """Insert the jobs of those who read files of the type that was found."""
    found: domain.EvidenceEnriched = event.data
    if found.enricher != IDENTITY or event.item is None:
        return
    now = state_of(ItemState.objects.now().get(item=event.item))
    media = str(found.output.get("media_type", ""))
    # What they find is caused by what the file's own job was caused by: the submission, or its correction.
    cause = event.cause or event.id
    readers = [each for each in registry.accepting(now.said.kind, media) if each.media]
    _insert([_job(cause, event.stream, event.item, each, now.said) for each in readers])


def media_of(item: UUID) -> str:
    """Give the media type that was found in an item's file; empty where none is known."""
    results = Enrichment.objects.filter(item=item, enricher=IDENTITY, status="done").order_by("-version", "-seq")
    output = results.values_list("output", flat=True).first()
    return str((output or {}).get("media_type", ""))


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
        ended.update(**{**ANEW, "published_at": now})
    if jobs:
        transaction.on_commit(partial(announce, [job.pk for job in jobs]))


@reacts_to(EventRedacted)
def forget(redacted: Recorded) -> None:
    """End the work on what was erased, and forget what its jobs say of it; do again what read something else, too."""
    said: EventRedacted = redacted.data
    named = [each.event for each in said.targets] + [each for file in said.files for each in file.events]
    events = Event.objects.filter(pk__in=named).values_list("pk", "item")
    of_items = {event: item for event, item in events if item}
    for item in sorted(set(of_items.values())):
        _forget(item, [each for each in said.targets if of_items.get(each.event) == item])


def _forget(item: UUID, targets: Sequence[Target]) -> None:
    now = state_of(ItemState.objects.now().get(item=item))
    ids = [each.event for each in targets]
    again = set(Enrichment.objects.filter(id__in=ids, item=item).values_list("enricher", flat=True))
    erased = [field for target in targets for field in target.fields]
    names = {name for field in erased for name in (*field.parts, *field.others) or (field.name,)}
    for job in Job.objects.filter(item=item):
        enricher = registry.find(job.enricher, job.version)
        if enricher is not None and reads_what_is_there(enricher, now, item):
            # One that has no result yet read it all the same.
            as_it_was = job.input_digest != digest_of(enricher, now.said) and not enricher.reads.isdisjoint(names)
            if job.enricher not in again and not as_it_was:
                continue
            again.add(job.enricher)
        # The digest of its input has no salt: it would prove a guess at what was erased.
        gone = {"input_digest": f"erased:{job.pk.hex}", "status": Job.DONE, "reason": GONE, "claimed_until": None}
        Job.objects.filter(pk=job.pk).update(**gone)
    _insert(
        [
            _job(submission.id, submission.stream, item, enricher, now.said)
            for submission in Event.objects.filter(item=item, type="evidence.submitted/1")
            for enricher in registry.of_kind(now.said.kind)
            if enricher.name in again and reads_what_is_there(enricher, now, item)
        ]
    )


def reads_what_is_there(enricher: Enricher, item: domain.Item, id: UUID) -> bool:
    """Say whether an erasure left an enricher something to read: the file, where it reads one, else any field."""
    file = item.said.file
    if "file" in enricher.reads and file is not None:
        return not bytes_erased(id, file.sha256)
    left = "file" not in enricher.reads and bool(fields_for(enricher, item.said))
    return left or enricher.reads.isdisjoint(item.erased)


def _jobs(event: Recorded, said: domain.EvidenceSubmitted, *, media: str = "") -> list[Job]:
    assert event.item is not None  # noqa: S101 -- every evidence event is about an item
    readers = registry.accepting(said.kind, media)
    return [_job(event.id, event.stream, event.item, enricher, said) for enricher in readers]


def _job(submitted: UUID, case: UUID, item: UUID, enricher: Enricher, said: domain.EvidenceSubmitted) -> Job:
    return Job(
        case_id=case,
        item=item,
        submitted=submitted,
        enricher=enricher.name,
        version=enricher.version,
        input_digest=digest_of(enricher, said),
        published_at=timezone.now(),
    )


def _insert(jobs: list[Job], *, unless_there: bool = True) -> None:
    insert(jobs, unless_there=unless_there)
    transaction.on_commit(partial(announce, [job.id for job in jobs]))


def digest_of(enricher: Enricher, said: domain.EvidenceSubmitted) -> str:
    """Hash what an enricher reads of an item: SHA-256 of the compact JSON of those fields; the file by its SHA-256."""
    return sha256(codec.to_json(fields_for(enricher, said)).encode()).hexdigest()


def fields_for(enricher: Enricher, said: domain.EvidenceSubmitted) -> dict[str, object]:
    """Pick the submitted fields that an enricher reads."""
    values = codec.to_values(said)
    return {name: values[name] for name in sorted(enricher.reads) if name in values}
