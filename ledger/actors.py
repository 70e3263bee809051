"""Who did it: an opaque name for the record, and the person it stands for."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Actor:
    """One who appends events.

    `name` is what the envelope keeps: "user:<uuid>", "token:<uuid>" or "worker:<enricher>@<version>".
    `user` is the person whose rights apply (None for workers), `case` the only case a token is good for.
    """

    name: str
    user: UUID | None = None
    case: UUID | None = None

    @classmethod
    def person(cls, user_id: UUID) -> Actor:
        """Make the actor of a signed-in person."""
        return cls(name=f"user:{user_id}", user=user_id)

    @classmethod
    def worker(cls, name: str, version: int) -> Actor:
        """Make the actor of an enricher: a tool testifies under its own name and version."""
        return cls(name=f"worker:{name}@{version}")
