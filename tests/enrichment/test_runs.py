"""Runs: a case is read again where newer tools have not read it; nothing is read twice, and new evidence goes first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases import commands as cases
from cases.domain import Role
from enrichment import commands as jobs
from enrichment.choosing import choose_playbook
from enrichment.domain import NOT_INSTALLED
from enrichment.models import Job, Run, RunWork
from enrichment.playbooks import OWN, NewPlaybook
from enrichment.runs import work
from enrichment.runs.commands import pause_run, resume_run, stop_run
from enrichment.runs.domain import RunNotOpen
from evidence import commands as evidence
from evidence import domain
from evidence.models import Enrichment
from ledger.actors import Actor
from ledger.ids import uuid7
from ledger.read import read
from ledger.rebuild import differing
from ledger.verify import verify
from tests.enrichment.jobs import results, submit_text
from tests.enrichment.jobs import work as read_all
from tests.enrichment.runs import do, newer, progress, start, steps
from tests.evidence.erasures import erase, of_item

pytestmark = pytest.mark.django_db


@pytest.fixture
def texts(case: UUID, owner: Actor) -> list[UUID]:
    """Three statements that were read."""
    items = [submit_text(case, owner, text) for text in ("a b c", "IMO 9074729", "At 42.7400, 133.0800")]
    read_all(case)
    return items


def of_run(run: UUID) -> set[UUID]:
    """List the items that a run has jobs for."""
    return set(Job.objects.filter(run=run).values_list("item", flat=True))


# --- what is read -----------------------------------------------------------------------------------------


def test_a_newer_version_reads_the_case_again_and_what_was_found_stays(
    case: UUID, owner: Actor, texts: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    version = newer(monkeypatch)
    run = start(case, owner)
    assert progress(run).status == "planning"
    assert do(run) == ["done"] * 3
    for item in texts:
        assert [each.version for each in Enrichment.objects.filter(item=item)] == [version, version - 1]
        assert results(case, item, owner)["text"]["version"] == version
    started, *found = [event for event in read(case) if event.id == run or event.cause == run]
    assert (started.name, started.actor) == ("enrichment.run_started", owner.name)
    assert [event.actor for event in found] == [f"worker:text@{version}"] * 3
    stands = progress(run)
    assert (stands.status, stands.done, stands.failed, stands.left) == ("done", 3, 0, 0)
    assert (stands.items_done, stands.items_total) == (3, 3)
    assert verify(stream=case).faults == []
    assert differing() == []


def test_where_every_tool_has_read_there_is_nothing_to_do(case: UUID, owner: Actor, texts: list[UUID]) -> None:
    run = start(case, owner)
    assert do(run) == []
    assert progress(run).status == "done"
    assert RunWork.objects.get(pk=run).ended_at is not None


def test_results_that_came_without_their_jobs_count(
    case: UUID, owner: Actor, texts: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So they come in a bundle: events are restored, and work is not."""
    Job.objects.all().delete()
    assert do(start(case, owner, "text")) == []


def test_a_text_that_waits_is_read_once(case: UUID, owner: Actor) -> None:
    item = submit_text(case, owner)
    run = start(case, owner)
    assert do(run) == []
    read_all(case)
    assert Enrichment.objects.filter(item=item).count() == 1


