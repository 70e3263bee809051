"""Telling the workers that a bundle is to be written. If the broker does not hear it, the sweep says it again."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import structlog
from django.utils import timezone
from kombu.exceptions import OperationalError

from enrichment.publish import LATER
from exchange.models import Export

log = structlog.get_logger(__name__)


def announce(exports: Sequence[UUID]) -> None:
    """Send news of exports that were inserted as published, once they are committed."""
    if unsent := _send(exports):
        Export.objects.filter(pk__in=unsent).update(published_at=None)


def publish(exports: Sequence[UUID]) -> None:
    """Send one message for each export; a broker that does not answer loses nothing."""
    unsent = _send(exports)
    Export.objects.filter(pk__in=exports[: len(exports) - len(unsent)]).update(published_at=timezone.now())


def _send(exports: Sequence[UUID]) -> Sequence[UUID]:
    """Send one message for each, behind those of enrichment, and return those that the broker did not take."""
    from exchange.tasks import run_export

    for number, export in enumerate(exports):
        try:
            run_export.apply_async(kwargs={"export_id": str(export)}, priority=LATER)
        except OperationalError as error:
            log.warning("broker_unreachable", reason=type(error).__name__)
            return exports[number:]
    return []
