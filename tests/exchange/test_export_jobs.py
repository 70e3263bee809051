"""Who writes a bundle, how often that is tried, and how it ends; the event of the export is recorded once."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone
from redis import Redis

from cases import commands as cases
from cases.domain import Role, Sensitivity
from exchange import commands, shelf
from exchange.bundle import Progress
from exchange.domain import NewExport
from exchange.models import ATTEMPTS, Export
from exchange.publish import announce
from ledger import keys, store
from ledger.actors import Actor
from ledger.read import read
from tests.exchange.conftest import make_case
from tests.ledger.erasures import erase, target_of
from verifier.verify import verify as verify_bundle

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(alice: Any) -> Actor:
    return Actor.person(alice.pk)


@pytest.fixture
def case(alice: Any, log_folder: Path) -> UUID:
    keys.make("waterline.example/jobs")
    return make_case(alice, title="Tankers")


@pytest.fixture
def asked(case: UUID, owner: Actor) -> Callable[..., Export]:
    return lambda **wanted: commands.request_export(case_id=case, wanted=NewExport(**wanted), by=owner)


def exports(case: UUID) -> list[Any]:
    return [event for event in read(case) if event.type == "case.exported/1"]


def bundle_of(export: Export) -> Path:
    return shelf.workshop() / export.name


def test_a_bundle_is_written_and_its_event_is_that_of_who_asked(
    case: UUID, asked: Callable[..., Export], owner: Actor
) -> None:
    export = asked(above=Sensitivity.GREEN)
    assert commands.run_export(export_id=export.pk) == "done"
    export.refresh_from_db()
    [event] = exports(case)
    assert (event.id, event.seq, event.actor) == (export.event, export.seq, owner.name)
    assert event.data.withheld == ("above TLP:GREEN",)
    assert verify_bundle(str(bundle_of(export)), str(keys.load().verifier)).fails == []


def test_one_that_is_done_or_claimed_is_left_alone(case: UUID, asked: Callable[..., Export]) -> None:
    export = asked()
    assert commands._claim(export.pk)
    assert commands.run_export(export_id=export.pk) == "running"
    Export.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    for _ in range(5):
        assert commands.run_export(export_id=export.pk) == "done"
    assert len(exports(case)) == 1


def test_a_later_attempt_finds_the_event_of_the_earlier_one(case: UUID, asked: Callable[..., Export]) -> None:
    export = asked()
    died = commands._claim(export.pk)
    assert died is not None
    commands._recorded(died)
    cases.comment_on_case(case_id=case, text="Meanwhile.", by=Actor(export.asked_by, export.user))
    Export.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert commands.run_export(export_id=export.pk) == "done"
    [event] = exports(case)
    export.refresh_from_db()
    assert (export.event, export.seq, export.attempts) == (event.id, event.seq, 2)
    assert verify_bundle(str(bundle_of(export)), str(keys.load().verifier)).fails == []


def test_what_died_three_times_is_given_up(case: UUID, asked: Callable[..., Export]) -> None:
    export = asked(persons=("A witness",))
    for _ in range(ATTEMPTS):
        assert commands._claim(export.pk)
        Export.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert commands.run_export(export_id=export.pk) == "failed"
    export.refresh_from_db()
    assert export.reason == "Writing it died 3 times. Ask for it again."
    assert export.profile is None
    assert exports(case) == []


def test_a_slow_worker_that_was_overtaken_stops_and_leaves_nothing(
    case: UUID, asked: Callable[..., Export], monkeypatch: pytest.MonkeyPatch
) -> None:
    export = asked()
    monkeypatch.setattr(commands, "TOLD_EVERY", 0)
    slow = commands._claim(export.pk)
    assert slow is not None
    Export.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert commands.run_export(export_id=export.pk) == "done"
    export.refresh_from_db()
    with pytest.raises(commands.TakenOver):
        commands._Watch(slow)(Progress(events=1))
    with pytest.raises(commands.TakenOver):
        commands._write(slow)
    assert [path.name for path in shelf.workshop().glob(f"*{export.pk}*")] == [export.name]
    assert len(exports(case)) == 1


def test_what_was_begun_before_an_erasure_has_another_name_than_what_is_written_after_it(
    case: UUID, asked: Callable[..., Export], owner: Actor
) -> None:
    export = asked()
    commands.run_export(export_id=export.pk)
    before = Export.objects.get(pk=export.pk)
    # As it was a moment before it ended.
    Export.objects.update(status=Export.RUNNING, name="", profile=export.profile)
    cases.comment_on_case(case_id=case, text="A witness said so.", by=owner)
    [*_, comment] = read(case)
    erase(case, target_of(comment, "text"))
    assert commands.run_export(export_id=export.pk) == "done"
    export.refresh_from_db()
    assert export.attempts == before.attempts
    assert export.name != before.name
    assert bundle_of(export).exists()


def test_a_bundle_that_is_done_while_something_is_erased_is_not_to_be_had(
    case: UUID, asked: Callable[..., Export], owner: Actor
) -> None:
    export = asked()
    commands.run_export(export_id=export.pk)
    ends = {"status": Export.DONE, "name": Export.objects.get(pk=export.pk).name}
    Export.objects.update(status=Export.RUNNING, name="")
    cases.comment_on_case(case_id=case, text="A witness said so.", by=owner)
    [*_, comment] = read(case)
    seen = []

    def worker_ends(execute: Any, sql: str, *rest: Any) -> Any:
        """Let the export's worker end it right after the first thing that the erasure does to exports."""
        found = execute(sql, *rest)
        if sql.startswith("UPDATE") and "exchange_export" in sql and not seen:
            seen.append(sql)
            Export.objects.filter(pk=export.pk, status=Export.RUNNING).update(**ends)
        return found

    with connection.execute_wrapper(worker_ends):
        erase(case, target_of(comment, "text"))
    export.refresh_from_db()
    assert seen
    assert not export.there