def test_items_that_were_retracted_are_left_alone_and_those_erased_read_by_what_is_left(
    case: UUID, owner: Actor, bob: Any, texts: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    retracted, erased, left = texts
    evidence.retract(case_id=case, item=retracted, reason="forged", by=owner)
    cases.add_member(case_id=case, user=bob.pk, role=Role.REVIEWER, by=owner)
    erase(case, of_item(erased, "text"), asks=owner, agrees=Actor.person(bob.pk))
    newer(monkeypatch)
    run = start(case, owner)
    steps(run)
    assert of_run(run) == {left}


def test_an_item_that_is_erased_after_it_was_planned_is_not_read(
    case: UUID, owner: Actor, bob: Any, texts: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    newer(monkeypatch)
    run = start(case, owner)
    steps(run)
    cases.add_member(case_id=case, user=bob.pk, role=Role.REVIEWER, by=owner)
    erase(case, of_item(texts[0], "text"), asks=owner, agrees=Actor.person(bob.pk))
    assert do(run) == ["done"] * 3
    assert Enrichment.objects.filter(item=texts[0]).count() == 1
    assert not Job.objects.filter(item=texts[0]).exclude(input_digest__startswith="erased:").exists()


def test_a_run_reads_with_the_parameters_of_the_playbook(case: UUID, owner: Actor) -> None:
    place = domain.Place(lat=42.74, lon=133.08)
    said = domain.EvidenceSubmitted(kind=domain.Kind.SIGHTING, place=place, subject=domain.Subject(kind="ship"))
    item = evidence.submit_evidence(case_id=case, said=said, by=owner).item
    read_all(case)
    wanted = NewPlaybook(playbook=OWN, enrichers={"position": {"most": 1}})
    choose_playbook(case_id=case, wanted=wanted, by=owner)
    assert do(start(case, owner)) == ["done"]
    newest, before = Enrichment.objects.filter(item=item, enricher="position")
    assert (newest.parameters["most"], len(newest.output["ports"])) == (1, 1)
    assert newest.output["ports"] == before.output["ports"][:1]


def test_a_run_reads_again_what_another_setting_has_read_since(case: UUID, owner: Actor) -> None:
    place = domain.Place(lat=42.74, lon=133.08)
    said = domain.EvidenceSubmitted(kind=domain.Kind.SIGHTING, place=place, subject=domain.Subject(kind="ship"))
    item = evidence.submit_evidence(case_id=case, said=said, by=owner).item
    read_all(case)
    assert item
    for most in (1, 5, 1):
        wanted = NewPlaybook(playbook=OWN, enrichers={"position": {"most": most}})
        choose_playbook(case_id=case, wanted=wanted, by=owner)
        assert do(start(case, owner)) == ["done"]
        assert results(case, item, owner)["position"]["parameters"]["most"] == most
        assert do(start(case, owner)) == []
    assert Job.objects.filter(item=item, enricher="position").count() == 2


def test_a_version_that_is_gone_by_the_time_of_planning_is_named(
    case: UUID, owner: Actor, texts: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start(case, owner, "text")
    version = newer(monkeypatch) - 1
    steps(run)
    assert progress(run).reason == f"{NOT_INSTALLED}text@{version}"
    assert progress(run).status == "done"


def test_planning_asks_the_same_few_things_however_many_items_there_are(
    case: UUID, owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = []
    for many in (2, 40):
        said = domain.EvidenceSubmitted(kind=domain.Kind.STATEMENT, text="a b c")
        evidence.submit_batch(case_id=case, submissions=[said] * many, by=owner)
        newer(monkeypatch)
        run = start(case, owner)
        with CaptureQueriesContext(connection) as seen:
            work.go_on(run_id=run)
        assert Job.objects.filter(run=run).count() >= many
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 18


def test_items_are_planned_a_portion_at_a_time(
    case: UUID, owner: Actor, texts: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "LOOKED_AT", 2)
    newer(monkeypatch)
    run = start(case, owner)
    assert work.go_on(run_id=run)
    assert (progress(run).status, progress(run).items_done, of_run(run)) == ("planning", 2, set(texts[:2]))
    # Meanwhile one comes that is read by the newer version anyway.
    submit_text(case, owner, "d e f")
    steps(run)
    assert (progress(run).status, progress(run).items_done) == ("running", 4)
    assert of_run(run) == set(texts)


# --- what failed ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "reason", "again", "again_with_failed"),
    [
        (Job.FAILED, "No text.", False, True),
        (Job.PARKED, "It died 3 times without a result.", False, True),
        (Job.FAILED, f"{NOT_INSTALLED}a model", True, True),
        (Job.DONE, "The item was corrected meanwhile; a newer job reads it.", True, True),
    ],
)
def test_what_failed_is_read_again_where_that_is_wanted_or_something_lacked(
    case: UUID, owner: Actor, status: str, reason: str, again: bool, again_with_failed: bool
) -> None:
    item = submit_text(case, owner)
    Job.objects.filter(item=item).update(status=status, reason=reason, attempts=3)
    for failed, expected in ((False, again), (True, again_with_failed)):
        run = start(case, owner, failed=failed)
        steps(run)
        assert of_run(run) == ({item} if expected else set())
        Job.objects.filter(item=item).update(status=status, reason=reason, run=None)
    Job.objects.filter(item=item).update(status=Job.FAILED, reason="x")
    assert do(start(case, owner, failed=True)) == ["done"]
    assert Job.objects.get(item=item).attempts == 1


def test_a_failure_that_came_without_its_job_is_read_again_where_that_is_wanted(case: UUID, owner: Actor) -> None:
    item = submit_text(case, owner)
    job = Job.objects.get(item=item)
    Enrichment.objects.create(
        id=uuid7(), case_id=case, item=item, seq=9, enricher="text", version=job.version, status="failed",
        input_digest=job.input_digest, reason="No text.", at=timezone.now(),
    )  # fmt: skip
    Job.objects.all().delete()
    assert do(start(case, owner)) == []
    assert do(start(case, owner, failed=True)) == ["done"]


# --- rest, and the end ------------------------------------------------------------------------------------


def test_no_job_of_a_paused_run_is_begun_until_it_goes_on(
    case: UUID, owner: Actor, texts: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    newer(monkeypatch)
    run = start(case, owner)
    steps(run)
    first, *rest = list(Job.objects.filter(run=run).order_by("id"))
    assert jobs.run_job(job_id=first.pk) == "done"
    Job.objects.filter(run=run, status=Job.WAITING).update(published_at=timezone.now() - timedelta(hours=1))
    pause_run(case_id=case, run=run, by=owner)
    assert [jobs.run_job(job_id=job.pk) for job in rest] == ["waiting", "waiting"]
    assert (jobs.sweep(), work.sweep(), work.go_on(run_id=run)) == (0, 0, False)
    # New evidence is read all the same.
    read_all(case)
    stands = progress(run)
    assert (stands.status, stands.done, stands.left, stands.per_minute) == ("paused", 1, 2, None)
    resume_run(case_id=case, run=run, by=owner)
    # Workers heard of these while the run was paused.
    assert not Job.objects.filter(run=run, status=Job.WAITING).exclude(published_at=None).exists()
    assert do(run) == ["done"] * 3
    assert progress(run).status == "done"
    told = [event.name for event in read(case) if event.id == run or event.cause == run]
    assert told[:1] + [name for name in told if "run_" in name][1:] == [
        "enrichment.run_started", "enrichment.run_paused", "enrichment.run_resumed",
    ]  # fmt: skip
    assert differing() == []


def test_what_waits_when_a_run_is_stopped_is_ended_and_read_by_the_next(
    case: UUID, owner: Actor, texts: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "ENDED_AT_ONCE", 1)
    newer(monkeypatch)
    run = start(case, owner)
    steps(run)
    first, second, third = list(Job.objects.filter(run=run).order_by("id"))
    assert jobs.run_job(job_id=first.pk) == "done"
    died = timezone.now() - timedelta(seconds=1)
    Job.objects.filter(pk=second.pk).update(status=Job.RUNNING, claimed_until=died)
    stop_run(case_id=case, run=run, by=owner)
    assert progress(run).status == "stopping"
    assert jobs.run_job(job_id=third.pk) == "waiting"
    steps(run)
    stands = progress(run)
    assert (stands.status, stands.done, stands.failed, stands.stopped, stands.left) == ("stopped", 1, 0, 2, 0)
    for command in (pause_run, resume_run, stop_run):
        with pytest.raises(RunNotOpen):
            command(case_id=case, run=run, by=owner)
    assert do(start(case, owner)) == ["done", "done"]
    assert [Enrichment.objects.filter(item=item).count() for item in texts] == [2, 2, 2]


def test_a_run_takes_over_what_one_that_was_stopped_has_not_ended_yet(
    case: UUID, owner: Actor, texts: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    newer(monkeypatch)
    stopped = start(case, owner)
    steps(stopped)
    stop_run(case_id=case, run=stopped, by=owner)
    run = start(case, owner)
    steps(run)
    steps(stopped)
    assert do(run) == ["done"] * 3


def test_a_run_that_is_stopped_while_it_is_planned_plans_no_more(
    case: UUID, owner: Actor, texts: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "LOOKED_AT", 1)
    newer(monkeypatch)
    run = start(case, owner)
    work.go_on(run_id=run)
    stop_run(case_id=case, run=run, by=owner)
    steps(run)
    assert (progress(run).status, progress(run).stopped) == ("stopped", 1)


def test_a_person_may_have_a_job_of_a_stopped_run_tried_again(
    case: UUID, owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = submit_text(case, owner)
    Job.objects.filter(item=item).update(status=Job.FAILED, reason="No text.")
    run = start(case, owner, failed=True)
    steps(run)
    stop_run(case_id=case, run=run, by=owner)
    steps(run)
    job = Job.objects.get(item=item)
    jobs.retry(case_id=case, job_id=job.pk, by=owner)
    assert jobs.run_job(job_id=job.pk) == "done"


def test_a_run_that_nobody_hears_of_is_told_of_by_the_sweep(
    case: UUID, owner: Actor, texts: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    newer(monkeypatch)
    run = start(case, owner)
    assert work.sweep() == 0
    RunWork.objects.filter(pk=run).update(heard_at=timezone.now() - timedelta(hours=1))
    assert (work.sweep(), work.sweep()) == (1, 0)
    steps(run)
    # What a run has not published yet is no business of the sweep of jobs, which would put all of it into the broker.
    assert jobs.sweep() == 0
    do(run)
    RunWork.objects.update(heard_at=timezone.now() - timedelta(hours=1))
    assert work.sweep() == 0


def test_a_run_that_came_in_a_bundle_is_over(case: UUID, owner: Actor) -> None:
    run = start(case, owner)
    RunWork.objects.all().delete()
    assert (work.go_on(run_id=run), progress(run).status) == (False, "elsewhere")
    with pytest.raises(RunNotOpen, match="This one is over"):
        pause_run(case_id=case, run=run, by=owner)


def test_how_long_it_takes_is_told_from_what_ended_lately(
    case: UUID, owner: Actor, texts: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    newer(monkeypatch)
    run = start(case, owner)
    steps(run)
    assert (progress(run).per_minute, progress(run).seconds_left) == (None, None)
    first, second, *_ = list(Job.objects.filter(run=run).order_by("id"))
    now = timezone.now()
    Run.objects.filter(pk=run).update(started_at=now - timedelta(hours=2))
    Job.objects.filter(pk=first.pk).update(status=Job.DONE, ended_at=now - timedelta(minutes=6))
    Job.objects.filter(pk=second.pk).update(status=Job.FAILED, ended_at=now - timedelta(minutes=1))
    stands = progress(run)
    assert (stands.done, stands.failed, stands.left) == (1, 1, 1)
    assert (stands.per_minute, stands.seconds_left) == (0.2, 300.0)
