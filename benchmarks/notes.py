"""An event type of the benchmarks' own: nobody subscribes to it."""

from dataclasses import dataclass
from typing import Any

from ledger.events import event


@event("benchmark.noted", version=1, personal=("text",))
@dataclass(frozen=True, kw_only=True)
class Noted:
    """Something was noted."""

    text: str = ""
    source: str = ""
    language: str = ""
    weight: float | None = None

    def apply(self, state: Any) -> Any:
        return state
