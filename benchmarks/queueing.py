"""The web API while workers are busy with a long queue, against itself when they have nothing to do."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from statistics import median
from time import perf_counter
from uuid import UUID

from benchmarks import statements
from benchmarks.figures import Figure
from benchmarks.fill import fill
from benchmarks.place import Place
from benchmarks.web import Client, broker, serving, sign_up
from benchmarks.working import workers

DATABASES = ("sqlite", "postgresql")
PROCESSES = 2


@dataclass(frozen=True)
class Size:
    """Jobs in the queue, and requests of each kind."""

    jobs: int
    requests: int


FULL = Size(jobs=10_000, requests=200)
QUICK = Size(jobs=3000, requests=60)
TINY = Size(jobs=200, requests=3)


def run(place: Place, size: Size) -> list[Figure]:
    """Measure the milliseconds of a request."""
    from enrichment.models import Job
    from enrichment.publish import publish

    with ExitStack() as stack:
        stack.enter_context(broker(place))
        port = stack.enter_context(serving(place)).port
        client = Client(port, {"Authorization": f"Bearer {sign_up()}"})
        case = client.post_json("/api/v1/cases/", {"title": "Tankers"})["id"]
        path = f"/api/v1/cases/{case}/evidence/"
        numbers = count()
        item = client.post_json(path, statements.body(next(numbers)))["id"]
        asked: dict[str, Callable[[], object]] = {
            "evidence list": lambda: client.send("GET", path),
            "item": lambda: client.send("GET", f"{path}{item}/"),
            "POST of a statement": lambda: client.post_json(path, statements.body(next(numbers))),
        }
        # Somebody else's: what waits for one case's own order is another matter.
        queue = UUID(client.post_json("/api/v1/cases/", {"title": "Imported"})["id"])
        fill(queue, events=size.jobs)
        fill(UUID(case), events=size.jobs)
        stack.enter_context(workers(place, PROCESSES))
        Job.objects.all().update(status=Job.DONE)
        idle = _times(client, asked, size.requests)
        waiting = list(Job.objects.filter(case_id=queue).order_by("id").values_list("id", flat=True))
        Job.objects.filter(pk__in=waiting).update(status=Job.WAITING)
        publish(waiting)
        busy = _times(client, asked, size.requests)
        left = Job.objects.filter(case_id=queue, status=Job.WAITING).count()
        if not left:
            raise RuntimeError("The queue was empty before the requests were over.")
    what = f"{{}}, {size.jobs:,} jobs in the queue against none, {place.database}"
    return [Figure(what=what.format(name), ours=busy[name], control=idle[name], unit="ms", most=1.3) for name in asked]


def _times(client: Client, asked: dict[str, Callable[[], object]], requests: int) -> dict[str, float]:
    """Ask for each in turns; give the medians in milliseconds."""
    client.reconnect()
    found: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(requests + 1):
        for name, ask in asked.items():
            begin = perf_counter()
            ask()
            found[name].append((perf_counter() - begin) * 1000)
    # The first of each fills caches.
    return {name: median(times[1:]) for name, times in found.items()}
