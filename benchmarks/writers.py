"""Several writers at the same time, each a process of its own."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable

Writer = Callable[[int], float]
"""Write an n-th writer's events; return the seconds it took."""


def rate(write: Writer, writers: int, events: int) -> float:
    """Let each writer write this many events, all at the same time; return events a second of all together."""
    if writers == 1:
        return events / write(0)
    from django.db import connections

    connections.close_all()
    forked = multiprocessing.get_context("fork")
    start, times = forked.Barrier(writers), forked.SimpleQueue()

    def work(number: int) -> None:
        from django.db import connection

        connection.ensure_connection()
        start.wait()
        times.put(write(number))

    processes = [forked.Process(target=work, args=[number]) for number in range(writers)]
    for each in processes:
        each.start()
    slowest = max(times.get() for _ in processes)
    for each in processes:
        each.join()
    return writers * events / slowest
