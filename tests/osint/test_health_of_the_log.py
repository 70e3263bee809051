"""What /readyz says of the log: whether events get their places, and whether its head can be signed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from ledger import anchor, keys
from ledger.ids import uuid7
from ledger.models import LogHead, Pending
from ledger.signed_note import Checkpoint

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("log_folder")]


def readiness(part: str) -> tuple[str, str]:
    found = Client().get("/readyz").json()[part]
    return found["status"], found["detail"]


def test_events_that_wait_for_long_are_said() -> None:
    Pending.objects.create(event=uuid7(), hash="ab" * 32, at=timezone.now())
    assert readiness("sequencer") == ("ok", "1 events wait for their place in the log")
    Pending.objects.update(at=timezone.now() - timedelta(seconds=60))
    status, detail = readiness("sequencer")
    assert status == "degraded"
    assert "the oldest for 6" in detail


def test_a_missing_key_is_said_with_what_to_do() -> None:
    status, detail = readiness("signer")
    assert status == "degraded"
    assert "manage.py keys init" in detail


def test_a_restored_database_is_said() -> None:
    keys.make()
    assert readiness("signer") == ("ok", "nothing was signed yet")
    LogHead.objects.create(size=1, peaks="ab" * 32)
    anchor.write(keys.load().sign(Checkpoint(keys.load().name, 2, bytes(32)).text()))
    assert readiness("signer") == ("degraded", "the database is behind the last signed head")
