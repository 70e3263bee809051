"""What beat asks for: old answers to repeatable requests away."""

from __future__ import annotations

from typing import Any

import structlog
from celery import shared_task

from osint import idempotency

log = structlog.get_logger(__name__)


@shared_task(name="osint.tasks.forget_answers")
def forget_answers(**_: Any) -> None:
    """Forget the answers that nobody will ask for again, and what killed processes left of their locks."""
    if forgotten := idempotency.prune():
        log.info("answers_forgotten", count=forgotten)
    if removed := idempotency.prune_locks():
        log.info("locks_removed", count=removed)
