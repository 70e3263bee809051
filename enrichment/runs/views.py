"""Runs over the API: start one, follow it, let it rest, go on, end it."""

from __future__ import annotations

from collections.abc import Callable
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
from enrichment.models import Run
from enrichment.runs import commands
from enrichment.runs import serializers as shapes
from enrichment.runs.queries import progress_of, run_of, runs_of
from ledger.errors import Invalid
from ledger.recorded import Recorded

READ = {"GET": "cases:read"}
# What tools find is written into evidence.
WRITE = {"POST": ("cases:write", "evidence:write")}
UNKNOWN = "This field is not known here."


class RunList(StrictView, generics.ListAPIView):
    """The runs of a case, and one more."""

    required_scopes = READ | WRITE
    serializer_class = shapes.RunSerializer
    queryset = Run.objects.none()
    ordering = ("-id",)

    def get_queryset(self) -> QuerySet[Run]:
        return runs_of(self.kwargs["case_id"], by=self.request.actor)

    @extend_schema(summary="List the runs of a case, newest first")
    def get(self, request: Request, case_id: UUID) -> Response:
        page = self.paginate_queryset(self.get_queryset()) or []
        progress = progress_of(page)
        return self.get_paginated_response([shapes.shown(run, progress[run.pk]) for run in page])

    @extend_schema(
        summary="Start a run: have a case's evidence read where enrichers have not read it",
        request=shapes.NewRunSerializer,
        responses={202: shapes.RunSerializer},
    )
    def post(self, request: Request, case_id: UUID) -> Response:
        # To a stranger there is no such case, whatever they send.
        require(case_id, Permission.EDIT, by=request.actor)
        wanted = shapes.NewRunSerializer.read(request.data)
        started = commands.start_run(case_id=case_id, wanted=wanted, by=request.actor)
        headers = {"Location": reverse("run-detail", args=[case_id, started.id])}
        return _answer(request, case_id, started.id, status=202, headers=headers)


class RunDetail(StrictView):
    required_scopes = READ

    @extend_schema(summary="Follow a run", responses=shapes.RunSerializer)
    def get(self, request: Request, case_id: UUID, run: UUID) -> Response:
        return _answer(request, case_id, run)


class RunCommand(StrictView):
    """One command on a run: which, is said in `urls`."""

    required_scopes = WRITE
    command: Callable[..., Recorded] = staticmethod(commands.pause_run)

    def post(self, request: Request, case_id: UUID, run: UUID) -> Response:
        require(case_id, Permission.EDIT, by=request.actor)
        if request.data:
            raise Invalid("Nothing is to be said here.", errors={name: [UNKNOWN] for name in request.data})
        self.command(case_id=case_id, run=run, by=request.actor)
        return _answer(request, case_id, run)


def run_command(name: str, command: Callable[..., Recorded]) -> Any:
    """Make the view of one command on a run."""
    summary = (command.__doc__ or name).partition("\n")[0].rstrip(".")
    view = type(f"{name.title()}Run", (RunCommand,), {"command": staticmethod(command), "__doc__": summary})
    schema = extend_schema(
        operation_id=f"runs_{name}", summary=summary, request=None, responses={200: shapes.RunSerializer}
    )
    return extend_schema_view(post=schema)(view).as_view()


def _answer(request: Request, case_id: UUID, run_id: UUID, **options: Any) -> Response:
    run = run_of(case_id, run_id, by=request.actor)
    return Response(shapes.shown(run, progress_of([run])[run.pk]), **options)
