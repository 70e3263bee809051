"""Bundles that lie on the shelf when something of their case is erased: they hold it still, and are thrown away."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from exchange.commands import throw_away
from exchange.models import Export
from ledger.erasing import EventRedacted
from ledger.recorded import Recorded
from ledger.subscriptions import reacts_to


@reacts_to(EventRedacted)
def take_back(event: Recorded) -> None:
    """Throw the case's bundles away; who writes one now begins again, without what was erased."""
    of_case = Export.objects.filter(case_id=event.stream)
    # Those in work first: one that ends at this moment has its name by the time that names are looked for.
    again = {"status": Export.WAITING, "claimed_until": None, "published_at": None, "attempts": 0}
    of_case.filter(status=Export.RUNNING).update(**again)
    of_case.exclude(name="").update(expires_at=timezone.now())
    transaction.on_commit(throw_away, robust=True)
