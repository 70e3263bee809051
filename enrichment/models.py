"""The job table: what is still to be done. It is the truth about that; the broker only carries news of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models

from enrichment.runs.domain import Status
from ledger.ids import uuid7

ATTEMPTS = 3
"""How often a job may die before it is parked."""


class JobQuerySet(models.QuerySet["Job"]):
    def open(self) -> JobQuerySet:
        """Keep the jobs that have no result yet and will get one without anybody's doing."""
        return self.filter(status__in=[Job.WAITING, Job.RUNNING])

    def ended_without_result(self) -> JobQuerySet:
        """Keep the jobs that a person may have tried again."""
        return self.filter(status__in=[Job.PARKED, Job.FAILED])

    def free(self, now: datetime) -> JobQuerySet:
        """Keep the jobs that may be taken: those that wait and may be tried, and those whose claim has ended.

        A run that is paused or was stopped holds its jobs back.
        """
        due = models.Q(not_before__isnull=True) | models.Q(not_before__lte=now)
        died = models.Q(status=Job.RUNNING, claimed_until__lt=now)
        resting = Run.objects.filter(pk=models.OuterRef("run")).exclude(status=Status.RUNNING)
        goes_on = models.Q(run__isnull=True) | ~models.Exists(resting)
        return self.filter(models.Q(due, status=Job.WAITING) | died).filter(goes_on)

    def unheard(self, heard: datetime) -> JobQuerySet:
        """Keep the jobs that nobody may know of: those not published, or not finished, since a moment.

        Of a run, only those that it has published: the others it publishes a portion at a time.
        """
        work = RunWork.objects.filter(pk=models.OuterRef("run"), ended_at__isnull=True)
        waits_its_turn = models.Q(run__isnull=False) & models.Exists(work)
        unpublished = models.Q(published_at__isnull=True) & ~waits_its_turn
        return self.filter(models.Q(status=Job.RUNNING) | unpublished | models.Q(published_at__lt=heard))


