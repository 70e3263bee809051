"""Evidence over the API: submit, list, read, and one path per command on an item."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes, extend_schema, extend_schema_view
from rest_framework import generics
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings

from cases.domain import Sensitivity
from cases.http import CommandView, OneFormat, StrictView, etag, seen
from cases.queries import case_for
from evidence import commands, queries
from evidence import serializers as shapes
from evidence.domain import FileReference, Kind
from evidence.download import original_response, preview_response
from evidence.filters import EvidenceFilter
from evidence.models import ItemState
from evidence.parsers import UploadParser
from evidence.projections import begun
from evidence.search import matching
from evidence.uploads import StoredUpload
from ledger.errors import DomainError, Invalid
from ledger.recorded import Recorded
from ledger.strict_json import parse_strict

READ = {"GET": "evidence:read"}
WRITE = {"POST": "evidence:write"}
AS_OF = OpenApiParameter("as_of", str, description="How things stood: an event's seq, or an instant with its zone.")


class EvidenceList(StrictView, generics.ListAPIView):
    """The evidence of a case: list it, or add to it."""

    required_scopes = READ | WRITE
    parser_classes = [*api_settings.DEFAULT_PARSER_CLASSES, UploadParser]
    serializer_class = shapes.ItemSerializer
    queryset = ItemState.objects.none()
    filterset_class = EvidenceFilter
    repeatable = frozenset({"kind", "status", "sensitivity"})
    ordering = ("-seq",)

    def get_queryset(self) -> QuerySet[ItemState]:
        states = queries.visible_items(self.kwargs["case_id"], by=self.request.actor)
        as_of = _as_of(self.request, self.kwargs["case_id"])
        return states.now() if as_of is None else states.at(as_of)  # type: ignore[attr-defined]

    @extend_schema(summary="List evidence, newest first", parameters=[AS_OF])
    def get(self, request: Request, case_id: UUID) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return _listed(self, page, as_of=_as_of(request, case_id))

    @extend_schema(
        summary="Submit an item of evidence",
        request={
            "application/json": shapes.SubmitSerializer,
            "multipart/form-data": {
                "type": "object",
                "required": ["metadata", "file"],
                "properties": {
                    "metadata": {"type": "string", "contentMediaType": "application/json"},
                    "file": {"type": "string", "format": "binary"},
                },
            },
        },
        responses={201: shapes.ItemSerializer},
    )
    def post(self, request: Request, case_id: UUID) -> Response:
        if request.content_type.startswith("multipart/"):
            # Nothing is taken in for a stranger.
            case_for(case_id, by=request.actor)
        try:
            metadata, upload = _submitted(request)
            file = _reference(upload) if upload else None
            said = shapes.SubmitSerializer.submission(metadata, sensitivity=Sensitivity.AMBER, file=file)
        except (DomainError, APIException):
            # To a stranger there is no such case, whatever they send.
            case_for(case_id, by=request.actor)
            raise
        inherits = "sensitivity" not in metadata
        if upload:
            # The bytes of a submission that is refused would lie in the store for ever, named by no event.
            commands.require_acceptable(case_id=case_id, said=said, by=request.actor)
            upload.keep()
        events = commands.submit_item(case_id=case_id, said=said, by=request.actor, inherits=inherits)
        row = begun(events)
        # Nothing signed covers it yet: its receipt is where `proof` points, a moment later.
        proof = {"proof": queries.proof_address(events[0].id), "receipt": None}
        shown = {**queries.represent([row], fresh=True)[0], **proof}
        return _answer(row, shown, status=201)


class EvidenceDetail(StrictView):
    required_scopes = READ
    parameters = frozenset({"as_of"})

    @extend_schema(summary="Read an item", parameters=[AS_OF], responses=shapes.ItemSerializer)
    def get(self, request: Request, case_id: UUID, item: UUID) -> Response:
        response = item_response(request, case_id, item, as_of=_as_of(request, case_id))
        response.data |= queries.proof_of(case_id, response.data["seq"])
        commands.look(case_id=case_id, items=[item], action="viewed", by=request.actor)
        return response


class Original(StrictView):
    """The bytes as received. They leave as an attachment only, after their hash was checked."""

    required_scopes = READ
    content_negotiation_class = OneFormat

    @extend_schema(summary="Download an original", responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, case_id: UUID, item: UUID) -> HttpResponseBase:
        file = queries.original_of(case_id, item, by=request.actor)
        response = original_response(file.sha256, file.name)
        commands.look(case_id=case_id, items=[item], action="downloaded", by=request.actor)
        return response


class DerivativeFile(StrictView):
    """A raster picture that an enricher made from an original."""

    required_scopes = READ
    content_negotiation_class = OneFormat

    @extend_schema(summary="Show a preview", responses={(200, "image/webp"): OpenApiTypes.BINARY})
    def get(self, request: Request, case_id: UUID, item: UUID, sha256: str) -> HttpResponseBase:
        made = queries.derivative_of(case_id, item, sha256, by=request.actor)
        return preview_response(made.sha256, made.media_type)


class ItemCommandView(CommandView):
    """One command on an item: which, is said in `urls`."""

    required_scopes = WRITE
    command: Callable[..., Recorded] = staticmethod(commands.retract)
    wraps: str | None = None

    def post(self, request: Request, case_id: UUID, item: UUID) -> Response:
        arguments = self.arguments(request)
        if self.wraps:
            arguments = {self.wraps: self.serializer_class.Meta.dataclass(**arguments)}
        self.command(case_id=case_id, item=item, by=request.actor, seen=seen(request), **arguments)
        return item_response(request, case_id, item)


def item_command(
    name: str,
    command: Callable[..., Recorded],
    serializer: type[shapes.ShapeSerializer],
    *,
    wraps: str | None = None,
) -> Any:
    """Make the view of one command on an item; `wraps` names the argument that takes the fields as one event."""
    summary = (command.__doc__ or name).partition("\n")[0].rstrip(".")
    attributes = {
        "command": staticmethod(command),
        "serializer_class": serializer,
        "wraps": wraps,
        "__doc__": summary,
    }
    view = type(f"{name.title()}Evidence", (ItemCommandView,), attributes)
    schema = extend_schema(
        operation_id=f"evidence_{name}",
        summary=summary,
        parameters=[OpenApiParameter("If-Match", str, OpenApiParameter.HEADER)],
        request=serializer,
        responses={200: shapes.ItemSerializer},
    )
    return extend_schema_view(post=schema)(view).as_view()


def item_response(request: Request, case_id: UUID, item: UUID | None, *, as_of: int | None = None) -> Response:
    """Answer with how an item stands, and its ETag."""
    assert item is not None  # noqa: S101 -- every evidence event is about an item
    row = queries.item_row(case_id, item, by=request.actor, as_of=as_of)
    return _answer(row, queries.represent([row], as_of=as_of, by=request.actor)[0])


def _listed(view: Any, page: Any, *, as_of: int | None = None) -> Response:
    """Answer with a page of items, and note that it was handed out."""
    response: Response = view.get_paginated_response(queries.represent(page, as_of=as_of, by=view.request.actor))
    commands.note_listed([(row.case_id, row.item) for row in page], by=view.request.actor)
    return response


def _answer(row: ItemState, shown: dict[str, Any], *, status: int = 200) -> Response:
    headers = {"ETag": etag(row.from_seq), "Location": reverse("evidence-detail", args=[row.case_id, row.item])}
    return Response(shown, status=status, headers=headers)


def _as_of(request: Any, case_id: UUID) -> int | None:
    text = request.query_params.get("as_of")
    if text is None:
        return None
    if not hasattr(request._request, "as_of"):
        queries.role_in(case_id, by=request.actor)
        request._request.as_of = queries.moment(case_id, text)
    found: int = request._request.as_of
    return found


def _submitted(request: Request) -> tuple[dict[str, Any], StoredUpload | None]:
    """Read a submission's fields and its file, where it is what the client declared."""
    if not isinstance(request.data, MultiValueDict):
        return shapes.objects_only(request.data), None
    unknown = sorted((set(request.POST) - {"metadata"}) | (set(request.FILES) - {"file"}))
    if unknown:
        raise Invalid("A part is not known here.", errors={name: ["Not known here."] for name in unknown})
    texts, uploads = request.POST.getlist("metadata"), request.FILES.getlist("file")
    if len(texts) != 1 or len(uploads) != 1:
        said = ["Exactly one part `metadata` (JSON) and one part `file` are needed."]
        raise Invalid("The upload is not whole.", errors={"metadata" if len(texts) != 1 else "file": said})
    metadata = parse_strict(texts[0].encode("utf-8", "surrogatepass"))
    declared = shapes.Declared.taken_from(metadata)
    if metadata.get("kind") != Kind.IMAGE:
        raise Invalid("Only an image comes with a file.", errors={"kind": ["image is needed with a file."]})
    (upload,) = uploads
    declared.compare(sha256=upload.sha256, size=upload.size)
    return metadata, upload


def _reference(upload: StoredUpload) -> FileReference:
    return FileReference(sha256=upload.sha256, size=upload.size, name=upload.name, media_type=upload.content_type or "")


class Search(StrictView, generics.ListAPIView):
    """Items, in any case the caller may read, that hold every word of `q`."""

    required_scopes = READ
    serializer_class = shapes.ItemSerializer
    filter_backends = ()
    parameters = frozenset({"q"})
    # Ids are made at submission, in the order of time; all items of a batch have the same time of submission.
    ordering = ("-item",)

    def get_queryset(self) -> QuerySet[ItemState]:
        text = self.request.query_params.get("q")
        if text is None:
            raise Invalid("There is nothing to search for.", errors={"q": ["This parameter is required."]})
        return queries.visible_everywhere(self.request.actor).filter(item__in=matching(text))

    @extend_schema(
        summary="Search in everything you may see",
        parameters=[OpenApiParameter("q", str, required=True, description="Words; the last may be unfinished.")],
    )
    def get(self, request: Request) -> Response:
        return _listed(self, self.paginate_queryset(self.get_queryset()))
