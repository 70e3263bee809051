"""What is done to the account of somebody on a team stands in their cases: whoever did it may now act as them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from cases.domain import AccountChange, AccountChanged
from cases.models import Member
from ledger.actors import Actor
from ledger.append import Fact, append, lock
from ledger.recorded import Recorded


@transaction.atomic
def record_account_change(*, user: UUID, changes: Sequence[AccountChange], by: Actor) -> list[Recorded]:
    """Record in every case whose team a person is on that somebody changed their account.

    Who changes accounts need not be on any of these teams, so there is nothing to refuse here.
    """
    # In one order, so that two of these never wait for each other.
    cases = sorted(Member.objects.filter(user=user).values_list("case_id", flat=True))
    said = AccountChanged(user=user, changes=tuple(changes))
    recorded = []
    for case_id in cases:
        lock(case_id)
        recorded += append(case_id, [Fact(said)], by=by)
    return recorded
