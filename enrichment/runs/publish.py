"""Telling a worker that a run has a next step. If the broker does not hear it, the sweep says it again."""

from __future__ import annotations

from uuid import UUID

import structlog
from kombu.exceptions import OperationalError

from enrichment.publish import LATER

log = structlog.get_logger(__name__)


def announce(run: UUID) -> None:
    """Let a worker do the next step of a run, once all that waits before it was taken."""
    from enrichment.tasks import go_on_with_run

    try:
        go_on_with_run.apply_async(kwargs={"run_id": str(run)}, priority=LATER)
    except OperationalError as error:
        log.warning("broker_unreachable", reason=type(error).__name__)
