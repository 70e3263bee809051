"""How findings stand: read rows, written by `projections` alone."""

from __future__ import annotations

from uuid import UUID

from django.db import models

from cases.models import Case


class FindingQuerySet(models.QuerySet["Finding"]):
    def watching(self, case_id: UUID) -> FindingQuerySet:
        """Keep the findings of a case whose result could become stale: computed, not stale already."""
        return self.filter(case=case_id, stale=False, computation__isnull=False)


class Finding(models.Model):
    """A finding as it now stands. `seq`: the event that stated it; `last_seq`: the last that changed it.

    `state` is the fold of its events (see `domain.Finding`) without the steps and uses of its result, which stand in
    its `computation`. `stale_because`: what changed under the result since, the first first: see `staleness`.
    """

    id = models.UUIDField(primary_key=True)
    case = models.ForeignKey(Case, models.CASCADE, related_name="findings")
    seq = models.PositiveBigIntegerField()
    last_seq = models.PositiveBigIntegerField()
    author = models.CharField(max_length=200)
    stated_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    rule = models.CharField(max_length=60)
    status = models.CharField(max_length=10)
    computation = models.UUIDField(null=True)
    digest = models.CharField(max_length=64, blank=True)
    stale = models.BooleanField(default=False)
    stale_because = models.JSONField(default=list)
    state = models.JSONField()

    objects = FindingQuerySet.as_manager()

    class Meta:
        ordering = ["seq"]
        indexes = [
            models.Index(fields=["case", "seq"], name="findings_of_case"),
            models.Index(
                fields=["case"],
                condition=models.Q(stale=False, computation__isnull=False),
                name="findings_watching",
            ),
        ]

    def __str__(self) -> str:
        return str(self.state["stated"]["sentence"])


class Computation(models.Model):
    """One result of a finding; its id is that of its event. Older ones stay."""

    id = models.UUIDField(primary_key=True)
    case = models.ForeignKey(Case, models.CASCADE, related_name="computations")
    finding = models.UUIDField()
    seq = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    by = models.CharField(max_length=200)
    rule = models.CharField(max_length=60)
    version = models.PositiveIntegerField()
    parameters = models.JSONField()
    as_of = models.PositiveBigIntegerField()
    digest = models.CharField(max_length=64)
    result = models.JSONField()
    steps = models.JSONField()
    uses = models.JSONField()
    findings = models.JSONField()

    class Meta:
        ordering = ["-seq"]
        indexes = [models.Index(fields=["finding", "-seq"], name="computations_of_finding")]

    def __str__(self) -> str:
        return f"{self.rule}@{self.version} {self.digest[:12]}"
