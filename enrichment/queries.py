"""What is still being worked on."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from enrichment import registry
from enrichment.choosing import look_ahead, planned_by
from enrichment.models import Job
from evidence import following, queries
from evidence.queries import Waiting


def register() -> None:
    """Let the room below show what waits on an item."""
    queries.waiting_for.append(waiting_for)
    following.tools.append(reads)
    queries.waiting_items.append(waiting_items)
    queries.reading.append(reading)
    queries.before_submission.append(look_ahead)


def reads() -> dict[str, frozenset[str]]:
    """Tell which fields each installed enricher reads."""
    return {enricher.name: enricher.reads for enricher in registry.installed().values()}


def waiting_for(items: Collection[UUID]) -> Iterator[Waiting]:
    """Yield the open jobs of some items."""
    for item, enricher, version in Job.objects.open().filter(item__in=items).values_list("item", "enricher", "version"):
        yield Waiting(item=item, enricher=enricher, version=version)


def reading(kind: str, case_id: UUID) -> Iterator[tuple[str, int]]:
    """Yield the enrichers that read this kind of evidence in a case; asked for what was submitted a moment ago."""
    playbook = planned_by(case_id)
    for enricher in registry.accepting(kind):
        if playbook.has(enricher):
            yield enricher.name, enricher.version


def waiting_items() -> QuerySet[Any]:
    """Select the ids of the items that have an open job."""
    return Job.objects.open().values("item")
