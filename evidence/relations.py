"""How items relate, as the API gives it: what leads from an item and what leads to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from evidence.models import ItemState, Link


def links_of(
    items: Collection[UUID], *, visible: QuerySet[ItemState], as_of: int | None = None
) -> dict[UUID, list[dict[str, Any]]]:
    """Show, for each item, the relations from it and to it. Two queries, however many items.

    :param visible: the items that may be named.
    """
    relations = Link.objects.now() if as_of is None else Link.objects.at(as_of)
    links = list(relations.filter(Q(item__in=items) | Q(target__in=items)))
    ends = {end for link in links for end in (link.item, link.target)}
    seen = set(visible.filter(item__in=ends).values_list("item", flat=True)) if ends else set()
    found: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    wanted = set(items)
    for link in links:
        if link.item in wanted and link.target in seen:
            found[link.item].append(_shown(link, link.target, "to"))
        if link.target in wanted and link.item in seen:
            found[link.target].append(_shown(link, link.item, "from"))
    return found


def own_links(row: ItemState) -> list[dict[str, Any]]:
    """Show the relations of an item that was submitted a moment ago, which nobody can have linked yet."""
    origins = dict.fromkeys(row.state["said"].get("derived_from", ()))
    return [
        {
            "relation": "derived_from",
            "direction": "to",
            "item": origin,
            "note": "",
            "by": row.submitted_by,
            "at": row.submitted_at,
            "seq": row.seq,
        }
        for origin in origins
    ]


def _shown(link: Link, other: UUID, direction: str) -> dict[str, Any]:
    return {
        "relation": link.relation,
        "direction": direction,
        "item": str(other),
        "note": link.note,
        "by": link.by,
        "at": link.at,
        "seq": link.seq,
    }
