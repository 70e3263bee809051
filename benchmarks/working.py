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
def workers(place: Place, count: int) -> Iterator[None]:
    """Carry out tasks in so many processes."""
    from osint.management.commands.up import parts

    part = next(
        part for part in parts(data=place.data, host="127.0.0.1", port=0, workers=count) if part.name == "worker"
    )
    with (place.data / "worker.log").open("wb") as log:
        process = subprocess.Popen(part.command, env={**os.environ, **part.environment}, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=60)


def done(case: UUID) -> None:
    """Wait until all jobs of a case have come to their end.

    :raises RuntimeError: one ended without a result, or it takes too long.
    """
    from enrichment.models import Job

    jobs, deadline = Job.objects.filter(case_id=case), time.monotonic() + PATIENCE
    while left := jobs.open().count():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{left} jobs did not come to their end.")
        time.sleep(0.02)
    if jobs.ended_without_result().exists():
        raise RuntimeError("An enricher failed.")


def processor_seconds() -> float:
    """Add up what this process, its fork-servers and their dead children have used."""
    import psutil

    total = time.process_time()
    for server in psutil.Process().children():
        if "forkserver" in " ".join(server.cmdline()):
            used = server.cpu_times()
            total += used.user + used.system + used.children_user + used.children_system
    return total
