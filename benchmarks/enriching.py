"""Photographs through jobs and sandboxes, against the same enrichers called in as many bare processes.

What a job costs besides is claiming it, forking, checking and storing what came out, the event and its projections.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from uuid import UUID

from benchmarks.figures import Figure
from benchmarks.fill import new_case
from benchmarks.photographs import photographs
from benchmarks.place import Place
from benchmarks.web import broker
from benchmarks.working import done, processor_seconds, workers

DATABASES = ("sqlite",)
PROCESSES = 2
ALLOWED_MS = 15.0
"""Milliseconds of processor time that a job may cost besides what its enricher does."""


@dataclass(frozen=True)
class Size:
    """How many photographs."""

    photographs: int


FULL = Size(photographs=500)
QUICK = Size(photographs=60)
TINY = Size(photographs=4)


@dataclass(frozen=True)
class Spent:
    """Seconds by the clock, and of processor time over all processes."""

    seconds: float
    cpu: float


def run(place: Place, size: Size) -> list[Figure]:
    """Measure photographs a second, and the milliseconds of processor time of a job."""
    from enrichment.registry import accepting

    folder = place.data / "photographs"
    folder.mkdir()
    paths = []
    for number, photograph in enumerate(photographs(size.photographs)):
        paths.append(folder / f"{number}.jpg")
        paths[-1].write_bytes(photograph)
    # Before and after: the machine may have become slower.
    before = _bare(paths)
    ours = _ours(place, paths)
    after = _bare(paths)
    bare = Spent((before.seconds + after.seconds) / 2, (before.cpu + after.cpu) / 2)
    jobs = size.photographs * len(accepting("image"))
    return [
        Figure(
            what=f"{size.photographs} photographs through {jobs:,} jobs in {PROCESSES} worker processes",
            ours=size.photographs / ours.seconds,
            control=size.photographs / bare.seconds,
            unit="photographs/s",
            least=0.6,
        ),
        Figure(
            what="processor time of a job besides its enricher, against what is allowed",
            ours=(ours.cpu - bare.cpu) / jobs * 1000,
            control=ALLOWED_MS,
            unit="ms",
            most=1,
        ),
    ]


def _bare(paths: list[Path]) -> Spent:
    command = [sys.executable, "-m", "benchmarks.bare.enrichers"]
    with ExitStack() as stack:
        processes = [
            stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
            for _ in range(PROCESSES)
        ]
        for number, process in enumerate(processes):
            assert process.stdin is not None and process.stdout is not None  # noqa: PT018
            process.stdin.write(json.dumps([str(path) for path in paths[number::PROCESSES]]) + "\n")
            process.stdin.flush()
            process.stdout.readline()
        begin = perf_counter()
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        used = [json.loads(process.stdout.readline())["cpu"] for process in processes if process.stdout]
        return Spent(perf_counter() - begin, sum(used))


def _ours(place: Place, paths: list[Path]) -> Spent:
    from enrichment.models import Job
    from enrichment.publish import publish
    from osint.models import User

    owner = User.objects.create(username="owner", is_staff=True).pk
    warm, case = new_case(owner), new_case(owner)
    with ExitStack() as stack:
        stack.enter_context(broker(place))
        # What each process imports and loads at its first job is no cost of a job.
        _submit(warm, owner, [paths[0]] * PROCESSES * 4)
        _submit(case, owner, paths)
        in_order = Job.objects.order_by("id").values_list("id", flat=True)
        jobs = {each: list(in_order.filter(case_id=each)) for each in (warm, case)}
        worker = stack.enter_context(workers(place, PROCESSES))
        publish(jobs[warm])
        done(warm, len(jobs[warm]))
        used, begin = processor_seconds(worker), perf_counter()
        publish(jobs[case])
        done(case, len(jobs[case]))
        return Spent(perf_counter() - begin, processor_seconds(worker) - used)


def _submit(case: UUID, owner: UUID, paths: list[Path]) -> None:
    """Submit photographs; their jobs wait until somebody publishes them."""
    from enrichment.publish import held_back
    from evidence import commands, domain
    from ledger import store
    from ledger.actors import Actor

    for path in paths:
        with store.incoming() as incoming, held_back():
            incoming.write(path.read_bytes())
            kept = incoming.keep()
            file = domain.FileReference(sha256=kept.sha256, size=kept.size, name=path.name)
            said = domain.EvidenceSubmitted(kind=domain.Kind.IMAGE, file=file)
            commands.submit_evidence(case_id=case, said=said, by=Actor.person(owner))
