"""What the workers do with exports. Arguments are ids by keyword; unknown ones are ignored."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import structlog
from celery import shared_task

from exchange import commands

log = structlog.get_logger(__name__)


@shared_task(name="exchange.tasks.run_export")
def run_export(*, export_id: str, **_: Any) -> None:
    """Write one bundle, if nobody else has or does."""
    commands.run_export(export_id=UUID(export_id))


@shared_task(name="exchange.tasks.sweep")
def sweep(**_: Any) -> None:
    """Publish again the exports that wait for too long, or whose worker died."""
    commands.sweep()


@shared_task(name="exchange.tasks.throw_away")
def throw_away(**_: Any) -> None:
    """Throw away bundles that were kept long enough."""
    if removed := commands.throw_away():
        log.info("bundles_thrown_away", count=removed)
