"""Requests and answers about erasures. A request's shape is its dataclass: one definition for both."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers
from rest_framework_dataclasses.serializers import DataclassSerializer

from cases.serializers import ShapeSerializer
from evidence.erasure import domain
from evidence.erasure.models import ErasureRequest
from evidence.erasure.queries import Preview
from ledger import codec
from ledger.redaction import ErasedFile, Ground, Target


class WhatGoesSerializer(ShapeSerializer):
    class Meta:
        dataclass = domain.WhatGoes


class NewErasureSerializer(ShapeSerializer):
    class Meta:
        dataclass = domain.NewErasure
        extra_kwargs = {"reason": {"required": True}}


class ConfirmSerializer(ShapeSerializer):
    class Meta:
        dataclass = domain.Confirmation


class DeclineSerializer(ShapeSerializer):
    class Meta:
        dataclass = domain.Refusal


# --- answers -------------------------------------------------------------------------------------------------------


class TargetSerializer(DataclassSerializer):
    class Meta:
        dataclass = Target


class ErasedFileSerializer(DataclassSerializer):
    class Meta:
        dataclass = ErasedFile


class GoingFieldSerializer(serializers.Serializer):
    """A field that goes. Of a correction's `changes`, `parts` are meant, and `others` go along."""

    name = serializers.CharField()
    digest = serializers.CharField()
    parts = serializers.ListField(child=serializers.CharField())
    others = serializers.ListField(child=serializers.CharField())
    follows = serializers.BooleanField(help_text="Nobody asked for it: it was made from what goes.")


class GoingSerializer(serializers.Serializer):
    """An event of which something goes."""

    event = serializers.UUIDField()
    seq = serializers.IntegerField()
    type = serializers.CharField()
    item = serializers.UUIDField(allow_null=True)
    fields_ = GoingFieldSerializer(many=True)

    def get_fields(self) -> dict[str, Any]:
        # `fields` is the framework's own name.
        found: dict[str, Any] = super().get_fields()
        return {("fields" if name == "fields_" else name): field for name, field in found.items()}


class GoingFileSerializer(serializers.Serializer):
    """A file whose bytes go, unless something else names it, here or in another case; `named_too` are such items."""

    sha256 = serializers.CharField()
    events = serializers.ListField(child=serializers.UUIDField())
    named_too = serializers.ListField(child=serializers.UUIDField())


class RestatedSerializer(serializers.Serializer):
    """Fields of an item that go along with a correction, and are said again in a new one."""

    item = serializers.UUIDField()
    names = serializers.ListField(child=serializers.CharField())


class MentionSerializer(serializers.Serializer):
    """A field that stays, and in which something of what goes stands, too."""

    event = serializers.UUIDField()
    seq = serializers.IntegerField()
    type = serializers.CharField()
    item = serializers.UUIDField(allow_null=True)
    field = serializers.CharField()


@extend_schema_serializer(component_name="ErasurePreview")
class PreviewSerializer(serializers.Serializer):
    """The exact list of what goes, and what to look at besides; no value of it is shown."""

    fingerprint = serializers.CharField(help_text="Stands for exactly this list.")
    targets = GoingSerializer(many=True)
    files = GoingFileSerializer(many=True)
    restated = RestatedSerializer(many=True)
    mentions = MentionSerializer(many=True)


@extend_schema_serializer(component_name="Erasure")
class ErasureSerializer(serializers.ModelSerializer):
    """An erasure that was asked for, and what became of it."""

    targets = TargetSerializer(many=True, read_only=True)
    files = ErasedFileSerializer(many=True, read_only=True)
    ground = serializers.ChoiceField(choices=[each.value for each in Ground], read_only=True)
    status = serializers.ChoiceField(choices=["open", "done", "declined"], read_only=True)

    class Meta:
        model = ErasureRequest
        fields = [
            "id", "seq", "status", "ground", "reason", "requested_by", "requested_at", "targets", "files",
            "decided_by", "decided_at", "decided_seq", "decision", "declined_because",
        ]  # fmt: skip
        read_only_fields = fields

    def to_representation(self, row: ErasureRequest) -> dict[str, Any]:
        # Its lists are JSON already.
        return {name: getattr(row, name) for name in self.Meta.fields}


@extend_schema_serializer(component_name="ErasureInDetail")
class ErasureInDetailSerializer(ErasureSerializer):
    """The same with what it would take away by now, as long as it is open."""

    preview = PreviewSerializer(allow_null=True, read_only=True)

    class Meta(ErasureSerializer.Meta):
        fields = [*ErasureSerializer.Meta.fields, "preview"]
        read_only_fields = fields


def preview_as_json(found: Preview) -> dict[str, Any]:
    """Show a preview: what goes, by name and digest."""
    follows = {(line.event.id, line.field.name): line.follows for line in found.plan.lines}
    events = {line.event.id: line.event for line in found.plan.lines}
    return {
        "fingerprint": found.plan.fingerprint,
        "targets": [
            {
                "event": str(target.event),
                "seq": target.seq,
                "type": events[target.event].type,
                "item": _id(events[target.event].item),
                "fields": [
                    {**codec.to_plain(field), "follows": follows[target.event, field.name]} for field in target.fields
                ],
            }
            for target in found.plan.targets
        ],
        "files": [
            {**codec.to_plain(file), "named_too": [str(each) for each in found.named_too.get(file.sha256, ())]}
            for file in found.plan.files
        ],
        "restated": [{"item": str(item), "names": list(names)} for item, names in sorted(found.plan.restated.items())],
        "mentions": [
            {"event": str(event.id), "seq": event.seq, "type": event.type, "item": _id(event.item), "field": name}
            for event, name in found.mentions
        ],
    }


def _id(value: Any) -> str | None:
    return str(value) if value else None
