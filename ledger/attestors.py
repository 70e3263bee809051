"""How it goes with those who attest to the log's heads: time stamp authorities and witnesses.

Whatever they do, the log goes on: they are asked beside the signer, now and then, and one that fails is asked less
often.
"""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from ledger.models import Attestor

LEAST_OFTEN = 6
"""Failures in a row after which the pause is not doubled any more."""


def claim(name: str, *, every: timedelta) -> bool:
    """Say whether one is to be asked now: not by two at once, and rarely while it fails."""
    now = timezone.now()
    row, is_new = Attestor.objects.get_or_create(name=name, defaults={"tried_at": now})
    if is_new:
        return True
    if row.tried_at + every * 2 ** min(row.failures, LEAST_OFTEN) > now:
        return False
    return bool(Attestor.objects.filter(name=name, tried_at=row.tried_at).update(tried_at=now))


def did(name: str) -> None:
    """Note that one did what it was asked for."""
    now = timezone.now()
    Attestor.objects.update_or_create(
        name=name, defaults={"tried_at": now, "done_at": now, "failures": 0, "failure": ""}
    )


def failed(name: str, why: str) -> None:
    """Note that one did not do it; `why` is a sentence of ours."""
    Attestor.objects.get_or_create(name=name, defaults={"tried_at": timezone.now()})
    Attestor.objects.filter(name=name).update(failures=F("failures") + 1, failure=why)
