"""What an erasure leaves behind for the time after its commit: bytes of files, and of the database's own pages.

Files are content addressed and shared: one goes only when no event names it any more. Nobody can begin to name it while
that is found out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from django.db import connection, transaction
from django.utils import timezone

from ledger import store
from ledger.errors import Unavailable
from ledger.models import Leftover, Payload

log = structlog.get_logger(__name__)

naming: list[Callable[[str], bool]] = []
"""Rooms above say here whether one of their events names a file (by its SHA-256), and was not erased with it."""


def claim(sha256: str) -> None:
    """Make sure that a stored file stays until this transaction ends: it appends an event that names it.

    :raises Unavailable: the file was erased a moment ago, after these bytes came.
    """
    _hold(sha256, shared=True)
    if Leftover.objects.filter(what=sha256).exists() and not store.exists(sha256):
        raise Unavailable("These very bytes were erased a moment ago. Send the file again.")


def leave(*files: str) -> None:
    """Note, in the transaction of the caller, that nobody names these files any more; they go after its commit."""
    _note(files)
    transaction.on_commit(remove_files, robust=True)


def leave_erased(*files: str) -> None:
    """Do the same after an erasure, of which the database's own pages still hold something, too."""
    leave(Leftover.PAGES, *files)


def _note(what: tuple[str, ...]) -> None:
    now = timezone.now()
    for each in sorted(set(what)):
        Leftover.objects.update_or_create(what=each, defaults={"since": now, "done_at": None, "kept": False})


def remove_files() -> int:
    """Remove the files that are still to be removed, and return how many there were; any that fails stays noted."""
    removed = 0
    for what in Leftover.objects.undone().exclude(what=Leftover.PAGES).values_list("what", flat=True):
        try:
            removed += _remove(what)
        except OSError as error:
            log.error("file_not_erased", sha256=what, reason=str(error))
    return removed


@transaction.atomic
def _remove(sha256: str) -> bool:
    """Remove one file unless an event names it; a kill before the commit leaves the note, for another try."""
    _hold(sha256, shared=False)
    if not Leftover.objects.undone().filter(what=sha256).exists():
        return False
    kept = named(sha256)
    if not kept:
        store.remove(sha256)
    Leftover.objects.filter(what=sha256).update(done_at=timezone.now(), kept=kept)
    return not kept


def named(sha256: str) -> bool:
    """Say whether an event, in whatever case, still stands for a file."""
    return Payload.objects.filter(file=sha256).exists() or any(each(sha256) for each in naming)


@dataclass(frozen=True)
class Finished:
    """How many files were removed, how many are left, and whether the database's own files are clean."""

    removed: int
    left: int
    clean: bool


def finish() -> Finished:
    """Remove what erasures left: files, and what the database's own pages still hold. Outside of any transaction.

    The second takes as long as copying the database; on SQLite nobody writes meanwhile.
    """
    removed = remove_files()
    clean = _vacuum()
    if clean:
        Leftover.objects.undone().filter(what=Leftover.PAGES).update(done_at=timezone.now())
    return Finished(removed=removed, left=Leftover.objects.undone().exclude(what=Leftover.PAGES).count(), clean=clean)


def _vacuum() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")
        if connection.vendor != "sqlite":
            return True
        # What was changed goes through the write-ahead log, and what was erased may stand in it still.
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        busy, *_ = cursor.fetchone()
        return not busy


def _hold(sha256: str, *, shared: bool) -> None:
    # SQLite has one writer at a time, and whoever comes here writes.
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            number = int(sha256[:16], 16) - (1 << 63)
            cursor.execute(f"SELECT pg_advisory_xact_lock{'_shared' if shared else ''}(%s)", [number])
