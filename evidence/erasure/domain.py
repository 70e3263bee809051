"""What is said around an erasure: somebody asks for it, and it is declined. That it is done, the ledger says. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ledger.events import event
from ledger.redaction import ErasedFile, Ground, Target


@dataclass(frozen=True, kw_only=True)
class OfItem:
    """Fields of an item, whichever of its events says them."""

    item: UUID
    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class OfEvent:
    """Fields of one event. Of a correction's `changes`, "changes.title" is one of them, "changes" are all."""

    event: UUID
    fields: tuple[str, ...]


@event("redaction.requested", version=1, personal=("reason",))
@dataclass(frozen=True, kw_only=True)
class RedactionRequested:
    """A person asked for an erasure: of these fields and of the bytes of these files, on a ground of law.

    `items` are the fields that were asked for of whole items, so that what is said of them meanwhile goes, too.
    """

    person: UUID
    targets: tuple[Target, ...]
    files: tuple[ErasedFile, ...] = ()
    items: tuple[OfItem, ...] = ()
    ground: Ground
    reason: str = ""

    def apply(self, state: Any) -> Any:
        return state


@event("redaction.declined", version=1, personal=("reason",))
@dataclass(frozen=True, kw_only=True)
class RedactionDeclined:
    """The erasure that was asked for is not done, for a reason."""

    request: UUID
    reason: str

    def apply(self, state: Any) -> Any:
        return state


@dataclass(frozen=True, kw_only=True)
class WhatGoes:
    """What is to be erased: fields of items, fields of events, every field in which a text stands, bytes of files."""

    items: tuple[OfItem, ...] = ()
    events: tuple[OfEvent, ...] = ()
    texts: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class NewErasure(WhatGoes):
    """The same with why; `fingerprint`, where it is given, is that of the preview that was seen."""

    ground: Ground
    reason: str = ""
    fingerprint: str = ""


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """Agreement to exactly the list with this fingerprint."""

    fingerprint: str


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why it is not done."""

    reason: str
