"""Which jobs a run still needs on some items: those whose input its enrichers have no result for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from enrichment import registry
from enrichment.domain import NOT_INSTALLED, Enricher
from enrichment.models import Job, Run
from enrichment.playbooks import IDENTITY, OWN, Playbook
from enrichment.reactions import job_for, reads_what_is_there
from enrichment.runs.domain import STOPPED, Status
from evidence.domain import ItemStatus
from evidence.models import Enrichment, ErasedPart, ItemState
from evidence.projections import state_of


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Jobs to insert, ids of jobs to open again, and what of the run can not be planned here."""

    new: Sequence[Job]
    again: Sequence[UUID]
    reason: str = ""


class Input(NamedTuple):
    """What a version of an enricher reads of an item."""

    item: UUID
    enricher: str
    version: int
    digest: str


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of some items: their jobs and results by input, types of files, which had something erased.

    Of what a version found, only the newest counts: that is what people see.
    """

    jobs: Mapping[Input, Mapping[str, Any]]
    results: Mapping[Input, tuple[str, str]]
    media: Mapping[UUID, str]
    erased: Collection[UUID]
    stopped: Collection[UUID] = field(default_factory=set)


def plan_for(run: Run, rows: Sequence[ItemState]) -> Plan:
    """Decide what a run needs on some items of its case, in a fixed number of queries; the case must be locked.

    Items that were retracted are left alone, and so is what an erasure left nothing of. A version that is not
    installed here any more is not planned.
    """
    wanted = {(each["enricher"], each["version"]): each["parameters"] for each in run.enrichers}
    here = {key: enricher for key in wanted if (enricher := registry.find(*key))}
    gone = [f"{name}@{version}" for name, version in wanted if (name, version) not in here]
    playbook = Playbook(name=OWN, parameters={name: parameters for (name, _), parameters in wanted.items()})
    known = _known([row.item for row in rows], run.case_id, list(here.values()))
    new, again = [], []
    for job in _candidates(run, rows, list(here.values()), playbook, known):
        key = Input(job.item, job.enricher, job.version, job.input_digest)
        there, result = known.jobs.get(key), known.results.get(key)
        if there is None and _needs_one(result, failed=run.failed):
            new.append(job)
        elif there is not None and _opens_again(there, result, known.stopped, failed=run.failed):
            again.append(there["id"])
    return Plan(new=new, again=again, reason=f"{NOT_INSTALLED}{', '.join(gone)}" if gone else "")


def _candidates(
    run: Run, rows: Sequence[ItemState], enrichers: Sequence[Enricher], playbook: Playbook, known: Known
) -> Iterator[Job]:
    for row in rows:
        if row.status != ItemStatus.SUBMITTED:
            continue
        item = state_of(row)
        for enricher in enrichers:
            reads = item.said.kind in enricher.accepts
            of_type = not enricher.media or known.media.get(row.item) in enricher.media
            if not reads or not of_type:
                continue
            if row.item in known.erased and not reads_what_is_there(enricher, item, row.item):
                continue
            job = job_for(run.id, run.case_id, row.item, enricher, item.said, playbook)
            job.run, job.published_at = run.id, None
            yield job


def _needs_one(result: tuple[str, str] | None, *, failed: bool) -> bool:
    """Say whether an input needs a job that has none: a case that came in a bundle brings results without jobs."""
    return result is None or (result[0] == "failed" and (failed or result[1].startswith(NOT_INSTALLED)))


def _opens_again(
    job: Mapping[str, Any], result: tuple[str, str] | None, stopped: Collection[UUID], *, failed: bool
) -> bool:
    """Say whether a job is to be done again: it failed, lacked something, or ended without anything found."""
    if job["status"] in {Job.WAITING, Job.RUNNING}:
        # That of a run which was stopped would be ended with it.
        return job["status"] == Job.WAITING and job["run"] in stopped
    if result is not None and result[0] == "done":
        return False
    if job["status"] == Job.DONE:
        return True
    return failed or job["reason"].startswith(NOT_INSTALLED) or job["reason"] == STOPPED


def _known(items: Sequence[UUID], case_id: UUID, enrichers: Sequence[Enricher]) -> Known:
    names = [each.name for each in enrichers]
    jobs = Job.objects.filter(item__in=items, enricher__in=names)
    columns = ("item", "enricher", "version", "input_digest", "id", "status", "reason", "run")
    told = Enrichment.objects.none()
    if any(each.media for each in enrichers):
        told = Enrichment.objects.filter(item__in=items, enricher=IDENTITY, status="done").order_by("version", "seq")
    stopped = Run.objects.filter(case_id=case_id, status=Status.STOPPED)
    return Known(
        jobs={
            Input(row["item"], row["enricher"], row["version"], row["input_digest"]): row
            for row in jobs.values(*columns)
        },
        results=_results(items, names),
        media={item: str((output or {}).get("media_type", "")) for item, output in told.values_list("item", "output")},
        erased=set(ErasedPart.objects.filter(item__in=items).values_list("item", flat=True)),
        stopped=set(stopped.values_list("pk", flat=True)),
    )


def _results(items: Sequence[UUID], names: Sequence[str]) -> dict[Input, tuple[str, str]]:
    found = Enrichment.objects.filter(item__in=items, enricher__in=names).order_by("seq")
    results: dict[Input, tuple[str, str]] = {}
    newest: dict[tuple[UUID, str, int], Input] = {}
    for *of, status, reason in found.values_list("item", "enricher", "version", "input_digest", "status", "reason"):
        key = Input(*of)
        results[key] = (status, reason)
        if status == "done":
            before = newest.get(key[:3])
            if before not in (None, key):
                del results[before]
            newest[key[:3]] = key
    return results
