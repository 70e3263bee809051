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
    """All fields, and files, that the erasures of some streams name, by the erasure's stream and the event.

    `by_one` are erasures that who asked for them confirmed, as stream, seq and event; `met` is the seq of each event
    that the walk came to. Whether an erasure is itself what was recorded is seen when the walk comes to it.
    """

    fields: dict[tuple[str, str], dict[str, Erased]] = field(default_factory=lambda: defaultdict(dict))
    files: set[tuple[str, str, str]] = field(default_factory=set)
    by_one: list[tuple[str, int, str]] = field(default_factory=list)
    met: dict[tuple[str, str], int] = field(default_factory=dict)

    def of(self, stream: Any, event: Any, *, seq: Any) -> Mapping[str, Erased]:
        """Tell what of an event (in hex) later events of its own stream erased, by digest."""
        named = self.fields.get((stream, event))
        if named is None or not isinstance(seq, int):
            return {}
        self.met[stream, event] = seq
        return {digest: by for digest, by in named.items() if by.seq > seq}

    def unmet(self, stream: Any) -> Iterator[Erased]:
        """Yield what erasures of a stream name in events that the walk did not come to before them."""
        for (here, event), named in self.fields.items():
            if here == stream:
                yield from (by for by in named.values() if self.met.get((here, event), by.seq) >= by.seq)

    def took(self, stream: Any, event: Any, sha256: str) -> bool:
        """Say whether the bytes of a file went that an event (in hex) of a stream names."""
        return (stream, event, sha256) in self.files


def erasures(stream: UUID | None = None) -> Erasures:
    """Gather what the erasures of a stream (or all) name."""
    found = Erasures()
    for row in raw.rows_of_type(TYPE, stream):
        said = _said(row)
        if said is None or not isinstance(row.seq, int):
            # It is no event that was recorded here, and the walk along its chain says so.
            continue
        here = _hex(row.stream)
        for target in said.targets:
            for each in target.fields:
                by = Erased(here, row.seq, str(row.id), each.name)
                found.fields[here, target.event.hex][each.digest] = by
        found.files |= {(here, event.hex, file.sha256) for file in said.files for event in file.events}
        if said.requested_by == said.approver:
            found.by_one.append((here, row.seq, str(row.id)))
    return found


def unlisted(erased: Erasures, stream: UUID | None = None) -> Iterator[tuple[str, int, str, str]]:
    """Compare the table of erased fields with what the events say, both ways: stream, seq, event, what is wrong."""
    listed = Redaction.objects.all()
    if stream is not None:
        listed = listed.filter(event__in=Event.objects.filter(stream=stream).values("id"))
    rows = {(event.hex, digest, name) for event, digest, name in listed.values_list("event", "digest", "name")}
    named = {
        (event, digest, by.name): by for (_, event), fields in erased.fields.items() for digest, by in fields.items()
    }
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
