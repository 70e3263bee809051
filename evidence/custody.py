"""Who handled an item, over the API."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics

from cases.http import StrictView
from evidence.models import Custody
from evidence.queries import item_row, require_reader
from evidence.serializers import CustodySerializer


@extend_schema_view(get=extend_schema(summary="List who handled an item, oldest first"))
class CustodyList(StrictView, generics.ListAPIView):
    """The custody of an item, as far as it is recorded: reads of the last seconds are not yet."""

    required_scopes = {"GET": "evidence:read"}
    serializer_class = CustodySerializer
    queryset = Custody.objects.none()
    ordering = ("id",)

    def get_queryset(self) -> QuerySet[Custody]:
        case_id, item = self.kwargs["case_id"], self.kwargs["item"]
        item_row(case_id, item, by=self.request.actor)
        require_reader(case_id, by=self.request.actor)
        return Custody.objects.filter(case=case_id, item=item)
