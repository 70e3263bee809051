"""How evidence stands, now and at any earlier event: read rows, written by `projections` alone.

The one exception is `Look`, an outbox: reads of evidence that wait to be recorded as custody events.
"""

from __future__ import annotations

from uuid import UUID

from django.db import models

from cases.models import Case
from evidence.domain import Credibility, Kind, Relation, Reliability


class ItemStateQuerySet(models.QuerySet["ItemState"]):
    """Items at one moment: exactly one state of each."""

    def now(self) -> ItemStateQuerySet:
        """Keep the states that hold now."""
        return self.filter(until_seq__isnull=True)

    def at(self, seq: int) -> ItemStateQuerySet:
        """Keep the states that held after event `seq` of their case."""
        holds_still = models.Q(until_seq__isnull=True) | models.Q(until_seq__gt=seq)
        return self.filter(holds_still, from_seq__lte=seq)


class ItemState(models.Model):
    """An item from one of its events up to the next: `state` is the whole of it, the columns are for finding it.

    Its id is that of the event that made it so. `until_seq` is null while it holds.
    """

    id = models.UUIDField(primary_key=True)
    item = models.UUIDField()
    case = models.ForeignKey(Case, models.CASCADE, related_name="item_states")
    seq = models.PositiveBigIntegerField()
    from_seq = models.PositiveBigIntegerField()
    until_seq = models.PositiveBigIntegerField(null=True)
    submitted_at = models.DateTimeField()
    submitted_by = models.CharField(max_length=200)
    submitter = models.UUIDField(null=True)
    changed_at = models.DateTimeField()
    kind = models.CharField(max_length=10, choices=[(kind.value, kind.value) for kind in Kind])
    status = models.CharField(max_length=10)
    title = models.CharField(max_length=500, blank=True)
    earliest = models.DateTimeField(null=True)
    latest = models.DateTimeField(null=True)
    lat = models.FloatField(null=True)
    lon = models.FloatField(null=True)
    source_name = models.CharField(max_length=500, blank=True)
    source_folded = models.TextField(blank=True)
    reliability = models.CharField(max_length=1, blank=True)
    credibility = models.CharField(max_length=1, blank=True)
    sensitivity = models.CharField(max_length=12)
    external_id = models.CharField(max_length=500, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    flagged = models.BooleanField(default=False)
    state = models.JSONField()

    objects = ItemStateQuerySet.as_manager()

    class Meta:
        ordering = ["-seq"]
        constraints = [
            models.UniqueConstraint(fields=["item", "from_seq"], name="one_state_per_event"),
            models.UniqueConstraint(fields=["item"], condition=models.Q(until_seq__isnull=True), name="one_state_now"),
            models.CheckConstraint(condition=models.Q(reliability__in=["", *Reliability]), name="reliability_known"),
            models.CheckConstraint(condition=models.Q(credibility__in=["", *Credibility]), name="credibility_known"),
        ]
        indexes = [
            models.Index(
                fields=["case", "-seq"],
                condition=models.Q(until_seq__isnull=True),
                name="items_now_newest_first",
            ),
            models.Index(fields=["case", "kind", "-seq"], name="items_by_kind"),
            models.Index(fields=["case", "earliest"], name="items_by_time"),
            models.Index(fields=["sha256"], name="items_by_file", condition=~models.Q(sha256="")),
        ]

    def __str__(self) -> str:
        """Name the item for people: by its title, else by how its text begins or what was sighted."""
        said = self.state["said"]
        name = self.title or " ".join(said.get("text", "").split()) or (said.get("subject") or {}).get("name", "")
        unnamed = "erased" if {"title", "text", "subject"} & set(self.state.get("erased", ())) else "untitled"
        return f"{name[:79]}…" if len(name) > 80 and not self.title else name or f"{unnamed} {self.kind}"


class ItemTag(models.Model):
    """A tag on an item, from one event up to another."""

    id = models.BigAutoField(primary_key=True)
    case = models.ForeignKey(Case, models.CASCADE, related_name="item_tags")
    item = models.UUIDField()
    tag = models.CharField(max_length=60)
    from_seq = models.PositiveBigIntegerField()
    until_seq = models.PositiveBigIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["case", "tag", "item"], name="items_by_tag"),
            models.Index(fields=["item"], name="tags_of_item"),
        ]

    def __str__(self) -> str:
        return self.tag


class LinkQuerySet(models.QuerySet["Link"]):
    """Relations at one moment."""

    def now(self) -> LinkQuerySet:
        """Keep those that hold now."""
        return self.filter(until_seq__isnull=True)

    def at(self, seq: int) -> LinkQuerySet:
        """Keep those that held after event `seq` of their case."""
        return self.filter(models.Q(until_seq__isnull=True) | models.Q(until_seq__gt=seq), seq__lte=seq)


