"""Reads of cases that are more than a filter."""

from __future__ import annotations

from uuid import UUID

from cases import domain
from cases.access import Permission, require, role_in
from cases.models import Case
from ledger.actors import Actor
from ledger.append import lock
from ledger.errors import PreconditionRequired, StaleStream


def case_for(case_id: UUID, *, by: Actor) -> Case:
    """Find a case that the caller is on the team of.

    :raises NotFound: there is none, or not for this caller.
    """
    role_in(case_id, by=by)
    return Case.objects.get(pk=case_id)


def load_case(case_id: UUID, *, by: Actor, permission: Permission, seen: int | None = None) -> domain.Case:
    """Lock a case for the rest of the transaction and read how it stands.

    :param seen: the `seq` of the case that the caller last saw, where they said.
    :raises NotFound: there is none, or not for this caller.
    :raises Forbidden: the caller's role does not carry the permission.
    :raises StaleStream: the case changed since the caller saw it.
    """
    lock(case_id)
    require(case_id, permission, by=by)
    row = Case.objects.get(pk=case_id)
    require_seen(seen, row.seq)
    return state_of(row)


def require_seen(seen: int | None, seq: int) -> None:
    """Refuse a caller who decided on an older state than the present one.

    :raises StaleStream: they saw another state.
    """
    if seen is not None and seen != seq:
        raise StaleStream("This changed since you last looked. Read it again, then decide again.")


def require_said(seen: int | None) -> int:
    """Refuse a caller who overwrites a value and does not say which state they saw.

    :raises PreconditionRequired: they did not.
    """
    if seen is None:
        raise PreconditionRequired("This overwrites a value: send If-Match with the ETag that you last saw.")
    return seen


def state_of(row: Case) -> domain.Case:
    """Read a case's row, and its team, back into the domain's state."""
    team = {user: domain.Role(role) for user, role in row.members.values_list("user_id", "role")}
    return domain.Case(
        title=row.title,
        description=row.description,
        sensitivity=domain.Sensitivity(row.sensitivity),
        status=domain.Status(row.status),
        tags=tuple(row.tags),
        team=team,
    )
