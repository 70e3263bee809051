"""Exports over the API: ask for a bundle, follow it, download it. And the verifier, for anybody."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_safe
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes, extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from cases.access import Permission, require
from cases.http import OneFormat, StrictView
from exchange import commands
from exchange import serializers as shapes
from exchange.download import bundle_response, verifier_response
from exchange.models import Export
from exchange.queries import export_of, exports_of
from exchange.ranges import NoSuchRange

# All that is recorded of a case and of its evidence leaves in a bundle.
SCOPES = ("cases:read", "evidence:read")


class ExportList(StrictView, generics.ListAPIView):
    """The bundles of a case: those that were asked for, and one more."""

    required_scopes = {"GET": SCOPES, "POST": SCOPES}
    serializer_class = shapes.ExportSerializer
    queryset = Export.objects.none()
    ordering = ("-id",)

    def get_queryset(self) -> QuerySet[Export]:
        return exports_of(self.kwargs["case_id"], by=self.request.actor)

    @extend_schema(summary="List the exports of a case, newest first")
    def get(self, request: Request, case_id: UUID) -> Response:
        return self.list(request)

    @extend_schema(
        summary="Export a case: ask for a bundle of it",
        request=shapes.NewExportSerializer,
        responses={202: shapes.ExportSerializer},
    )
    def post(self, request: Request, case_id: UUID) -> Response:
        # To a stranger there is no such case, whatever they send.
        require(case_id, Permission.EXPORT, by=request.actor)
        wanted = shapes.NewExportSerializer.read(request.data)
        export = commands.request_export(case_id=case_id, wanted=wanted, by=request.actor)
        headers = {"Location": reverse("export-detail", args=[case_id, export.pk])}
        return Response(shapes.shown(export, request=request), status=202, headers=headers)


class ExportDetail(StrictView):
    required_scopes = {"GET": SCOPES}

    @extend_schema(summary="Follow an export", responses=shapes.ExportSerializer)
    def get(self, request: Request, case_id: UUID, export: UUID) -> Response:
        return Response(shapes.shown(export_of(case_id, export, by=request.actor), request=request))


class ExportDownload(StrictView):
    """The bundle itself. A download that broke off goes on with `Range` and `If-Range`."""

    required_scopes = {"GET": SCOPES}
    content_negotiation_class = OneFormat

    @extend_schema(
        summary="Download a bundle",
        parameters=[
            OpenApiParameter(
                "Range", str, OpenApiParameter.HEADER, description="One range of bytes, such as bytes=500-."
            ),
            OpenApiParameter("If-Range", str, OpenApiParameter.HEADER, description="The ETag of what came so far."),
        ],
        responses={
            (200, "application/zip"): OpenApiTypes.BINARY,
            (206, "application/zip"): OpenApiTypes.BINARY,
            304: None,
        },
    )
    def get(self, request: Request, case_id: UUID, export: UUID) -> HttpResponseBase:
        return bundle_response(request._request, case_id=case_id, export_id=export, by=request.actor)

    def handle_exception(self, error: Exception) -> Response:
        """Tell who asked for bytes past the end how many there are."""
        answer: Any = super().handle_exception(error)
        if isinstance(error, NoSuchRange):
            answer["Content-Range"] = f"bytes */{error.size}"
        return answer


@require_safe
def verifier(request: HttpRequest) -> HttpResponse:
    """Hand out the verifier, as it also lies in each bundle."""
    return verifier_response()
