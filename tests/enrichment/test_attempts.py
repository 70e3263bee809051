"""Who holds a job and for how long, how often it is tried, and which of several results counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from cases import commands as cases
from cases.rules import CaseNotOpen
from enrichment import commands, forks, registry
from enrichment.domain import Limits
from enrichment.models import ATTEMPTS, Job
from enrichment.sandbox import Failed
from evidence import commands as evidence
from evidence import domain
from evidence.models import Enrichment
from ledger import store
from ledger.actors import Actor
from ledger.errors import NotFound
from ledger.read import read
from tests.enrichment.jobs import results, submit_text, work

pytestmark = pytest.mark.django_db


def test_a_job_that_somebody_holds_is_left_alone_until_the_claim_ends(case: UUID, owner: Actor) -> None:
    job = Job.objects.get(item=submit_text(case, owner))
    Job.objects.filter(pk=job.pk).update(
        status=Job.RUNNING, attempts=1, claimed_until=timezone.now() + timedelta(seconds=60)
    )
    assert commands.run_job(job_id=job.pk) == "running"
    Job.objects.filter(pk=job.pk).update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert commands.run_job(job_id=job.pk) == "done"


def test_a_job_whose_worker_died_three_times_is_parked_with_its_reason(case: UUID, owner: Actor) -> None:
    item = submit_text(case, owner)
    job = Job.objects.get(item=item)
    died = timezone.now() - timedelta(seconds=1)
    Job.objects.filter(pk=job.pk).update(status=Job.RUNNING, attempts=ATTEMPTS, claimed_until=died)
    assert commands.run_job(job_id=job.pk) == "parked"
    failed = results(case, item, owner)["text"]
    assert (failed["status"], failed["reason"]) == ("failed", "It died 3 times without a result.")


def test_a_job_that_hits_a_limit_three_times_is_parked_with_that_limit(
    case: UUID, owner: Actor, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.RETRY_SECONDS = 0
    item = submit_text(case, owner)
    job = Job.objects.get(item=item)
    with monkeypatch.context() as patch:
        patch.setattr(commands, "LIMITS", Limits(wall_seconds=0))
        assert [commands.run_job(job_id=job.pk) for _ in range(ATTEMPTS)] == ["waiting", "waiting", "parked"]
    failed = results(case, item, owner)["text"]
    assert (failed["status"], failed["reason"]) == ("failed", "It took longer than 0 seconds.")
    assert commands.run_job(job_id=job.pk) == "parked"
    assert Enrichment.objects.filter(item=item).count() == 1


def test_a_parked_job_is_tried_again_when_a_member_asks(case: UUID, owner: Actor, charlie: Any) -> None:
    item = submit_text(case, owner)
    job = Job.objects.get(item=item)
    Job.objects.filter(pk=job.pk).update(status=Job.PARKED, attempts=ATTEMPTS)
    with pytest.raises(NotFound):
        commands.retry(case_id=case, job_id=job.pk, by=Actor.person(charlie.id))
    commands.retry(case_id=case, job_id=job.pk, by=owner)
    work(case)
    assert results(case, item, owner)["text"]["status"] == "done"


def test_a_retry_is_on_record_with_the_person_and_the_tool(case: UUID, owner: Actor) -> None:
    item = submit_text(case, owner)
    job = Job.objects.get(item=item)
    Job.objects.filter(pk=job.pk).update(status=Job.PARKED, attempts=ATTEMPTS)
    commands.retry(case_id=case, job_id=job.pk, by=owner)
    *_, last = read(case, item=item)
    assert last.data == domain.EnrichmentRetried(enricher="text", version=job.version)
    assert last.actor == owner.name
    with pytest.raises(NotFound):
        commands.retry(case_id=case, job_id=job.pk, by=owner)
    assert list(read(case, item=item))[-1] == last, "what is refused is no event"


@pytest.mark.parametrize("end", [cases.hold_case, cases.close_case])
def test_nothing_is_retried_while_the_case_rests_or_is_over(end: Any, case: UUID, owner: Actor) -> None:
    job = Job.objects.get(item=submit_text(case, owner))
    Job.objects.filter(pk=job.pk).update(status=Job.PARKED, attempts=ATTEMPTS)
    end(case_id=case, reason="Enough", by=owner)
    with pytest.raises(CaseNotOpen):
        commands.retry(case_id=case, job_id=job.pk, by=owner)
    assert Job.objects.get(pk=job.pk).status == Job.PARKED


def test_a_job_that_failed_for_now_is_tried_later_and_each_time_later(
    case: UUID, owner: Actor, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.RETRY_SECONDS = 30
    monkeypatch.setattr(commands, "LIMITS", Limits(wall_seconds=0))
    job = Job.objects.get(item=submit_text(case, owner))
    for attempts, seconds in ((1, 30), (2, 300)):
        before = timezone.now()
        assert commands.run_job(job_id=job.pk) == "waiting"
        job.refresh_from_db()
        assert job.attempts == attempts
        assert job.not_before
        assert before + timedelta(seconds=seconds) <= job.not_before <= timezone.now() + timedelta(seconds=seconds)
        # Neither the sweep nor a message that comes again is any quicker.
        assert commands.sweep() == 0
        assert commands.run_job(job_id=job.pk) == "waiting"
        assert Job.objects.get(pk=job.pk).attempts == attempts
        Job.objects.filter(pk=job.pk).update(not_before=timezone.now())
        assert commands.sweep() == 1
    assert commands.run_job(job_id=job.pk) == "parked"


def test_a_claim_is_renewed_while_the_work_goes_on(case: UUID, owner: Actor, settings: Any) -> None:
    # To import all parsers and to unpack the language model takes longer.
    forks.stop()
    settings.CLAIM_SECONDS = 0.4
    job = Job.objects.get(item=submit_text(case, owner))
    began = timezone.now()
    assert commands.run_job(job_id=job.pk) == "done"
    job.refresh_from_db()
    found = Enrichment.objects.get(item=job.item)
    assert job.claimed_until
    assert job.claimed_until - began > timedelta(seconds=max(0.6, found.seconds or 0))
    assert job.attempts == 1


def test_a_claim_that_was_taken_over_is_not_taken_back(case: UUID, owner: Actor, settings: Any) -> None:
    job = Job.objects.get(item=submit_text(case, owner))
    slow = commands._claim(job.pk)
    assert slow is not None
    Job.objects.filter(pk=job.pk).update(claimed_until=timezone.now() - timedelta(seconds=1))
    newer = commands._claim(job.pk)
    assert newer is not None
    settings.CLAIM_SECONDS = 1000
    commands._renew(slow)
    assert Job.objects.get(pk=job.pk).claimed_until == newer.claimed_until
    commands._renew(newer)
    assert Job.objects.get(pk=job.pk).claimed_until == newer.claimed_until > timezone.now() + timedelta(seconds=900)


def test_the_first_result_of_an_open_job_counts_whoever_holds_it(case: UUID, owner: Actor) -> None:
    item = submit_text(case, owner)
    job = Job.objects.get(item=item)
    slow = commands._claim(job.pk)
    Job.objects.filter(pk=job.pk).update(claimed_until=timezone.now() - timedelta(seconds=1))
    newer = commands._claim(job.pk)
    assert slow is not None
    assert newer is not None
    found = domain.EvidenceEnriched(
        enricher="text", version=1, tool="t", input_digest=job.input_digest, output={}, seconds=99.0
    )
    assert commands._finish(slow, Job.DONE, [found]) == "done"
    assert commands._finish(newer, Job.DONE, [found]) == "taken over"
    assert Job.objects.get(pk=job.pk).status == Job.DONE
    assert Enrichment.objects.filter(item=item).count() == 1


def test_a_result_that_a_correction_overtook_does_not_hide_the_newer_one(case: UUID, owner: Actor) -> None:
    item = submit_text(case, owner)
    old = Job.objects.get(item=item)
    slow = commands._claim(old.pk)
    assert slow is not None
    evidence.correct(case_id=case, item=item, changes={"text": "New"}, reason="typo", by=owner)
    work(case)
    found = domain.EvidenceEnriched(
        enricher="text", version=1, tool="t", input_digest=old.input_digest, output={}, seconds=99.0
    )
    assert commands._finish(slow, Job.DONE, [found]) == "done"
    assert results(case, item, owner)["text"]["output"]["characters"] == 3
    assert Enrichment.objects.filter(item=item).count() == 1


def test_a_file_that_takes_longer_than_a_small_one_may_is_read_to_its_end(
    case: UUID, owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three digests of half a GiB take more than the second that this leaves for a small file."""
    monkeypatch.setattr(commands, "LIMITS", Limits(cpu_seconds=1))
    with store.incoming() as incoming:
        for _ in range(512):
            incoming.write(bytes(1 << 20))
        kept = incoming.keep()
    file = domain.FileReference(sha256=kept.sha256, size=kept.size, name="large")
    said = domain.EvidenceSubmitted(kind=domain.Kind.IMAGE, file=file)
    item = evidence.submit_evidence(case_id=case, said=said, by=owner).item
    job = Job.objects.get(item=item, enricher="file_identity")
    try:
        assert commands.run_job(job_id=job.pk) == "done"
    finally:
        with store.local_path(kept.sha256) as path:
            path.unlink()
    assert Enrichment.objects.get(item=item).output["size"] == 512 << 20


