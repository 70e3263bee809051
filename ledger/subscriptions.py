"""Who hears of an event, inside the transaction that appends it.

A *projection* writes read rows, owns their tables, and is replayed by `rebuild`. A *reaction* starts work (an outbox
row, a job) and is never replayed. Both are plain functions, registered at start-up by the rooms above; the ledger knows
none of them by name. Most take one recorded event. One that takes a *run* (events of one type that follow one another)
can write the rows of a whole batch at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, TypeVar

from ledger.events import shape_of

if TYPE_CHECKING:
    from django.db import models

    from ledger.recorded import Recorded

Handler = Callable[["Recorded"], None]
RunHandler = Callable[[Sequence["Recorded"]], None]
H = TypeVar("H", bound=Handler)
R = TypeVar("R", bound=RunHandler)

_projections: list[Projection] = []
_reactions: dict[str, list[Handler]] = defaultdict(list)
_reactions_to_runs: dict[str, list[RunHandler]] = defaultdict(list)


class Projection:
    """Read rows that follow from events alone: `tables` hold nothing that a replay would not write again."""

    def __init__(self, tables: Sequence[type[models.Model]]) -> None:
        self.tables = tuple(tables)
        self.handlers: dict[str, list[Handler]] = defaultdict(list)
        self.run_handlers: dict[str, list[RunHandler]] = defaultdict(list)
        self.renew: RunHandler | None = None
        _projections.append(self)

    def on(self, *classes: type) -> Callable[[H], H]:
        """Register a handler for some event types."""

        def register(handler: H) -> H:
            for cls in classes:
                self.handlers[shape_of(cls).name].append(handler)
            return handler

        return register

    def on_run(self, cls: type) -> Callable[[R], R]:
        """Register a handler for runs of an event type; it comes before those for single events."""

        def register(handler: R) -> R:
            self.run_handlers[shape_of(cls).name].append(handler)
            return handler

        return register

    def renews(self, handler: R) -> R:
        """Register what is done once fields of some events were erased: the rows come out as a rebuild writes them."""
        self.renew = handler
        return handler

    def see(self, recorded: Sequence[Recorded]) -> None:
        """See some events, in order, as if they were fresh: for one that renews its rows."""
        for name, run in _runs(recorded):
            _call(name, run, self.run_handlers, self.handlers)


def reacts_to(*classes: type) -> Callable[[H], H]:
    """Register a reaction to some event types."""

    def register(handler: H) -> H:
        for cls in classes:
            _reactions[shape_of(cls).name].append(handler)
        return handler

    return register


def reacts_to_run(cls: type) -> Callable[[R], R]:
    """Register a reaction to runs of an event type; it comes before those to single events."""

    def register(handler: R) -> R:
        _reactions_to_runs[shape_of(cls).name].append(handler)
        return handler

    return register


def projections() -> list[Projection]:
    """List the projections in the order they were registered: lower rooms first."""
    return list(_projections)


def project(recorded: Sequence[Recorded]) -> None:
    """Let every projection see some events, in order."""
    for name, run in _runs(recorded):
        _project(name, run)


def publish(recorded: Sequence[Recorded]) -> None:
    """Let every subscriber see freshly appended events, in order: of each run projections first, then reactions."""
    for name, run in _runs(recorded):
        _project(name, run)
        _call(name, run, _reactions_to_runs, _reactions)


def _runs(recorded: Sequence[Recorded]) -> Iterator[tuple[str, list[Recorded]]]:
    for name, run in groupby(recorded, key=lambda each: each.name):
        yield name, list(run)


def _project(name: str, run: list[Recorded]) -> None:
    for projection in _projections:
        _call(name, run, projection.run_handlers, projection.handlers)


def _call(
    name: str, run: list[Recorded], for_runs: dict[str, list[RunHandler]], for_one: dict[str, list[Handler]]
) -> None:
    for handle_run in for_runs.get(name, ()):
        handle_run(run)
    if handlers := for_one.get(name):
        for each in run:
            for handle in handlers:
                handle(each)
