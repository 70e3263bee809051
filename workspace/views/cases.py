"""Pages about cases: the list, and the tabs of one case."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from cases import commands
from cases.access import Permission, may, visible_cases
from cases.domain import Role
from cases.filters import CaseFilter
from cases.models import Comment, Member
from cases.queries import state_of
from cases.rules import possible_changes
from enrichment.choosing import choose_playbook, playbook_of
from evidence import queries
from evidence.models import ErasedPart, ItemState
from evidence.search import matching
from ledger.errors import DomainError, Invalid
from workspace import board as evidence_board
from workspace import history as told
from workspace.answers import actor, before, show
from workspace.forms import cases as forms
from workspace.forms.playbooks import ChoosePlaybook, initial_of, titled
from workspace.frame import frame
from workspace.intentions import Intention, outcome
from workspace.people import names_of

PAGE = 25
PAGE_AND_FORMS = ["GET", "HEAD", "POST"]

STATUS = {
    "CaseHeld": ("hold", "Put on hold", commands.hold_case),
    "CaseResumed": ("resume", "Resume", commands.resume_case),
    "CaseSentToReview": ("review", "Send to review", commands.send_to_review),
    "CaseClosed": ("close", "Close", commands.close_case),
    "CaseReopened": ("reopen", "Reopen", commands.reopen_case),
    "CaseArchived": ("archive", "Archive", commands.archive_case),
}
"""The changes of status: what the form says, what the button says, the command."""


def change_status(*, change: str, **arguments: Any) -> None:
    """Carry out the change of status that the pressed button names."""
    for name, _, command in STATUS.values():
        if name == change:
            command(**arguments)
            return
    raise Invalid("There is no such change of status.")


SETTINGS = {
    "rename": Intention(forms.Rename, commands.rename_case, Permission.MANAGE, "The case has a new title."),
    "describe": Intention(forms.Describe, commands.describe_case, Permission.MANAGE, "The case is described anew."),
    "sensitivity": Intention(forms.SetSensitivity, commands.set_sensitivity, Permission.MANAGE, "Sensitivity set."),
    "status": Intention(forms.ChangeStatus, change_status, Permission.MANAGE, "The status changed."),
    "playbook": Intention(
        ChoosePlaybook, choose_playbook, Permission.EDIT, "New evidence is read by this playbook from now on."
    ),
    "tag": Intention(forms.AddTag, commands.tag_case, Permission.EDIT, "Tagged."),
    "untag": Intention(forms.RemoveTag, commands.untag_case, Permission.EDIT, "The tag is off."),
}
TEAM = {
    "add": Intention(forms.AddMember, commands.add_member, Permission.MANAGE, "Added to the team."),
    "role": Intention(forms.ChangeRole, commands.change_role, Permission.MANAGE, "The role changed."),
    "remove": Intention(forms.RemoveMember, commands.remove_member, Permission.MANAGE, "Taken off the team."),
}
COMMENTS = {
    "comment": Intention(forms.Comment, commands.comment_on_case, Permission.COMMENT, "Commented."),
}


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List the cases of the one who is signed in, with how much is in them."""
    by = actor(request)
    mine = visible_cases(by)
    found = CaseFilter(request.GET, queryset=mine)
    page = Paginator(found.qs, PAGE).get_page(request.GET.get("page"))
    ids = [case.pk for case in page]
    roles = dict(Member.objects.filter(case__in=ids, user=by.user).values_list("case_id", "role"))
    counts = {row["case"]: row for row in _counts(ids)}
    # A submitter does not learn how much others have added.
    readers = {case for case, role in roles.items() if may(Role(role), Permission.READ)}
    rows = [(case, roles[case.pk], counts.get(case.pk) if case.pk in readers else None) for case in page]
    narrowed = any(request.GET.get(name) for name in ("title", "status", "sensitivity"))
    context = {
        "rows": rows,
        "readers": readers,
        "page": page,
        "search": forms.CaseSearch(request.GET or None),
        "narrowed": narrowed,
        "query": _without(request, "page"),
    }
    return show(request, "cases", context)


