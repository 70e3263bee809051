"""From news about evidence to jobs: one for each enricher that reads what was submitted or corrected."""

from __future__ import annotations

from functools import partial
from hashlib import sha256

from django.db import transaction

from enrichment import registry
from enrichment.domain import Enricher
from enrichment.models import Job
from enrichment.publish import publish
from evidence import domain
from evidence.models import ItemState
from evidence.projections import state_of
from ledger import codec
from ledger.recorded import Recorded
from ledger.subscriptions import reacts_to


@reacts_to(domain.EvidenceSubmitted, domain.EvidenceCorrected)
def plan(event: Recorded) -> None:
    """Insert a job for each enricher whose input is new, and publish them once the event is committed."""
    said = state_of(ItemState.objects.now().get(item=event.item)).said
    jobs = [
        Job(
            case_id=event.stream,
            item=event.item,
            submitted=event.id,
            enricher=enricher.name,
            version=enricher.version,
            input_digest=digest_of(enricher, said),
        )
        for enricher in registry.accepting(said.kind)
    ]
    Job.objects.bulk_create(jobs, ignore_conflicts=True)
    transaction.on_commit(partial(publish, [job.id for job in jobs]))


def digest_of(enricher: Enricher, said: domain.EvidenceSubmitted) -> str:
    """Hash what an enricher reads of an item: SHA-256 of the compact JSON of those fields; the file by its SHA-256."""
    return sha256(codec.to_json(fields_for(enricher, said)).encode()).hexdigest()


def fields_for(enricher: Enricher, said: domain.EvidenceSubmitted) -> dict[str, object]:
    """Pick the submitted fields that an enricher reads."""
    values = codec.to_values(said)
    return {name: values[name] for name in sorted(enricher.reads) if name in values}
