"""What the order of all events costs on PostgreSQL, and how soon an event can be proved.

Eight writers to different cases, one event a transaction, fsync on, with `manage.py sequence` beside them; against
the same append without any order over the cases, and against the same append under one lock for all of them.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import quantiles
from typing import Any
from uuid import UUID

import psutil

from benchmarks.figures import Figure, in_turns
from benchmarks.place import Place
from benchmarks.writers import rate

DATABASES = ("postgresql",)
WRITERS = 8
PATIENCE = 120.0
"""Seconds within which the sequencer must have placed or signed what there is."""


@dataclass(frozen=True)
class Size:
    """`events` by each writer in a round; `proved` of one writer, whose way to a signed head is timed."""

    events: int
    rounds: int
    proved: int


FULL = Size(events=200, rounds=5, proved=1000)
QUICK = Size(events=100, rounds=3, proved=200)
TINY = Size(events=5, rounds=1, proved=20)


def run(place: Place, size: Size) -> list[Figure]:
    """Measure the writers beside the sequencer, the sequencer alone, and the way to a signed head."""
    from ledger import keys
    from ledger.ids import uuid7

    keys.make("waterline.example/benchmark")
    cases = [uuid7() for _ in range(WRITERS)]
    others = [uuid7() for _ in range(WRITERS)]
    figures = []
    with _sequencer() as sequencer:

        def ours() -> float:
            sequencer.resume()
            _wait(_nothing_waits)
            return rate(partial(_append, cases, size.events), WRITERS, size.events)

        def alone(write: Callable[[Sequence[UUID], int, int], float]) -> float:
            sequencer.suspend()
            return rate(partial(write, others, size.events), WRITERS, size.events)

        for what, write, least in (
            ("without order over the cases", _append_unordered, 0.7),
            ("under one lock for all", _append_locked, 2.0),
        ):
            rates = in_turns(ours, partial(alone, write), rounds=size.rounds)
            what = f"append beside the sequencer, {WRITERS} writers, against the same {what}"
            figures.append(Figure(what=what, ours=rates[0], control=rates[1], unit="events/s", least=least))
        sequencer.resume()
        _wait(_nothing_waits)
        slowest = _until_provable(cases[0], size.proved)
        what = "from the append to a signed head over it, 99th percentile, against a second"
        figures.append(Figure(what=what, ours=slowest, control=1.0, unit="s", most=1))
        sequencer.suspend()
        writing = rate(partial(_append, cases, size.events), WRITERS, size.events)
        what = f"the sequencer on what waits, against {WRITERS} writers without it"
        figures.append(Figure(what=what, ours=_drain(), control=writing, unit="events/s", least=3))
        sequencer.resume()
    _dense_and_in_order(cases)
    return figures


# --- writers ----------------------------------------------------------------------------------------------


def _append(cases: Sequence[UUID], events: int, writer: int) -> float:
    from ledger.actors import Actor
    from ledger.append import append

    by = Actor.worker("benchmark", 1)
    begin = time.perf_counter()
    for n in range(events):
        append(cases[writer], [_note(n)], by=by)
    return time.perf_counter() - begin


def _append_unordered(cases: Sequence[UUID], events: int, writer: int) -> float:
    """Append what never gets a place in the log; in a process that ends after it."""
    from ledger import append as module

    module._order = lambda rows: ()
    return _append(cases, events, writer)


def _append_locked(cases: Sequence[UUID], events: int, writer: int) -> float:
    """Append while nobody else does: rows of `pending` then have the order of the commits by themselves."""
    from django.db import connection, transaction

    from ledger.actors import Actor
    from ledger.append import append

    by = Actor.worker("benchmark", 1)
    begin = time.perf_counter()
    for n in range(events):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(1)")
            append(cases[writer], [_note(n)], by=by)
    return time.perf_counter() - begin


def _note(n: int) -> Any:
    from benchmarks.notes import Noted
    from ledger.append import Fact

    return Fact(Noted(text=f"{n}: {TEXT}", source="a newspaper", language="en", weight=n / 7))


TEXT = "About a dozen tankers docked 43 times since March at oil terminals in the far east, said the researcher. " * 4


# --- the sequencer ----------------------------------------------------------------------------------------


@contextmanager
def _sequencer() -> Iterator[psutil.Process]:
    """Run `manage.py sequence` with its default settings."""
    manage = Path(__file__).parent.parent / "manage.py"
    with subprocess.Popen([sys.executable, str(manage), "sequence"]) as process:
        try:
            yield psutil.Process(process.pid)
        finally:
            process.terminate()


def _nothing_waits() -> bool:
    from ledger.models import Pending

    return not Pending.objects.exists()


def _wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not until():
        if time.monotonic() > deadline:
            raise TimeoutError("The sequencer does not come to an end.")
        time.sleep(0.02)


def _until_provable(case: UUID, events: int) -> float:
    """Append an event every 20 ms and look every 5 for signed heads; return the 99th percentile in seconds."""
    from ledger.actors import Actor
    from ledger.append import append
    from ledger.models import Entry
    from ledger.signer import published

    by = Actor.worker("benchmark", 1)
    written: dict[UUID, float] = {}
    heads: list[tuple[float, int]] = []

    def look() -> int:
        head = published()
        if head and (not heads or heads[-1][1] < head.size):
            heads.append((time.perf_counter(), head.size))
        return heads[-1][1] if heads else 0

    for n in range(events):
        [recorded] = append(case, [_note(n)], by=by)
        written[recorded.id] = time.perf_counter()
        for _ in range(4):
            look()
            time.sleep(0.005)
    _wait(_nothing_waits)
    places = dict(Entry.objects.filter(event__in=written).values_list("event", "position"))
    _wait(lambda: look() > max(places.values()))
    took = [next(at for at, size in heads if size > places[event]) - begun for event, begun in written.items()]
    return quantiles(took, n=100)[98]


def _drain() -> float:
    """Give places to all that waits; return events a second."""
    from ledger.models import Pending
    from ledger.sequence import sequence

    waiting = Pending.objects.count()
    begin = time.perf_counter()
    while sequence():
        pass
    return waiting / (time.perf_counter() - begin)


def _dense_and_in_order(cases: Sequence[UUID]) -> None:
    """Check that no place is empty, and that the places of a case are in the order of its events."""
    from ledger.models import Entry, Event

    found = list(Entry.objects.order_by("position").values_list("position", flat=True))
    assert found == list(range(len(found))), "a place of the log is empty"
    places = dict(Entry.objects.values_list("event", "position"))
    for case in cases:
        in_order = Event.objects.filter(stream=case).order_by("seq").values_list("id", flat=True)
        own = [places[event] for event in in_order]
        assert own == sorted(own), "two events of a case are in the log the wrong way round"
