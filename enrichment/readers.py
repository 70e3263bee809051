"""What a reader may see of cases to which they may only add."""

from __future__ import annotations

from uuid import UUID

from cases.domain import Role
from cases.models import Member
from ledger.actors import Actor


def adds_to(by: Actor) -> list[UUID]:
    """List the cases of whose items the caller sees their own only."""
    member = Member.objects.filter(user=by.user, role=Role.SUBMITTER)
    return list((member.filter(case=by.case) if by.case else member).values_list("case_id", flat=True))
