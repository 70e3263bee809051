"""Which stored files the events speak of: read from the events themselves, not from any read row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from ledger.envelope import reveal
from ledger.events import decode, shape_of
from ledger.payloads import unpack
from ledger.raw import Row, rows
from ledger.recorded import Recorded
from ledger.verify import intact
from ledger.verify_erasures import Erasures, erasures

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


def named_by(recorded: Recorded) -> Named:
    """Name the files that an event stands for."""
    finder = _finders.get(recorded.name)
    return finder(recorded.data) if finder else ()


def file_references(stream: UUID | None = None) -> Iterator[FileReference]:
    """Yield the files that a stream's events (or all events) speak of, each as often as it is named.

    An event that was changed speaks of nothing any more: what it says now nobody recorded. Nor does one of a file whose
    bytes were erased.
    """
    erased = erasures(stream)
    for row in rows(stream):
        yield from _references(row, erased)


def _references(row: Row, erasures: Erasures) -> Iterator[FileReference]:
    event = row.id.hex if isinstance(row.id, UUID) else row.id
    stream = row.stream.hex if isinstance(row.stream, UUID) else row.stream
    gone = erasures.of(stream, event, seq=row.seq)
    envelope = intact(row, erased=gone)
    if envelope is None:
        return
    type_, said_by = envelope["type"], f"case {envelope['stream']}, event {envelope['seq']}"
    if row.file:
        yield FileReference(row.file, None, said_by)
    if finder := _finders.get(type_.rpartition("/")[0]):
        data = decode(type_, reveal(unpack(row.body, row.file)), erased={each.name for each in gone.values()})
        for sha256, size in finder(data):
            if not erasures.took(stream, event, sha256):
                yield FileReference(sha256, size, said_by)
