"""Bundles on request: asked for by a person, written by a worker. Each step leaves the export in a known state."""

from __future__ import annotations

import errno
import hashlib
import secrets
import time
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import OperationalError, transaction
from django.db.models import F, Q
from django.utils import timezone

from cases.access import Permission, require
from cases.commands import record_export
from evidence.queries import require_items
from exchange import shelf
from exchange.bundle import CHUNK, Progress, write_exported
from exchange.domain import NewExport
from exchange.models import ATTEMPTS, Export, ExportQuerySet
from exchange.publish import announce, publish
from ledger import codec
from ledger.actors import Actor
from ledger.append import lock
from ledger.errors import Conflict, DomainError
from ledger.read import recorded_by_ids
from ledger.receipts import NotProvableYet
from ledger.recorded import Recorded
from verifier import verify

log = structlog.get_logger(__name__)

MOST_OPEN = 4
"""Exports of one case that may be in work at a time: each takes as much room as the case."""

SWEEP = 100
LATER = 10
"""How many times longer each further attempt waits than the one before."""

TOLD_EVERY = 1.0
"""Seconds, at least, between two notes of how far a bundle has come."""

LEFT_AFTER = timedelta(days=1)
"""What a dead worker left is thrown away after so long."""

_FULL = {errno.ENOSPC, errno.EDQUOT}


class TooManyExports(Conflict):
    """Enough bundles of the case are being written."""

    code = "too-many-exports"
    title = "Enough bundles are being written"


class TakenOver(Exception):
    """Another worker holds this export by now."""


@transaction.atomic
def request_export(*, case_id: UUID, wanted: NewExport, by: Actor) -> Export:
    """Ask for a bundle of a case; a worker writes it.

    :raises NotFound: there is no such case for the caller, or an item to withhold is none of the case.
    :raises Forbidden: the caller's role does not carry it.
    :raises Invalid: something that is to be withheld can not be meant.
    :raises TooManyExports: of this case enough are in work.
    """
    require(case_id, Permission.EXPORT, by=by)
    profile = wanted.profile()
    require_items(case_id, profile.items, by=by)
    lock(case_id)
    if Export.objects.open().filter(case_id=case_id).count() >= MOST_OPEN:
        raise TooManyExports(f"{MOST_OPEN} bundles of this case are being written: wait for one of them.")
    export = Export.objects.create(
        case_id=case_id,
        asked_by=by.name,
        user=by.user,
        profile=codec.to_values(wanted),
        withheld=list(profile.summary),
        published_at=timezone.now(),
    )
    transaction.on_commit(partial(announce, [export.pk]))
    return export


def run_export(*, export_id: UUID) -> str:
    """Write one bundle and return the status the export ends in; one that is done or claimed is left alone."""
    export = _claim(export_id)
    if export is None:
        return Export.objects.filter(pk=export_id).values_list("status", flat=True).first() or "gone"
    try:
        return _carried_out(export)
    except TakenOver:
        log.warning("claim_lost", export=str(export.pk))
        return "taken over"


def _carried_out(export: Export) -> str:
    if export.attempts > ATTEMPTS:
        return _end(export, Export.FAILED, reason=f"Writing it died {ATTEMPTS} times. Ask for it again.")
    try:
        return _write(export)
    except NotProvableYet as refusal:
        return _failed_for_now(export, refusal.detail)
    except DomainError as refusal:
        return _end(export, Export.FAILED, reason=refusal.detail)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        log.error("disk_full", export=str(export.pk))
        needed = f"{export.bytes_total:,} bytes of files" if export.bytes_total else "the case"
        reason = f"The disk on which bundles are written is full: there was no room for {needed}."
        return _end(export, Export.FAILED, reason=f"{reason} Make room, then ask again.")


def sweep() -> int:
    """Publish again what was not published, or not finished, for a while; return how many exports that is."""
    now = timezone.now()
    heard = now - 2 * timedelta(seconds=settings.SWEEP_SECONDS)
    unheard = Q(status=Export.RUNNING) | Q(published_at__isnull=True) | Q(published_at__lt=heard)
    found = list(Export.objects.free(now).filter(unheard).order_by("id").values_list("id", flat=True)[:SWEEP])
    publish(found)
    return len(found)


def throw_away() -> int:
    """Throw away bundles that were kept long enough, and what dead workers left; return how many."""
    old = Export.objects.exclude(name="").filter(expires_at__lte=timezone.now())
    gone = 0
    for pk, name in old.values_list("pk", "name"):
        shelf.remove(name)
        gone += Export.objects.filter(pk=pk).update(name="")
    known = set(Export.objects.exclude(name="").values_list("name", flat=True))
    return gone + shelf.tidy(known, older_than=LEFT_AFTER)


