"""Write all read rows anew from events."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from itertools import islice

from django.db import connection, models, transaction

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


def differing(*, progress: Callable[[int, int], None] = lambda done, total: None) -> list[str]:
    """Name the read tables whose rows are not those that follow from the events; nothing is changed.

    Writers wait meanwhile. Keys that only count rows are not compared.
    """
    with transaction.atomic():
        _hold_writers()
        tables = [table for projection in projections() for table in projection.tables]
        before = {table: _digest(table) for table in tables}
        rebuild(progress=progress)
        found = [table._meta.db_table for table in tables if _digest(table) != before[table]]
        transaction.set_rollback(True)
    return found


def _digest(table: type[models.Model]) -> tuple[int, int]:
    """Count a table's rows, and add their hashes up: the order of rows says nothing."""
    counted = {"AutoField", "BigAutoField"}
    names = [field.attname for field in table._meta.concrete_fields if field.get_internal_type() not in counted]
    rows = total = 0
    for row in table._default_manager.values_list(*names).iterator(chunk_size=CHUNK):
        rows += 1
        total += int.from_bytes(sha256(repr(row).encode("utf-8", "surrogatepass")).digest())
    return rows, total % 2**256


def _hold_writers() -> None:
    # SQLite's write transaction excludes other writers already.
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE ledger_event IN EXCLUSIVE MODE")
