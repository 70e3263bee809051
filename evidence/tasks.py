"""What beat asks for: custody events from the looks that wait."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from evidence import commands
from evidence.models import Look

LOOKS = 1000
"""Looks gathered in one event."""


@shared_task(name="evidence.tasks.record_custody")
def record_custody(**_: Any) -> None:
    """Record who looked at what, in as few events per case as hold it."""
    for case_id in Look.objects.order_by().values_list("case_id", flat=True).distinct():
        while commands.record_custody(case_id=case_id, limit=LOOKS) == LOOKS:
            continue
