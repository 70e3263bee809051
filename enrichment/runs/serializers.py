"""Requests and answers about runs."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from cases.serializers import ShapeSerializer
from enrichment.models import Run
from enrichment.runs.domain import NewRun
from enrichment.runs.queries import Progress
from enrichment.serializers import ChosenSerializer


class NewRunSerializer(ShapeSerializer):
    """Enrichers by name, those of the case's playbook unless some are named; `failed`: also where they failed."""

    class Meta:
        dataclass = NewRun


class ProgressSerializer(serializers.Serializer):
    """Items that were looked at, of how many; jobs, as far as they are known by now; a rate, and seconds."""

    items_done = serializers.IntegerField()
    items_total = serializers.IntegerField()
    done = serializers.IntegerField()
    failed = serializers.IntegerField()
    stopped = serializers.IntegerField(help_text="Ended unread, because the run was stopped.")
    left = serializers.IntegerField()
    per_minute = serializers.FloatField(allow_null=True)
    seconds_left = serializers.FloatField(allow_null=True)


STATUSES = ["planning", "running", "paused", "stopping", "stopped", "done", "elsewhere"]


class RunSerializer(serializers.Serializer):
    """A run. `planning`: items are looked at for what is to be done; `elsewhere`: it came here in a bundle.

    `reason` says what of it could not be planned.
    """

    id = serializers.UUIDField()
    case = serializers.UUIDField()
    status = serializers.ChoiceField(choices=STATUSES)
    enrichers = ChosenSerializer(many=True)
    failed = serializers.BooleanField(help_text="Also what failed before is read again.")
    progress = ProgressSerializer()
    reason = serializers.CharField()
    seq = serializers.IntegerField(help_text="The event that started it.")
    started_by = serializers.CharField()
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


def shown(run: Run, progress: Progress) -> dict[str, Any]:
    """Show one run, and how far it has come."""
    numbers = {name: getattr(progress, name) for name in ProgressSerializer().fields}
    return {
        "id": str(run.pk),
        "case": str(run.case_id),
        "status": progress.status,
        "enrichers": run.enrichers,
        "failed": run.failed,
        "progress": numbers,
        "reason": progress.reason,
        "seq": run.seq,
        "started_by": run.by,
        "started_at": run.started_at,
        "ended_at": progress.ended_at,
    }
