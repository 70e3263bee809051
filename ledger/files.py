"""Which stored files the events speak of: read from the events themselves, not from any read row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from ledger.envelope import reveal
from ledger.events import decode, shape_of
from ledger.models import Event, Payload
from ledger.payloads import unpack

Named = Iterable[tuple[str, int]]
"""Pairs of lowercase hex SHA-256 and size in bytes."""

F = TypeVar("F", bound=Callable[[Any], Named])

_finders: dict[str, Callable[[Any], Named]] = {}


@dataclass(frozen=True)
class FileReference:
    """A stored file and the event that speaks of it; `size` in bytes, where the event tells it."""

    sha256: str
    size: int | None
    said_by: str


def names_files(cls: type) -> Callable[[F], F]:
    """Register how the data of an event type names the files it stands for."""

    def register(finder: F) -> F:
        _finders[shape_of(cls).name] = finder
        return finder

    return register


def file_references(stream: UUID | None = None) -> Iterator[FileReference]:
    """Yield the files that a stream's events (or all events) speak of, each as often as it is named."""
    payloads = Payload.objects.select_related("event").order_by("event__stream", "event__seq")
    if stream is not None:
        payloads = payloads.filter(event__stream=stream)
    for payload in payloads.iterator(chunk_size=500):
        event: Event = payload.event
        said_by = f"case {event.stream}, event {event.seq}"
        if payload.file:
            yield FileReference(payload.file, None, said_by)
        if finder := _finders.get(event.type.rpartition("/")[0]):
            data = decode(event.type, reveal(unpack(payload.body, payload.file)))
            for sha256, size in finder(data):
                yield FileReference(sha256, size, said_by)