@require_http_methods(PAGE_AND_FORMS)
def open_case(request: HttpRequest) -> HttpResponse:
    """Open a case."""
    form = forms.OpenCase(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                opened = commands.open_case(**form.arguments(), by=actor(request))
            except DomainError as refusal:
                form.refuse(refusal)
            else:
                messages.success(request, "The case is open, and you are its owner.")
                return redirect("admin:case", case_id=opened.stream)
    return show(request, "case_new", {"form": form, "refused": form if form.errors else None}, status=status)


@require_safe
def board(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Show a case's evidence as a list that can be narrowed; the filters stand in the address."""
    around = frame(request, case_id)
    listed = evidence_board.listed(request, case_id, by=around.by)
    context = around.context("evidence", board=listed, query=_without(request, "before"))
    return show(request, "board", context, status=listed.status)


@require_http_methods(PAGE_AND_FORMS)
def settings(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Show what a case says of itself, and let its managers change it."""
    around = frame(request, case_id)
    around.require(Permission.READ)
    case = around.case
    initial = {
        "title": case.title,
        "description": case.description,
        "sensitivity": case.sensitivity,
        "seen": case.seq,
        **initial_of(playbook := playbook_of(case_id)),
    }
    done = outcome(request, SETTINGS, by=around.by, role=around.role, about={"case_id": case_id}, initial=initial)
    if done.answer:
        return done.answer
    case.refresh_from_db()
    done.renew(case.seq)
    changes = [STATUS[each.__name__][:2] for each in possible_changes(state_of(case))]
    names = names_of([case.opened_by])
    context = around.context(
        "settings",
        forms=done.forms,
        refused=done.refused,
        changes=changes,
        opened_by=names[case.opened_by],
        playbook=titled(playbook),
    )
    return show(request, "case_settings", context, status=done.status)


@require_http_methods(PAGE_AND_FORMS)
def team(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Show who is on the team, and let its managers change that."""
    around = frame(request, case_id)
    around.require(Permission.READ)
    initial = {"seen": around.case.seq}
    done = outcome(request, TEAM, by=around.by, role=around.role, about={"case_id": case_id}, initial=initial)
    if done.answer:
        return done.answer
    around.case.refresh_from_db()
    done.renew(around.case.seq)
    members = around.case.members.select_related("user").order_by("since")
    context = around.context(
        "team", forms=done.forms, refused=done.refused, members=members, roles=[role.value for role in Role]
    )
    return show(request, "case_team", context, status=done.status)


@require_http_methods(PAGE_AND_FORMS)
def comments(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Show what was said about a case and its items, newest first."""
    around = frame(request, case_id)
    around.require(Permission.READ)
    done = outcome(request, COMMENTS, by=around.by, role=around.role, about={"case_id": case_id}, initial={})
    if done.answer:
        return done.answer
    page = Paginator(Comment.objects.filter(case=case_id).order_by("-seq"), PAGE).get_page(request.GET.get("page"))
    names = names_of(comment.author for comment in page)
    items = [comment.item for comment in page if comment.item]
    titles = {row.item: row for row in ItemState.objects.now().filter(item__in=items)}
    said = [(comment, names[comment.author], titles.get(comment.item)) for comment in page]
    erased = set(ErasedPart.objects.filter(event__in=[each.id for each in page]).values_list("event", flat=True))
    more = {"page": page, "said": said, "erased": erased, "query": ""}
    context = around.context("comments", forms=done.forms, refused=done.refused, **more)
    return show(request, "case_comments", context, status=done.status)


@require_safe
def history(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Show the events of a case, newest first, a page at a time."""
    around = frame(request, case_id)
    around.require(Permission.READ)
    start = before(request)
    entries = told.of_case(case_id, before=start)
    shown, more = entries[: told.PAGE], entries[told.PAGE :]
    items = {entry.event.item for entry in shown if entry.event.item}
    titles = {row.item: str(row) for row in ItemState.objects.now().filter(item__in=items)}
    context = around.context(
        "history",
        entries=[(entry, titles.get(entry.event.item)) for entry in shown],
        older=shown[-1].event.seq if more else None,
        newest=start is None,
    )
    return show(request, "case_history", context)


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Search in everything the reader may see, over all cases."""
    text = request.GET.get("q", "")[:500]
    found = queries.visible_everywhere(actor(request)).filter(item__in=matching(text)).select_related("case")
    rows = list(found.order_by("-submitted_at", "-item")[: PAGE * 2 + 1]) if text else []
    items = evidence_board.summaries(rows[: PAGE * 2])
    cases = {str(row.item): row.case for row in rows}
    context = {
        "q": text,
        "items": [(item, cases[item["id"]]) for item in items],
        "more": len(rows) > PAGE * 2,
    }
    return show(request, "search", context)


@require_http_methods(PAGE_AND_FORMS)
def emergency(request: HttpRequest) -> HttpResponse:
    """Let a superuser break the glass, in the sight of the case's team."""
    form = forms.EmergencyAccess(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            asked = form.cleaned_data
            try:
                commands.take_emergency_access(case_id=asked["case"], reason=asked["reason"], by=actor(request))
            except DomainError as refusal:
                form.refuse(refusal)
                status = refusal.status
            else:
                messages.warning(request, "You are in as a viewer. The team sees that you are, and why.")
                return redirect("admin:case", case_id=asked["case"])
    return show(request, "emergency", {"form": form, "refused": form if form.errors else None}, status=status)


def _counts(cases: list[UUID]) -> Any:
    now = ItemState.objects.now().filter(case__in=cases).order_by()
    return now.values("case").annotate(
        items=Count("id"),
        flagged=Count("id", filter=Q(flagged=True)),
        ungraded=Count("id", filter=Q(reliability="")),
    )


def _without(request: HttpRequest, name: str) -> str:
    kept = request.GET.copy()
    kept.pop(name, None)
    return kept.urlencode()
