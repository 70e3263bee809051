"""Carrying an erasure out: appending its event removes what it names, in the same transaction.

Whoever else reacts to an erasure imports `EventRedacted` from here, and so hears of it after the removal.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from uuid import UUID

from django.db import connection

from ledger import store
from ledger.envelope import digest
from ledger.errors import Conflict
from ledger.events import erasable
from ledger.leftovers import leave_erased
from ledger.models import Event, Payload, Redaction
from ledger.payloads import unpack
from ledger.read import recorded_by_ids
from ledger.recorded import Recorded
from ledger.redaction import EventRedacted, Target
from ledger.rows import insert
from ledger.subscriptions import projections, reacts_to

__all__ = ["EventRedacted", "carry_out", "keep_rest"]


class NotErasable(Conflict):
    """The erasure names something that is not there, or that is never erased."""

    code = "not-erasable"
    title = "This can not be erased"


@reacts_to(EventRedacted)
def carry_out(redacted: Recorded) -> None:
    """Remove the named disclosures from payloads, and let every projection renew its rows.

    Files, and what the database's own pages still hold, are removed after the commit: a kill in between leaves rows
    that say what is still to be done.

    :raises NotErasable: the event names something that is not there, or that is never erased.
    """
    said: EventRedacted = redacted.data
    ids = [target.event for target in said.targets]
    events = Event.objects.select_related("payload").in_bulk(ids)
    if len(set(ids)) != len(ids):
        raise NotErasable("An event is named twice.")
    files = {each.sha256 for each in said.files}
    with _overwriting():
        insert([row for target in said.targets for row in _rows(redacted, target, events)])
        for target in said.targets:
            files |= _remove(events[target.event], target)
    renewed = sorted(recorded_by_ids(ids), key=lambda each: each.seq)
    for projection in projections():
        if projection.renew:
            projection.renew(renewed)
    leave_erased(*files)


def keep_rest(event: UUID, digests: Iterable[str]) -> str:
    """Store what is left of a large payload without some disclosures, and return the file's SHA-256.

    Empty where the payload lies in its row: then nothing has to be stored beforehand.
    """
    payload = Payload.objects.get(pk=event)
    if not payload.file:
        return ""
    with store.incoming() as incoming:
        incoming.write(_without(payload, digests).encode())
        return incoming.keep().sha256


def _rows(redacted: Recorded, target: Target, events: Mapping[UUID, Event]) -> Iterator[Redaction]:
    event = events.get(target.event)
    if event is None or event.stream != redacted.stream or not event.seq == target.seq < redacted.seq:
        raise NotErasable(f"There is no event {target.seq} with the id {target.event} before it in this case.")
    recorded = set(json.loads(event.envelope)["fields"])
    there = {digest(each) for each in unpack(event.payload.body, event.payload.file)} & recorded
    may_go = erasable(event.type)
    for field in target.fields:
        if field.name not in may_go:
            raise NotErasable(f"The field {field.name!r} of a {event.type} is never erased.")
        if field.digest not in there:
            raise NotErasable(f"Event {event.seq} does not hold the field {field.name!r} that is named.")
        yield Redaction(
            event=event.id,
            digest=field.digest,
            name=field.name,
            parts=list(field.parts),
            others=list(field.others),
            kept_in=target.kept_in,
            redacted_by=redacted.id,
        )


def _remove(event: Event, target: Target) -> set[str]:
    """Take the disclosures out of the payload; name the file that nobody needs any more."""
    payload: Payload = event.payload
    rest = _without(payload, [field.digest for field in target.fields])
    if not payload.file:
        _change(event.id, body=rest, file="")
        return set()
    if sha256(rest.encode()).hexdigest() != target.kept_in or not store.exists(target.kept_in):
        raise NotErasable(f"What is left of event {event.seq} does not lie in the file that is named.")
    _change(event.id, body="", file=target.kept_in)
    return {payload.file}


def _change(event: UUID, *, body: str, file: str) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT ledger_erase(%s, %s, %s)", [event, body, file])
    else:
        Payload.objects.filter(pk=event).update(body=body, file=file)


def _without(payload: Payload, digests: Iterable[str]) -> str:
    gone = set(digests)
    return "\n".join(each for each in unpack(payload.body, payload.file) if digest(each) not in gone)


@contextmanager
def _overwriting() -> Iterator[None]:
    """Let SQLite write zeros over what is removed here; what lies in its pages from before goes with a VACUUM."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA secure_delete = ON")
        # A refusal dooms the transaction, and nothing more can be asked in it; zeros harm nobody.
        yield
        cursor.execute("PRAGMA secure_delete = OFF")
