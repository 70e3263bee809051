"""What the API itself forgets with an erasure: answers that it keeps for requests that are repeated."""

from __future__ import annotations

from ledger.erasing import EventRedacted
from ledger.models import Event
from ledger.recorded import Recorded
from ledger.subscriptions import reacts_to
from osint import idempotency


@reacts_to(EventRedacted)
def forget_answers(event: Recorded) -> None:
    """Forget the answers that may hold what was erased: they show whole items, and whole cases."""
    said: EventRedacted = event.data
    events = Event.objects.filter(pk__in=[each.event for each in said.targets])
    items = set(events.values_list("item", flat=True))
    idempotency.forget(items=items - {None}, cases=[event.stream] if None in items else [])
