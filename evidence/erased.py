"""What of items was erased, as the API gives it: which field of which event, by which event, on what ground."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any
from uuid import UUID

from evidence.erasure.models import ErasedPart
from ledger.errors import DomainError


class FileErased(DomainError):
    """The bytes of a file are gone for good, on purpose."""

    code = "file-erased"
    title = "The file was erased"
    status = 410

    def __init__(self) -> None:
        super().__init__("The bytes of this file were erased; the events of the item say when, and on what ground.")


def erased_of(items: Collection[UUID], *, as_of: int | None = None) -> dict[UUID, list[dict[str, Any]]]:
    """Show, for each item, what was erased of its events, or of those up to one. One query, however many items."""
    found: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    parts = ErasedPart.objects.filter(item__in=items)
    for part in parts if as_of is None else parts.filter(event_seq__lte=as_of):
        if part.item:
            found[part.item].append(as_json(part))
    return found


def as_json(part: ErasedPart) -> dict[str, Any]:
    """Show one erased field of an event, or one erased file."""
    return {
        "event": str(part.event),
        "event_seq": part.event_seq,
        "type": part.event_type,
        "field": part.field,
        "parts": part.parts,
        "file": part.file or None,
        "by": str(part.redacted_by),
        "seq": part.seq,
        "ground": part.ground,
        "at": part.at,
    }


def bytes_erased(item: UUID | None, sha256: str) -> bool:
    """Say whether the bytes of an item's file were erased."""
    return ErasedPart.objects.filter(item=item, file=sha256).exists()


def require_bytes(item: UUID, sha256: str) -> None:
    """Refuse to hand out a file whose bytes were erased, whoever else may have the same.

    :raises FileErased: they were.
    """
    if bytes_erased(item, sha256):
        raise FileErased
