"""Write all read rows anew from events."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from django.db import connection, transaction

from ledger.models import Event
from ledger.read import CHUNK, read, streams
from ledger.subscriptions import project, projections


@transaction.atomic
def rebuild(*, progress: Callable[[int, int], None] = lambda done, total: None) -> int:
    """Empty every projection's tables and replay all events into them; return how many were replayed.

    Writers wait meanwhile; reactions are not run again. The rows come out equal to the ones before, or those before
    were wrong.
    """
    _hold_writers()
    for projection in reversed(projections()):
        for table in reversed(projection.tables):
            table._default_manager.all()._raw_delete(using=connection.alias)
    total = Event.objects.count()
    done = 0
    for stream in streams():
        events = read(stream)
        while chunk := list(islice(events, CHUNK)):
            project(chunk)
            done += len(chunk)
            progress(done, total)
    progress(done, total)
    return done


def _hold_writers() -> None:
    # SQLite's write transaction excludes other writers already.
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE ledger_event IN EXCLUSIVE MODE")
