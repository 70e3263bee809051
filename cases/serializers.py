"""Requests and answers about cases. A request's shape is its event's dataclass: one definition for both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rest_framework import serializers
from rest_framework_dataclasses.serializers import DataclassSerializer

from cases import domain
from cases.models import Case, Comment, Member
from ledger import codec
from ledger.errors import Invalid


class ShapeSerializer(DataclassSerializer):
    """A request that is one of the domain's dataclasses: read strictly, and described in the OpenAPI schema.

    An unknown or server-owned field is an error, and so is a value of another JSON type: nothing is coerced.
    """

    @classmethod
    def read(cls, data: Any) -> Any:
        """Read a request's fields into the dataclass.

        :raises Invalid: a field is unknown, missing or of another type; `errors` names each.
        """
        if not isinstance(data, Mapping):
            raise Invalid("A JSON object is needed.")
        for name, options in getattr(cls.Meta, "extra_kwargs", {}).items():
            if options.get("required") and name not in data:
                raise Invalid("A field is missing.", errors={name: ["This field is required."]})
        hidden = set(getattr(cls.Meta, "exclude", ())) & set(data)
        if hidden:
            errors = {name: ["This field is not known here."] for name in sorted(hidden)}
            raise Invalid("A field is not known here.", errors=errors)
        try:
            return codec.from_values(cls.Meta.dataclass, data)
        except codec.ShapeError as error:
            raise Invalid("The request does not have the shape it needs.", errors=error.errors) from error


@dataclass(frozen=True, kw_only=True)
class NewCase:
    """What is asked for when a case is opened; its owner is the one who asks."""

    title: str
    description: str = ""
    sensitivity: domain.Sensitivity = domain.Sensitivity.AMBER


class OpenCaseSerializer(ShapeSerializer):
    class Meta:
        dataclass = NewCase


class RenameSerializer(ShapeSerializer):
    class Meta:
        dataclass = domain.CaseRenamed


class DescribeSerializer(ShapeSerializer):
    class Meta:
        dataclass = domain.CaseDescribed


class SensitivitySerializer(ShapeSerializer):
    class Meta:
        dataclass = domain.SensitivitySet


class ReasonSerializer(ShapeSerializer):
    """Why the status changes."""

    class Meta:
        dataclass = domain.CaseClosed
        extra_kwargs = {"reason": {"required": True}}


class AddMemberSerializer(ShapeSerializer):
    class Meta:
        dataclass = domain.MemberAdded


class ChangeRoleSerializer(ShapeSerializer):
    class Meta:
        dataclass = domain.RoleChanged


class RemoveMemberSerializer(ShapeSerializer):
    class Meta:
        dataclass = domain.MemberRemoved


class CommentSerializer(ShapeSerializer):
    class Meta:
        dataclass = domain.CaseCommented


class TagSerializer(ShapeSerializer):
    class Meta:
        dataclass = domain.CaseTagged


class MemberSerializer(serializers.ModelSerializer):
    user = serializers.UUIDField(source="user_id", read_only=True)
    username = serializers.CharField(source="user.username", read_only=True)

    class Meta:
        model = Member
        fields = ["user", "username", "role", "emergency", "since"]
        read_only_fields = fields


class CaseSerializer(serializers.ModelSerializer):
    """A case as it stands; `seq` is that of the last event that changed the case itself.

    One who may only add to a case does not learn who else is on its team.
    """

    tags = serializers.ListField(child=serializers.CharField(), read_only=True)
    erased = serializers.ListField(
        child=serializers.CharField(), read_only=True, help_text="What of it was erased, and not said anew."
    )
    team = MemberSerializer(source="members", many=True, read_only=True)

    class Meta:
        model = Case
        fields = [
            "id", "title", "description", "sensitivity", "status", "tags", "erased", "seq", "opened_at", "opened_by",
            "changed_at", "team",
        ]  # fmt: skip
        read_only_fields = fields

    def to_representation(self, case: Case) -> dict[str, Any]:
        shown: dict[str, Any] = super().to_representation(case)
        own = [each for each in shown["team"] if each["user"] == str(self.context["request"].actor.user)]
        if own and own[0]["role"] == domain.Role.SUBMITTER:
            shown["team"] = own
        return shown


class WrittenCommentSerializer(serializers.ModelSerializer):
    erased = serializers.BooleanField(read_only=True, help_text="Its text is gone for good; another stands in for it.")

    class Meta:
        model = Comment
        fields = ["id", "item", "seq", "text", "erased", "author", "at"]
        read_only_fields = fields


class ErasedFieldSerializer(serializers.Serializer):
    """By which event a field was erased; of a field that holds others, which were meant and which went along."""

    by = serializers.UUIDField()
    parts = serializers.ListField(child=serializers.CharField())
    others = serializers.ListField(child=serializers.CharField())


class EventSerializer(serializers.Serializer):
    """One event: the exact envelope and disclosures (to check), and the payload read out of them (to use).

    `erased` tells which fields are gone for good: their digests stay in the envelope.
    """

    id = serializers.UUIDField()
    seq = serializers.IntegerField()
    item = serializers.UUIDField(allow_null=True)
    type = serializers.CharField()
    at = serializers.DateTimeField()
    actor = serializers.CharField()
    cause = serializers.UUIDField(allow_null=True)
    hash = serializers.CharField()
    data = serializers.DictField()
    erased = serializers.DictField(child=ErasedFieldSerializer())
    envelope = serializers.CharField()
    disclosures = serializers.ListField(child=serializers.CharField())


class EventPageSerializer(serializers.Serializer):
    """Events in order; `next` leads to what follows, where there is more by now."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = EventSerializer(many=True)
