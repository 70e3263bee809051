"""What beat asks for: custody events from the looks that wait, old upload leftovers away."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from evidence import commands
from evidence.models import Look


@shared_task(name="evidence.tasks.record_custody")
def record_custody(**_: Any) -> None:
    """Record who looked at what, one event per case."""
    for case_id in Look.objects.order_by().values_list("case_id", flat=True).distinct():
        commands.record_custody(case_id=case_id)
