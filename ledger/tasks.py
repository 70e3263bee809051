"""What beat asks for: leftovers of uploads away, and others to attest to the log's newest head."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import structlog
from celery import shared_task

from ledger import leftovers, store
from ledger.attest import attest_newest

LEFT_OVER = timedelta(hours=24)
"""Since the last byte was written. What a living process still holds is never taken, however old."""

log = structlog.get_logger(__name__)


@shared_task(name="ledger.tasks.attest")
def attest(**_: Any) -> None:
    """Let authorities stamp, and witnesses cosign, the newest published head."""
    attest_newest()


@shared_task(name="ledger.tasks.sweep_incoming")
def sweep_incoming(**_: Any) -> None:
    """Remove what killed processes left half written on this machine."""
    if removed := store.sweep_incoming(older_than=LEFT_OVER):
        log.info("leftovers_removed", count=removed)


@shared_task(name="ledger.tasks.remove_erased_files")
def remove_erased_files(**_: Any) -> None:
    """Remove the files of erasures whose process was killed, or whose store did not answer, right after the commit."""
    if removed := leftovers.remove_files():
        log.info("erased_files_removed", count=removed)
