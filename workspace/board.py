"""A case's evidence as a list: narrowed by what the address says, a page at a time, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.http import HttpRequest

from enrichment.domain import NOT_INSTALLED
from evidence import queries
from evidence.filters import EvidenceFilter
from evidence.models import ItemState
from ledger.actors import Actor
from ledger.errors import Invalid
from workspace.answers import before
from workspace.forms.board import BoardFilters

PAGE = 50

COUNTED = 1000
"""Items are counted so far: counting a hundred thousand takes longer than showing a page of them."""


@dataclass(frozen=True)
class Board:
    """One page of the list. `before` leads to the next; `as_of` is the event it stands at, if not the last."""

    form: BoardFilters
    items: list[dict[str, Any]] = field(default_factory=list)
    total: int = 0
    more_than_counted: bool = False
    before: int | None = None
    as_of: int | None = None
    narrowed: bool = False
    first_page: bool = True
    status: int = 200


def listed(request: HttpRequest, case_id: UUID, *, by: Actor) -> Board:
    """List the items of a case that the address asks for, among those the reader may see."""
    form = BoardFilters(request.GET)
    narrowed = any(value for name, value in request.GET.items() if name in form.fields)
    form.is_valid()
    try:
        as_of = _as_of(request, case_id)
        states = queries.visible_items(case_id, by=by)
        states = states.now() if as_of is None else states.at(as_of)  # type: ignore[attr-defined]
        filters = EvidenceFilter(request.GET, queryset=states, request=request)
        if not filters.is_valid():
            raise Invalid("A filter can not be read.", errors=filters.errors)
        found = filters.qs.order_by("-seq")
    except Invalid as refusal:
        form.refuse(refusal)
        return Board(form, narrowed=True, status=400)
    start = before(request)
    paged = found if start is None else found.filter(seq__lt=start)
    rows = list(paged[: PAGE + 1])
    more = len(rows) > PAGE
    counted = found.order_by()[: COUNTED + 1].count()
    return Board(
        form,
        items=summaries(rows[:PAGE], as_of=as_of),
        total=min(counted, COUNTED),
        more_than_counted=counted > COUNTED,
        before=rows[PAGE - 1].seq if more else None,
        as_of=as_of,
        narrowed=narrowed,
        first_page=start is None,
    )


def summaries(rows: Sequence[ItemState], *, as_of: int | None = None) -> list[dict[str, Any]]:
    """Show items for a list: as the API does, and with the small picture and how far the tools are."""
    shown = queries.represent(rows, as_of=as_of)
    for item in shown:
        item["thumb"] = picture(item["enrichments"], "thumb", "preview")
        # What a tool lacks is told on the item's page: the item is not to blame.
        done = [each["status"] for each in item["enrichments"] if not each["reason"].startswith(NOT_INSTALLED)]
        item["tools"] = {status: done.count(status) for status in ("done", "failed", "waiting")}
    return shown


def picture(enrichments: Sequence[dict[str, Any]], *names: str) -> dict[str, Any] | None:
    """Find the raster picture that a tool made of an item, the first of the names that there is."""
    made = {each["name"]: each for result in enrichments for each in result.get("derivatives") or []}
    return next((made[name] for name in names if name in made), None)


def _as_of(request: HttpRequest, case_id: UUID) -> int | None:
    text = request.GET.get("as_of", "").strip()
    as_of = queries.moment(case_id, text) if text else None
    # The filter for tags reads it here.
    request.as_of = as_of  # type: ignore[attr-defined]
    return as_of
