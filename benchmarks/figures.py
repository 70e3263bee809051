"""What a benchmark finds: a figure, that of its control, their ratio, and what was asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measurement. `ratio` is ours over the control's, both in `unit`; `least` or `most` is the goal for it.

    `day` is when it was measured, in UTC.
    """

    what: str
    ours: float
    control: float
    unit: str
    least: float | None = None
    most: float | None = None
    day: str = field(default_factory=lambda: time.strftime("%Y-%m-%d", time.gmtime()))

    @property
    def ratio(self) -> float:
        return self.ours / self.control if self.control else float("inf")

    @property
    def goal(self) -> str:
        """Write the goal as a bound."""
        return f"≥ {self.least:g}" if self.least is not None else f"≤ {self.most:g}"

    @property
    def verdict(self) -> str:
        """Say whether the goal is met."""
        enough = self.least is None or self.ratio >= self.least
        return "meets" if enough and (self.most is None or self.ratio <= self.most) else "misses"

    def as_json(self) -> dict[str, Any]:
        """Give everything for the file of results."""
        return {**asdict(self), "ratio": self.ratio, "goal": self.goal, "verdict": self.verdict}

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Figure:
        """Read a figure back."""
        return cls(**{name: found[name] for name in cls.__dataclass_fields__})


def in_turns(ours: Callable[[], float], control: Callable[[], float], *, rounds: int) -> tuple[float, float]:
    """Measure two things in turns and give both medians: what else the machine does meets both alike.

    The order changes each round, and one round before them is not counted.
    """
    ours(), control()
    found: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds):
        for which in (0, 1) if number % 2 else (1, 0):
            found[which].append((ours, control)[which]())
    return median(found[0]), median(found[1])


def together(before: Sequence[Figure], now: Sequence[Figure]) -> list[Figure]:
    """Put new figures in the place of earlier ones of the same name, and the others behind them."""
    found = {each.what: each for each in before}
    return list((found | {each.what: each for each in now}).values())


def table(figures: Sequence[Figure]) -> str:
    """Write figures as a Markdown table."""
    lines = ["| what | ours | control | unit | ratio | goal | | day |", "|---|--:|--:|---|--:|--:|---|---|"]
    for each in figures:
        numbers = f"{_number(each.ours)} | {_number(each.control)} | {each.unit} | {each.ratio:.2f}"
        lines.append(f"| {each.what} | {numbers} | {each.goal} | {each.verdict} | {each.day} |")
    return "\n".join(lines)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
