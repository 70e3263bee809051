"""Erasures that were asked for, and what was erased: read rows, written by `projections` alone."""

from __future__ import annotations

from uuid import UUID

from django.db import models

from ledger.redaction import Ground

GROUNDS = [(each.value, each.value) for each in Ground]


class ErasureRequest(models.Model):
    """Somebody asked for an erasure; its id is that of the event that says so. Another event decides."""

    OPEN, DONE, DECLINED = "open", "done", "declined"

    id = models.UUIDField(primary_key=True)
    # No key of a table: the ledger keeps erasures of whatever stream.
    case_id: UUID = models.UUIDField()  # type: ignore[assignment]
    seq = models.PositiveBigIntegerField()
    status = models.CharField(max_length=8, default=OPEN)
    ground = models.CharField(max_length=40, choices=GROUNDS)
    reason = models.TextField(blank=True)
    requested_by = models.CharField(max_length=200)
    person = models.UUIDField()
    requested_at = models.DateTimeField()
    targets = models.JSONField(default=list)
    files = models.JSONField(default=list)
    items = models.JSONField(default=list)
    decided_by = models.CharField(max_length=200, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_seq = models.PositiveBigIntegerField(null=True)
    decision = models.UUIDField(null=True)
    declined_because = models.TextField(blank=True)

    class Meta:
        ordering = ["-seq"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=["open", "done", "declined"]), name="erasure_status_known"
            ),
            models.CheckConstraint(condition=models.Q(ground__in=list(Ground)), name="erasure_ground_known"),
        ]
        indexes = [models.Index(fields=["case_id", "-seq"], name="erasures_of_case")]

    def __str__(self) -> str:
        return f"erasure {self.status}, asked for in event {self.seq}"


class ErasedPart(models.Model):
    """A field of an event that was erased, or the bytes of a file that it names: by which event, and on what ground."""

    id = models.BigAutoField(primary_key=True)
    case_id: UUID = models.UUIDField()  # type: ignore[assignment]
    item = models.UUIDField(null=True)
    event = models.UUIDField()
    event_seq = models.PositiveBigIntegerField()
    event_type = models.CharField(max_length=100)
    field = models.CharField(max_length=100)
    parts = models.JSONField(default=list)
    others = models.JSONField(default=list)
    file = models.CharField(max_length=64, blank=True)
    redacted_by = models.UUIDField()
    seq = models.PositiveBigIntegerField()
    ground = models.CharField(max_length=40, choices=GROUNDS)
    at = models.DateTimeField()

    class Meta:
        ordering = ["event_seq", "id"]
        indexes = [
            models.Index(fields=["item", "event_seq"], name="erased_parts_of_item"),
            models.Index(fields=["event"], name="erased_parts_of_event"),
            models.Index(fields=["redacted_by"], name="erased_parts_of_erasure"),
            models.Index(fields=["file"], name="erased_files", condition=~models.Q(file="")),
        ]

    def __str__(self) -> str:
        return f"{self.field} of event {self.event_seq}"
