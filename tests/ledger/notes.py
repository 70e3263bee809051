"""An event type of the tests' own: the ledger knows no case."""

from dataclasses import dataclass

from ledger.actors import Actor
from ledger.events import event


@event("test.noted", version=1, personal=("text", "where"))
@dataclass(frozen=True, kw_only=True)
class Noted:
    """Something was noted."""

    text: str
    weight: float | None = None
    where: str = ""

    def apply(self, state: list[str]) -> list[str]:
        return [*state, self.text]


ANNA = Actor(name="user:anna")
