"""Pages about findings: the list, a new one, and one with all that it stands on."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from analysis import commands, registry
from analysis.queries import bound, finding_row, findings_of
from cases.access import Permission
from ledger.errors import DomainError
from workspace import findings as shown
from workspace.answers import show
from workspace.forms import findings as forms
from workspace.frame import frame
from workspace.intentions import Intention, outcome

MOST = 200
"""Findings that a page lists; a case has a few dozen."""

PAGE_AND_FORMS = ["GET", "HEAD", "POST"]
ON_FINDING = {
    "compute": Intention(forms.Compute, commands.compute_finding, Permission.STATE, "Computed."),
    "review": Intention(forms.Review, commands.review_finding, Permission.SIGN_OFF, "Your review is recorded."),
    "sign-off": Intention(forms.SignOff, commands.sign_off_finding, Permission.SIGN_OFF, "Signed off."),
    "publish": Intention(forms.Publish, commands.publish_finding, Permission.MANAGE, "Recorded as published."),
    "withdraw": Intention(forms.Withdraw, commands.withdraw_finding, Permission.STATE, "Withdrawn."),
}


@require_safe
def findings(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """List the findings of a case."""
    around = frame(request, case_id)
    rows = list(findings_of(case_id, by=around.by).order_by("seq")[:MOST])
    return show(request, "case_findings", around.context("findings", findings=shown.listed(rows)))


@require_http_methods(PAGE_AND_FORMS)
def new(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Let somebody state a finding: the sentence, and what the chosen rule asks for; its number is computed at once."""
    around = frame(request, case_id)
    around.require(Permission.STATE)
    rule = request.GET.get("rule", "")
    form_class = forms.STATE.get(rule) or forms.STATE["count"]
    more: dict[str, Any] = {}
    if issubclass(form_class, forms.OfFindings):
        rows = findings_of(case_id, by=around.by).order_by("seq")[:MOST]
        more["findings"] = forms.choices([(row.pk, str(row)) for row in rows])
    form = form_class(request.POST if request.method == "POST" else None, auto_id="state-%s", **more)
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                stated = commands.state_finding(case_id=case_id, by=around.by, **form.arguments())
                assert stated.item is not None  # noqa: S101 -- every event of a finding is about it
            except DomainError as refusal:
                form.refuse(refusal)
            else:
                _compute(request, case_id, stated.item, by=around.by)
                return redirect("admin:finding", case_id=case_id, finding=stated.item)
    rules = [registry.installed()[name] for name in forms.STATE]
    refused = form if form.is_bound and form.errors else None
    context = around.context("findings", form=form, refused=refused, rules=rules, rule=form_class.rule)
    return show(request, "finding_new", context, status=status)


@require_http_methods(PAGE_AND_FORMS)
def finding(request: HttpRequest, case_id: UUID, finding: UUID) -> HttpResponse:
    """Show a finding with all that its number stands on, and let those judge it who may."""
    around = frame(request, case_id)
    row = finding_row(case_id, finding, by=around.by)
    initial = {"seen": row.last_seq, "digest": row.digest, "sentence": str(row)}
    about = {"case_id": case_id, "finding": finding}
    done = outcome(request, ON_FINDING, by=around.by, role=around.role, about=about, initial=initial)
    if done.answer:
        return done.answer
    row = finding_row(case_id, finding, by=around.by)
    done.renew(row.last_seq)
    said = bound(row)
    context = around.context(
        "findings",
        finding=shown.whole(row),
        # A template reads no hyphen.
        forms={name.replace("-", "_"): form for name, form in done.forms.items()},
        refused=done.refused,
        own=_own(row, around.by.user),
        signed=said["signed_off"],
        reviewed=said["reviewed"],
        published=said["published"],
    )
    return show(request, "finding", context, status=done.status)


def _compute(request: HttpRequest, case_id: UUID, finding: UUID, *, by: Any) -> None:
    try:
        commands.compute_finding(case_id=case_id, finding=finding, by=by)
    except DomainError as refusal:
        messages.warning(request, f"The finding is stated, and has no number yet: {refusal.detail}")
    else:
        messages.success(request, "The finding is stated, and its number computed.")


def _own(row: Any, user: UUID | None) -> bool:
    state = row.state
    authors = {*state.get("authors", ()), (state.get("computed") or {}).get("computed_by")}
    return str(user) in authors
