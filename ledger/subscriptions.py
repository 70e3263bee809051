"""Who hears of an event, inside the transaction that appends it.

A *projection* writes read rows, owns their tables, and is replayed by `rebuild`. A *reaction* starts work (an outbox
row, a job) and is never replayed. Both are plain functions of one recorded event, registered at start-up by the
rooms above; the ledger knows none of them by name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from ledger.events import shape_of

if TYPE_CHECKING:
    from django.db import models

    from ledger.recorded import Recorded

Handler = Callable[["Recorded"], None]
H = TypeVar("H", bound=Handler)

_projections: list[Projection] = []
_reactions: dict[str, list[Handler]] = defaultdict(list)


class Projection:
    """Read rows that follow from events alone: `tables` hold nothing that a replay would not write again."""

    def __init__(self, tables: Sequence[type[models.Model]]) -> None:
        self.tables = tuple(tables)
        self.handlers: dict[str, list[Handler]] = defaultdict(list)
        _projections.append(self)

    def on(self, *classes: type) -> Callable[[H], H]:
        """Register a handler for some event types."""

        def register(handler: H) -> H:
            for cls in classes:
                self.handlers[shape_of(cls).name].append(handler)
            return handler

        return register


def reacts_to(*classes: type) -> Callable[[H], H]:
    """Register a reaction to some event types."""

    def register(handler: H) -> H:
        for cls in classes:
            _reactions[shape_of(cls).name].append(handler)
        return handler

    return register


def projections() -> list[Projection]:
    """List the projections in the order they were registered: lower rooms first."""
    return list(_projections)


def project(recorded: Recorded) -> None:
    """Let every projection see one event."""
    for projection in _projections:
        for handler in projection.handlers.get(recorded.name, ()):
            handler(recorded)


def publish(recorded: Recorded) -> None:
    """Let every subscriber see one freshly appended event: projections first, then reactions."""
    project(recorded)
    for handler in _reactions.get(recorded.name, ()):
        handler(recorded)
