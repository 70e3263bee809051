"""The ledger's tables: events and payloads, the heads of their chains, and the log that puts all of them in order.

Triggers keep what is written append-only (see `triggers`).
"""

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

    class Meta:
        indexes = [models.Index(fields=["file"], name="payloads_in_files", condition=~models.Q(file=""))]

    def __str__(self) -> str:
        return f"payload of {self.event_id}"


class Redaction(models.Model):
    """A disclosure that was erased for good, as the event `redacted_by` says: only these may leave a payload.

    `parts` and `others` are those of the event; `kept_in` names the file that holds what is left of a large payload.
    """

    pk = models.CompositePrimaryKey("event", "digest")
    event = models.UUIDField()
    digest = models.CharField(max_length=43)
    name = models.CharField(max_length=100)
    parts = models.JSONField(default=list)
    others = models.JSONField(default=list)
    kept_in = models.CharField(max_length=64, blank=True)
    redacted_by = models.UUIDField()

    class Meta:
        indexes = [models.Index(fields=["redacted_by"], name="redactions_of_event")]

    def __str__(self) -> str:
        return f"{self.name} of {self.event}"


class LeftoverQuerySet(models.QuerySet["Leftover"]):
    def undone(self) -> LeftoverQuerySet:
        """Keep what is still to be removed."""
        return self.filter(done_at__isnull=True)


class Leftover(models.Model):
    """What is removed once an erasure is committed (an outbox): a file by its SHA-256, or "pages".

    Pages are those of the database's own files, in which erased bytes lie until they are written over. `kept`: another
    event names the file, so its bytes stay.
    """

    PAGES = "pages"

    what = models.CharField(max_length=64, primary_key=True)
    since = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    kept = models.BooleanField(default=False)

    objects = LeftoverQuerySet.as_manager()

    def __str__(self) -> str:
        return self.what


class Head(models.Model):
    """The end of one stream's chain; its row lock is what puts that stream's writers in order."""

    stream = models.UUIDField(primary_key=True)
    seq = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.stream}:{self.seq}"


class Pending(models.Model):
    """An event that has no position in the log yet; rows leave when they get one."""

    n = models.BigAutoField(primary_key=True)
    event = models.UUIDField()
    hash = models.CharField(max_length=64)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.n}: {self.event}"


class Entry(models.Model):
    """An event's place in the log of all events: dense, from 0. Its leaf is the event's chain hash."""

    position = models.PositiveBigIntegerField(primary_key=True)
    event = models.UUIDField(unique=True)
    hash = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.position}: {self.event}"


class Subtree(models.Model):
    """The root of a whole subtree of the log, kept on every eighth level (8: 256 leaves, 16: 65,536 leaves, …)."""

    pk = models.CompositePrimaryKey("level", "index")
    level = models.PositiveSmallIntegerField()
    index = models.PositiveBigIntegerField()
    hash = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.level}/{self.index}"


class LogHead(models.Model):
    """The right edge of the log's tree: one row, whose lock puts sequencers in order."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    size = models.PositiveBigIntegerField(default=0)
    peaks = models.TextField(blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_log")]

    def __str__(self) -> str:
        return f"log of {self.size}"


class SignedHead(models.Model):
    """A head of the log that was signed and anchored: the note is what is published (see `signer`)."""

    size = models.PositiveBigIntegerField(primary_key=True)
    root = models.CharField(max_length=64)
    note = models.TextField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"signed head of {self.size}"


class LastHead(models.Model):
    """The last head that a key signed: its note names the key that follows (see `rotation`)."""

    event = models.UUIDField(primary_key=True)
    size = models.PositiveBigIntegerField()
    note = models.TextField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"last head of a key, of {self.size}"


class Timestamp(models.Model):
    """A time stamp authority's reply (RFC 3161) to the note of a signed head, byte for byte (see `timestamps`).

    `doubt` says who could not read or check the reply, and why; where nobody could read it, it has no time.
    """

    pk = models.CompositePrimaryKey("size", "authority")
    size = models.PositiveBigIntegerField()
    authority = models.CharField(max_length=500)
    reply = models.BinaryField()
    gen_time = models.DateTimeField(null=True)
    doubt = models.TextField(blank=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"timestamp of the head of {self.size} by {self.authority}"


class Cosignature(models.Model):
    """A witness's signature under a signed head (C2SP tlog-cosignature), as the line that joins the note."""

    pk = models.CompositePrimaryKey("size", "witness")
    size = models.PositiveBigIntegerField()
    witness = models.CharField(max_length=500)
    line = models.TextField()
    time = models.DateTimeField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"cosignature of the head of {self.size} by {self.witness}"


class Attestor(models.Model):
    """How it goes with a time stamp authority or a witness: when it was asked last, and what came of it."""

    name = models.CharField(primary_key=True, max_length=500)
    tried_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    failure = models.TextField(blank=True)

    def __str__(self) -> str:
        return self.name
