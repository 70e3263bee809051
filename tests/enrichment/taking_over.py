"""Running the enricher that was taken over, and what it got or why it failed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from enrichment import sandbox
from enrichment.domain import Limits
from enrichment.sandbox import Done, Failed

HOSTILE = Path(__file__).parent / "hostile"
# Wide enough that on a busy machine processor time runs out first.
TIGHT = Limits(cpu_seconds=1, wall_seconds=30, file_bytes=8 << 20, folder_bytes=32 << 20)


@contextmanager
def taken_over(do: str, *, limits: Limits = TIGHT, **fields: Any) -> Iterator[Done | Failed]:
    with sandbox.run(
        "takeover", kind="statement", fields={"do": do, **fields}, original=None, limits=limits, code=HOSTILE
    ) as outcome:
        yield outcome


def failure(do: str, *, limits: Limits = TIGHT, **fields: Any) -> Failed:
    with taken_over(do, limits=limits, **fields) as outcome:
        assert isinstance(outcome, Failed), outcome
        return outcome


def spoils(do: str, *, limits: Limits = TIGHT, **fields: Any) -> Any:
    with taken_over(do, limits=limits, **fields) as outcome:
        assert isinstance(outcome, Done), outcome
        return outcome.output["got"]
