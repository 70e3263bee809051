"""What the erasures in the chains name, to check that just that is gone: read from the events, not from a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from ledger import raw
from ledger.errors import DomainError
from ledger.models import Event, Redaction
from ledger.payloads import unpack
from ledger.raw import Row
from ledger.redaction import TYPE, EventRedacted, read_redacted


@dataclass(frozen=True)
class Erased:
    """A field that an erasure names: the erasure's stream (in hex), seq and event, the field's name."""

    stream: str
    seq: int
    event: str
    name: str


@dataclass
class Erasures:
    """All fields, and files, that the erasures of some streams name.

    Whether such an event is itself what was recorded is seen when the walk along its chain comes to it.
    """

    fields: dict[str, dict[str, Erased]] = field(default_factory=lambda: defaultdict(dict))
    files: dict[tuple[str, str], int] = field(default_factory=dict)
    met: set[str] = field(default_factory=set)

    def of(self, stream: Any, event: Any, *, seq: Any) -> Mapping[str, Erased]:
        """Tell what of an event (in hex) later events of its own stream erased, by digest."""
        named = self.fields.get(event)
        if named is None or not isinstance(seq, int):
            return {}
        self.met.add(event)
        return {digest: by for digest, by in named.items() if by.stream == stream and by.seq > seq}

    def unmet(self, stream: Any) -> Iterator[Erased]:
        """Yield what erasures of a stream name in events that the walk did not meet."""
        for event, named in self.fields.items():
            if event not in self.met:
                yield from (by for by in named.values() if by.stream == stream)

    def took(self, event: str, sha256: str) -> bool:
        """Say whether the bytes of a file went that an event (in hex) names."""
        return (event, sha256) in self.files


def erasures(stream: UUID | None = None) -> Erasures:
    """Gather what the erasures of a stream (or all) name."""
    found = Erasures()
    for row in raw.rows_of_type(TYPE, stream):
        said = _said(row)
        if said is None or not isinstance(row.seq, int):
            # It is no event that was recorded here, and the walk along its chain says so.
            continue
        for target in said.targets:
            for each in target.fields:
                by = Erased(_hex(row.stream), row.seq, str(row.id), each.name)
                found.fields[target.event.hex][each.digest] = by
        for file in said.files:
            found.files |= {(event.hex, file.sha256): row.seq for event in file.events}
    return found


def unlisted(erased: Erasures, stream: UUID | None = None) -> Iterator[tuple[str, int, str, str]]:
    """Compare the table of erased fields with what the events say, both ways: stream, seq, event, what is wrong."""
    listed = Redaction.objects.all()
    if stream is not None:
        listed = listed.filter(event__in=Event.objects.filter(stream=stream).values("id"))
    rows = {(event.hex, digest, name) for event, digest, name in listed.values_list("event", "digest", "name")}
    named = {(event, digest, by.name): by for event, fields in erased.fields.items() for digest, by in fields.items()}
    for key in sorted(named.keys() - rows):
        by = named[key]
        yield by.stream, by.seq, by.event, f"the table of erased fields lacks {by.name!r} of event {key[0]}"
    if extra := sorted(rows - named.keys()):
        event = Event.objects.filter(pk=extra[0][0]).first()
        here = (event.stream.hex, event.seq) if event else ("0" * 32, 0)
        yield *here, extra[0][0], f"the table of erased fields names {extra[0][2]!r}, and no erasure does"


def _said(row: Row) -> EventRedacted | None:
    if not (isinstance(row.body, str) and isinstance(row.file, str) and isinstance(row.type, str)):
        return None
    try:
        return read_redacted(row.type, unpack(row.body, row.file))
    except (DomainError, UnicodeError):
        return None


def _hex(value: Any) -> Any:
    return value.hex if isinstance(value, UUID) else value
