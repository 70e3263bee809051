"""Pictures whose hashes are known without a sandbox, for what is done with them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from enrichment.domain import EnricherInput
from enrichment.enrichers.perceptual_hash import ENRICHER, read_hashes
from evidence import domain
from ledger import codec
from ledger.actors import Actor
from ledger.append import Fact, append
from tests.enrichment.jobs import submit_picture


@cache
def output_of(path: Path) -> dict[str, Any]:
    given = EnricherInput(kind="image", fields={}, original=path, folder=path.parent)
    return codec.to_values(read_hashes(given).output)


def say(case: UUID, item: UUID, output: dict[str, Any]) -> UUID:
    """Record what the enricher found, and nothing of the sandbox."""
    found = domain.EvidenceEnriched(
        enricher=ENRICHER.name, version=1, tool="test 1", input_digest="0" * 64, output=output, seconds=0.1
    )
    [event] = append(case, [Fact(found, item=item)], by=Actor.worker(ENRICHER.name, 1))
    return event.id


def add(case: UUID, by: Actor, path: Path, **fields: Any) -> UUID:
    item = submit_picture(case, by, path, **fields)
    say(case, item, output_of(path))
    return item
