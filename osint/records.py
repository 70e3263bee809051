"""Rows that belong to the API itself: tokens, and the answers to requests that may be repeated."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from ledger.ids import uuid7


class AccessToken(models.Model):
    """A bearer token: shown once, kept as a hash. Its id, not its text, stands in events."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100, blank=True)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    case_id = models.UUIDField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.prefix}… {self.name}".strip()


class IdempotencyRecord(models.Model):
    """The answer to a request that carried an Idempotency-Key, written in the transaction that did the work."""

    id = models.BigAutoField(primary_key=True)
    caller = models.CharField(max_length=100)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["caller", "key"], name="one_answer_per_caller_and_key")]
        indexes = [models.Index(fields=["at"], name="idempotency_by_age")]

    def __str__(self) -> str:
        return f"{self.caller} {self.key}"
