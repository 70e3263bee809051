"""The log of all events over the API: signed heads, entries, proofs and tiles."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cases.access import Permission, readable_cases, require_role, role_in
from cases.http import OneFormat, StrictView, whole
from ledger import log
from ledger.errors import Invalid, NotFound
from ledger.merkle import leaf_hash
from ledger.models import Entry, Event
from ledger.receipts import FIRST_LINE, receipt_of
from ledger.signer import published
from ledger.witnesses import cosigned

READ = {"GET": "log:read"}
PAGE = 100
MOST = 1000
_TILE = re.compile(r"((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


class EntrySerializer(serializers.Serializer):
    """An event's place in the log."""

    position = serializers.IntegerField()
    event = serializers.UUIDField()
    case = serializers.UUIDField()
    seq = serializers.IntegerField()
    type = serializers.CharField()
    hash = serializers.CharField(help_text="The chain hash: the data of the leaf, in hexadecimal.")
    leaf_hash = serializers.CharField(help_text="SHA-256 of a zero byte and the chain hash (RFC 6962).")


class EntryPageSerializer(serializers.Serializer):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = EntrySerializer(many=True)


class ProofSerializer(serializers.Serializer):
    """That an event is in the log under the newest signed head; hashes in base64, the path from the leaf up."""

    event = serializers.UUIDField()
    position = serializers.IntegerField()
    size = serializers.IntegerField()
    hash = serializers.CharField()
    leaf_hash = serializers.CharField()
    proof = serializers.ListField(child=serializers.CharField())
    checkpoint = serializers.CharField()
    receipt = serializers.CharField(help_text=f"All of it as one text: {FIRST_LINE}.")


class ConsistencySerializer(serializers.Serializer):
    first = serializers.IntegerField()
    second = serializers.IntegerField()
    proof = serializers.ListField(child=serializers.CharField())


class CheckpointView(StrictView):
    """The newest signed head of the log: the note itself."""

    required_scopes = READ
    content_negotiation_class = OneFormat

    @extend_schema(summary="Read the newest signed head of the log", responses={(200, "text/plain"): OpenApiTypes.STR})
    def get(self, request: Request) -> HttpResponse:
        head = published()
        if head is None:
            raise NotFound("Nothing was signed yet.")
        # A few seconds: who polls should see a new head soon.
        headers = {"Cache-Control": "private, max-age=2"}
        return HttpResponse(str(cosigned(head)), content_type="text/plain; charset=utf-8", headers=headers)


class EntriesView(StrictView):
    """The places in the log of the events of your cases, in order. Other cases' places are left out."""

    required_scopes = READ
    parameters = frozenset({"after", "page_size"})

    @extend_schema(
        summary="Follow the log",
        parameters=[
            OpenApiParameter("after", int, description="Only greater positions; -1 for all."),
            OpenApiParameter("page_size", int, description=f"At most {MOST}; {PAGE} unless told."),
        ],
        responses=EntryPageSerializer,
    )
    def get(self, request: Request) -> Response:
        after = whole(request.query_params, "after", least=-1, most=2**53, default=-1)
        size = whole(request.query_params, "page_size", least=1, most=MOST, default=PAGE)
        own = Event.objects.filter(stream__in=readable_cases(request.actor).values("id"))
        places = Entry.objects.filter(event__in=own.values("id"), position__gt=after).order_by("position")
        found = list(places[: size + 1])
        page, more = found[:size], len(found) > size
        events = {event.id: event for event in Event.objects.filter(pk__in=[each.event for each in page])}
        following = f"{reverse('log-entries')}?after={page[-1].position}&page_size={size}" if more else None
        return Response(
            {
                "next": request.build_absolute_uri(following) if following else None,
                "previous": None,
                "results": [_entry(place, events[place.event]) for place in page],
            }
        )


class ProofView(StrictView):
    """The proof that an event is in the log, under the newest signed head."""

    required_scopes = READ
    parameters = frozenset({"event"})

    @extend_schema(
        summary="Prove that an event is in the log",
        parameters=[OpenApiParameter("event", UUID, required=True)],
        responses=ProofSerializer,
    )
    def get(self, request: Request) -> Response:
        event = _event(request)
        receipt = receipt_of(event.id)
        return Response(
            {
                "event": str(event.id),
                "position": receipt.position,
                "size": int(receipt.note.text.split("\n")[1]),
                "hash": event.hash,
                "leaf_hash": _base64(leaf_hash(bytes.fromhex(event.hash))),
                "proof": [_base64(each) for each in receipt.proof],
                "checkpoint": str(receipt.note),
                "receipt": str(receipt),
            }
        )


class ConsistencyView(StrictView):
    """The proof that the log of one size is the beginning of the log of a larger one."""

    required_scopes = READ
    parameters = frozenset({"from", "to"})

    @extend_schema(
        summary="Prove that the log only grew",
        parameters=[OpenApiParameter("from", int, required=True), OpenApiParameter("to", int, required=True)],
        responses=ConsistencySerializer,
    )
    def get(self, request: Request) -> Response:
        given = request.query_params
        first, second = (whole(given, name, least=0, most=2**53, default=None) for name in ("from", "to"))
        proof = log.consistency(first, second)
        return Response({"first": first, "second": second, "proof": [_base64(each) for each in proof]})


class TileView(StrictView):
    """Hashes of the log's tree as immutable files (C2SP tlog-tiles); `width` names a tile that is not full yet."""

    required_scopes = READ
    content_negotiation_class = OneFormat

    @extend_schema(
        summary="Fetch a tile of the log's tree", responses={(200, "application/octet-stream"): OpenApiTypes.BINARY}
    )
    def get(self, request: Request, level: int, tile: str) -> HttpResponse:
        found = _TILE.fullmatch(tile)
        index = int(re.sub("[x/]", "", found[1])) if found else 0
        width = int(found[2] or 256) if found else 0
        if found is None or level > 63 or index >> 40 or found[1] != _spelled(index) or (found[2] and width > 255):
            raise NotFound("There is no such tile.")
        data = log.tile(level, index)[: width * 32]
        if len(data) < width * 32:
            raise NotFound("There is no such tile.")
        headers = {"Cache-Control": "private, max-age=31536000, immutable"}
        return HttpResponse(data, content_type="application/octet-stream", headers=headers)


def _event(request: Request) -> Event:
    """Find the event that is asked about, if the caller may read its case or recorded it themselves."""
    try:
        wanted = UUID(request.query_params.get("event", ""))
    except ValueError:
        raise Invalid("Which event?", errors={"event": ["An event's id is needed."]}) from None
    event = Event.objects.filter(pk=wanted).first()
    if event is None:
        raise NotFound
    role = role_in(event.stream, by=request.actor)
    # Who may only add to the case gets the receipts of what they added.
    if event.actor != request.actor.name:
        require_role(role, Permission.READ)
    return event


def _spelled(index: int) -> str:
    """Write a tile's index: three digits to a folder, an x before all but the last."""
    parts = [f"{index % 1000:03}"]
    while index := index // 1000:
        parts.append(f"x{index % 1000:03}")
    return "/".join(reversed(parts))


def _entry(place: Entry, event: Event) -> dict[str, Any]:
    return {
        "position": place.position,
        "event": str(event.id),
        "case": str(event.stream),
        "seq": event.seq,
        "type": event.type,
        "hash": place.hash,
        "leaf_hash": _base64(leaf_hash(bytes.fromhex(place.hash))),
    }


def _base64(data: bytes) -> str:
    return b64encode(data).decode()
