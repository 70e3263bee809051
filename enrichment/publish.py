"""Telling the workers that jobs wait. If the broker does not hear it, the sweep says it again."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import structlog
from django.utils import timezone
from kombu.exceptions import OperationalError

from enrichment.models import Job

log = structlog.get_logger(__name__)


def publish(jobs: Iterable[UUID]) -> bool:
    """Send one message for each job; a broker that does not answer loses nothing.

    :returns: whether the broker took them all.
    """
    from enrichment.tasks import run_job

    sent: list[UUID] = []
    try:
        for job in jobs:
            run_job.delay(job_id=str(job))
            sent.append(job)
    except OperationalError as error:
        log.warning("broker_unreachable", reason=type(error).__name__)
        return False
    finally:
        Job.objects.filter(pk__in=sent).update(published_at=timezone.now())
    return True
