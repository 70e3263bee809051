"""The ledger panel of a case: how long its chain is, where it ends, and whether it holds."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_http_methods

from cases.access import Permission
from ledger.models import Event, Head
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
    return show(request, "case_ledger", around.context("ledger", head=head, last=last, report=report))


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
