"""The enrichers and how they fare, for superusers: whoever runs the site sees here what stands still, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from enrichment.health import HOURS, Health, Hour, health
from ledger.errors import Forbidden
from workspace.answers import show

HIGH, STEP, WIDE = 28.0, 6, 5
"""Sizes of the bars in the picture: the highest one, from one to the next, the width; in units of its view box."""


@dataclass(frozen=True)
class Bar:
    """One hour of the picture: where its bars begin and how high they are; failures stand on what was done."""

    hour: Hour
    x: int
    y_done: float
    done: float
    y_failed: float
    failed: float


@dataclass(frozen=True)
class Row:
    tool: Health
    bars: Sequence[Bar]
    wait: timedelta | None


@require_safe
def fare(request: HttpRequest) -> HttpResponse:
    """Show how every enricher fares."""
    if not request.user.is_superuser:
        raise Forbidden("How the tools of all cases fare is for superusers to see.")
    rows = [_row(each) for each in health()]
    context = {
        "rows": rows,
        "hours": HOURS,
        "width": (HOURS + 1) * STEP,
        "height": HIGH,
        "bar_width": WIDE,
        "waits": any(row.tool.waiting or row.tool.running for row in rows),
    }
    return show(request, "tools", context)


def _row(tool: Health) -> Row:
    wait = None if tool.oldest_seconds is None else timedelta(seconds=round(tool.oldest_seconds))
    return Row(tool=tool, bars=list(_bars(tool.hours)), wait=wait)


def _bars(hours: Sequence[Hour]) -> Iterator[Bar]:
    most = max([1, *(hour.done + hour.failed for hour in hours)])
    for number, hour in enumerate(hours):
        done, failed = (round(count / most * HIGH, 2) for count in (hour.done, hour.failed))
        y_done = round(HIGH - done, 2)
        yield Bar(hour, number * STEP, y_done, done, round(y_done - failed, 2), failed)