def _write(export: Export) -> str:
    exported = _recorded(export)
    profile = codec.from_values(NewExport, export.profile).profile()
    watch = _Watch(export)
    # A name of its own for each claim (attempts may be counted anew): what a slow one still writes is never taken for
    # what a later one wrote.
    out = shelf.workshop() / f"{export.pk}-{secrets.token_hex(8)}.zip"
    try:
        written = write_exported(exported, out=out, profile=profile, watch=watch)
        sha256 = _sha256(out, watch)
        shelf.put(out, meanwhile=watch.tell)
        return _end(export, Export.DONE, name=out.name, size=written.size, sha256=sha256, **watch.numbers)
    except BaseException as error:
        out.unlink(missing_ok=True)
        if isinstance(error, TakenOver):
            # It may have been sent by then, and hold what was erased meanwhile.
            shelf.remove(out.name)
        raise


@transaction.atomic
def _recorded(export: Export) -> Recorded:
    """Record the export in its case, or find that an earlier attempt did; who asked must still be allowed to."""
    by = Actor(name=export.asked_by, user=export.user)
    # The case before the row, as everywhere.
    lock(export.case_id)
    require(export.case_id, Permission.EXPORT, by=by)
    fresh = _mine(export).select_for_update().first()
    if fresh is None:
        raise TakenOver
    if fresh.event:
        return recorded_by_ids([fresh.event])[0]
    said = record_export(case_id=export.case_id, format=verify.FORMAT, withheld=tuple(export.withheld), by=by)
    _mine(export).update(event=said.id, seq=said.seq, events_total=said.seq)
    return said


def _sha256(path: Path, watch: _Watch) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            watch.tell()
    return digest.hexdigest()


class _Watch:
    """Notes how far a bundle has come, and keeps the claim on it, at most once a second."""

    def __init__(self, export: Export) -> None:
        self.export = export
        self.progress = Progress()
        self.told = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        self.progress = progress
        self.tell()

    @property
    def numbers(self) -> dict[str, int]:
        now = self.progress
        return {
            "events_done": now.events,
            "events_total": now.of_events,
            "files_done": now.files,
            "files_total": now.of_files,
            "bytes_done": now.octets,
            "bytes_total": now.of_octets,
        }

    def tell(self) -> None:
        """Write it down, if the last time is long enough ago.

        :raises TakenOver: somebody else holds the export by now: what is written here is for nobody.
        """
        if time.monotonic() - self.told < TOLD_EVERY:
            return
        self.told = time.monotonic()
        until = _after(settings.CLAIM_SECONDS)
        try:
            mine = _mine(self.export).update(claimed_until=until, **self.numbers)
        except OperationalError as error:
            # The work goes on; at worst somebody does it again.
            log.warning("progress_not_noted", export=str(self.export.pk), reason=type(error).__name__)
            return
        if not mine:
            raise TakenOver
        self.export.claimed_until = until
        self.export.bytes_total = self.progress.of_octets


def _claim(export_id: UUID) -> Export | None:
    """Take an export, counting the attempt; committed before any work, so it counts even if this process dies."""
    now = timezone.now()
    until = _after(settings.CLAIM_SECONDS)
    free = Export.objects.free(now).filter(pk=export_id)
    taken = free.update(status=Export.RUNNING, attempts=F("attempts") + 1, claimed_until=until)
    return Export.objects.get(pk=export_id) if taken else None


def _mine(export: Export) -> ExportQuerySet:
    """Select the export while this claim of it holds."""
    claim = {"attempts": export.attempts, "claimed_until": export.claimed_until}
    return Export.objects.filter(pk=export.pk, status=Export.RUNNING, **claim)


def _failed_for_now(export: Export, reason: str) -> str:
    if export.attempts >= ATTEMPTS:
        return _end(export, Export.FAILED, reason=reason)
    later = _after(settings.RETRY_SECONDS * LATER ** (export.attempts - 1))
    waits = {"status": Export.WAITING, "reason": reason, "published_at": None, "not_before": later}
    if not _mine(export).update(**waits):
        raise TakenOver
    return Export.WAITING


def _end(export: Export, status: str, *, reason: str = "", **found: Any) -> str:
    """End an export if the claim is still this one; whom it withheld is forgotten with that.

    :raises TakenOver: it is not.
    """
    now = timezone.now()
    ends = {"status": status, "reason": reason, "profile": None, "ended_at": now}
    if status == Export.DONE:
        ends["expires_at"] = now + timedelta(days=settings.EXPORT_DAYS)
    if not _mine(export).update(**ends, **found):
        raise TakenOver
    return status


def _after(seconds: float) -> datetime:
    return timezone.now() + timedelta(seconds=seconds)
