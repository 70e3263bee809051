"""Pages about exports: what is to stay behind, what was asked for and how far it is, and the bundle itself."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_http_methods, require_safe

from cases.access import Permission
from exchange.commands import request_export
from exchange.download import bundle_response
from exchange.models import Export
from exchange.queries import exports_of, preview
from ledger import keys
from ledger.errors import DomainError
from workspace.answers import actor, show
from workspace.forms import exports as forms
from workspace.frame import Frame, frame
from workspace.intentions import Intention, outcome
from workspace.people import names_of

PAGE = 20
ACTIONS = {
    "export": Intention(
        forms.Export, request_export, Permission.EXPORT, "A worker writes the bundle; this page follows it."
    )
}


@require_http_methods(["GET", "HEAD", "POST"])
def exports(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Show the exports of a case, count what a new one would withhold, and ask for it."""
    around = frame(request, case_id)
    around.require(Permission.READ)
    if request.POST.get("do") == "preview":
        return _previewed(request, around)
    about = {"case_id": case_id}
    done = outcome(request, ACTIONS, by=around.by, role=around.role, about=about, initial={})
    if done.answer:
        return done.answer
    context = _about(request, around, form=done.forms.get("export"), refused=done.refused)
    return show(request, "case_exports", context, status=done.status)


@require_safe
def bundle(request: HttpRequest, case_id: UUID, export: UUID) -> HttpResponseBase:
    """Hand out a bundle, or the rest of it, and note that somebody took it."""
    return bundle_response(request, case_id=case_id, export_id=export, by=actor(request))


def _previewed(request: HttpRequest, around: Frame) -> HttpResponse:
    around.require(Permission.EXPORT)
    form = forms.Export(request.POST, auto_id="export-%s")
    found, status = None, 400
    if form.is_valid():
        try:
            found = preview(around.case.pk, form.arguments()["wanted"].profile(), by=around.by)
            status = 200
        except DomainError as refusal:
            form.refuse(refusal)
    refused = form if form.errors else None
    return show(
        request, "case_exports", _about(request, around, form=form, refused=refused, preview=found), status=status
    )


def _about(request: HttpRequest, around: Frame, **more: Any) -> dict[str, Any]:
    page = Paginator(exports_of(around.case.pk, by=around.by).order_by("-id"), PAGE).get_page(request.GET.get("page"))
    names = names_of(each.asked_by for each in page)
    return around.context(
        "exports",
        page=page,
        query="",
        exports=[(each, names[each.asked_by]) for each in page],
        waits=any(each.status in {Export.WAITING, Export.RUNNING} for each in page),
        key=_key(),
        **more,
    )


def _key() -> str:
    try:
        return str(keys.verifier())
    except DomainError:
        return ""
