"""An event as the rest of the house sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Erasure:
    """A field of an event was erased by the event `by`.

    Of a field that holds others (the changes of a correction), `parts` names those that were meant, `others` those that
    went with it.
    """

    by: UUID
    parts: Sequence[str] = ()
    others: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event that is in the ledger; `data` is its payload in the newest version of its type.

    `erased` tells which fields of the payload are gone for good: in `data` something stands in for each.
    """

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
    erased: Mapping[str, Erasure] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The type without its version."""
        return self.type.rpartition("/")[0]
