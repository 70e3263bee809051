"""Requests and answers about evidence. A request's shape is its event's dataclass: one definition for both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers
from rest_framework_dataclasses.serializers import DataclassSerializer

from cases.domain import Sensitivity
from cases.serializers import ShapeSerializer
from evidence import domain
from evidence.models import Custody
from ledger.errors import Invalid
from ledger.redaction import Ground


@extend_schema_serializer(component_name="NewItem")
class SubmitSerializer(ShapeSerializer):
    """An item of evidence as a client submits it; without a sensitivity it has that of its case."""

    class Meta:
        dataclass = domain.EvidenceSubmitted
        exclude = ["submitter", "file"]

    @classmethod
    def submission(
        cls, data: Any, *, sensitivity: Sensitivity, file: domain.FileReference | None = None
    ) -> domain.EvidenceSubmitted:
        """Read a submission.

        :param sensitivity: that of the case, for an item that names none.
        :param file: the original, where there is one; it is in the store already.
        :raises Invalid: a field is unknown or malformed; `errors` names each.
        """
        said: domain.EvidenceSubmitted = cls.read(data)
        if "sensitivity" not in data:
            said = replace(said, sensitivity=sensitivity)
        return replace(said, file=file) if file else said


@dataclass(frozen=True, kw_only=True)
class Declared:
    """What a client says of the bytes it sends, to be compared with what arrived."""

    sha256: str = ""
    size: int | None = None

    @classmethod
    def taken_from(cls, metadata: dict[str, Any]) -> Declared:
        """Take the declaration out of an upload's metadata.

        :raises Invalid: it is no SHA-256 or no size.
        """
        sha256, size = metadata.pop("sha256", ""), metadata.pop("size", None)
        errors = {}
        if not isinstance(sha256, str) or (sha256 and not _is_sha256(sha256)):
            errors["sha256"] = ["64 hexadecimal digits are needed."]
        if size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 0):
            errors["size"] = ["A whole number of bytes is needed."]
        if errors:
            raise Invalid("The declaration of the file can not be read.", errors=errors)
        return cls(sha256=sha256.lower(), size=size)

    def compare(self, *, sha256: str, size: int) -> None:
        """Refuse bytes other than the declared ones: a cut upload looks whole to the server.

        :raises Invalid: size or digest differ.
        """
        errors = {}
        if self.size is not None and self.size != size:
            errors["size"] = [f"{self.size} bytes were declared and {size} arrived."]
        if self.sha256 and self.sha256 != sha256:
            errors["sha256"] = [f"{self.sha256} was declared and {sha256} arrived."]
        if errors:
            raise Invalid("The file that arrived is not the one that was declared.", errors=errors)


class GradeSerializer(ShapeSerializer):
    class Meta:
        dataclass = domain.EvidenceGraded


class CorrectSerializer(ShapeSerializer):
    """New values for named fields, and why."""

    class Meta:
        dataclass = domain.EvidenceCorrected


class RetractSerializer(ShapeSerializer):
    class Meta:
        dataclass = domain.EvidenceRetracted


class LinkSerializer(ShapeSerializer):
    class Meta:
        dataclass = domain.EvidenceLinked


class TagSerializer(ShapeSerializer):
    class Meta:
        dataclass = domain.EvidenceTagged


class CommentSerializer(ShapeSerializer):
    class Meta:
        dataclass = domain.EvidenceCommented


# --- answers: described here for the schema alone; `queries.represent` makes them ---


class EnrichmentSerializer(serializers.Serializer):
    enricher = serializers.CharField()
    version = serializers.IntegerField()
    status = serializers.ChoiceField(choices=["done", "failed", "waiting"])
    output = serializers.DictField(allow_null=True)
    reason = serializers.CharField()
    tool = serializers.CharField(required=False)
    parameters = serializers.DictField(required=False)
    input_digest = serializers.CharField(required=False)
    derivatives = serializers.ListField(child=serializers.DictField(), required=False)
    seconds = serializers.FloatField(required=False, allow_null=True)
    at = serializers.DateTimeField(required=False)
    seq = serializers.IntegerField(required=False)


class FileSerializer(DataclassSerializer):
    class Meta:
        dataclass = domain.FileReference


class FlagSerializer(DataclassSerializer):
    class Meta:
        dataclass = domain.Flag


class GradedSerializer(DataclassSerializer):
    class Meta:
        dataclass = domain.Grade


class ErasedSerializer(serializers.Serializer):
    """A field of one of the item's events that was erased for good; or a file, whose bytes were."""

    event = serializers.UUIDField()
    event_seq = serializers.IntegerField()
    type = serializers.CharField()
    field = serializers.CharField()
    parts = serializers.ListField(
        child=serializers.CharField(), help_text="Of the changes of a correction: which of them were meant."
    )
    file = serializers.CharField(allow_null=True, help_text="The SHA-256 of a file whose bytes were erased.")
    by = serializers.UUIDField(help_text="The event that erased it.")
    seq = serializers.IntegerField(help_text="The number of that event.")
    ground = serializers.ChoiceField(choices=[each.value for each in Ground])
    at = serializers.DateTimeField()


