"""The ledger panel of a case: how long its chain is, where it ends, and whether it holds."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_http_methods, require_safe

from cases.access import Permission
from ledger import keys
from ledger.attest import standings
from ledger.errors import DomainError, NotFound
from ledger.log import position_of
from ledger.models import Cosignature, Entry, Event, Head, Timestamp
from ledger.receipts import receipt_of
from ledger.rotation import turns
from ledger.signer import compare, published
from ledger.verify import verify
from workspace.answers import show
from workspace.frame import frame


@require_http_methods(["GET", "HEAD", "POST"])
def panel(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Show the head of a case's chain; on POST check the whole of it now."""
    around = frame(request, case_id)
    around.require(Permission.READ)
    kept = f"verified:{case_id}"
    if request.method == "POST":
        request.session[kept] = _check(case_id)
        return redirect("admin:case-ledger", case_id=case_id)
    head = Head.objects.get(pk=case_id)
    last = Event.objects.filter(stream=case_id).only("seq", "at", "type", "id").order_by("-seq").first()
    report = request.session.get(kept)
    if report:
        report = {**report, "at": parse_datetime(report["at"])}
    context = around.context("ledger", head=head, last=last, report=report, log=_log(last))
    return show(request, "case_ledger", context)


@require_safe
def receipt(request: HttpRequest, case_id: UUID, event: UUID) -> HttpResponse:
    """Hand out the receipt of an event: with the verifier key it proves offline that the event is in the log."""
    around = frame(request, case_id)
    around.require(Permission.READ)
    row = Event.objects.filter(pk=event, stream=case_id).first()
    if row is None:
        raise NotFound
    headers = {"Content-Disposition": f'attachment; filename="event-{row.seq}.tlog-proof"'}
    return HttpResponse(str(receipt_of(event)), content_type="text/plain; charset=utf-8", headers=headers)


def _log(last: Event | None) -> dict[str, Any]:
    """Say how the log stands, and whether its signed head covers the case's last event."""
    signed = published()
    place = position_of(last.id) if last else None
    try:
        found = compare()
        standing, sound = found.state.value, found.is_sound
        key = str(keys.verifier())
    except DomainError as refusal:
        standing, sound, key = refusal.detail, False, ""
    covered = bool(signed and place and place.position < signed.size)
    known = {"signed": signed, "standing": standing, "sound": sound, "covered": covered, "key": key}
    return {**known, "earlier": _earlier_keys(), "attesting": _attesting(place)}


def _earlier_keys() -> list[dict[str, Any]]:
    """List the keys before the one in use, the newest first: bundles and receipts of their time are signed by them."""
    try:
        known = turns()
    except DomainError:
        # What does not hold of them is said as the log's standing.
        return []
    return [
        {"key": str(turn.old), "events": turn.position, "at": turn.recorded.at, "lost": turn.lost}
        for turn in reversed(known)
    ]


def _attesting(place: Entry | None) -> list[dict[str, Any]]:
    """Say of each authority and witness which head it attested last, and whether that covers the case."""
    try:
        found = standings()
    except DomainError:
        return []
    shown = []
    for each in found:
        if each.kind == "authority":
            rows = Timestamp.objects.filter(authority=each.name).order_by("-size").values_list("size", "gen_time")
        else:
            rows = Cosignature.objects.filter(witness=each.name).order_by("-size").values_list("size", "time")
        size, time = rows.first() or (0, None)
        covers = bool(place and place.position < size)
        shown.append({"about": each, "size": size, "time": time, "covers": covers})
    return shown


def _check(case_id: UUID) -> dict[str, Any]:
    began = timezone.now()
    found = verify(stream=case_id)
    fault = found.faults[0] if found.faults else None
    return {
        "at": began.isoformat(),
        "seconds": round((timezone.now() - began).total_seconds(), 2),
        "events": found.events,
        "fault": {"seq": fault.seq, "event": fault.event, "reason": fault.reason} if fault else None,
    }
