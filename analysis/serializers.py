"""Requests and answers about findings. A request's shape is its event's dataclass: one definition for both."""

from __future__ import annotations

from dataclasses import dataclass

from rest_framework import serializers
from rest_framework_dataclasses.serializers import DataclassSerializer

from analysis import domain
from cases.serializers import ShapeSerializer


class StateSerializer(ShapeSerializer):
    """A sentence, the rule that its number comes from, and the rule's parameters."""

    class Meta:
        dataclass = domain.FindingStated
        exclude = ["author"]


class RestateSerializer(ShapeSerializer):
    """The finding as it is stated from now on, whole, and why."""

    class Meta:
        dataclass = domain.FindingRestated
        exclude = ["author"]


class ReviewSerializer(ShapeSerializer):
    """Whether one agrees with the result of these inputs, and why; `digest` as the finding shows it."""

    class Meta:
        dataclass = domain.FindingReviewed


class SignOffSerializer(ShapeSerializer):
    """The result that one stands for, by the digest of its inputs as the finding shows it."""

    class Meta:
        dataclass = domain.FindingSignedOff


class PublishSerializer(ShapeSerializer):
    """The sentence as it was printed, where, and when (EDTF)."""

    class Meta:
        dataclass = domain.FindingPublished


@dataclass(frozen=True, kw_only=True)
class Nothing:
    """No field."""


class ComputeSerializer(ShapeSerializer):
    """Nothing is asked for but the command itself; the body may be empty."""

    class Meta:
        dataclass = Nothing


class ResultSerializer(DataclassSerializer):
    """A number with its interval."""

    class Meta:
        dataclass = domain.Result


class StepSerializer(DataclassSerializer):
    """One step on the way to it."""

    class Meta:
        dataclass = domain.Step


class UseSerializer(DataclassSerializer):
    """An item that it stands on."""

    class Meta:
        dataclass = domain.Use


class StaleBecauseSerializer(serializers.Serializer):
    """What changed under a result: the event, the item that it is about, in words."""

    seq = serializers.IntegerField()
    event = serializers.UUIDField()
    item = serializers.CharField()
    why = serializers.CharField()


class BoundSerializer(serializers.Serializer):
    """What was said of the result of certain inputs; `lapsed`: it holds for the present one no more."""

    digest = serializers.CharField()
    lapsed = serializers.BooleanField()
    note = serializers.CharField(required=False)


class ReviewedSerializer(BoundSerializer):
    agrees = serializers.BooleanField()


class PublishedSerializer(BoundSerializer):
    sentence = serializers.CharField()
    where = serializers.CharField()
    at = serializers.CharField(required=False)


class FindingSerializer(serializers.Serializer):
    """A finding as it stands."""

    id = serializers.UUIDField()
    case = serializers.UUIDField()
    seq = serializers.IntegerField(help_text="The event that stated it.")
    sentence = serializers.CharField()
    note = serializers.CharField()
    rule = serializers.CharField()
    version = serializers.IntegerField()
    parameters = serializers.JSONField()
    status = serializers.ChoiceField(choices=["stated", "computed", "reviewed", "signed_off", "published", "withdrawn"])
    author = serializers.CharField()
    stated_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField()
    result = ResultSerializer(allow_null=True)
    digest = serializers.CharField(help_text="SHA-256 of the inputs of its result; empty without one.")
    as_of = serializers.IntegerField(allow_null=True, help_text="The last event that its result takes into account.")
    stale = serializers.BooleanField()
    stale_because = StaleBecauseSerializer(many=True)
    reviewed = ReviewedSerializer(allow_null=True)
    signed_off = BoundSerializer(allow_null=True)
    published = PublishedSerializer(many=True)
    withdrawn_because = serializers.CharField()


class ComputedSerializer(serializers.Serializer):
    """A result with its steps and all that it stands on."""

    as_of = serializers.IntegerField()
    digest = serializers.CharField()
    result = ResultSerializer()
    steps = StepSerializer(many=True)
    uses = UseSerializer(many=True)
    findings = serializers.DictField(child=serializers.UUIDField(), help_text="Other findings, by the event used.")
    events = serializers.ListField(child=serializers.UUIDField(), help_text="Every event that it stands on.")


class WholeFindingSerializer(FindingSerializer):
    """A finding with the steps of its result and every event that it stands on."""

    computed_by = serializers.CharField(allow_null=True)
    computed_at = serializers.DateTimeField(allow_null=True)
    computation = serializers.UUIDField(allow_null=True, help_text="The event of the result.")
    steps = StepSerializer(many=True)
    uses = UseSerializer(many=True)
    findings = serializers.DictField(child=serializers.UUIDField(), help_text="Other findings, by the event used.")
    events = serializers.ListField(child=serializers.UUIDField(), help_text="Every event that it stands on.")


class RuleSerializer(serializers.Serializer):
    """A rule that findings can be computed by."""

    name = serializers.CharField()
    version = serializers.IntegerField()
    says = serializers.CharField()
    parameters = serializers.JSONField(help_text="Each parameter with its default; null where it must be given.")
