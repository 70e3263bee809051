"""The forms of a page: each is one person's intention, and sends it to one command.

A refused form is shown again with what was typed, and with the reason; the page around it shows how things stand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect

from cases.access import Permission, may
from cases.domain import Role
from ledger.actors import Actor
from ledger.errors import DomainError, Forbidden, Invalid, NotFound
from workspace.forms.base import Form


@dataclass(frozen=True)
class Intention:
    """A form, the command it is for, who may send it, and the sentence that says it is done."""

    form: type[Form]
    command: Callable[..., Any]
    needs: Permission
    done: str


@dataclass(frozen=True)
class Outcome:
    """What came of a request to a page with forms: a redirect if one was carried out, else forms to show."""

    forms: Mapping[str, Form]
    answer: HttpResponseRedirect | None = None
    refused: Form | None = None
    status: int = 200

    def renew(self, seen: int) -> None:
        """Let the refused form be sent again, now about the state that its page shows."""
        if self.refused and "seen" in self.refused.fields:
            self.refused.data = {**self.refused.data.dict(), "seen": str(seen)}


def outcome(
    request: HttpRequest,
    intentions: Mapping[str, Intention],
    *,
    by: Actor,
    role: Role,
    about: Mapping[str, Any],
    initial: Mapping[str, Any],
) -> Outcome:
    """Carry out the form that was sent, if one was; else make those that the role may send.

    :param about: what the commands are about (the case, the item).
    :param initial: first values of the forms' fields, by field.
    """
    wanted = request.POST.get("do", "") if request.method == "POST" else None
    forms: dict[str, Form] = {}
    for name, intention in intentions.items():
        if may(role, intention.needs):
            data = request.POST if name == wanted else None
            forms[name] = intention.form(data, initial=dict(initial), auto_id=f"{name}-%s")
    if wanted is None:
        return Outcome(forms)
    if wanted not in forms:
        if wanted in intentions:
            raise Forbidden(f"Your role in this case ({role}) does not allow you to {intentions[wanted].needs}.")
        raise Invalid("This page has no such form.")
    return _carried_out(request, intentions[wanted], forms, wanted, by=by, about=about)


def _carried_out(
    request: HttpRequest,
    intention: Intention,
    forms: Mapping[str, Form],
    name: str,
    *,
    by: Actor,
    about: Mapping[str, Any],
) -> Outcome:
    form = forms[name]
    status = 400
    if form.is_valid():
        try:
            intention.command(**about, by=by, **form.arguments())
        except NotFound as refusal:
            # The page's own subject was found: what is missing is something that the form names.
            form.refuse(refusal)
            status = 400
        except DomainError as refusal:
            form.refuse(refusal)
            status = refusal.status
        else:
            messages.success(request, intention.done)
            return Outcome(forms, answer=HttpResponseRedirect(request.path))
    return Outcome(forms, refused=form, status=status)
