"""How an item relates to others of its case, in words, in both directions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from evidence.domain import Relation
from evidence.models import ItemState, Link
from evidence.queries import visible_items
from evidence.rules import RELATION_WORDS
from ledger.actors import Actor


@dataclass(frozen=True)
class Related:
    """Another item, the words that lead to it, and the note that was made."""

    words: str
    item: UUID
    title: str
    kind: str
    retracted: bool
    note: str = ""


def relations(case_id: UUID, item: UUID, *, said: dict[str, Any], by: Actor) -> list[Related]:
    """List an item's links from it and to it, and its basis; only items that the reader may see."""
    links = list(Link.objects.now().filter(Q(item=item) | Q(target=item), case=case_id))
    basis = [UUID(each) for each in said["basis"]]
    wanted = {each.target if each.item == item else each.item for each in links} | set(basis)
    if not wanted:
        return []
    rows = {row.item: row for row in visible_items(case_id, by=by).now().filter(item__in=wanted)}  # type: ignore[attr-defined]
    found = [_related("was seen in", rows[other]) for other in basis if other in rows]
    for link in links:
        forward = link.item == item
        other = link.target if forward else link.item
        if other in rows:
            words = RELATION_WORDS[Relation(link.relation)][0 if forward else 1]
            found.append(_related(words, rows[other], note=link.note))
    return found


def titles_of(states: QuerySet[ItemState], *, most: int) -> list[tuple[UUID, str]]:
    """Name the newest items of a selection, to choose from."""
    return [(row.item, f"{row} ({row.kind}, event {row.seq})") for row in states.order_by("-seq")[:most]]


def _related(words: str, row: ItemState, *, note: str = "") -> Related:
    retracted = row.status == "retracted"
    return Related(words, row.item, str(row), row.kind, retracted, note)
