"""manage.py redactions: what was erased, what backups must drop with it, and what is still to be done here."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand
from django.db import connection

from ledger.envelope import instant
from ledger.leftovers import finish
from ledger.models import Event, Leftover
from ledger.read import recorded
from ledger.recorded import Recorded
from ledger.redaction import GROUND_WORDS, TYPE, EventRedacted

LEAVES = ("case.exported/1", "case.bundle_downloaded/1")
"""The events by which a case leaves in a bundle."""


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError("an instant such as 2026-11-23 or 2026-11-23T10:00:00Z") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


class Command(BaseCommand):
    help = (
        "List what was erased for good: which fields of which events, which files, when and on what ground. Backups, "
        "replicas and bundles from before hold it still, and have to drop it. --finish removes what erasures left in "
        "this system's own files."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--case", type=UUID, help="the erasures of this case only")
        parser.add_argument("--since", type=_instant, metavar="WHEN", help="those since a day or an instant (UTC)")
        parser.add_argument("--json", action="store_true", help="for programs: one JSON object")
        parser.add_argument(
            "--finish",
            action="store_true",
            help="remove files that are still there, and write the database anew without what was erased (VACUUM); "
            "exit 1 if something is left",
        )

    def handle(self, *args: Any, case: UUID | None, since: datetime | None, **options: Any) -> None:
        finished = finish() if options["finish"] else None
        found = [_told(each) for each in _erasures(case, since)]
        left = _left()
        if options["json"]:
            self.stdout.write(json.dumps({"erasures": found, "left": left}, indent=1))
        else:
            for each in found:
                self._write(each)
            self.stdout.write(_summary(found, left))
        if finished and (left["files"] or left["pages"]):
            self.stderr.write("Not all of it could be removed: somebody reads the database, or the store refuses.")
            sys.exit(1)

    def _write(self, told: dict[str, Any]) -> None:
        self.stdout.write(f"case {told['case']}, event {told['seq']} ({told['event']}), {told['at']}")
        self.stdout.write(f"  because {told['ground_in_words']}; asked for by {told['requested_by']}, ", ending="")
        self.stdout.write(f"confirmed by {told['approver']}")
        for field in told["fields"]:
            parts = f" ({', '.join(field['parts'])})" if field["parts"] else ""
            self.stdout.write(f"  field {field['name']}{parts} of event {field['seq']} ({field['event']})")
            self.stdout.write(f"    digest {field['digest']}")
        for file in told["files"]:
            self.stdout.write(f"  file {file['sha256']}: {file['bytes']}")
        for left in told["left_before"]:
            self.stdout.write(f"  left before in a bundle: event {left['seq']} ({left['type']}), {left['at']}")


def _erasures(case: UUID | None, since: datetime | None) -> Iterator[Recorded]:
    rows = Event.objects.filter(type=TYPE).select_related("payload").order_by("at", "stream", "seq")
    rows = rows.filter(stream=case) if case else rows
    return map(recorded, (rows.filter(at__gte=since) if since else rows).iterator())


def _told(event: Recorded) -> dict[str, Any]:
    said: EventRedacted = event.data
    became = Leftover.objects.in_bulk([each.sha256 for each in said.files])
    first = min((each.seq for each in said.targets), default=0)
    bundles = Event.objects.filter(stream=event.stream, seq__gt=first, seq__lt=event.seq, type__in=LEAVES)
    return {
        "case": str(event.stream),
        "event": str(event.id),
        "seq": event.seq,
        "at": instant(event.at),
        "ground": said.ground.value,
        "ground_in_words": GROUND_WORDS[said.ground],
        "requested_by": str(said.requested_by),
        "approver": str(said.approver),
        "fields": [
            {
                "event": str(target.event),
                "seq": target.seq,
                "name": field.name,
                "parts": list(field.parts),
                "digest": field.digest,
            }
            for target in said.targets
            for field in target.fields
        ],
        "files": [
            {
                "sha256": each.sha256,
                "events": [str(named) for named in each.events],
                "bytes": _became(became.get(each.sha256)),
            }
            for each in said.files
        ],
        "left_before": [
            {"event": str(each.id), "seq": each.seq, "type": each.type, "at": instant(each.at)}
            for each in bundles.order_by("seq")
        ],
    }


def _became(leftover: Leftover | None) -> str:
    if leftover is None:
        return "erased elsewhere: this case was imported"
    if leftover.done_at is None:
        return "still to be removed"
    return "kept, because another item names it" if leftover.kept else "removed"


def _left() -> dict[str, Any]:
    undone = set(Leftover.objects.undone().values_list("what", flat=True))
    return {"files": sorted(undone - {Leftover.PAGES}), "pages": Leftover.PAGES in undone}


def _summary(found: list[dict[str, Any]], left: dict[str, Any]) -> str:
    if not found:
        return "Nothing was erased."
    lines = [
        f"{len(found)} erasures. Drop what they name from backups, replicas and archives of the database's log that "
        "are older than the erasure; ask those who hold a bundle from before to destroy it.",
    ]
    if connection.vendor == "postgresql":
        lines.append(
            "VACUUM lets PostgreSQL write over what is gone; VACUUM FULL, at a quiet time, writes its files anew. Run "
            "--finish as the owner of the tables."
        )
    if left["files"] or left["pages"]:
        files = [f"{len(left['files'])} files"] if left["files"] else []
        pages = ["what the pages of the database still hold"] if left["pages"] else []
        lines.append(f"Still to do here: {' and '.join(files + pages)}. Run manage.py redactions --finish.")
    else:
        lines.append("Nothing is left to do here.")
    return "\n".join(lines)
