"""Cases over the API: one path per command, one for the list, one for each case and its events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response

from cases import commands
from cases import serializers as shapes
from cases.access import Permission, require, visible_cases
from cases.filters import CaseFilter
from cases.http import CommandView, StrictView, etag, seen, whole
from cases.models import Case, Comment
from cases.queries import case_for, note_shown, require_said
from ledger import codec
from ledger.models import Redaction
from ledger.read import read
from ledger.recorded import Recorded

READ = {"GET": "cases:read"}
# What people wrote about evidence, and what was recorded of it, says what the evidence says.
READ_ALL = {"GET": ("cases:read", "evidence:read")}
WRITE = {"POST": "cases:write"}
EVENTS_PAGE = 100


@extend_schema_view(
    get=extend_schema(summary="List the cases whose team you are on"),
    post=extend_schema(
        summary="Open a case", request=shapes.OpenCaseSerializer, responses={201: shapes.CaseSerializer}
    ),
)
class CaseList(StrictView, generics.ListAPIView):
    required_scopes = READ | WRITE
    serializer_class = shapes.CaseSerializer
    queryset = Case.objects.none()
    filterset_class = CaseFilter
    repeatable = frozenset({"status", "sensitivity"})
    # Ids are made when a case is opened, in the order of time.
    ordering = ("-id",)

    def get_queryset(self) -> QuerySet[Case]:
        return visible_cases(self.request.actor).prefetch_related("members__user")

    def post(self, request: Request) -> Response:
        asked = shapes.OpenCaseSerializer.read(request.data)
        opened = commands.open_case(**vars(asked), by=request.actor)
        return case_response(request, opened.stream, status=status.HTTP_201_CREATED)


class CaseDetail(StrictView):
    required_scopes = READ

    @extend_schema(summary="Read a case", responses=shapes.CaseSerializer)
    def get(self, request: Request, case_id: UUID) -> Response:
        return case_response(request, case_id)


class CaseCommandView(CommandView):
    """One command on a case: which, is said in `urls`."""

    required_scopes = WRITE
    command: Callable[..., Recorded] = staticmethod(commands.rename_case)
    needs_if_match = False

    def post(self, request: Request, case_id: UUID) -> Response:
        last_seen = seen(request)
        arguments = self.arguments(request)
        if self.needs_if_match:
            case_for(case_id, by=request.actor)
            last_seen = require_said(last_seen)
        self.command(case_id=case_id, by=request.actor, seen=last_seen, **arguments)
        return case_response(request, case_id)


def case_command(
    name: str,
    command: Callable[..., Recorded],
    serializer: type[shapes.ShapeSerializer],
    *,
    needs_if_match: bool = False,
) -> Any:
    """Make the view of one command on a case."""
    summary = (command.__doc__ or name).partition("\n")[0].rstrip(".")
    if_match = OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, required=needs_if_match)
    view = type(
        f"{name.title().replace('-', '')}Case",
        (CaseCommandView,),
        {
            "command": staticmethod(command),
            "serializer_class": serializer,
            "needs_if_match": needs_if_match,
            "__doc__": summary,
        },
    )
    schema = extend_schema(
        operation_id=f"cases_{name.replace('-', '_')}",
        summary=summary,
        parameters=[if_match],
        request=serializer,
        responses={200: shapes.CaseSerializer},
    )
    return extend_schema_view(post=schema)(view).as_view()


@extend_schema_view(get=extend_schema(summary="List the comments on a case and on its items, oldest first"))
class CommentList(StrictView, generics.ListAPIView):
    """The comments on a case and on its items, oldest first."""

    required_scopes = READ_ALL
    serializer_class = shapes.WrittenCommentSerializer
    queryset = Comment.objects.none()
    ordering = ("seq",)

    def get_queryset(self) -> QuerySet[Comment]:
        require(self.kwargs["case_id"], Permission.READ, by=self.request.actor)
        erased = Exists(Redaction.objects.filter(event=OuterRef("id")))
        return Comment.objects.filter(case=self.kwargs["case_id"]).annotate(erased=erased)


class EventFeed(StrictView):
    """The events of a case in order, as they were recorded."""

    required_scopes = READ_ALL
    parameters = frozenset({"after", "page_size"})

    @extend_schema(
        summary="Follow a case's events",
        parameters=[
            OpenApiParameter("after", int, description="Only events with a greater seq."),
            OpenApiParameter("page_size", int, description=f"At most {EVENTS_PAGE * 10}; {EVENTS_PAGE} unless told."),
        ],
        responses=shapes.EventPageSerializer,
    )
    def get(self, request: Request, case_id: UUID) -> Response:
        require(case_id, Permission.READ, by=request.actor)
        after = whole(request.query_params, "after", least=0, most=2**53, default=0)
        size = whole(request.query_params, "page_size", least=1, most=EVENTS_PAGE * 10, default=EVENTS_PAGE)
        events = list(read(case_id, after=after, limit=size + 1))
        page = events[:size]
        more = len(events) > size
        note_shown(case_id, {event.item for event in page if event.item}, by=request.actor)
        following = f"{reverse('case-events', args=[case_id])}?after={page[-1].seq}&page_size={size}" if more else None
        return Response(
            {
                "next": request.build_absolute_uri(following) if following else None,
                "previous": None,
                "results": [event_as_json(event) for event in page],
            }
        )


def event_as_json(event: Recorded) -> dict[str, Any]:
    """Show an event: the columns, the payload in the newest version of its type, and the bytes to check it by."""
    return {
        "id": str(event.id),
        "seq": event.seq,
        "item": event.item and str(event.item),
        "type": event.type,
        "at": event.at,
        "actor": event.actor,
        "cause": event.cause and str(event.cause),
        "hash": event.hash,
        "data": {name: value for name, value in codec.to_values(event.data).items() if name not in event.erased},
        "erased": {
            name: {"by": str(each.by), "parts": list(each.parts), "others": list(each.others)}
            for name, each in event.erased.items()
        },
        "envelope": event.envelope,
        "disclosures": list(event.disclosures),
    }


def case_response(request: Request, case_id: UUID, **options: Any) -> Response:
    """Answer with how a case stands, and its ETag."""
    case = case_for(case_id, by=request.actor)
    headers = {"ETag": etag(case.seq), "Location": reverse("case-detail", args=[case_id])}
    shown = shapes.CaseSerializer(case, context={"request": request}).data
    return Response(shown, headers=headers, **options)
