"""Adding evidence, and correcting it: the two pages with an item's fields as a form."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from cases import domain as cases
from cases.access import Permission
from cases.rules import require_active
from evidence import commands, queries, rules
from evidence.domain import EvidenceSubmitted, FileReference, Kind
from evidence.models import ItemState
from evidence.projections import state_of as item_state
from evidence.serializers import Declared, SubmitSerializer
from ledger.errors import DomainError, Invalid, NotFound, StaleStream
from workspace.answers import show
from workspace.facts import flat
from workspace.forms.evidence import CORRECT, NEW, EvidenceFields, changes, initial_of
from workspace.frame import Frame, frame
from workspace.history import Change
from workspace.relations import titles_of

CHOICES = 300


@require_http_methods(["GET", "HEAD", "POST"])
def submit(request: HttpRequest, case_id: UUID, kind: str) -> HttpResponse:
    """Add an item of evidence."""
    if kind not in set(Kind):
        raise NotFound
    around = frame(request, case_id)
    around.require(Permission.SUBMIT)
    require_active(around.case.status)
    sent = _sent(request)
    form = NEW[Kind(kind)](
        *sent, items=_choices(around), initial={"sensitivity": around.case.sensitivity}, auto_id="new-%s"
    )
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                recorded = commands.submit_evidence(case_id=case_id, said=_submission(form, around), by=around.by)
            except DomainError as refusal:
                form.refuse(refusal)
                status = refusal.status
            else:
                messages.success(request, "The evidence is recorded.")
                return redirect("admin:evidence-item", case_id=case_id, item=recorded.item)
    context = around.context("evidence", form=form, kind=kind, refused=form if form.errors else None)
    return show(request, "evidence_new", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest, case_id: UUID, item: UUID) -> HttpResponse:
    """Give fields of an item new values, for a reason."""
    around = frame(request, case_id)
    row = queries.item_row(case_id, item, by=around.by)
    around.require(Permission.EDIT)
    if row.status == "retracted":
        raise rules.ItemRetracted("This item was retracted: it stays readable and is not changed any more.")
    form = _correction(around, row, request.POST if request.method == "POST" else None)
    status, meanwhile = 200, []
    if request.method == "POST":
        status = 400
        if form.is_valid():
            seen = form.cleaned_data["seen"]
            asked = changes(_as_seen(row, seen), form.values())
            reason = form.cleaned_data["reason"]
            try:
                commands.correct(case_id=case_id, item=item, changes=asked, reason=reason, by=around.by, seen=seen)
            except StaleStream as refusal:
                meanwhile = _meanwhile(row, seen)
                form = _on_top(around, row, form, asked)
                form.refuse(refusal)
                status = refusal.status
            except DomainError as refusal:
                form.refuse(refusal)
                status = refusal.status
            else:
                messages.success(request, "Corrected; the old values stay in the history.")
                return redirect("admin:evidence-item", case_id=case_id, item=item)
    context = around.context(
        "evidence",
        form=form,
        row=row,
        title=str(row),
        kind=row.kind,
        meanwhile=meanwhile,
        refused=form if form.errors else None,
    )
    return show(request, "evidence_correct", context, status=status)


def _sent(request: HttpRequest) -> tuple[Any, Any]:
    if request.method != "POST":
        return None, None
    try:
        return request.POST, request.FILES
    except MultiPartParserError as error:
        raise Invalid(f"The upload did not come whole. Nothing was recorded; send it again. ({error})") from error


def _submission(form: EvidenceFields, around: Frame) -> EvidenceSubmitted:
    """Read the form as a submission; its file is kept only once nothing else can be refused about it."""
    sensitivity = cases.Sensitivity(around.case.sensitivity)
    said = SubmitSerializer.submission({"kind": form.kind.value, **form.values()}, sensitivity=sensitivity)
    upload = form.cleaned_data.get("file")
    if upload is None:
        return said
    declared = Declared(sha256=form.cleaned_data["declared_sha256"].lower(), size=form.cleaned_data["declared_size"])
    try:
        declared.compare(sha256=upload.sha256, size=upload.size)
    except Invalid as refusal:
        said = "The file did not arrive whole; choose it again."
        raise Invalid(said, errors={"file": [said]}) from refusal
    file = FileReference(sha256=upload.sha256, size=upload.size, name=upload.name, media_type=upload.content_type or "")
    commands.require_acceptable(case_id=around.case.pk, said=replace(said, file=file), by=around.by)
    upload.keep()
    return replace(said, file=file)


def _choices(around: Frame, *, chosen: tuple[UUID, ...] = ()) -> list[tuple[UUID, str]]:
    """Offer the newest items of the case, and those that are chosen already."""
    seen = queries.visible_items(around.case.pk, by=around.by).now()  # type: ignore[attr-defined]
    offered = titles_of(seen, most=CHOICES)
    missing = set(chosen) - {item for item, _ in offered}
    return offered + (titles_of(seen.filter(item__in=missing), most=len(missing)) if missing else [])


def _correction(around: Frame, row: ItemState, data: Any) -> EvidenceFields:
    said = item_state(row).said
    chosen = (*said.derived_from, *said.basis)
    return CORRECT[Kind(row.kind)](
        data,
        items=[each for each in _choices(around, chosen=chosen) if each[0] != row.item],
        chain=len(said.attribution),
        initial={**initial_of(said), "seen": row.from_seq},
        auto_id="correct-%s",
    )


def _as_seen(row: ItemState, seen: int) -> EvidenceSubmitted:
    """Find the fields as the person saw them when they began to type."""
    old = ItemState.objects.filter(item=row.item, from_seq=seen).first()
    return item_state(old or row).said


def _meanwhile(row: ItemState, seen: int) -> list[Change]:
    was = dict(flat(initial_of(_as_seen(row, seen))))
    is_now = dict(flat(initial_of(item_state(row).said)))
    labels = dict.fromkeys([*is_now, *was])
    return [
        Change(label, was.get(label, "–"), is_now.get(label, "–"))
        for label in labels
        if was.get(label, "–") != is_now.get(label, "–")
    ]


def _on_top(around: Frame, row: ItemState, form: EvidenceFields, asked: dict[str, Any]) -> EvidenceFields:
    """Put what the person changed on top of how the item stands now, so that neither of two editors loses anything."""
    said = item_state(row).said
    data = form.data.copy()
    now = {**initial_of(said), "seen": row.from_seq}
    fresh = _correction(around, row, None)
    for name in fresh.fields:
        if name == "reason" or any(name == field or name.startswith(f"{field}_") for field in asked):
            continue
        value = now.get(name)
        if isinstance(value, list | tuple):
            data.setlist(name, [str(each) for each in value])
        elif value in (None, False, ""):
            data.pop(name, None)
        else:
            data[name] = "on" if value is True else str(value)
    data["seen"] = str(row.from_seq)
    return _correction(around, row, data)
