"""From the events of an erasure to the rows that pages and the API read."""

from __future__ import annotations

from collections.abc import Sequence

from evidence.erasure.domain import RedactionDeclined, RedactionRequested
from evidence.erasure.models import ErasedPart, ErasureRequest
from evidence.erasure.plan import FIELD_OF_FILES
from ledger import codec
from ledger.erasing import EventRedacted
from ledger.models import Event
from ledger.recorded import Recorded
from ledger.redaction import ErasedFile, Target
from ledger.rows import insert
from ledger.subscriptions import Projection

erasures = Projection(tables=[ErasureRequest, ErasedPart])


@erasures.on(RedactionRequested)
def ask(event: Recorded) -> None:
    said: RedactionRequested = event.data
    row = ErasureRequest(
        id=event.id,
        case_id=event.stream,
        seq=event.seq,
        ground=said.ground,
        reason=said.reason,
        requested_by=event.actor,
        person=said.person,
        requested_at=event.at,
        targets=[codec.to_plain(each) for each in said.targets],
        files=[codec.to_plain(each) for each in said.files],
        items=[codec.to_plain(each) for each in said.items],
    )
    insert([row])


@erasures.on(EventRedacted)
def do(event: Recorded) -> None:
    said: EventRedacted = event.data
    _decide(event, said.request, ErasureRequest.DONE)
    named = {target.event for target in said.targets} | {each for file in said.files for each in file.events}
    events = Event.objects.in_bulk(named)
    # An event that is not there is refused by the ledger, right after this.
    parts = [row for each in said.targets if each.event in events for row in _parts(event, events[each.event], each)]
    files = [_file(event, events[each], file) for file in said.files for each in file.events if each in events]
    insert(parts + files)


@erasures.on(RedactionDeclined)
def decline(event: Recorded) -> None:
    said: RedactionDeclined = event.data
    _decide(event, said.request, ErasureRequest.DECLINED, declined_because=said.reason)


@erasures.renews
def renew(events: Sequence[Recorded]) -> None:
    """Take the reasons away that were themselves erased."""
    for event in events:
        if isinstance(event.data, RedactionRequested):
            ErasureRequest.objects.filter(pk=event.id).update(reason=event.data.reason)
        elif isinstance(event.data, RedactionDeclined):
            ErasureRequest.objects.filter(pk=event.data.request).update(declined_because=event.data.reason)


def _decide(event: Recorded, request: object, status: str, **more: str) -> None:
    decided = {"decided_by": event.actor, "decided_at": event.at, "decided_seq": event.seq, "decision": event.id}
    ErasureRequest.objects.filter(pk=request).update(status=status, **decided, **more)


def _parts(redacted: Recorded, event: Event, target: Target) -> list[ErasedPart]:
    return [
        _part(redacted, event, field=each.name, parts=list(each.parts), others=list(each.others))
        for each in target.fields
    ]


def _file(redacted: Recorded, event: Event, file: ErasedFile) -> ErasedPart:
    return _part(redacted, event, field=FIELD_OF_FILES.get(event.type.rpartition("/")[0], ""), file=file.sha256)


def _part(redacted: Recorded, event: Event, **more: object) -> ErasedPart:
    said: EventRedacted = redacted.data
    return ErasedPart(
        case_id=redacted.stream,
        item=event.item,
        event=event.id,
        event_seq=event.seq,
        event_type=event.type,
        redacted_by=redacted.id,
        seq=redacted.seq,
        ground=said.ground,
        at=redacted.at,
        **more,
    )
