"""What keeps sandboxes shut, machine by machine, as the workers there have found it: for whoever runs the site."""

from __future__ import annotations

import platform
from datetime import timedelta
from time import monotonic

from django.utils import timezone

from enrichment.models import Machine
from enrichment.sandbox import Done

AGAIN_SECONDS = 3600.0
"""How often a worker says again what it said before."""

HOLDS = timedelta(days=1)
"""For how long what a worker said is taken for how it is."""

_said: tuple[str, str] | None = None
_said_at = 0.0


def note(done: Done) -> None:
    """Write down what kept a run shut, if this worker has not just said the same."""
    global _said, _said_at
    found, now = (done.network, done.files), monotonic()
    if found == _said and now < _said_at + AGAIN_SECONDS:
        return
    values = {"network": done.network, "files": done.files, "seen_at": timezone.now()}
    Machine.objects.update_or_create(name=platform.node()[:255], defaults=values)
    _said, _said_at = found, now


def standing() -> tuple[bool, str]:
    """Say whether every machine keeps both the network and other files out of its sandboxes, and by what."""
    seen = list(Machine.objects.filter(seen_at__gt=timezone.now() - HOLDS).order_by("name"))
    if not seen:
        return True, "no worker has run one within a day"
    told = "; ".join(f"{each.name}: network shut by {each.network}, other files by {each.files}" for each in seen)
    return all(each.files != Machine.NOTHING for each in seen), told
