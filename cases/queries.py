"""Reads of cases that are more than a filter."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from uuid import UUID

from cases import domain
from cases.access import Permission, require_role, role_among, visible_cases
from cases.models import Case, Member
from ledger.actors import Actor
from ledger.append import lock
from ledger.errors import NotFound, PreconditionRequired, StaleStream
from ledger.rows import WrittenOnce

shown: list[Callable[[UUID, Collection[UUID], Actor], None]] = []
"""Rooms above that keep items say here what they do once a list has shown some of a case."""


def note_shown(case_id: UUID, items: Collection[UUID], *, by: Actor) -> None:
    """Tell that a caller was shown these items of a case."""
    for each in shown:
        each(case_id, items, by)


def case_for(case_id: UUID, *, by: Actor) -> Case:
    """Find a case that the caller is on the team of.

    :raises NotFound: there is none, or not for this caller.
    """
    if by.user is None:
        raise NotFound
    try:
        return visible_cases(by).get(pk=case_id)
    except Case.DoesNotExist:
        raise NotFound from None


def load_case(case_id: UUID, *, by: Actor, permission: Permission, seen: int | None = None) -> domain.Case:
    """Lock a case for the rest of the transaction and read how it stands.

    :param seen: the `seq` of the case that the caller last saw, where they said.
    :raises NotFound: there is none, or not for this caller.
    :raises Forbidden: the caller's role does not carry the permission.
    :raises StaleStream: the case changed since the caller saw it.
    """
    lock(case_id)
    return locked_case(case_id, by=by, permission=permission, seen=seen)


def locked_case(case_id: UUID, *, by: Actor, permission: Permission, seen: int | None = None) -> domain.Case:
    """Read how a case stands that is locked already; refuse as `load_case` does."""
    # The team and the case in one read: a case always has an owner.
    rows = _TEAM(case_id)
    roles: dict[UUID, str] = {user: role for user, role, *_ in rows}
    require_role(role_among(roles, case_id, by=by), permission)
    row = Case(**dict(zip(_OF_CASE, rows[0][2:], strict=True)))
    require_seen(seen, row.seq)
    return _state(row, roles)


_OF_CASE = ("title", "description", "sensitivity", "status", "tags", "erased", "seq")
_TEAM = WrittenOnce(
    lambda case: Member.objects.filter(case=case).values_list("user", "role", *(f"case__{name}" for name in _OF_CASE)),
    UUID,
)


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
    return _state(row, dict(row.members.values_list("user_id", "role")))


def _state(row: Case, roles: Mapping[UUID, str]) -> domain.Case:
    return domain.Case(
        title=row.title,
        description=row.description,
        sensitivity=domain.Sensitivity(row.sensitivity),
        status=domain.Status(row.status),
        tags=tuple(row.tags),
        team={user: domain.Role(role) for user, role in roles.items()},
        erased=tuple(row.erased),
    )
