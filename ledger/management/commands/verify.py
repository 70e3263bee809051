"""manage.py verify: does the ledger hold?"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from ledger import store
from ledger.files import file_references
from ledger.models import Leftover
from ledger.verify import verify
from ledger.verify_erasures import erasures
from ledger.verify_log import verify_log


class Command(BaseCommand):
    help = (
        "Check every event's hash, its place in the chain, its columns and its payload; with --files also every "
        "stored file. Exit code 0: all holds; 1: something was changed, and the first fault of each case is named."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--case", type=UUID, help="check this case only")
        parser.add_argument("--files", action="store_true", help="read every stored file and compare its SHA-256")

    def handle(self, *args: Any, case: UUID | None, files: bool, **options: Any) -> None:
        try:
            self._verify(case=case, files=files)
        except DatabaseError as error:
            # Before the first migration, or where even the list of events is broken.
            raise CommandError(f"FAULT  the database can not be read: {error}") from error

    def _verify(self, *, case: UUID | None, files: bool) -> None:
        report = verify(stream=case)
        bad = [str(fault) for fault in report.faults]
        if case and not report.events:
            bad.append(f"case {case}: it has no events here")
        cases = report.streams
        in_log, unchecked = "", list[str]()
        if case is None:
            log = verify_log()
            bad += log.faults
            # They stand in a stream of the log's own, which is no case.
            cases -= bool(log.rotations)
            in_log = f", {log.entries} places in the log, {log.heads} signed heads"
            if log.rotations:
                in_log += f", {_count(log.rotations, 'rotation')} of the key"
            if log.timestamps or log.cosignatures:
                in_log += f", {_count(log.timestamps, 'timestamp')}, {_count(log.cosignatures, 'cosignature')}"
            unchecked = log.unchecked
        checked = f"{report.events} events in {_count(cases, 'case')}{in_log}"
        if files:
            count, faults = _check_files(case, look_for_foreign=case is None and not report.faults)
            bad += faults
            checked += f", {count} files"
        for line in unchecked:
            self.stderr.write(f"not checked: {line}")
        for line in bad:
            self.stderr.write(f"FAULT  {line}")
        if bad:
            self.stderr.write(f"{checked} checked: {_count(len(bad), 'fault')}.")
            sys.exit(1)
        self.stdout.write(f"{checked} checked: all hold.")


FOREIGN = "foreign, no event speaks of it"
STILL_THERE = "it was erased and is still there: run manage.py redactions --finish"


def _digest(name: str) -> str:
    return name.rpartition("/")[2]


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _check_files(case: UUID | None, *, look_for_foreign: bool) -> tuple[int, list[str]]:
    faults = []
    count = 0
    known = set()
    for reference in file_references(case):
        known.add(reference.sha256)
        count += 1
        if reason := store.check(reference.sha256, reference.size):
            faults.append(f"file {reference.sha256} ({reference.said_by}): {reason}")
    # Files of an event that was changed, or of another case, would only look foreign.
    if look_for_foreign and (strange := set(store.foreign(known))):
        # Work goes on, and a file is stored just before its event: what was strange twice is.
        known = {reference.sha256 for reference in file_references()}
        twice = [name for name in store.foreign(known) if name in strange]
        erased = {sha256 for *_, sha256 in erasures().files} | set(
            Leftover.objects.undone().values_list("what", flat=True)
        )
        faults += [f"file {name}: {STILL_THERE if _digest(name) in erased else FOREIGN}" for name in twice]
    return count, faults
