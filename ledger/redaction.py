"""What an erasure says: fields of earlier events of its chain, and files, that are gone for good. Pure.

The event names each disclosure by its digest, which stays in the envelope it belongs to. So the chain holds without
the disclosure, and whoever looks at it sees that something stood there, who decided that it must go, and why.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from ledger.codec import ShapeError
from ledger.envelope import reveal
from ledger.events import UnknownEvent, decode, event

MOST = 1000
"""Fields, and files, of one erasure: its own payload must lie in its row, where the database's guards read it."""


class Ground(StrEnum):
    """Why something must go."""

    DATA_SUBJECT = "data_subject"
    CONSENT = "consent_withdrawn"
    COURT = "court_order"
    LAW = "legal_obligation"
    UNLAWFUL = "unlawfully_held"
    SAFETY = "danger_to_a_person"
    RETENTION = "retention_over"


GROUND_WORDS = {
    Ground.DATA_SUBJECT: "the person concerned asked for it (GDPR, article 17)",
    Ground.CONSENT: "consent was withdrawn",
    Ground.COURT: "a court ordered it",
    Ground.LAW: "the law demands it",
    Ground.UNLAWFUL: "it was obtained or held unlawfully",
    Ground.SAFETY: "somebody would be in danger",
    Ground.RETENTION: "the time for which it may be kept is over",
}


@dataclass(frozen=True, kw_only=True)
class ErasedField:
    """A field of an event's payload, by its name and the digest of its disclosure.

    Of a field that holds others, `parts` names those that were meant, `others` those that go with it.
    """

    name: str
    digest: str
    parts: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Target:
    """An event, number `seq` of its chain, and what of it goes.

    `kept_in` is the SHA-256 of the file that holds what is left of a payload that lies in a file.
    """

    event: UUID
    seq: int
    fields: tuple[ErasedField, ...]
    kept_in: str = ""


@dataclass(frozen=True, kw_only=True)
class ErasedFile:
    """A file whose bytes go, and the events that name it."""

    sha256: str
    events: tuple[UUID, ...]


@event("event.redacted", version=1)
@dataclass(frozen=True, kw_only=True)
class EventRedacted:
    """Fields of earlier events, and bytes of files, were erased: `requested_by` asked for it, `approver` agreed."""

    request: UUID
    targets: tuple[Target, ...]
    files: tuple[ErasedFile, ...] = ()
    ground: Ground
    requested_by: UUID
    approver: UUID

    def apply(self, state: Any) -> Any:
        return state


TYPE = "event.redacted/1"


def read_redacted(type_: str, disclosures: Sequence[str]) -> EventRedacted | None:
    """Read the payload of an erasure as it lies in a database that nobody vouches for; None where it is none."""
    if type_ != TYPE:
        return None
    try:
        data = decode(type_, reveal(disclosures))
    except (ShapeError, UnknownEvent, ValueError, TypeError, json.JSONDecodeError):
        return None
    return data if isinstance(data, EventRedacted) else None
