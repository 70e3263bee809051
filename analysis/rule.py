"""What a rule is: a pure function from evidence to a number, with a name, a version and typed parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from analysis.domain import Result, Role, Step
from analysis.selection import Seen, Selection


class Parameters(Protocol):
    """What every rule's parameters can say of themselves; a frozen dataclass with defaults, units and bounds."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield each parameter that can not be meant, and why."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """What a rule computes from: items in the order they were submitted, results of other findings by their id."""

    items: Sequence[Seen] = ()
    findings: Mapping[UUID, Result] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came out: the number, how, and what each item that mattered did for it."""

    result: Result
    steps: tuple[Step, ...] = ()
    roles: Mapping[UUID, Role]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One way to a number. `selection` tells which items it is about, None where it reads only findings; `reads` which
    fields it reads of them besides those that decide the selection; `findings` which other findings.

    A change of anything that can change its result is a new `version`.
    """

    name: str
    version: int
    says: str
    parameters: type[Any]
    run: Callable[[Any, Given], Outcome]
    selection: Callable[[Any], Selection | None]
    reads: frozenset[str] = frozenset()
    findings: Callable[[Any], tuple[UUID, ...]] = lambda parameters: ()
