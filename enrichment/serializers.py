"""Requests and answers about enrichers, playbooks and results side by side."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from cases.serializers import ShapeSerializer
from enrichment.changes import Change
from enrichment.domain import Enricher
from enrichment.models import CasePlaybook
from enrichment.parameters import Parameter, declared
from enrichment.playbooks import SHIPPED, STANDARD, Chosen, NewPlaybook, chosen, enrichers_of
from enrichment.versions import Version
from evidence.queries import result_shown
from evidence.serializers import EnrichmentSerializer
from ledger import codec


class NewPlaybookSerializer(ShapeSerializer):
    """A playbook by its name, or `own`; `enrichers` maps enrichers to the parameters that are to be set for them.

    Of `own`, they are the playbook. Of any other, they only set parameters of enrichers that are in it.
    """

    class Meta:
        dataclass = NewPlaybook


class ParameterSerializer(serializers.Serializer):
    """A parameter that a playbook may set: a number between two bounds, one of some texts, a list of them, or a yes."""

    name = serializers.CharField()
    says = serializers.CharField()
    unit = serializers.CharField()
    default = serializers.JSONField()
    least = serializers.FloatField(allow_null=True)
    most = serializers.FloatField(allow_null=True)
    choices = serializers.ListField(child=serializers.CharField())


class EnricherSerializer(serializers.Serializer):
    """An enricher: which evidence it reads, and with which parameters.

    `media`: types of the files that it reads, none where it reads whatever comes. `constants` are parameters that
    nobody sets. Where it is not `installed` as a whole, `missing` names what is not here, and its jobs fail.
    """

    name = serializers.CharField()
    version = serializers.IntegerField()
    kinds = serializers.ListField(child=serializers.CharField())
    media = serializers.ListField(child=serializers.CharField())
    reads = serializers.ListField(child=serializers.CharField())
    parameters = ParameterSerializer(many=True)
    constants = serializers.DictField()
    installed = serializers.BooleanField()
    missing = serializers.CharField()


class EnricherListSerializer(serializers.Serializer):
    results = EnricherSerializer(many=True)


class ChosenSerializer(ShapeSerializer):
    class Meta:
        dataclass = Chosen


class ShippedSerializer(serializers.Serializer):
    name = serializers.CharField()
    title = serializers.CharField()
    says = serializers.CharField()
    enrichers = serializers.ListField(child=serializers.CharField())


class PlaybookSerializer(serializers.Serializer):
    """The playbook that holds for a case; the last three are null where none was chosen, and the standard one holds.

    `shipped` are those that can be chosen by their name.
    """

    playbook = serializers.CharField()
    enrichers = ChosenSerializer(many=True)
    seq = serializers.IntegerField(allow_null=True, help_text="The event that chose it.")
    by = serializers.CharField(allow_null=True)
    at = serializers.DateTimeField(allow_null=True)
    shipped = ShippedSerializer(many=True)


class ChangeSerializer(ShapeSerializer):
    class Meta:
        dataclass = Change


class ChangedSerializer(serializers.Serializer):
    """What is another than in the result of `version` that event `seq` recorded; `left_out` changes are not told."""

    version = serializers.IntegerField()
    seq = serializers.IntegerField()
    changes = ChangeSerializer(many=True)
    left_out = serializers.IntegerField()


class VersionSerializer(EnrichmentSerializer):
    """A result of a tool; `changed` is null where there is nothing to compare it with."""

    erased = serializers.BooleanField()
    changed = ChangedSerializer(allow_null=True)


class VersionListSerializer(serializers.Serializer):
    results = VersionSerializer(many=True)


def version_shown(version: Version) -> dict[str, Any]:
    """Show a result, and what changed against the one before it."""
    since, changed = version.since, version.changed
    told = None
    if since is not None and changed is not None:
        told = {"version": since.version, "seq": since.seq, **codec.to_plain(changed)}
    return {**result_shown(version.row), "erased": version.erased, "changed": told}


def enricher_shown(enricher: Enricher) -> dict[str, Any]:
    """Show an enricher."""
    missing = enricher.missing()
    return {
        "name": enricher.name,
        "version": enricher.version,
        "kinds": sorted(enricher.accepts),
        "media": sorted(enricher.media),
        "reads": sorted(enricher.reads),
        "parameters": [_parameter_shown(each) for each in declared(enricher.adjustable)],
        "constants": dict(enricher.parameters),
        "installed": not missing,
        "missing": missing,
    }


def playbook_shown(row: CasePlaybook | None, installed: dict[str, Enricher]) -> dict[str, Any]:
    """Show the playbook of a case, and those that are shipped."""
    standard = [vars(chosen(installed[name], {})) for name in sorted(installed)]
    shipped = [
        {"name": name, "title": each.title, "says": each.says, "enrichers": sorted(enrichers_of(name, installed))}
        for name, each in SHIPPED.items()
    ]
    return {
        "playbook": row.name if row else STANDARD,
        "enrichers": [{"parameters": {}, **each} for each in row.enrichers] if row else standard,
        "seq": row.seq if row else None,
        "by": row.by if row else None,
        "at": row.at if row else None,
        "shipped": shipped,
    }


def _parameter_shown(parameter: Parameter) -> dict[str, Any]:
    bounds, default = parameter.bounds, parameter.default
    return {
        "name": parameter.name,
        "says": bounds.says,
        "unit": bounds.unit,
        "default": list(default) if isinstance(default, tuple) else default,
        "least": bounds.least,
        "most": bounds.most,
        "choices": list(bounds.choices),
    }
