"""Runs as they were wanted (read rows, written by `projections` alone), and how far the work on each has come."""

from __future__ import annotations

from uuid import UUID

from django.db import models

from enrichment.runs.domain import Status


class Run(models.Model):
    """A run; its id is that of the event that started it. `enrichers` are names, versions and parameters."""

    id = models.UUIDField(primary_key=True)
    case_id: UUID = models.UUIDField()  # type: ignore[assignment]
    enrichers = models.JSONField()
    failed = models.BooleanField()
    status = models.CharField(max_length=7, choices=[(each.value, each.value) for each in Status])
    seq = models.PositiveBigIntegerField()
    by = models.CharField(max_length=200)
    started_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ["-seq"]
        indexes = [models.Index(fields=["case_id", "-seq"], name="runs_of_case")]

    def __str__(self) -> str:
        return str(self.id)


class RunWork(models.Model):
    """How far a run has come: no read row, but what is still to be done, as the job table is.

    `after` is the number (its first event's) of the last item of the case that was looked at, of `items_done` by now;
    `planned`: all were. `heard_at` is when a worker last did a step, or was last told to. `ended_at`: nothing is left.
    `reason` says what could not be planned. A run that came here in a bundle has no such row.
    """

    run = models.UUIDField(primary_key=True)
    case_id: UUID = models.UUIDField()  # type: ignore[assignment]
    after = models.PositiveBigIntegerField(default=0)
    items_done = models.PositiveBigIntegerField(default=0)
    items_total = models.PositiveBigIntegerField(default=0)
    planned = models.BooleanField(default=False)
    heard_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["heard_at"], condition=models.Q(ended_at__isnull=True), name="runs_open")]

    def __str__(self) -> str:
        return str(self.run)
