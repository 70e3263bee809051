"""From a submission to results: jobs are planned once, carried out once, and parked when they keep dying."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone

from cases import commands as cases
from cases.rules import CaseNotOpen
from enrichment import commands
from enrichment.domain import Limits
from enrichment.models import ATTEMPTS, Job
from enrichment.sandbox import Failed
from evidence import commands as evidence
from evidence import domain, queries
from evidence.models import Enrichment, ItemState
from ledger import store
from ledger.actors import Actor
from ledger.errors import NotFound
from ledger.ids import uuid7
from ledger.read import read
from ledger.verify import verify

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(alice: Any) -> Actor:
    return Actor.person(alice.id)


@pytest.fixture
def case(owner: Actor) -> UUID:
    return cases.open_case(title="Tankers", by=owner).stream


def submit_text(case: UUID, owner: Actor, text: str = "IMO 9074729 at 42.7400, 133.0800") -> UUID:
    said = domain.EvidenceSubmitted(kind=domain.Kind.STATEMENT, text=text)
    item = evidence.submit_evidence(case_id=case, said=said, by=owner).item
    assert item
    return item


def submit_picture(case: UUID, owner: Actor, path: Path, **fields: Any) -> UUID:
    with store.incoming() as incoming:
        incoming.write(path.read_bytes())
        kept = incoming.keep()
    file = domain.FileReference(sha256=kept.sha256, size=kept.size, name=path.name)
    said = domain.EvidenceSubmitted(kind=domain.Kind.IMAGE, file=file, **fields)
    item = evidence.submit_evidence(case_id=case, said=said, by=owner).item
    assert item
    return item


def work(case: UUID) -> None:
    for job in Job.objects.filter(case_id=case, status=Job.WAITING):
        commands.run_job(job_id=job.pk)


def results(case: UUID, item: UUID, owner: Actor) -> dict[str, dict[str, Any]]:
    row = queries.item_row(case, item, by=owner)
    return {each["enricher"]: each for each in queries.represent([row])[0]["enrichments"]}


def test_a_submission_plans_one_job_for_each_enricher_that_reads_its_kind(case: UUID, owner: Actor) -> None:
    item = submit_text(case, owner)
    assert [job.enricher for job in Job.objects.filter(item=item)] == ["text"]
    waiting = results(case, item, owner)["text"]
    assert (waiting["status"], waiting["output"]) == ("waiting", None)


def test_what_a_tool_finds_is_an_event_with_tool_version_and_input_digest(case: UUID, owner: Actor) -> None:
    item = submit_text(case, owner)
    work(case)
    found = results(case, item, owner)["text"]
    assert (found["status"], found["version"]) == ("done", 1)
    assert found["tool"].startswith("py3langid ")
    assert found["input_digest"] == Job.objects.get(item=item).input_digest
    assert found["output"]["imo"] == [{"value": "9074729", "start": 4, "named": True, "valid": True}]
    (position,) = found["output"]["coordinates"]
    assert (position["lat"], position["lon"]) == (42.74, 133.08)
    assert verify(stream=case).faults == []


def test_a_photograph_gives_identity_previews_and_its_gps_position(case: UUID, owner: Actor, shared: Path) -> None:
    item = submit_picture(case, owner, shared / "data/exif-samples/jpg/Kodak_CX7530.jpg")
    work(case)
    found = results(case, item, owner)
    assert {name: each["status"] for name, each in found.items()} == {
        "exif": "done", "file_identity": "done", "image": "done",
    }  # fmt: skip
    assert found["exif"]["output"]["gps"]["lat"] == pytest.approx(-0.3713, abs=1e-5)
    assert found["exif"]["output"]["taken"] == "2005-08-13T09:47:23"
    for each in found["image"]["derivatives"]:
        assert each["media_type"] == "image/webp"
        assert store.check(each["sha256"], each["size"]) is None


def test_where_the_file_contradicts_the_submitter_both_stay_and_the_item_is_flagged(
    case: UUID, owner: Actor, shared: Path
) -> None:
    picture = shared / "data/exif-samples/jpg/Kodak_CX7530.jpg"
    place = domain.Place(name="Vostochny", lat=42.74, lon=133.08, radius_m=500)
    item = submit_picture(case, owner, picture, place=place, when="2024-05-03")
    work(case)
    row = queries.represent([queries.item_row(case, item, by=owner)])[0]
    assert {flag["flag"] for flag in row["flags"]} == {"exif_place_differs", "exif_time_differs"}
    assert row["place"]["lat"] == 42.74
    assert row["when"] == "2024-05-03"


def test_a_task_delivered_five_times_has_one_result(case: UUID, owner: Actor) -> None:
    item = submit_text(case, owner)
    job = Job.objects.get(item=item)
    assert [commands.run_job(job_id=job.pk) for _ in range(5)] == ["done"] * 5
    assert Enrichment.objects.filter(item=item).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_task_delivered_five_times_at_once_has_one_result(case: UUID, owner: Actor) -> None:
    item = submit_text(case, owner)
    job = Job.objects.get(item=item)
    together = Barrier(5)

    def deliver(_: int) -> str:
        try:
            together.wait()
            return commands.run_job(job_id=job.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(5) as pool:
        ended = list(pool.map(deliver, range(5)))
    assert sorted(ended) == ["done", "running", "running", "running", "running"]
    assert Enrichment.objects.filter(item=item).count() == 1
    assert Job.objects.get(pk=job.pk).attempts == 1
    assert verify(stream=case).faults == []


def test_a_broker_that_is_down_loses_no_job(case: UUID, owner: Actor, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        item = submit_text(case, owner)
    job = Job.objects.get(item=item)
    assert (job.status, job.published_at) == (Job.WAITING, None)
    assert commands.sweep() == 1
    assert commands.run_job(job_id=job.pk) == "done"
    assert commands.sweep() == 0


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
        # To unpack the language model alone takes longer.
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
    assert last.data == domain.EnrichmentRetried(enricher="text", version=1)
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
    # To start Python and to unpack the language model takes longer.
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


def test_a_corrected_text_is_read_again_and_the_old_result_stays(case: UUID, owner: Actor) -> None:
    item = submit_text(case, owner)
    work(case)
    evidence.correct(case_id=case, item=item, changes={"text": "At 10.1234, 20.1234"}, reason="typo", by=owner)
    assert results(case, item, owner)["text"]["status"] == "done"
    work(case)
    assert Enrichment.objects.filter(item=item).count() == 2
    (position,) = results(case, item, owner)["text"]["output"]["coordinates"]
    assert position["lat"] == 10.1234


def test_a_correction_that_an_enricher_does_not_read_plans_nothing(case: UUID, owner: Actor) -> None:
    item = submit_text(case, owner)
    evidence.correct(case_id=case, item=item, changes={"title": "New"}, reason="typo", by=owner)
    assert Job.objects.filter(item=item).count() == 1


def test_a_job_that_was_overtaken_by_a_correction_ends_without_a_result(case: UUID, owner: Actor) -> None:
    item = submit_text(case, owner)
    old = Job.objects.get(item=item)
    evidence.correct(case_id=case, item=item, changes={"text": "New"}, reason="typo", by=owner)
    assert commands.run_job(job_id=old.pk) == "done"
    assert not Enrichment.objects.filter(item=item).exists()


def test_a_text_that_is_corrected_back_is_read_again(case: UUID, owner: Actor) -> None:
    first, second = "At 42.7400, 133.0800", "At 10.1234, 20.1234"
    item = submit_text(case, owner, first)
    work(case)
    for text, lat in ((second, 10.1234), (first, 42.74), (second, 10.1234)):
        evidence.correct(case_id=case, item=item, changes={"text": text}, reason="again", by=owner)
        work(case)
        (position,) = results(case, item, owner)["text"]["output"]["coordinates"]
        assert position["lat"] == lat
    assert Job.objects.filter(item=item).count() == 2
    assert Enrichment.objects.filter(item=item).count() == 4


def test_a_text_that_is_corrected_back_before_it_was_read_is_read_once(case: UUID, owner: Actor) -> None:
    item = submit_text(case, owner, "First")
    evidence.correct(case_id=case, item=item, changes={"text": "Second"}, reason="typo", by=owner)
    evidence.correct(case_id=case, item=item, changes={"text": "First"}, reason="no typo", by=owner)
    work(case)
    assert Enrichment.objects.filter(item=item).count() == 1
    assert results(case, item, owner)["text"]["output"]["characters"] == 5


def test_a_job_that_ended_unread_is_opened_when_its_text_comes_back(case: UUID, owner: Actor) -> None:
    item = submit_text(case, owner, "First")
    evidence.correct(case_id=case, item=item, changes={"text": "Second"}, reason="typo", by=owner)
    work(case)
    evidence.correct(case_id=case, item=item, changes={"text": "First"}, reason="no typo", by=owner)
    work(case)
    assert results(case, item, owner)["text"]["output"]["characters"] == 5


def test_the_sweep_finds_what_was_never_heard_of_and_what_died(case: UUID, owner: Actor) -> None:
    first, second = (Job.objects.get(item=submit_text(case, owner, text)) for text in ("a b c", "d e f"))
    Job.objects.update(published_at=timezone.now())
    assert commands.sweep() == 0
    Job.objects.filter(pk=first.pk).update(published_at=None)
    died = timezone.now() - timedelta(seconds=1)
    Job.objects.filter(pk=second.pk).update(status=Job.RUNNING, claimed_until=died)
    assert commands.sweep() == 2


@pytest.mark.parametrize(
    ("damage", "said"), [(None, "is not in the store"), (b"other bytes", "is no longer the one with the SHA-256")]
)
def test_a_stored_file_that_is_missing_or_changed_is_never_read(
    damage: bytes | None, said: str, case: UUID, owner: Actor, shared: Path, settings: Any
) -> None:
    settings.RETRY_SECONDS = 0
    item = submit_picture(case, owner, shared / "data/exif-samples/jpg/Kodak_CX7530.jpg")
    sha256 = ItemState.objects.now().get(item=item).sha256
    with store.local_path(sha256) as path:
        whole = path.read_bytes()
    path.chmod(0o600)
    path.unlink()
    if damage:
        path.write_bytes(damage)
    try:
        job = Job.objects.get(item=item, enricher="exif")
        assert [commands.run_job(job_id=job.pk) for _ in range(ATTEMPTS)] == ["waiting", "waiting", "parked"]
        failed = results(case, item, owner)["exif"]
        assert (failed["status"], failed["output"]) == ("failed", None)
        assert said in failed["reason"]
    finally:
        path.unlink(missing_ok=True)
        path.write_bytes(whole)
    commands.retry(case_id=case, job_id=job.pk, by=owner)
    assert commands.run_job(job_id=job.pk) == "done"
    assert results(case, item, owner)["exif"]["output"]["gps"]["lat"] == pytest.approx(-0.3713, abs=1e-5)


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


def test_a_hostile_picture_ends_as_a_result_or_a_reason_and_stays_byte_identical(
    case: UUID, owner: Actor, shared: Path
) -> None:
    path = shared / "data/pillow-hostile/files/decompression_bomb.gif"
    item = submit_picture(case, owner, path)
    work(case)
    found = results(case, item, owner)
    assert {name: each["status"] for name, each in found.items()} == {
        "exif": "done", "file_identity": "done", "image": "failed",
    }  # fmt: skip
    assert found["image"]["reason"] == "The picture announces more than 100,000,000 pixels."
    row = ItemState.objects.now().get(item=item)
    assert store.check(row.sha256, path.stat().st_size) is None
    assert verify(stream=case).faults == []


def test_a_job_for_an_enricher_that_is_not_installed_is_parked(case: UUID, owner: Actor) -> None:
    item = submit_text(case, owner)
    job = Job.objects.create(
        case_id=case, item=item, submitted=uuid7(), enricher="gone", version=9, input_digest="0" * 64
    )
    assert commands.run_job(job_id=job.pk) == "parked"
    assert "No enricher gone@9" in results(case, item, owner)["gone"]["reason"]
