"""Files: originals as attachments, and the pictures that we made of them."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from evidence import commands
from evidence.download import original_response, preview_response
from evidence.models import Enrichment
from evidence.queries import item_row
from ledger.errors import NotFound
from workspace.answers import actor


@require_safe
def original(request: HttpRequest, case_id: UUID, item: UUID) -> HttpResponseBase:
    """Hand out the bytes as received, and note that somebody took them."""
    by = actor(request)
    file = item_row(case_id, item, by=by).state["said"].get("file")
    if not file:
        raise NotFound("This item has no file.")
    response = original_response(file["sha256"], file.get("name", ""))
    commands.look(case_id=case_id, items=[item], action="downloaded", by=by)
    return response


@require_safe
def preview(request: HttpRequest, case_id: UUID, item: UUID, sha256: str) -> HttpResponseBase:
    """Show a picture that an enricher made of the item."""
    item_row(case_id, item, by=actor(request))
    for derivatives in Enrichment.objects.filter(item=item).values_list("derivatives", flat=True):
        for each in derivatives:
            if each["sha256"] == sha256:
                return preview_response(sha256, each["media_type"])
    raise NotFound
