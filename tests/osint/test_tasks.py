"""What beat asks for is there, and clears away what killed processes left."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from django.conf import settings as project

from ledger import store
from ledger.tasks import LEFT_OVER, sweep_incoming
from osint.celery import app


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
