"""Files: originals as attachments, and the pictures that we made of them."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from evidence import commands
from evidence.download import original_response, preview_response
from evidence.queries import derivative_of, original_of
from workspace.answers import actor


@require_safe
def original(request: HttpRequest, case_id: UUID, item: UUID) -> HttpResponseBase:
    """Hand out the bytes as received, and note that somebody took them."""
    by = actor(request)
    file = original_of(case_id, item, by=by)
    response = original_response(file.sha256, file.name)
    commands.look(case_id=case_id, items=[item], action="downloaded", by=by)
    return response


@require_safe
def preview(request: HttpRequest, case_id: UUID, item: UUID, sha256: str) -> HttpResponseBase:
    """Show a picture that an enricher made of the item."""
    made = derivative_of(case_id, item, sha256, by=actor(request))
    return preview_response(made.sha256, made.media_type)
