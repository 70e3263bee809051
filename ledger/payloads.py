"""Where an event's disclosures are kept: in its row, or in a stored file when they are large."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

from ledger import store
from ledger.models import Payload

INLINE_BYTES = 256_000
"""Past this many bytes a payload goes into a file; the envelope's digests bind it all the same."""


_only_tried: ContextVar[bool] = ContextVar("only_tried", default=False)


@contextmanager
def only_tried() -> Iterator[None]:
    """Keep no file for what is appended here: the caller rolls all of it back."""
    before = _only_tried.set(True)
    try:
        yield
    finally:
        _only_tried.reset(before)


def pack(event: UUID, disclosures: Sequence[str]) -> Payload:
    """Make the payload row of an event; the file of a large one is durable before the row is."""
    body = "\n".join(disclosures)
    if len(body.encode()) <= INLINE_BYTES or _only_tried.get():
        return Payload(event_id=event, body=body)
    with store.incoming() as incoming:
        incoming.write(body.encode())
        stored = incoming.keep()
    return Payload(event_id=event, body="", file=stored.sha256)


def unpack(body: str, file: str) -> list[str]:
    """Read the disclosures back, one a line.

    :raises MissingFile: the file of a large payload is gone or changed.
    """
    if file:
        with store.open_verified(file) as stream:
            body = stream.read().decode()
    return body.split("\n") if body else []
