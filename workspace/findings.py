"""A finding as its page shows it: the number in the middle, how it came about, what it stands on, what changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from analysis.domain import About
from analysis.models import Computation, Finding
from evidence.models import ItemState
from workspace.facts import Node, tree
from workspace.people import names_of

STEPS, ITEMS = 200, 12
"""How many steps a page shows, and how many items of each."""

LEFT, RIGHT = 4.0, 96.0
"""Where the picture of an interval begins and ends, in hundredths of its width."""


@dataclass(frozen=True)
class Number:
    """A result in words, and where its value lies in the picture of its interval (0 to 100)."""

    value: str
    low: str
    high: str
    unit: str
    at: float | None = None

    @property
    def is_exact(self) -> bool:
        """Say whether the interval is the value alone."""
        return self.low == self.high == self.value


@dataclass(frozen=True)
class Shown:
    """A finding for a list."""

    row: Finding
    number: Number | None

    @property
    def stated(self) -> Mapping[str, Any]:
        stated: Mapping[str, Any] = self.row.state["stated"]
        return stated


@dataclass(frozen=True)
class Line:
    """One step with the items that went into it, as far as they are shown."""

    text: str
    number: str
    value: float | None = None
    items: Sequence[tuple[str, str]] = ()
    more: int = 0


@dataclass(frozen=True)
class Whole(Shown):
    """A finding with all that its page shows."""

    author: str = ""
    computed_by: str = ""
    result: Computation | None = None
    parts: Sequence[Line] = ()
    left_out: Sequence[Line] = ()
    checks: Sequence[Line] = ()
    shares: Sequence[Line] = ()
    not_shown: int = 0
    roles: Mapping[str, int] = field(default_factory=dict)
    events: Sequence[str] = ()
    parameters: Node | None = None
    rests_on: Sequence[Finding] = ()
    results: Sequence[tuple[Computation, Number, str]] = ()
    reasons: Sequence[tuple[Mapping[str, Any], str]] = ()


def listed(rows: Iterable[Finding]) -> list[Shown]:
    """Show findings as a list."""
    return [Shown(row, number_of(row.state.get("computed", {}).get("result"))) for row in rows]


def whole(row: Finding) -> Whole:
    """Show a finding with its steps, the items behind each, and its earlier results."""
    results = list(Computation.objects.filter(finding=row.pk)[:20])
    result = next((each for each in results if each.pk == row.computation), None)
    steps = result.steps if result else []
    wanted = {item for step in steps[:STEPS] for item in step.get("items", [])[:ITEMS]}
    titles = _titles(row, wanted | {each["item"] for each in row.stale_because if each["item"]})
    names = names_of([row.author, *(each.by for each in results)])
    uses = result.uses if result else []
    return Whole(
        row,
        number_of(row.state.get("computed", {}).get("result")),
        author=names[row.author],
        computed_by=names[result.by] if result else "",
        result=result,
        **{name: [_line(step, titles) for step in steps[:STEPS] if _about(step) is about] for name, about in _LINES},
        not_shown=max(0, len(steps) - STEPS),
        roles={role: sum(use["role"] == role for use in uses) for role in ("counts", "may_count", "speaks_against")},
        events=[event for use in uses for event in use["events"]],
        parameters=tree(row.state["stated"].get("parameters", {})),
        rests_on=list(Finding.objects.filter(pk__in=result.findings if result else ())),
        results=[(each, number, names[each.by]) for each in results if (number := number_of(each.result))],
        reasons=[(each, titles.get(each["item"], "")) for each in row.stale_because],
    )


def number_of(result: Mapping[str, Any] | None) -> Number | None:
    """Write a result in words; one that is no number says so."""
    if result is None:
        return None
    value, low, high = (result.get(name) for name in ("value", "low", "high"))
    at = None
    if value is not None and low is not None and high is not None and high > low:
        at = round(LEFT + (RIGHT - LEFT) * (value - low) / (high - low), 2)
    return Number(*(in_words(each) for each in (value, low, high)), unit=result["unit"], at=at)


def in_words(value: float | None) -> str:
    """Write a number as people read it: whole where it is, else three digits that mean something."""
    if value is None:
        return "no number"
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


_LINES = (("parts", About.PART), ("left_out", About.LEFT_OUT), ("checks", About.CHECK), ("shares", About.SHARE))


def _about(step: Mapping[str, Any]) -> About:
    return About(step.get("about", About.PART))


def _titles(row: Finding, items: Iterable[str]) -> dict[str, str]:
    ids = [UUID(item) for item in items]
    states = ItemState.objects.now().filter(case=row.case_id, item__in=ids)
    return {str(state.item): str(state) for state in states}


def _line(step: Mapping[str, Any], titles: Mapping[str, str]) -> Line:
    items = step.get("items", [])
    value = step.get("value")
    number = "" if value is None else f"{in_words(value)} {step.get('unit', '')}".strip()
    # An event's item may be none of evidence, or one that this case does not have.
    shown = [(item, titles.get(item, "")) for item in items[:ITEMS]]
    return Line(step["text"], number, value, shown, max(0, len(items) - ITEMS))
