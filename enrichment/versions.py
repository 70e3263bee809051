"""The results of one tool side by side: each with what changed against the one before it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from enrichment.changes import Changes, changed
from evidence.models import Enrichment, ErasedPart
from evidence.queries import item_row
from ledger.actors import Actor
from ledger.errors import NotFound

MOST = 50
"""How many results of one tool are compared: the newest."""


@dataclass(frozen=True)
class Version:
    """A result; `since` is the one before it that found something, and `changed` what is another than there.

    Both are None where nothing can be compared: it is the first, it failed, or one of the two was erased.
    """

    row: Enrichment
    erased: bool
    since: Enrichment | None = None
    changed: Changes | None = None


def results_of(case_id: UUID, item: UUID, enricher: str, *, by: Actor) -> list[Version]:
    """List what a tool found in an item, the newest version and run first.

    :raises NotFound: there is no such item for the caller, or the tool has said nothing of it.
    """
    item_row(case_id, item, by=by)
    rows = list(Enrichment.objects.filter(item=item, enricher=enricher).order_by("-version", "-seq")[: MOST + 1])
    if not rows:
        raise NotFound
    erased = ErasedPart.objects.filter(event__in=[row.pk for row in rows]).values_list("event", flat=True)
    return list(side_by_side(rows, set(erased)))[:MOST]


def side_by_side(
    rows: Sequence[Enrichment],
    erased: Collection[UUID],
    shown: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda output: output,
) -> Iterator[Version]:
    """Compare each result of a tool with the one before it; they come newest first.

    :param shown: leaves out of an output what its reader does not see.
    """
    for place, row in enumerate(rows):
        gone = row.pk in erased
        found = (each for each in rows[place + 1 :] if each.status == "done" and each.pk not in erased)
        since = next(found, None) if row.status == "done" and not gone else None
        if since is None:
            yield Version(row, gone)
        else:
            yield Version(row, gone, since, changed(shown(since.output or {}), shown(row.output or {})))