def test_a_run_that_is_over_after_another_took_its_job_over_records_nothing(case: UUID, owner: Actor) -> None:
    item = submit_text(case, owner)
    job = Job.objects.get(item=item)
    slow = commands._claim(job.pk)
    assert slow is not None
    Job.objects.filter(pk=job.pk).update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert commands.run_job(job_id=job.pk) == "done"
    assert commands._park(slow, "too late") == "taken over"
    assert commands._failed(slow, Failed(reason="too late", phase="read", permanent=False)) == "taken over"
    assert Job.objects.get(pk=job.pk).status == Job.DONE
    assert Enrichment.objects.filter(item=item).count() == 1


def test_a_claim_does_not_outlive_a_retry_that_counts_from_the_start(case: UUID, owner: Actor) -> None:
    job = Job.objects.get(item=submit_text(case, owner))
    slow = commands._claim(job.pk)
    assert slow is not None
    Job.objects.filter(pk=job.pk).update(status=Job.PARKED)
    commands.retry(case_id=case, job_id=job.pk, by=owner)
    newer = commands._claim(job.pk)
    assert newer is not None
    assert newer.attempts == slow.attempts == 1
    assert commands._park(slow, "too late") == "taken over"
    assert commands._park(newer, "in time") == "parked"


def test_a_tool_that_lacks_what_it_needs_says_so_and_may_be_tried_again_when_that_is_there(
    case: UUID, owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = submit_text(case, owner)
    job = Job.objects.get(item=item)
    text = registry.installed()["text"]
    with monkeypatch.context() as patch:
        patch.setitem(registry.installed(), "text", replace(text, missing=lambda: "a model of languages"))
        assert commands.run_job(job_id=job.pk) == "failed"
    failed = results(case, item, owner)["text"]
    assert (failed["status"], failed["reason"]) == ("failed", "not installed: a model of languages")
    commands.retry(case_id=case, job_id=job.pk, by=owner)
    assert commands.run_job(job_id=job.pk) == "done"
    ended = Job.objects.get(pk=job.pk)
    assert ended.ended_at
    assert ended.seconds == Enrichment.objects.get(item=item, status="done").seconds
