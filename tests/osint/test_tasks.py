"""What beat asks for is there, and clears away what killed processes left."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import Any

from django.conf import settings as project

from ledger import store
from ledger.tasks import LEFT_OVER, sweep_incoming
from osint import idempotency
from osint.celery import app
from osint.tasks import forget_answers


def test_every_task_that_beat_asks_for_is_one_that_workers_know() -> None:
    app.loader.import_default_modules()
    asked = {entry["task"] for entry in project.CELERY_BEAT_SCHEDULE.values()}
    assert {"ledger.tasks.sweep_incoming", "osint.tasks.forget_answers", "evidence.tasks.record_custody"} <= asked
    assert asked <= set(app.tasks)


def test_leftovers_of_killed_uploads_are_removed_and_living_ones_kept(tmp_path: Path, settings: Any) -> None:
    backend = {**settings.STORAGES["default"], "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = {**settings.STORAGES, "default": backend}
    long_ago = time.time() - LEFT_OVER.total_seconds() - 1
    with store.incoming() as living:
        living.write(b"still coming in, slowly")
        living.file.flush()
        left, young = living.path.with_name("left"), living.path.with_name("young")
        left.write_bytes(b"half a file")
        young.write_bytes(b"half a file")
        for path in (left, living.path):
            os.utime(path, (long_ago, long_ago))
        sweep_incoming(unknown_to_this_version=1)
        assert (left.exists(), young.exists(), living.path.exists()) == (False, True, True)


def test_locks_of_killed_processes_are_removed_and_held_ones_kept(db: None, tmp_path: Path, settings: Any) -> None:
    settings.DATA_DIR = tmp_path
    folder = tmp_path / "run" / "idempotency"
    folder.mkdir(parents=True)
    long_ago = time.time() - idempotency.LEFT_OVER.total_seconds() - 1
    left, young, held = (folder / name for name in ("left", "young", "held"))
    for path in (left, young, held):
        path.touch()
    for path in (left, held):
        os.utime(path, (long_ago, long_ago))
    with held.open("rb") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        forget_answers(unknown_to_this_version=1)
    assert (left.exists(), young.exists(), held.exists()) == (False, True, True)
