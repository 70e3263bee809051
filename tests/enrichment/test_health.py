"""How enrichers fare: what is counted, what is not, and who sees it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from enrichment import commands, registry
from enrichment.health import HOURS, Health, health
from enrichment.models import Job
from evidence.models import Enrichment
from ledger.actors import Actor
from ledger.ids import uuid7
from tests.enrichment.jobs import submit_text, work

pytestmark = pytest.mark.django_db


def of(name: str) -> Health:
    return next(each for each in health() if each.name == name)


def test_it_counts_what_was_done_and_how_long_it_took(case: UUID, owner: Actor) -> None:
    before = of("text")
    assert (before.done, before.median_seconds, before.failed_share, before.oldest_seconds) == (0, None, None, None)
    for _ in range(3):
        submit_text(case, owner)
    Job.objects.update(created_at=timezone.now() - timedelta(minutes=7))
    waiting = of("text")
    assert (waiting.waiting, waiting.running) == (3, 0)
    assert waiting.oldest_seconds == pytest.approx(420, abs=5)
    work(case)
    after = of("text")
    assert (after.done, after.failed, after.failed_share, after.waiting) == (3, 0, 0.0, 0)
    assert after.per_minute == round(3 / 60, 2)
    took = sorted(Enrichment.objects.values_list("seconds", flat=True))
    assert after.median_seconds == took[1]
    assert sum(hour.done for hour in after.hours) == 3
    assert len(after.hours) == HOURS + 1


def test_failures_are_a_share_of_what_ended_and_a_missing_part_is_not_the_tools_failure(
    case: UUID, owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(4):
        submit_text(case, owner)
    failed, lacking, *_ = jobs = list(Job.objects.order_by("id"))
    with monkeypatch.context() as patch:
        patch.setitem(registry.installed(), "text", replace(registry.installed()["text"], missing=lambda: "a model"))
        commands.run_job(job_id=lacking.pk)
        assert of("text").missing == "a model"
    work(case)
    Job.objects.filter(pk=failed.pk).update(status=Job.PARKED, seconds=None, reason="It died.")
    found = of("text")
    assert (found.done, found.failed, found.lacked) == (2, 1, 1)
    assert found.failed_share == pytest.approx(1 / 3)
    Job.objects.filter(pk__in=[job.pk for job in jobs]).update(ended_at=timezone.now() - timedelta(hours=HOURS + 2))
    assert (of("text").done, of("text").failed, of("text").lacked) == (0, 0, 0)


def test_jobs_of_a_tool_that_is_gone_are_named(case: UUID, owner: Actor) -> None:
    item = submit_text(case, owner)
    values = {"case_id": case, "item": item, "submitted": uuid7(), "input_digest": "", "version": 1}
    Job.objects.create(enricher="clairvoyant", **values)
    gone = of("clairvoyant")
    assert (gone.version, gone.waiting, bool(gone.missing)) == (None, 1, True)


def test_it_takes_a_look_at_each_tool_and_no_more(case: UUID, owner: Actor) -> None:
    for _ in range(3):
        submit_text(case, owner)
    work(case)
    with CaptureQueriesContext(connection) as queries:
        health()
    # The queues, the hours, the last hour; the newest results of the one tool that has any.
    assert len(queries) == 4


def test_superusers_see_it_and_no_case_in_it(case: UUID, owner: Actor, client: Client, alice: Any) -> None:
    submit_text(case, owner, text="Nadezhda sailed.")
    work(case)
    alice.is_staff = True
    alice.save()
    client.force_login(alice)
    assert client.get("/admin/tools/").status_code == 403
    assert "/admin/tools/" not in client.get("/admin/").content.decode()
    alice.is_superuser = True
    alice.save()
    page = client.get("/admin/tools/").content.decode()
    assert re.search(r'aria-label="Jobs by the hour: 1 done, 0 failed', page)
    assert "Nadezhda" not in page
    assert str(case) not in page
    assert "/admin/tools/" in client.get("/admin/").content.decode()
