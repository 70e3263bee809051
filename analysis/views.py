"""Findings over the API: state, list, read, compute, and one path per command on a finding."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from analysis import commands, queries, registry
from analysis import serializers as shapes
from analysis.models import Finding
from cases.access import Permission, require
from cases.http import CommandView, StrictView, etag, seen
from cases.serializers import ShapeSerializer
from evidence.queries import moment
from ledger import codec
from ledger.recorded import Recorded

# What a finding says, it says of evidence.
READ = {"GET": ("cases:read", "evidence:read")}
WRITE = {"POST": "findings:write"}
IF_MATCH = OpenApiParameter("If-Match", str, OpenApiParameter.HEADER)


class FindingList(StrictView, generics.ListAPIView):
    """The findings of a case: list them, or state another one."""

    required_scopes = READ | WRITE
    serializer_class = shapes.FindingSerializer
    queryset = Finding.objects.none()
    ordering = ("-seq",)

    def get_queryset(self) -> QuerySet[Finding]:
        return queries.findings_of(self.kwargs["case_id"], by=self.request.actor)

    @extend_schema(summary="List the findings of a case, newest first")
    def get(self, request: Request, case_id: UUID) -> Response:
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response([queries.represent(row) for row in page])

    @extend_schema(
        summary="State a finding", request=shapes.StateSerializer, responses={201: shapes.WholeFindingSerializer}
    )
    def post(self, request: Request, case_id: UUID) -> Response:
        # To a stranger there is no such case, whatever they send.
        require(case_id, Permission.STATE, by=request.actor)
        stated = shapes.StateSerializer.read(request.data)
        recorded = commands.state_finding(case_id=case_id, stated=stated, by=request.actor)
        return _answer(request, case_id, recorded.item, status=201)


class FindingDetail(StrictView):
    required_scopes = READ

    @extend_schema(summary="Read a finding with all that its result stands on", responses=shapes.WholeFindingSerializer)
    def get(self, request: Request, case_id: UUID, finding: UUID) -> Response:
        return _answer(request, case_id, finding)


class FindingAsOf(StrictView):
    """What the rule gives over the evidence as it stood at an earlier moment; nothing is recorded."""

    required_scopes = READ
    parameters = frozenset({"as_of"})

    @extend_schema(
        summary="Compute a finding as it would have come out earlier",
        parameters=[
            OpenApiParameter("as_of", str, required=True, description="An event's seq, or an instant with its zone.")
        ],
        responses=shapes.ComputedSerializer,
    )
    def get(self, request: Request, case_id: UUID, finding: UUID) -> Response:
        queries.finding_row(case_id, finding, by=request.actor)
        as_of = moment(case_id, request.query_params.get("as_of", ""))
        done = queries.computed_as_of(case_id, finding, as_of=as_of, by=request.actor)
        return Response(queries.represent_computed(done, as_of=as_of))


class FindingCommandView(CommandView):
    """A command on one finding; it answers with how the finding then stands."""

    required_scopes = WRITE
    command: Callable[..., Recorded]
    wraps: str | None

    def post(self, request: Request, case_id: UUID, finding: UUID) -> Response:
        # To a stranger there is no such finding, whatever they send.
        queries.finding_row(case_id, finding, by=request.actor)
        read = self.serializer_class.read
        asked = {self.wraps: read(request.data)} if self.wraps else self.arguments(request)
        self.command(case_id=case_id, finding=finding, by=request.actor, seen=seen(request), **asked)
        return _answer(request, case_id, finding)


def finding_command(
    name: str, command: Callable[..., Recorded], serializer: type[ShapeSerializer], *, wraps: str | None = None
) -> Any:
    """Make the view of one command on a finding; `wraps` names the argument that takes the fields as one event."""
    summary = (command.__doc__ or name).partition("\n")[0].rstrip(".")
    attributes = {
        "command": staticmethod(command),
        "serializer_class": serializer,
        "wraps": wraps,
        "__doc__": summary,
    }
    view = type(f"{name.title().replace('_', '')}Finding", (FindingCommandView,), attributes)
    schema = extend_schema(
        operation_id=f"finding_{name}",
        summary=summary,
        parameters=[IF_MATCH],
        request=serializer,
        responses={200: shapes.WholeFindingSerializer},
    )
    return extend_schema_view(post=schema)(view).as_view()


class RuleList(StrictView):
    """The rules that are installed: the same for everybody."""

    required_scopes = {"GET": "cases:read"}

    @extend_schema(summary="List the rules that findings are computed by", responses=shapes.RuleSerializer(many=True))
    def get(self, request: Request) -> Response:
        return Response([
            {"name": rule.name, "version": rule.version, "says": rule.says, "parameters": _defaults(rule.parameters)}
            for rule in registry.installed().values()
        ])  # fmt: skip


def _defaults(parameters: type[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in dataclasses.fields(parameters):
        made = field.default_factory() if field.default_factory is not dataclasses.MISSING else field.default
        found[field.name] = None if made is dataclasses.MISSING else codec.to_plain(made)
    return found


def _answer(request: Request, case_id: UUID, finding: UUID | None, *, status: int = 200) -> Response:
    assert finding is not None  # noqa: S101 -- every event of a finding is about it
    row = queries.finding_row(case_id, finding, by=request.actor)
    headers = {"ETag": etag(row.last_seq), "Location": reverse("finding-detail", args=[case_id, finding])}
    return Response(queries.represent_whole(row), status=status, headers=headers)
