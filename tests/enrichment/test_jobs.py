# Long because all steps of the life of a job are tested here, over one set of fixtures.
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

from enrichment import commands
from enrichment.models import ATTEMPTS, Job
from evidence import commands as evidence
from evidence import domain, queries
from evidence.models import Enrichment, ItemState
from ledger import store
from ledger.actors import Actor
from ledger.ids import uuid7
from ledger.verify import verify
from tests.enrichment.jobs import results, submit_picture, submit_text, work

pytestmark = pytest.mark.django_db


def test_a_submission_plans_one_job_for_each_enricher_that_reads_its_kind(case: UUID, owner: Actor) -> None:
    item = submit_text(case, owner)
    assert [job.enricher for job in Job.objects.filter(item=item)] == ["text"]
    waiting = results(case, item, owner)["text"]
    assert (waiting["status"], waiting["output"]) == ("waiting", None)


def test_what_a_tool_finds_is_an_event_with_tool_version_and_input_digest(case: UUID, owner: Actor) -> None:
    item = submit_text(case, owner)
    work(case)
    found = results(case, item, owner)["text"]
    assert (found["status"], found["version"]) == ("done", Job.objects.get(item=item).version)
    assert "py3langid " in found["tool"]
    assert found["input_digest"] == Job.objects.get(item=item).input_digest
    assert found["output"]["imo"] == [{"value": "9074729", "start": 4, "named": True, "valid": True}]
    (position,) = found["output"]["coordinates"]
    assert (position["lat"], position["lon"]) == (42.74, 133.08)
    assert verify(stream=case).faults == []


def test_a_photograph_gives_identity_previews_and_its_gps_position(case: UUID, owner: Actor, shared: Path) -> None:
    item = submit_picture(case, owner, shared / "data/exif-samples/jpg/Kodak_CX7530.jpg")
    work(case)
    # Those that read files of a type have their jobs when that is known.
    work(case)
    found = results(case, item, owner)
    ended = {"exif": "done", "file_identity": "done", "image": "done", "perceptual_hash": "done"}
    assert ended.items() <= {name: each["status"] for name, each in found.items()}.items()
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
    # Whoever comes when it is over is told so.
    assert "done" in ended
    assert set(ended) <= {"done", "running"}
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


def test_a_hostile_picture_ends_as_a_result_or_a_reason_and_stays_byte_identical(
    case: UUID, owner: Actor, shared: Path
) -> None:
    path = shared / "data/pillow-hostile/files/decompression_bomb.gif"
    item = submit_picture(case, owner, path)
    work(case)
    work(case)
    found = results(case, item, owner)
    ended = {"exif": "done", "file_identity": "done", "image": "failed", "perceptual_hash": "failed"}
    assert ended.items() <= {name: each["status"] for name, each in found.items()}.items()
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
