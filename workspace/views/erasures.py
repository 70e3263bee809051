"""Pages about erasures: what is to go, and the second person's answer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from cases.access import Permission
from evidence import queries
from evidence.erased import bytes_erased
from evidence.erasure import commands
from evidence.erasure.models import ErasureRequest
from evidence.erasure.rules import OtherList
from evidence.models import ItemState
from ledger.errors import DomainError
from workspace import erasures
from workspace.answers import show
from workspace.forms import erasures as forms
from workspace.frame import Frame, frame
from workspace.intentions import Intention, outcome
from workspace.people import names_of

PAGE = 20
DECISIONS = {
    "confirm": Intention(
        forms.Confirm, commands.confirm_erasure, Permission.CONFIRM_ERASURE, "It is erased, for good."
    ),
    "decline": Intention(forms.Decline, commands.decline_erasure, Permission.CONFIRM_ERASURE, "Declined."),
}


@require_http_methods(["GET", "HEAD", "POST"])
def of_case(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Show the erasures of a case, those to decide on first, and take the second person's answer."""
    around = frame(request, case_id)
    around.require(Permission.READ)
    about = {"case_id": case_id}
    done = outcome(request, DECISIONS, by=around.by, role=around.role, about=about, initial={})
    if done.answer:
        return done.answer
    rows = ErasureRequest.objects.filter(case_id=case_id)
    waiting = [erasures.asked(row, by=around.by) for row in rows.filter(status=ErasureRequest.OPEN)]
    decided = rows.exclude(status=ErasureRequest.OPEN)
    page = Paginator(decided.order_by("-decided_seq"), PAGE).get_page(request.GET.get("page"))
    past = [erasures.asked(row, by=around.by) for row in page]
    actors = [name for each in (*waiting, *past) for name in (each.row.requested_by, each.row.decided_by) if name]
    context = around.context(
        "erasures",
        waiting=waiting,
        past=past,
        page=page,
        query="",
        names=names_of(actors),
        refused=done.refused,
        reason=forms.Decline().fields["reason"],
    )
    return show(request, "case_erasures", context, status=done.status)


@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, case_id: UUID, item: UUID | None = None) -> HttpResponse:
    """Let an owner choose what is to go, show all that would, and ask for it."""
    around = frame(request, case_id)
    around.require(Permission.ERASE)
    row = queries.item_row(case_id, item, by=around.by) if item else None
    form = _form(request, case_id, row)
    if request.method != "POST":
        return _page(request, around, row, form)
    if not form.is_valid() or (request.POST.get("do") == "ask" and not form.require_why()):
        return _page(request, around, row, form, status=400)
    try:
        if request.POST.get("do") == "ask":
            commands.request_erasure(case_id=case_id, wanted=form.wanted(), by=around.by)
            messages.success(request, "It is asked for. A second person has to confirm it here.")
            return redirect("admin:case-erasures", case_id=case_id)
        return _previewed(request, around, row, form)
    except OtherList as refusal:
        form.refuse(refusal)
        return _previewed(request, around, row, form, status=refusal.status)
    except DomainError as refusal:
        form.refuse(refusal)
        return _page(request, around, row, form, status=refusal.status)


def _form(request: HttpRequest, case_id: UUID, row: ItemState | None) -> forms.Erase:
    return forms.Erase(
        request.POST if request.method == "POST" else None,
        item=row.item if row else None,
        fields=erasures.fields_of(row) if row else [],
        events=erasures.said_of(case_id, row.item if row else None),
        sha256=row.sha256 if row and not bytes_erased(row.item, row.sha256) else "",
        auto_id="erase-%s",
    )


def _previewed(
    request: HttpRequest, around: Frame, row: ItemState | None, form: forms.Erase, *, status: int = 200
) -> HttpResponse:
    found = commands.preview_erasure(case_id=around.case.pk, wanted=form.what_goes(), by=around.by)
    preview = erasures.shown(found)
    # What is asked for with the next button is the list that stands there.
    form.data = request.POST.copy()
    form.data["fingerprint"] = preview.fingerprint
    return _page(request, around, row, form, preview=preview, status=status)


def _page(
    request: HttpRequest, around: Frame, row: ItemState | None, form: forms.Erase, *, status: int = 200, **more: Any
) -> HttpResponse:
    context = around.context(
        "erasures",
        row=row,
        title=str(row) if row else "",
        form=form,
        refused=form if form.errors else None,
        preview=more.get("preview"),
    )
    return show(request, "erase", context, status=status)
