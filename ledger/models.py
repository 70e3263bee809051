"""The ledger's three tables. Triggers keep the first two append-only (see `triggers`)."""

from __future__ import annotations

from django.db import models


class Event(models.Model):
    """One fact. `envelope` is the truth; the columns beside it are copies for looking things up."""

    id = models.UUIDField(primary_key=True)
    stream = models.UUIDField()
    seq = models.PositiveBigIntegerField()
    item = models.UUIDField(null=True)
    type = models.CharField(max_length=100)
    at = models.DateTimeField()
    actor = models.CharField(max_length=200)
    cause = models.UUIDField(null=True)
    hash = models.CharField(max_length=64)
    envelope = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stream", "seq"], name="one_event_per_seq")]
        indexes = [models.Index(fields=["item", "seq"], name="events_of_item", condition=models.Q(item__isnull=False))]

    def __str__(self) -> str:
        return f"{self.type} {self.stream}:{self.seq}"


class Payload(models.Model):
    """What an event says: its disclosures, one a line; or, past the size limit, the file that holds those lines."""

    event = models.OneToOneField(Event, models.PROTECT, primary_key=True, related_name="payload")
    body = models.TextField()
    file = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return f"payload of {self.event_id}"


class Head(models.Model):
    """The end of one stream's chain; its row lock is what puts that stream's writers in order."""

    stream = models.UUIDField(primary_key=True)
    seq = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.stream}:{self.seq}"
