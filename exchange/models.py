"""Exports that were asked for: the table is the truth about them; the broker only carries news of it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import models
from django.utils import timezone

from ledger.ids import uuid7

ATTEMPTS = 3
"""How often the writing of a bundle may die before it is given up."""


class ExportQuerySet(models.QuerySet["Export"]):
    def open(self) -> ExportQuerySet:
        """Keep those that will end without anybody's doing."""
        return self.filter(status__in=[Export.WAITING, Export.RUNNING])

    def free(self, now: datetime) -> ExportQuerySet:
        """Keep those that may be taken: those that wait and may be tried, and those whose claim has ended."""
        due = models.Q(not_before__isnull=True) | models.Q(not_before__lte=now)
        died = models.Q(status=Export.RUNNING, claimed_until__lt=now)
        return self.filter(models.Q(due, status=Export.WAITING) | died)


class Export(models.Model):
    """A bundle that somebody asked for.

    `profile` names what is withheld, people among it: it is kept until the bundle is written, and no longer; `withheld`
    says it in words that give nothing away. `event` is the event of the export, number `seq` of the case, which the
    first attempt records and later ones find. `name` is that of the file, as long as it is kept.
    """

    WAITING, RUNNING, DONE, FAILED = "waiting", "running", "done", "failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case_id: UUID = models.UUIDField()  # type: ignore[assignment]
    asked_by = models.CharField(max_length=200)
    user = models.UUIDField()
    asked_at = models.DateTimeField(auto_now_add=True)
    profile = models.JSONField(null=True)
    withheld = models.JSONField(default=list)

    status = models.CharField(max_length=7, default=WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    reason = models.TextField(blank=True)
    published_at = models.DateTimeField(null=True)
    claimed_until = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)

    event = models.UUIDField(null=True)
    seq = models.PositiveBigIntegerField(null=True)
    events_done = models.PositiveBigIntegerField(default=0)
    events_total = models.PositiveBigIntegerField(default=0)
    files_done = models.PositiveBigIntegerField(default=0)
    files_total = models.PositiveBigIntegerField(default=0)
    bytes_done = models.PositiveBigIntegerField(default=0)
    bytes_total = models.PositiveBigIntegerField(default=0)

    name = models.CharField(max_length=100, blank=True)
    size = models.PositiveBigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    ended_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    objects = ExportQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=["waiting", "running", "done", "failed"]), name="export_status_known"
            ),
            models.CheckConstraint(
                condition=models.Q(profile__isnull=True) | models.Q(status__in=["waiting", "running"]),
                name="profile_only_while_needed",
            ),
        ]
        indexes = [
            models.Index(fields=["case_id", "-id"], name="exports_of_case"),
            models.Index(
                fields=["published_at"], condition=models.Q(status__in=["waiting", "running"]), name="exports_open"
            ),
        ]

    def __str__(self) -> str:
        return f"export of {self.case_id} {self.status}"

    @property
    def there(self) -> bool:
        """Say whether its bundle can be had."""
        return bool(self.name) and self.expires_at is not None and timezone.now() < self.expires_at

    @property
    def file_name(self) -> str:
        """The name under which it is saved."""
        return f"waterline-{self.case_id}-{self.seq}.zip"
