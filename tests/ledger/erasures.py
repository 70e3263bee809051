"""Erasing in the tests' own streams: the ledger knows no case."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from ledger.append import Fact, append
from ledger.envelope import digest
from ledger.erasing import keep_rest
from ledger.ids import uuid7
from ledger.recorded import Recorded
from ledger.redaction import ErasedField, ErasedFile, EventRedacted, Ground, Target
from tests.ledger.notes import ANNA


def target_of(event: Recorded, *names: str) -> Target:
    """Name fields of an event that are to go."""
    by_name = {each.split('"')[3]: digest(each) for each in event.disclosures}
    fields = tuple(ErasedField(name=name, digest=by_name[name]) for name in names)
    return Target(
        event=event.id, seq=event.seq, fields=fields, kept_in=keep_rest(event.id, [each.digest for each in fields])
    )


def said(*targets: Target, files: Sequence[ErasedFile] = ()) -> EventRedacted:
    return EventRedacted(
        request=uuid7(),
        targets=targets,
        files=tuple(files),
        ground=Ground.COURT,
        requested_by=uuid7(),
        approver=uuid7(),
    )


def erase(stream: UUID, *targets: Target, files: Sequence[ErasedFile] = ()) -> Recorded:
    return append(stream, [Fact(said(*targets, files=files))], by=ANNA)[0]
