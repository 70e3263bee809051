"""An event as the rest of the house sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event that is in the ledger; `data` is its payload in the newest version of its type."""

    id: UUID
    stream: UUID
    seq: int
    item: UUID | None
    type: str
    at: datetime
    actor: str
    cause: UUID | None
    hash: str
    data: Any
    envelope: str
    disclosures: Sequence[str]

    @property
    def name(self) -> str:
        """The type without its version."""
        return self.type.rpartition("/")[0]
