"""From news about evidence to jobs: one for each enricher of the case's playbook that reads what was submitted or
corrected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from enrichment import registry
from enrichment.choosing import playbook_of, playbook_to_plan_by
from enrichment.domain import Enricher
from enrichment.models import ANEW, Job
from enrichment.parameters import adjusted, read
from enrichment.playbooks import IDENTITY, Playbook
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

GONE = "What it read was erased."
"""Why a job ended without a result."""


@reacts_to_run(domain.EvidenceSubmitted)
def plan(events: Sequence[Recorded]) -> None:
    """Insert a job for each enricher that reads what was submitted, and announce them once all is committed."""
    # One append is to one case.
    playbook = playbook_to_plan_by(events[0].stream)
    # The items are new, and so are their jobs.
    _insert([job for event in events for job in _jobs(event, event.data, playbook)], unless_there=False)


@reacts_to(domain.EvidenceCorrected)
def plan_again(event: Recorded) -> None:
    """Do the same for each enricher whose input is new after a correction, or is an earlier one again."""
    assert event.item is not None  # noqa: S101 -- every evidence event is about an item
    now = state_of(ItemState.objects.now().get(item=event.item))
    there = {each.name for each in registry.of_kind(now.said.kind) if reads_what_is_there(each, now, event.item)}
    again = _jobs(event, now.said, playbook_of(event.stream), media=media_of(event.item))
    jobs = [job for job in again if job.enricher in there]
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
    if readers:
        playbook = playbook_of(event.stream)
        of_case = [each for each in readers if playbook.has(each)]
        _insert([job_for(cause, event.stream, event.item, each, now.said, playbook) for each in of_case])


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
    # An event may be about something else, such as a finding.
    evidence = ItemState.objects.now().filter(item__in=set(of_items.values())).values_list("item", flat=True)
    for item in sorted(evidence):
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
            same = job.input_digest == digest_of(enricher, now.said, job.parameters)
            as_it_was = not same and not enricher.reads.isdisjoint(names)
            if job.enricher not in again and not as_it_was:
                continue
            again.add(job.enricher)
        # The digest of its input has no salt: it would prove a guess at what was erased.
        gone = {"input_digest": f"erased:{job.pk.hex}", "status": Job.DONE, "reason": GONE, "claimed_until": None}
        Job.objects.filter(pk=job.pk).update(**gone)
    submission = Event.objects.get(item=item, type="evidence.submitted/1")
    playbook = playbook_of(submission.stream)
    _insert(
        [
            job_for(submission.id, submission.stream, item, enricher, now.said, playbook)
            for enricher in registry.of_kind(now.said.kind)
            if enricher.name in again and playbook.has(enricher) and reads_what_is_there(enricher, now, item)
        ]
    )


def reads_what_is_there(enricher: Enricher, item: domain.Item, id: UUID) -> bool:
    """Say whether an erasure left an enricher something to read: the file, where it reads one, else any field."""
    file = item.said.file
    if "file" in enricher.reads and file is not None:
        return not bytes_erased(id, file.sha256)
    left = "file" not in enricher.reads and bool(fields_for(enricher, item.said))
    return left or enricher.reads.isdisjoint(item.erased)


def _jobs(event: Recorded, said: domain.EvidenceSubmitted, playbook: Playbook, *, media: str = "") -> list[Job]:
    assert event.item is not None  # noqa: S101 -- every evidence event is about an item
    readers = [each for each in registry.accepting(said.kind, media) if playbook.has(each)]
    return [job_for(event.id, event.stream, event.item, enricher, said, playbook) for enricher in readers]


def job_for(
    cause: UUID, case: UUID, item: UUID, enricher: Enricher, said: domain.EvidenceSubmitted, playbook: Playbook
) -> Job:
    """Make the job of an enricher on an item as it stands, with the playbook's parameters."""
    parameters = adjusted(read(enricher.adjustable, playbook.parameters_of(enricher.name))[0])
    return Job(
        case_id=case,
        item=item,
        submitted=cause,
        enricher=enricher.name,
        version=enricher.version,
        input_digest=digest_of(enricher, said, parameters),
        parameters=parameters,
        published_at=timezone.now(),
    )


def _insert(jobs: list[Job], *, unless_there: bool = True) -> None:
    insert(jobs, unless_there=unless_there)
    transaction.on_commit(partial(announce, [job.id for job in jobs]))


def digest_of(enricher: Enricher, said: domain.EvidenceSubmitted, parameters: Mapping[str, Any]) -> str:
    """Hash what an enricher reads of an item: SHA-256 of the compact JSON of those fields; the file by its SHA-256.

    :param parameters: those that people set; where one is not at its default, the JSON is a list of the fields and of
        all such parameters by their names.
    """
    fields = fields_for(enricher, said)
    changed = sorted(adjusted(read(enricher.adjustable, parameters)[0]).items())
    return sha256(codec.to_json([fields, dict(changed)] if changed else fields).encode()).hexdigest()


def fields_for(enricher: Enricher, said: domain.EvidenceSubmitted) -> dict[str, object]:
    """Pick the submitted fields that an enricher reads."""
    values = codec.to_values(said)
    return {name: values[name] for name in sorted(enricher.reads) if name in values}
