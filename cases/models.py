"""How cases stand now: read rows, written by `projections` alone."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from cases.domain import Role, Sensitivity, Status


def _choices(enum: type[Role] | type[Sensitivity] | type[Status]) -> list[tuple[str, str]]:
    return [(member.value, member.value.replace("_", " ")) for member in enum]


class Case(models.Model):
    """A case; its id is its stream. `seq` is that of the last event that changed the case itself.

    `title_folded` is the title as it is searched (see `folding`).
    """

    id = models.UUIDField(primary_key=True)
    title = models.CharField(max_length=200)
    title_folded = models.TextField()
    description = models.TextField(blank=True)
    sensitivity = models.CharField(max_length=12, choices=_choices(Sensitivity))
    status = models.CharField(max_length=12, choices=_choices(Status))
    tags = models.JSONField(default=list)
    erased = models.JSONField(default=list)
    seq = models.PositiveBigIntegerField()
    opened_at = models.DateTimeField()
    opened_by = models.CharField(max_length=200)
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ["-opened_at", "-id"]
        indexes = [models.Index(fields=["-opened_at", "-id"], name="cases_newest_first")]
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=list(Status)), name="case_status_known"),
            models.CheckConstraint(condition=models.Q(sensitivity__in=list(Sensitivity)), name="case_tlp_known"),
        ]

    def __str__(self) -> str:
        return self.title


class Member(models.Model):
    """A person on the team of a case. `emergency`: they broke the glass to get there."""

    pk = models.CompositePrimaryKey("case_id", "user_id")
    case = models.ForeignKey(Case, models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=12, choices=_choices(Role))
    emergency = models.BooleanField(default=False)
    since = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(role__in=list(Role)), name="member_role_known")]
        indexes = [models.Index(fields=["user", "case"], name="cases_of_user")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role}"


class Comment(models.Model):
    """A comment on a case, or on one of its items; its id is that of its event."""

    id = models.UUIDField(primary_key=True)
    case = models.ForeignKey(Case, models.CASCADE, related_name="comments")
    item = models.UUIDField(null=True)
    seq = models.PositiveBigIntegerField()
    text = models.TextField()
    author = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        ordering = ["case", "seq"]
        constraints = [models.UniqueConstraint(fields=["case", "seq"], name="one_comment_per_event")]
        indexes = [models.Index(fields=["item", "seq"], name="comments_of_item")]

    def __str__(self) -> str:
        return self.text[:60]
