"""Who may do what in a case: five roles, and nothing else, is a key.

Being staff or superuser opens no case. For one who is not on the team a case does not exist: the answer is the same
as for an id that was never given.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID

from django.db.models import QuerySet

from cases.domain import Role
from cases.models import Case, Member
from ledger.actors import Actor
from ledger.errors import Forbidden, NotFound


class Permission(StrEnum):
    READ = "read the case"
    SUBMIT = "add evidence"
    EDIT = "correct, retract, link or tag evidence"
    GRADE = "grade evidence"
    COMMENT = "comment"
    STATE = "state and compute findings"
    SIGN_OFF = "review and sign off findings"
    EXPORT = "export the case"
    MANAGE = "manage the case and its team"
    ERASE = "ask for an erasure"
    CONFIRM_ERASURE = "confirm or decline an erasure"


_MAY: dict[Role, frozenset[Permission]] = {
    Role.OWNER: frozenset(Permission),
    Role.INVESTIGATOR: frozenset(Permission)
    - {Permission.MANAGE, Permission.SIGN_OFF, Permission.ERASE, Permission.CONFIRM_ERASURE},
    # Who reviews and signs off also discloses. A viewer reads item by item, in the sight of the team; that is also the
    # role of one who broke the glass, who must not carry the whole case away.
    Role.REVIEWER: frozenset(
        {
            Permission.READ,
            Permission.GRADE,
            Permission.COMMENT,
            Permission.SIGN_OFF,
            Permission.EXPORT,
            Permission.CONFIRM_ERASURE,
        }
    ),
    Role.VIEWER: frozenset({Permission.READ}),
    Role.SUBMITTER: frozenset({Permission.SUBMIT}),
}


def may(role: Role, permission: Permission) -> bool:
    """Say whether a role carries a permission."""
    return permission in _MAY[role]


def role_in(case_id: UUID, *, by: Actor) -> Role:
    """Find the caller's role in a case.

    :raises NotFound: the case does not exist, or does not for this caller.
    """
    if by.user is None or by.case not in (None, case_id):
        raise NotFound
    role = Member.objects.filter(case=case_id, user=by.user).values_list("role", flat=True).first()
    if role is None:
        raise NotFound
    return Role(role)


def require(case_id: UUID, permission: Permission, *, by: Actor) -> Role:
    """Refuse a caller whose role in the case does not carry the permission.

    :raises NotFound: the case does not exist, or does not for this caller.
    :raises Forbidden: the caller is on the team and may not do this.
    """
    role = role_in(case_id, by=by)
    require_role(role, permission)
    return role


def require_role(role: Role, permission: Permission) -> None:
    """Refuse a role that does not carry the permission.

    :raises Forbidden: it does not.
    """
    if not may(role, permission):
        raise Forbidden(f"Your role in this case ({role}) does not allow you to {permission}.")


def role_among(roles: Mapping[UUID, str], case_id: UUID, *, by: Actor) -> Role:
    """Find the caller's role in a case the roles of whose whole team were read already.

    :raises NotFound: they are not on it, or their token is for another case.
    """
    if by.user is None or by.user not in roles or by.case not in (None, case_id):
        raise NotFound
    return Role(roles[by.user])


def visible_cases(by: Actor) -> QuerySet[Case]:
    """Select the cases whose team the caller is on."""
    cases = Case.objects.filter(members__user=by.user)
    return cases.filter(pk=by.case) if by.case else cases


def readable_cases(by: Actor) -> QuerySet[Case]:
    """Select the cases all of whose evidence the caller may read (a submitter may not)."""
    readers = [role for role in Role if may(role, Permission.READ)]
    cases = Case.objects.filter(members__user=by.user, members__role__in=readers)
    return cases.filter(pk=by.case) if by.case else cases
