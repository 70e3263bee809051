"""POST of a statement over HTTP, against a bare Django REST view that validates the same fields and inserts one row.

Both are served by the same web server, to one client on one connection; both commits reach the disk.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from time import perf_counter

from benchmarks import statements
from benchmarks.figures import Figure, in_turns
from benchmarks.place import Place
from benchmarks.web import BARE, Client, broker, serving, sign_up

DATABASES = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Size:
    """Requests in a round."""

    requests: int
    rounds: int


FULL = Size(requests=100, rounds=9)
QUICK = Size(requests=50, rounds=3)
TINY = Size(requests=5, rounds=1)


def run(place: Place, size: Size) -> list[Figure]:
    """Measure requests a second."""
    _make_table()
    with ExitStack() as stack:
        stack.enter_context(broker(place))
        ours = Client(stack.enter_context(serving(place)).port, {"Authorization": f"Bearer {sign_up()}"})
        control = Client(stack.enter_context(serving(place, BARE)).port)
        path = f"/api/v1/cases/{ours.post_json('/api/v1/cases/', {'title': 'Tankers'})['id']}/evidence/"
        if place.database == "sqlite":
            stack.enter_context(_held_open(place.data / "bare.sqlite3"))
        numbers = count()
        rates = in_turns(
            partial(_rate, ours, path, size.requests, numbers),
            partial(_rate, control, path, size.requests, numbers),
            rounds=size.rounds,
        )
    what = f"POST of a statement, {place.database}"
    return [Figure(what=what, ours=rates[0], control=rates[1], unit="requests/s", least=0.5)]


@contextmanager
def _held_open(database: Path) -> Iterator[None]:
    """Keep the control's database open, as ours is: whoever closes it last would tidy up, after each request."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
        yield


def _rate(client: Client, path: str, requests: int, numbers: count[int]) -> float:
    client.reconnect()
    bodies = [statements.body(next(numbers)) for _ in range(requests)]
    begin = perf_counter()
    for body in bodies:
        client.post_json(path, body)
    return requests / (perf_counter() - begin)


def _make_table() -> None:
    bare = {**os.environ, "DJANGO_SETTINGS_MODULE": "benchmarks.bare.settings"}
    command = [sys.executable, "-m", "django", "migrate", "--run-syncdb", "--verbosity", "0"]
    subprocess.run(command, env=bare, check=True)