class Job(models.Model):
    """One enricher, in one version, on one item as it then stood.

    `attempts` is counted and committed before the work begins, so a job that kills its worker is known to have
    been tried. A claim holds until `claimed_until`; after that somebody else may take the job over. A job that failed
    for the time being is not tried again before `not_before`. `seconds` is how long the tool worked for its result.
    """

    WAITING, RUNNING, DONE, FAILED, PARKED = "waiting", "running", "done", "failed", "parked"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case_id: UUID = models.UUIDField()  # type: ignore[assignment]
    item = models.UUIDField()
    submitted = models.UUIDField()
    enricher = models.CharField(max_length=60)
    version = models.PositiveIntegerField()
    input_digest = models.CharField(max_length=64)
    parameters = models.JSONField(default=dict)
    run = models.UUIDField(null=True)
    status = models.CharField(max_length=7, default=WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    reason = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    published_at = models.DateTimeField(null=True)
    claimed_until = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    seconds = models.FloatField(null=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["item", "enricher", "version", "input_digest"], name="one_job_per_enricher_and_input"
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=["waiting", "running", "done", "failed", "parked"]),
                name="job_status_known",
            ),
        ]
        indexes = [
            models.Index(
                fields=["published_at"],
                condition=models.Q(status__in=["waiting", "running"]),
                name="jobs_open",
            ),
            models.Index(fields=["enricher", "ended_at"], name="jobs_ended"),
            models.Index(
                fields=["run", "status", "ended_at"], condition=models.Q(run__isnull=False), name="jobs_of_run"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.enricher}@{self.version} {self.status}"


ANEW: dict[str, Any] = {
    "status": Job.WAITING,
    "attempts": 0,
    "reason": "",
    "published_at": None,
    "claimed_until": None,
    "not_before": None,
    "ended_at": None,
    "seconds": None,
    "run": None,
}
"""How a job stands that is to be done again from the start."""


class CasePlaybook(models.Model):
    """The playbook that was chosen for a case last: its name, and its enrichers with all parameters, as of then."""

    case_id: UUID = models.UUIDField(primary_key=True)  # type: ignore[assignment]
    name = models.CharField(max_length=40)
    enrichers = models.JSONField()
    seq = models.PositiveBigIntegerField()
    by = models.CharField(max_length=200)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Machine(models.Model):
    """What kept sandboxes shut on a machine where workers run, when one there said so last (see `isolation`)."""

    NOTHING = "none"

    name = models.CharField(max_length=255, primary_key=True)
    network = models.CharField("network shut by", max_length=60)
    files = models.CharField("other files shut by", max_length=20)
    seen_at = models.DateTimeField("seen")

    class Meta:
        verbose_name_plural = "sandboxes"

    def __str__(self) -> str:
        return self.name


class TextPrint(models.Model):
    """The fingerprint of a statement's text as it stands (see `fingerprints`), for finding copies of it.

    `last` is the largest of its marks where only the smallest are kept.
    """

    item = models.UUIDField(primary_key=True)
    case_id: UUID = models.UUIDField()  # type: ignore[assignment]
    method = models.CharField(max_length=40)
    whole = models.CharField(max_length=64)
    kept = models.PositiveIntegerField()
    last = models.BigIntegerField(null=True)

    class Meta:
        indexes = [models.Index(fields=["whole", "case_id", "item"], name="texts_alike_wholly")]

    def __str__(self) -> str:
        return self.whole


class TextMark(models.Model):
    """One mark of a statement's fingerprint."""

    id = models.BigAutoField(primary_key=True)
    mark = models.BigIntegerField()
    case_id: UUID = models.UUIDField()  # type: ignore[assignment]
    item = models.UUIDField()

    class Meta:
        indexes = [
            models.Index(fields=["mark", "case_id", "item"], name="texts_by_mark"),
            models.Index(fields=["item"], name="marks_of_text"),
        ]

    def __str__(self) -> str:
        return str(self.mark)


class PictureHash(models.Model):
    """A perceptual hash of a picture as it stands, upright, for finding copies of it: one for each method of 256 bits.

    Pictures that are featureless have none. `event` is that of the result; `hash` is in hexadecimal.
    """

    id = models.BigAutoField(primary_key=True)
    item = models.UUIDField()
    case_id: UUID = models.UUIDField()  # type: ignore[assignment]
    method = models.CharField(max_length=10)
    hash = models.CharField(max_length=64)
    event = models.UUIDField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "method"], name="one_hash_per_method")]
        indexes = [models.Index(fields=["event"], name="picture_hashes_of_event")]

    def __str__(self) -> str:
        return f"{self.method} {self.hash}"


class Fix(models.Model):
    """Where and when a ship with a number was sighted, as the item stands: between two instants, within a radius.

    Sightings that are retracted, that found nothing, or that name no ship, place or time, have none.
    """

    item = models.UUIDField(primary_key=True)
    case_id: UUID = models.UUIDField()  # type: ignore[assignment]
    imo = models.CharField(max_length=7, blank=True)
    mmsi = models.CharField(max_length=9, blank=True)
    earliest = models.DateTimeField()
    latest = models.DateTimeField()
    lat = models.FloatField()
    lon = models.FloatField()
    radius_m = models.FloatField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["case_id", "imo", "earliest"], name="fixes_by_imo"),
            models.Index(fields=["case_id", "mmsi", "earliest"], name="fixes_by_mmsi"),
        ]

    def __str__(self) -> str:
        return self.imo or self.mmsi


# Django finds models in this module; these have one of their own.
from enrichment.runs.models import Run, RunWork  # noqa: E402

__all__ = [
    "ANEW",
    "ATTEMPTS",
    "CasePlaybook",
    "Fix",
    "Job",
    "JobQuerySet",
    "Machine",
    "PictureHash",
    "Run",
    "RunWork",
    "TextMark",
    "TextPrint",
]
