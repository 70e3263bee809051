"""From case events to the rows that pages and the API read."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth import get_user_model

from cases import domain
from cases.folding import folded
from cases.models import Case, Comment, Member
from cases.queries import state_of
from ledger.models import Event
from ledger.read import recorded_rows
from ledger.recorded import Recorded
from ledger.subscriptions import Projection

cases = Projection(tables=[Case, Member, Comment])


@cases.on(*domain.CASE_EVENTS)
def fold(event: Recorded) -> None:
    """Apply one event to the case's row and team."""
    row = Case.objects.filter(pk=event.stream).first()
    before = state_of(row) if row else domain.Case()
    after = domain.applied(event, before)
    if after == before:
        return
    if row is None:
        row = Case(id=event.stream, opened_at=event.at, opened_by=event.actor)
    row.title, row.title_folded, row.description = after.title, folded(after.title), after.description
    row.sensitivity, row.status = after.sensitivity, after.status
    row.tags, row.erased = list(after.tags), list(after.erased)
    row.seq, row.changed_at = event.seq, event.at
    row.save()
    if after.team != before.team:
        _change_team(event, before, after)


@cases.on(domain.CaseCommented)
def add_comment(event: Recorded) -> None:
    Comment.objects.create(
        id=event.id,
        case_id=event.stream,
        seq=event.seq,
        text=event.data.text,
        author=event.actor,
        at=event.at,
    )


@cases.renews
def renew(events: Sequence[Recorded]) -> None:
    """Fold a case anew from its own events, after something of them was erased; its items are not looked at."""
    blank = domain.Case()
    for case in {event.stream for event in events if event.item is None and isinstance(event.data, domain.CASE_EVENTS)}:
        own = Event.objects.filter(stream=case, item__isnull=True, type__startswith="case.").select_related("payload")
        Comment.objects.filter(case=case, item__isnull=True).delete()
        Member.objects.filter(case=case).delete()
        Case.objects.filter(pk=case).update(
            title=blank.title,
            description=blank.description,
            sensitivity=blank.sensitivity,
            status=blank.status,
            tags=list(blank.tags),
            erased=list(blank.erased),
        )
        cases.see(list(recorded_rows(list(own.order_by("seq")))))


def _change_team(event: Recorded, before: domain.Case, after: domain.Case) -> None:
    Member.objects.filter(case=event.stream, user__in=set(before.team) - set(after.team)).delete()
    known = get_user_model().objects
    for user, role in after.team.items():
        if user not in before.team:
            # A case that came out of a bundle has people who have no account here.
            if not known.filter(pk=user).exists():
                continue
            emergency = isinstance(event.data, domain.EmergencyAccessTaken)
            Member.objects.create(case_id=event.stream, user_id=user, role=role, emergency=emergency, since=event.at)
        elif before.team[user] != role:
            Member.objects.filter(case=event.stream, user=user).update(role=role, emergency=False)
