"""Many items in one request: JSON lines in, a result for each line out."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes, extend_schema
from rest_framework.request import Request

from cases.domain import Sensitivity
from cases.http import OneFormat, StrictView
from cases.queries import case_for
from evidence import commands
from evidence.domain import EvidenceSubmitted
from evidence.parsers import BytesOfLinesParser, LinesParser
from evidence.serializers import SubmitSerializer
from ledger.codec import to_json
from ledger.errors import DomainError, Invalid, TooLarge
from ledger.payloads import only_tried
from ledger.recorded import Recorded
from ledger.strict_json import parse_strict


class Batch(StrictView):
    """Submit many statements and sightings at once; each line is recorded, or refused for itself."""

    required_scopes = {"POST": "evidence:write"}
    parameters = frozenset({"dry_run"})
    parser_classes = [LinesParser, BytesOfLinesParser]
    content_negotiation_class = OneFormat

    @extend_schema(
        summary="Submit many items, one JSON object a line",
        parameters=[OpenApiParameter("dry_run", bool, description="Say what would happen; record nothing.")],
        request={"application/x-ndjson": OpenApiTypes.STR, "application/octet-stream": OpenApiTypes.BINARY},
        responses={(200, "application/x-ndjson"): OpenApiTypes.STR},
    )
    def post(self, request: Request, case_id: UUID) -> HttpResponse:
        dry = _dry_run(request)
        case = case_for(case_id, by=request.actor)
        if not request.data:
            raise Invalid("The batch has no line: send one JSON object a line.")
        read = [_read(line, Sensitivity(case.sensitivity)) for line in request.data]
        with transaction.atomic(), only_tried() if dry else nullcontext():
            results = commands.submit_batch(case_id=case_id, submissions=read, by=request.actor)
            if dry:
                transaction.set_rollback(True)
        lines = [_result(number, result, dry=dry) for number, result in enumerate(results, start=1)]
        return HttpResponse("".join(to_json(line) + "\n" for line in lines), content_type="application/x-ndjson")


def _dry_run(request: Request) -> bool:
    value = request.query_params.get("dry_run", "false").lower()
    if value not in {"true", "false", "1", "0"}:
        raise Invalid("dry_run can not be read.", errors={"dry_run": ["true or false."]})
    return value in {"true", "1"}


def _read(line: bytes, sensitivity: Sensitivity) -> EvidenceSubmitted | DomainError:
    try:
        if len(line) > settings.MAX_JSON_BYTES:
            raise TooLarge(f"A line has at most {settings.MAX_JSON_BYTES:,} bytes.")
        return SubmitSerializer.submission(parse_strict(line), sensitivity=sensitivity)
    except DomainError as refusal:
        return refusal


def _result(number: int, result: Recorded | DomainError, *, dry: bool) -> dict[str, Any]:
    if isinstance(result, DomainError):
        return {
            "line": number,
            "status": result.status,
            "code": result.code,
            "title": result.title,
            "detail": result.detail,
            "errors": result.errors,
        }
    if dry:
        return {"line": number, "status": 200, "dry_run": True}
    location = reverse("evidence-detail", args=[result.stream, result.item])
    return {"line": number, "status": 201, "id": str(result.item), "seq": result.seq, "location": location}
