"""Photographs through jobs and sandboxes, against the same enrichers called in as many bare processes.

The pace is that of real workers with their broker. What a job costs besides its enricher (claiming it, forking,
checking and storing what came out, the event and its projections) is measured in one process, in turns with the bare
calls: it is the small difference of two large numbers, and what else the machine does must meet both alike.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
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
    """How many photographs, and how many of them for the processor time of a job."""

    photographs: int
    closely: int


FULL = Size(photographs=500, closely=100)
QUICK = Size(photographs=60, closely=20)
TINY = Size(photographs=4, closely=1)


def run(place: Place, size: Size) -> list[Figure]:
    """Measure photographs a second, and the milliseconds of processor time of a job."""
    from benchmarks.bare.enrichers import readers
    from osint.models import User

    folder = place.data / "photographs"
    folder.mkdir()
    paths = []
    for number, photograph in enumerate(photographs(size.photographs)):
        paths.append(folder / f"{number}.jpg")
        paths[-1].write_bytes(photograph)
    owner = User.objects.create(username="owner", is_staff=True).pk
    with broker(place):
        # Before and after: the machine may have become slower.
        before = _bare(paths)
        ours = _ours(place, owner, paths)
        bare = (before + _bare(paths)) / 2
        besides = _besides(owner, paths[: size.closely])
    jobs = size.photographs * len(readers())
    return [
        Figure(
            what=f"{size.photographs} photographs through {jobs:,} jobs in {PROCESSES} worker processes",
            ours=size.photographs / ours,
            control=size.photographs / bare,
            unit="photographs/s",
            least=0.6,
        ),
        Figure(
            what="processor time of a job besides its enricher, against what is allowed",
            ours=besides * 1000,
            control=ALLOWED_MS,
            unit="ms",
            most=1,
        ),
    ]


def _bare(paths: list[Path]) -> float:
    """Call the enrichers in processes of their own; give the seconds that it took."""
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
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()
        return perf_counter() - begin


def _ours(place: Place, owner: UUID, paths: list[Path]) -> float:
    """Let workers do the jobs; give the seconds from their publication to the last one's end."""
    from enrichment.publish import publish

    # What each process imports and loads at its first job is no cost of a job.
    warm, case = _submitted(owner, [paths[0]] * PROCESSES * 4), _submitted(owner, paths)
    with workers(place, PROCESSES):
        publish(_jobs(warm))
        done(warm)
        begin = perf_counter()
        publish(_jobs(case))
        done(case)
        return perf_counter() - begin


def _besides(owner: UUID, paths: list[Path]) -> float:
    """Do jobs here, in turns with their enrichers alone; give the seconds of processor time that one takes more.

    The median over photographs of the mean over the jobs of one.
    """
    from benchmarks.bare.enrichers import call
    from enrichment import forks, registry
    from enrichment.commands import run_job
    from enrichment.models import Job

    more = []
    # The first imports and loads.
    for path in [paths[0], *paths]:
        case, spent, did = _submitted(owner, [path]), 0.0, 0
        # What is found in a file brings further jobs.
        while jobs := list(Job.objects.open().filter(case_id=case).values_list("id", "enricher")):
            for job, name in jobs:
                begin = processor_seconds()
                call(registry.installed()[name], path)
                between = processor_seconds()
                run_job(job_id=job)
                spent += processor_seconds() - between - (between - begin)
            did += len(jobs)
        more.append(spent / did)
        done(case)
    forks.stop()
    return median(more[1:])


def _jobs(case: UUID) -> list[UUID]:
    from enrichment.models import Job

    return list(Job.objects.filter(case_id=case).order_by("id").values_list("id", flat=True))


def _submitted(owner: UUID, paths: list[Path]) -> UUID:
    """Submit photographs to a new case; their jobs wait until somebody publishes them."""
    from benchmarks.bare.enrichers import PLAYBOOK
    from enrichment.choosing import choose_playbook
    from enrichment.playbooks import NewPlaybook
    from enrichment.publish import held_back
    from evidence import commands, domain
    from ledger import store
    from ledger.actors import Actor

    case = new_case(owner)
    choose_playbook(case_id=case, wanted=NewPlaybook(playbook=PLAYBOOK), by=Actor.person(owner))
    for path in paths:
        with store.incoming() as incoming, held_back():
            incoming.write(path.read_bytes())
            kept = incoming.keep()
            file = domain.FileReference(sha256=kept.sha256, size=kept.size, name=path.name)
            said = domain.EvidenceSubmitted(kind=domain.Kind.IMAGE, file=file)
            commands.submit_evidence(case_id=case, said=said, by=Actor.person(owner))
    return case
