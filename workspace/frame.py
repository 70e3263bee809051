"""What stands around every page of a case: the case, the reader's role in it, and what that role may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest

from cases.access import Permission, may, role_in
from cases.domain import ACTIVE, Role
from cases.models import Case
from ledger.actors import Actor
from ledger.errors import Forbidden
from workspace.answers import actor


@dataclass(frozen=True)
class Frame:
    case: Case
    role: Role
    by: Actor

    @property
    def may(self) -> dict[str, bool]:
        """Say what the reader may do, by the name of the permission."""
        return {each.name.lower(): may(self.role, each) for each in Permission}

    @property
    def active(self) -> bool:
        """Say whether evidence may be added now."""
        return self.case.status in ACTIVE

    def context(self, tab: str, **more: Any) -> dict[str, Any]:
        """Make the context of a page's template; `tab` is the one that is open."""
        return {
            "case": self.case,
            "role": self.role,
            "may": self.may,
            "active": self.active,
            "tab": tab,
            **more,
        }

    def require(self, permission: Permission) -> None:
        """Refuse a reader whose role does not carry the permission."""
        if not may(self.role, permission):
            raise Forbidden(f"Your role in this case ({self.role}) does not allow you to {permission}.")


def frame(request: HttpRequest, case_id: UUID) -> Frame:
    """Find the case of a page.

    :raises NotFound: there is none, or not for this reader.
    """
    by = actor(request)
    role = role_in(case_id, by=by)
    return Frame(case=Case.objects.get(pk=case_id), role=role, by=by)
