"""Items whose jobs are to be done, and what came out."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from enrichment import commands
from enrichment.models import Job
from evidence import commands as evidence
from evidence import domain, queries
from ledger import store
from ledger.actors import Actor


def submit_text(case: UUID, owner: Actor, text: str = "IMO 9074729 at 42.7400, 133.0800") -> UUID:
    said = domain.EvidenceSubmitted(kind=domain.Kind.STATEMENT, text=text)
    item = evidence.submit_evidence(case_id=case, said=said, by=owner).item
    assert item
    return item


def submit_picture(case: UUID, owner: Actor, path: Path, **fields: Any) -> UUID:
    with store.incoming() as incoming:
        incoming.write(path.read_bytes())
        kept = incoming.keep()
    file = domain.FileReference(sha256=kept.sha256, size=kept.size, name=path.name)
    said = domain.EvidenceSubmitted(kind=domain.Kind.IMAGE, file=file, **fields)
    item = evidence.submit_evidence(case_id=case, said=said, by=owner).item
    assert item
    return item


def work(case: UUID) -> None:
    for job in Job.objects.filter(case_id=case, status=Job.WAITING):
        commands.run_job(job_id=job.pk)


def results(case: UUID, item: UUID, owner: Actor) -> dict[str, dict[str, Any]]:
    row = queries.item_row(case, item, by=owner)
    return {each["enricher"]: each for each in queries.represent([row])[0]["enrichments"]}
