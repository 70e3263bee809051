"""Erasures over the API: look at what would go, ask, list, confirm, decline."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from cases.access import Permission, require
from cases.http import StrictView
from evidence.erasure import commands
from evidence.erasure import serializers as shapes
from evidence.erasure.models import ErasureRequest
from evidence.erasure.queries import request_of

# What goes is evidence, and what was recorded of it.
READ = {"GET": ("cases:read", "evidence:read")}
WRITE = {"POST": ("cases:write", "evidence:write")}


@extend_schema_view(get=extend_schema(summary="List the erasures of a case, newest first"))
class ErasureList(StrictView, generics.ListAPIView):
    """The erasures that were asked for in a case, newest first; or ask for one."""

    required_scopes = READ | WRITE
    serializer_class = shapes.ErasureSerializer
    queryset = ErasureRequest.objects.none()
    ordering = ("-seq",)

    def get_queryset(self) -> QuerySet[ErasureRequest]:
        require(self.kwargs["case_id"], Permission.READ, by=self.request.actor)
        return ErasureRequest.objects.filter(case_id=self.kwargs["case_id"])

    @extend_schema(
        summary="Ask for an erasure, which a second person confirms",
        request=shapes.NewErasureSerializer,
        responses={201: shapes.ErasureInDetailSerializer},
    )
    def post(self, request: Request, case_id: UUID) -> Response:
        # To one who may not ask, nothing is told about what was sent.
        require(case_id, Permission.ERASE, by=request.actor)
        wanted = shapes.NewErasureSerializer.read(request.data)
        asked = commands.request_erasure(case_id=case_id, wanted=wanted, by=request.actor)
        return _answer(request, case_id, asked.id, status=201)


class ErasurePreview(StrictView):
    """What an erasure would take away: an exact list, and what to look at besides. Nothing is recorded."""

    required_scopes = WRITE

    @extend_schema(
        summary="See what an erasure would take away",
        request=shapes.WhatGoesSerializer,
        responses=shapes.PreviewSerializer,
    )
    def post(self, request: Request, case_id: UUID) -> Response:
        require(case_id, Permission.ERASE, by=request.actor)
        wanted = shapes.WhatGoesSerializer.read(request.data)
        found = commands.preview_erasure(case_id=case_id, wanted=wanted, by=request.actor)
        return Response(shapes.preview_as_json(found))


class ErasureDetail(StrictView):
    required_scopes = READ

    @extend_schema(
        summary="Read an erasure, and what it would take away by now", responses=shapes.ErasureInDetailSerializer
    )
    def get(self, request: Request, case_id: UUID, redaction: UUID) -> Response:
        require(case_id, Permission.READ, by=request.actor)
        return _answer(request, case_id, redaction)


class ConfirmErasure(StrictView):
    required_scopes = WRITE

    @extend_schema(
        summary="Confirm an erasure that somebody else asked for",
        description="`fingerprint` is that of the preview: where the list is another one by now, it is refused (412).",
        request=shapes.ConfirmSerializer,
        responses=shapes.ErasureInDetailSerializer,
    )
    def post(self, request: Request, case_id: UUID, redaction: UUID) -> Response:
        require(case_id, Permission.CONFIRM_ERASURE, by=request.actor)
        said = shapes.ConfirmSerializer.read(request.data)
        commands.confirm_erasure(case_id=case_id, redaction=redaction, fingerprint=said.fingerprint, by=request.actor)
        return _answer(request, case_id, redaction)


class DeclineErasure(StrictView):
    required_scopes = WRITE

    @extend_schema(
        summary="Decline an erasure, or take one's own request back",
        request=shapes.DeclineSerializer,
        responses=shapes.ErasureInDetailSerializer,
    )
    def post(self, request: Request, case_id: UUID, redaction: UUID) -> Response:
        require(case_id, Permission.CONFIRM_ERASURE, by=request.actor)
        said = shapes.DeclineSerializer.read(request.data)
        commands.decline_erasure(case_id=case_id, redaction=redaction, reason=said.reason, by=request.actor)
        return _answer(request, case_id, redaction)


def _answer(request: Any, case_id: UUID, redaction: UUID, *, status: int = 200) -> Response:
    row, _ = request_of(case_id, redaction)
    row.preview = None  # type: ignore[attr-defined]
    if row.status == ErasureRequest.OPEN:
        found = commands.preview_request(case_id=case_id, redaction=redaction, by=request.actor)
        row.preview = shapes.preview_as_json(found)  # type: ignore[attr-defined]
    headers = {"Location": reverse("erasure-detail", args=[case_id, redaction])}
    return Response(shapes.ErasureInDetailSerializer(row).data, status=status, headers=headers)
