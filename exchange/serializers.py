"""Requests and answers about exports."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from rest_framework import serializers

from cases.serializers import ShapeSerializer
from exchange.domain import NewExport
from exchange.models import Export


class NewExportSerializer(ShapeSerializer):
    """What is withheld. Nothing, unless told: the whole case leaves."""

    class Meta:
        dataclass = NewExport


class DoneOfSerializer(serializers.Serializer):
    """How much is done of how much; `total` is 0 until it is known."""

    done = serializers.IntegerField()
    total = serializers.IntegerField()


class ProgressSerializer(serializers.Serializer):
    """How far the writing has come."""

    events = DoneOfSerializer()
    files = DoneOfSerializer()
    bytes = DoneOfSerializer()


class ExportSerializer(serializers.ModelSerializer):
    """A bundle that was asked for. `withheld` says what it withholds in words that give nothing away."""

    case = serializers.UUIDField(source="case_id", read_only=True)
    status = serializers.ChoiceField(choices=["waiting", "running", "done", "failed"], read_only=True)
    withheld = serializers.ListField(child=serializers.CharField(), read_only=True)
    progress = serializers.SerializerMethodField()
    event = serializers.UUIDField(read_only=True, allow_null=True, help_text="The event of the export.")
    sha256 = serializers.SerializerMethodField(help_text="Of the bundle, in hexadecimal.")
    download = serializers.SerializerMethodField(help_text="Where the bundle can be had; null while it can not.")

    class Meta:
        model = Export
        fields = [
            "id", "case", "status", "reason", "withheld", "progress", "asked_by", "asked_at", "event", "seq", "size",
            "sha256", "ended_at", "expires_at", "download",
        ]  # fmt: skip
        read_only_fields = fields

    def get_progress(self, export: Export) -> dict[str, dict[str, int]]:
        return {
            "events": {"done": export.events_done, "total": export.events_total},
            "files": {"done": export.files_done, "total": export.files_total},
            "bytes": {"done": export.bytes_done, "total": export.bytes_total},
        }

    def get_sha256(self, export: Export) -> str | None:
        return export.sha256 or None

    def get_download(self, export: Export) -> str | None:
        if not export.there:
            return None
        address: str = self.context["request"].build_absolute_uri(
            reverse("export-download", args=[export.case_id, export.pk])
        )
        return address


def shown(export: Export, **context: Any) -> dict[str, Any]:
    """Show one export."""
    document: dict[str, Any] = ExportSerializer(export, context=context).data
    return document
