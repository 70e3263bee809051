"""Items beside others, over the API."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from cases.http import StrictView
from cases.serializers import ShapeSerializer
from enrichment import comparisons
from ledger import codec


class ComparisonsSerializer(ShapeSerializer):
    """Copies of a text, and places where a ship can not also have been."""

    class Meta:
        dataclass = comparisons.Comparisons


class ItemComparisons(StrictView):
    """An item beside all others that the caller may see: computed now, stored nowhere."""

    required_scopes = {"GET": "evidence:read"}

    @extend_schema(summary="Compare an item with others", responses=ComparisonsSerializer)
    def get(self, request: Request, case_id: UUID, item: UUID) -> Response:
        return Response(codec.to_plain(comparisons.compare(case_id, item, by=request.actor)))
