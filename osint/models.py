"""The people who log in."""

from django.contrib.auth.models import AbstractUser
from django.db import models

from ledger.ids import uuid7


class User(AbstractUser):
    """A person with an account; what they may do in a case is decided by the case, never here."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)


# Django finds models in this module; these have one of their own.
from osint.records import AccessToken, IdempotencyRecord  # noqa: E402

__all__ = ["AccessToken", "IdempotencyRecord", "User"]