class RelatedSerializer(serializers.Serializer):
    """A relation of an item: to another one, or from another one to it."""

    relation = serializers.ChoiceField(choices=[each.value for each in domain.Relation])
    direction = serializers.ChoiceField(choices=["to", "from"])
    item = serializers.UUIDField(help_text="The other one.")
    note = serializers.CharField()
    by = serializers.CharField()
    at = serializers.DateTimeField()
    seq = serializers.IntegerField(help_text="The event that said so.")


class CustodySerializer(serializers.ModelSerializer):
    """Somebody handled an item in a way, so many times between two moments; `seq` is the event that says so."""

    class Meta:
        model = Custody
        fields = ["seq", "action", "actor", "times", "first", "last"]
        read_only_fields = fields


@extend_schema_serializer(component_name="Item")
class ItemSerializer(DataclassSerializer):
    """An item: its fields as they now stand, and what the system adds to them."""

    id = serializers.UUIDField()
    case = serializers.UUIDField()
    seq = serializers.IntegerField(help_text="The event that submitted it.")
    state_seq = serializers.IntegerField(help_text="The event after which it stands as shown; its ETag.")
    status = serializers.ChoiceField(choices=[each.value for each in domain.ItemStatus])
    retracted_because = serializers.CharField()
    earliest = serializers.DateTimeField(allow_null=True)
    latest = serializers.DateTimeField(allow_null=True)
    sha256 = serializers.CharField(allow_null=True)
    files = FileSerializer(many=True)
    grade = GradedSerializer(allow_null=True)
    corrected = serializers.ListField(child=serializers.CharField())
    flags = FlagSerializer(many=True)
    submitted_at = serializers.DateTimeField()
    submitted_by = serializers.CharField()
    changed_at = serializers.DateTimeField()
    erased = ErasedSerializer(many=True)
    links = RelatedSerializer(many=True)
    enrichments = EnrichmentSerializer(many=True)
    proof = serializers.CharField(
        required=False, help_text="Where its submission is proved to be in the log; not in lists."
    )
    receipt = serializers.CharField(
        required=False,
        allow_null=True,
        help_text="The receipt of its submission (C2SP tlog-proof), once a signed head covers it; not in lists.",
    )

    class Meta:
        dataclass = domain.EvidenceSubmitted
        exclude = ["file"]


def objects_only(value: Any) -> dict[str, Any]:
    """Refuse a JSON value that is not an object.

    :raises Invalid: it is something else.
    """
    if not isinstance(value, Mapping):
        raise Invalid("A JSON object is needed.")
    return dict(value)


def _is_sha256(text: str) -> bool:
    return len(text) == 64 and all(digit in "0123456789abcdefABCDEF" for digit in text)
