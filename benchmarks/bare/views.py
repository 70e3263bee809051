"""The view, the serializers for the fields of a statement, and its address."""

from typing import Any
from uuid import UUID

from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from benchmarks.bare.models import Statement


def _line(**options: Any) -> serializers.CharField:
    return serializers.CharField(max_length=500, allow_blank=True, required=False, **options)


class SpeakerSerializer(serializers.Serializer):
    name = _line()
    role = _line()
    anonymous = serializers.BooleanField(required=False)


class AttributionSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=500)
    role = serializers.ChoiceField(["said", "relayed", "published"])


class SourceSerializer(serializers.Serializer):
    name = _line()
    kind = _line()
    url = _line()
    publisher = _line()
    author = _line()
    published_at = _line()


class CollectionSerializer(serializers.Serializer):
    by = _line()
    at = _line()
    method = _line()
    tool = _line()
    tool_version = _line()
    url = _line()
    notes = _line()


class PlaceSerializer(serializers.Serializer):
    name = _line()
    lat = serializers.FloatField(min_value=-90, max_value=90, required=False)
    lon = serializers.FloatField(min_value=-180, max_value=180, required=False)
    radius_m = serializers.FloatField(min_value=0, required=False)


class StatementSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(["statement"])
    title = _line()
    when = _line()
    place = PlaceSerializer(required=False)
    source = SourceSerializer(required=False)
    collection = CollectionSerializer(required=False)
    derived_from = serializers.ListField(child=serializers.UUIDField(), required=False)
    tags = serializers.ListField(child=serializers.CharField(max_length=60), required=False)
    sensitivity = serializers.ChoiceField(["clear", "green", "amber", "amber+strict", "red"], required=False)
    graphic = serializers.BooleanField(required=False)
    external_id = _line()
    text = serializers.CharField(max_length=1_000_000)
    language = _line()
    speaker = SpeakerSerializer(required=False)
    attribution = AttributionSerializer(many=True, required=False)
    stated_at = _line()


class StatementView(APIView):
    def post(self, request: Request, case_id: UUID) -> Response:
        serializer = StatementSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        said = serializer.validated_data
        row = Statement.objects.create(case=case_id, title=said.get("title", ""), body=serializer.data)
        return Response({"id": row.pk, **serializer.data}, status=201)


urlpatterns = [path("api/v1/cases/<uuid:case_id>/evidence/", StatementView.as_view())]
