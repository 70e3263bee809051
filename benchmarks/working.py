"""Workers as `manage.py up` runs them, and what there is for them to do."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from benchmarks.place import Place

PATIENCE = 3600


@contextmanager
def workers(place: Place, count: int) -> Iterator[int]:
    """Run task processes in so many processes; give the number of the one that minds them."""
    from osint.management.commands.up import parts

    part = next(
        part for part in parts(data=place.data, host="127.0.0.1", port=0, workers=count) if part.name == "worker"
    )
    with (place.data / "worker.log").open("wb") as log:
        process = subprocess.Popen(part.command, env={**os.environ, **part.environment}, stdout=log, stderr=log)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(timeout=60)


def done(case: UUID, jobs: int) -> None:
    """Wait until so many jobs of a case have come to their end.

    :raises RuntimeError: one ended without a result, or it takes too long.
    """
    from enrichment.models import Job

    ended, deadline = 0, time.monotonic() + PATIENCE
    while ended < jobs:
        if time.monotonic() > deadline:
            raise RuntimeError(f"Only {ended} of {jobs} jobs came to their end.")
        if Job.objects.filter(case_id=case).ended_without_result().exists():
            raise RuntimeError("An enricher failed on a photograph.")
        time.sleep(0.02)
        ended = Job.objects.filter(case_id=case, status=Job.DONE).count()


def processor_seconds(worker: int) -> float:
    """Add up what a worker, its processes, their fork-servers and all dead sandboxes have used."""
    import psutil

    total = 0.0
    minder = psutil.Process(worker)
    for process in (minder, *minder.children(recursive=True)):
        # A sandbox that ends meanwhile is counted at its server's.
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
        if "forkserver" in " ".join(process.cmdline()):
            total += times.children_user + times.children_system
    return total
