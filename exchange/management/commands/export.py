"""manage.py export: a whole case in one file that anybody can check without us."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from cases.domain import Sensitivity
from exchange.bundle import Progress, write_bundle
from exchange.domain import NewExport
from ledger.actors import Actor
from ledger.errors import DomainError


class Command(BaseCommand):
    help = (
        "Write a case into one file: events, originals, proofs, the signed head of the log, and the verifier. "
        "The export is itself an event of the case."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("case", type=UUID, help="the id of the case")
        parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the file to write; it must be new")
        parser.add_argument(
            "--timestamp",
            action="store_true",
            help="ask the time stamp authorities and witnesses now, instead of taking what they attested last",
        )
        withhold = parser.add_argument_group("what is withheld (the bundle says so, and still verifies)")
        withhold.add_argument("--field", action="append", default=[], metavar="NAME", help="a field, such as speaker")
        withhold.add_argument("--item", action="append", default=[], type=UUID, metavar="ID", help="a whole item")
        withhold.add_argument(
            "--person", action="append", default=[], metavar="NAME", help="every field with this name"
        )
        withhold.add_argument(
            "--above", type=Sensitivity, choices=list(Sensitivity), help="items more sensitive than this TLP label"
        )

    def handle(self, *args: Any, case: UUID, out: Path, **options: Any) -> None:
        if out.exists():
            raise CommandError(f"{out} is there already; name a new file.")
        if not out.parent.is_dir():
            raise CommandError(f"There is no folder {out.parent}.")

        def watch(progress: Progress) -> None:
            if self.stderr.isatty():
                done = (
                    f"{progress.events} of {progress.of_events} events, {progress.files} of {progress.of_files} files"
                )
                self.stderr.write(f"\r{done}", ending="")

        wanted = NewExport(
            fields=tuple(options["field"]),
            items=tuple(options["item"]),
            persons=tuple(options["person"]),
            above=options["above"],
        )
        try:
            written = write_bundle(
                case,
                out=out,
                by=Actor.worker("export", 1),
                profile=wanted.profile(),
                watch=watch,
                attest=options["timestamp"],
            )
        except DomainError as refusal:
            said = [refusal.detail, *(each for errors in (refusal.errors or {}).values() for each in errors)]
            raise CommandError(" ".join(said)) from refusal
        if self.stderr.isatty():
            self.stderr.write("")
        for why in written.unattested:
            self.stderr.write(f"not attested: {why}")
        self.stdout.write(
            f"{out}: {written.events} events, {written.files} files, {written.size:,} bytes. "
            f'Check it with: python3 verifier/verify.py {out} --key "$(manage.py keys show | tail -n 1)"'
        )