class Link(models.Model):
    """One item's relation to another, from one event up to another.

    `of_field`: the item's own field `derived_from` says so, and a correction of it ends what it no longer says.
    """

    id = models.BigAutoField(primary_key=True)
    case = models.ForeignKey(Case, models.CASCADE, related_name="links")
    event = models.UUIDField()
    seq = models.PositiveBigIntegerField()
    until_seq = models.PositiveBigIntegerField(null=True)
    item = models.UUIDField()
    relation = models.CharField(max_length=12, choices=[(each.value, each.value) for each in Relation])
    target = models.UUIDField()
    note = models.TextField(blank=True)
    of_field = models.BooleanField(default=False)
    by = models.CharField(max_length=200)
    at = models.DateTimeField()

    objects = LinkQuerySet.as_manager()

    class Meta:
        ordering = ["seq", "id"]
        indexes = [
            models.Index(fields=["item", "seq"], name="links_from_item"),
            models.Index(fields=["target", "seq"], name="links_to_item"),
        ]

    def __str__(self) -> str:
        return f"{self.item} {self.relation} {self.target}"


class EnrichmentQuerySet(models.QuerySet["Enrichment"]):
    """What enrichers said of items."""

    def newest(self, *, as_of: int | None = None) -> EnrichmentQuerySet:
        """Keep, of each item, the newest result of each enricher; as it was after event `as_of` of the case."""
        known = self if as_of is None else self.filter(seq__lte=as_of)
        newer = models.Q(version__gt=models.OuterRef("version")) | models.Q(
            version=models.OuterRef("version"), seq__gt=models.OuterRef("seq")
        )
        same = known.filter(newer, item=models.OuterRef("item"), enricher=models.OuterRef("enricher"))
        return known.filter(~models.Exists(same))


class Enrichment(models.Model):
    """What an enricher found, or why it could not; its id is that of its event. Older ones stay."""

    id = models.UUIDField(primary_key=True)
    case = models.ForeignKey(Case, models.CASCADE, related_name="enrichments")
    item = models.UUIDField()
    seq = models.PositiveBigIntegerField()
    enricher = models.CharField(max_length=60)
    version = models.PositiveIntegerField()
    tool = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=7, choices=[("done", "done"), ("failed", "failed")])
    parameters = models.JSONField(default=dict)
    input_digest = models.CharField(max_length=64)
    output = models.JSONField(null=True)
    derivatives = models.JSONField(default=list)
    reason = models.TextField(blank=True)
    phase = models.CharField(max_length=40, blank=True)
    permanent = models.BooleanField(default=False)
    seconds = models.FloatField(null=True)
    at = models.DateTimeField()

    objects = EnrichmentQuerySet.as_manager()

    class Meta:
        ordering = ["enricher", "-version", "-seq"]
        indexes = [models.Index(fields=["item", "enricher", "seq"], name="enrichments_of_item")]

    def __str__(self) -> str:
        return f"{self.enricher}@{self.version} {self.status}"


class Custody(models.Model):
    """One handling of an item: received, viewed, downloaded, …"""

    id = models.BigAutoField(primary_key=True)
    case = models.ForeignKey(Case, models.CASCADE, related_name="custody")
    item = models.UUIDField()
    seq = models.PositiveBigIntegerField()
    action = models.CharField(max_length=20)
    actor = models.CharField(max_length=200)
    times = models.PositiveIntegerField(default=1)
    first = models.DateTimeField()
    last = models.DateTimeField()

    class Meta:
        ordering = ["seq", "id"]
        indexes = [models.Index(fields=["item", "seq"], name="custody_of_item")]

    def __str__(self) -> str:
        return f"{self.action} by {self.actor}"


class SearchText(models.Model):
    """The normalised words of an item as it stands now (see `words`), indexed by each database in its own way."""

    n = models.BigAutoField(primary_key=True)
    item = models.UUIDField(unique=True)
    case = models.ForeignKey(Case, models.CASCADE, related_name="search_texts")
    words = models.TextField()

    def __str__(self) -> str:
        return self.words[:60]


class Look(models.Model):
    """Somebody viewed or downloaded an item, and no event says so yet (an outbox, not a read row)."""

    id = models.BigAutoField(primary_key=True)
    case_id: UUID = models.UUIDField()  # type: ignore[assignment]
    item = models.UUIDField()
    actor = models.CharField(max_length=200)
    action = models.CharField(max_length=20)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["case_id", "id"], name="looks_of_case")]

    def __str__(self) -> str:
        return f"{self.action} {self.item}"


# Django finds models in this module; these have one of their own.
from evidence.erasure.models import ErasedPart, ErasureRequest  # noqa: E402

__all__ = [
    "Custody",
    "Enrichment",
    "ErasedPart",
    "ErasureRequest",
    "ItemState",
    "ItemTag",
    "Link",
    "Look",
    "SearchText",
]