def test_progress_is_noted_and_keeps_the_claim(
    asked: Callable[..., Export], monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    export = asked()
    settings.CLAIM_SECONDS = 10
    claimed = commands._claim(export.pk)
    assert claimed is not None
    watch = commands._Watch(claimed)
    progress = Progress(events=7, of_events=9, files=1, of_files=2, octets=5, of_octets=10)
    watch(progress)
    export.refresh_from_db()
    assert export.events_done == 0, "no more often than once a second"
    before = export.claimed_until
    monkeypatch.setattr(commands, "TOLD_EVERY", 0)
    settings.CLAIM_SECONDS = 1000
    watch(progress)
    export.refresh_from_db()
    assert (export.events_done, export.events_total) == (7, 9)
    assert (export.files_done, export.files_total, export.bytes_done, export.bytes_total) == (1, 2, 5, 10)
    assert export.claimed_until - before > timedelta(seconds=900)


def test_a_full_disk_ends_it_with_a_reason(
    case: UUID, asked: Callable[..., Export], monkeypatch: pytest.MonkeyPatch
) -> None:
    export = asked(persons=("A witness",))

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert commands.run_export(export_id=export.pk) == "failed"
    export.refresh_from_db()
    assert export.reason.startswith("The disk on which bundles are written is full")
    assert export.profile is None
    assert not list(shelf.workshop().glob(f"*{export.pk}*"))


def test_a_missing_original_ends_it_and_says_which(case: UUID, asked: Callable[..., Export], alice: Any) -> None:
    export = asked()
    [sha256] = [file.sha256 for event in read(case) if (file := getattr(event.data, "file", None))]
    with store.local_path(sha256) as path:
        data = path.read_bytes()
        path.unlink()
    try:
        assert commands.run_export(export_id=export.pk) == "failed"
    finally:
        path.write_bytes(data)
    export.refresh_from_db()
    assert sha256 in export.reason


def test_without_a_signed_head_it_waits_and_is_tried_again(
    case: UUID, asked: Callable[..., Export], log_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a worker without the secret key, while the process that signs is down."""
    monkeypatch.setattr("exchange.bundle.PATIENCE", 0)
    secret = log_folder / "keys" / "signing.key"
    secret.rename(log_folder / "elsewhere")
    export = asked()
    assert commands.run_export(export_id=export.pk) == "waiting"
    export.refresh_from_db()
    assert export.reason
    assert export.not_before is not None
    (log_folder / "elsewhere").rename(secret)
    Export.objects.update(not_before=None)
    assert commands.run_export(export_id=export.pk) == "done"
    assert len(exports(case)) == 1


def test_without_any_key_it_ends_and_says_what_to_do(
    case: UUID, asked: Callable[..., Export], log_folder: Path
) -> None:
    for name in ("signing.key", "verifier.key"):
        (log_folder / "keys" / name).unlink()
    export = asked()
    assert commands.run_export(export_id=export.pk) == "failed"
    export.refresh_from_db()
    assert "keys init" in export.reason


def test_who_may_no_more_export_by_then_gets_no_bundle(case: UUID, bob: Any, owner: Actor) -> None:
    cases.add_member(case_id=case, user=bob.pk, role=Role.REVIEWER, by=owner)
    export = commands.request_export(case_id=case, wanted=NewExport(), by=Actor.person(bob.pk))
    cases.change_role(case_id=case, user=bob.pk, role=Role.VIEWER, by=owner)
    assert commands.run_export(export_id=export.pk) == "failed"
    export.refresh_from_db()
    assert "viewer" in export.reason
    assert exports(case) == []


def test_what_the_broker_did_not_hear_is_said_again(asked: Callable[..., Export], broker: str, settings: Any) -> None:
    with Redis.from_url(settings.REDIS_URL) as client:
        client.flushall()
        export = asked()
        announce([export.pk])
        assert sum(client.llen(key) for key in client.keys("celery*")) == 1
        # Just published: it may still stand in the queue.
        assert commands.sweep() == 0
        client.flushall()
        Export.objects.update(published_at=timezone.now() - timedelta(hours=1))
        assert commands.sweep() == 1
        assert sum(client.llen(key) for key in client.keys("celery*")) == 1
        client.flushall()
    Export.objects.update(status=Export.RUNNING, claimed_until=timezone.now() - timedelta(seconds=1))
    assert commands.sweep() == 1


def test_what_dead_workers_left_is_thrown_away_and_nothing_else(asked: Callable[..., Export]) -> None:
    export = asked()
    commands.run_export(export_id=export.pk)
    export.refresh_from_db()
    folder = shelf.workshop()
    old = (timezone.now() - 2 * commands.LEFT_AFTER).timestamp()
    half, orphan = folder / f".{export.pk}-9.zip.1.part", folder / f"{export.pk}-9.zip"
    for path in (half, orphan, bundle_of(export)):
        path.touch()
        os.utime(path, (old, old))
    fresh = folder / f"{export.pk}-8.zip"
    fresh.touch()
    commands.throw_away()
    assert not half.exists()
    assert not orphan.exists()
    assert fresh.exists()
    assert bundle_of(export).exists()
    for path in (fresh, bundle_of(export)):
        path.unlink()
