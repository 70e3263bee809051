"""manage.py import: a case comes back from a bundle."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from exchange.restore import active_user, import_bundle
from ledger.errors import DomainError
from verifier import verify


class Command(BaseCommand):
    help = (
        "Restore a case from a bundle that withholds nothing, with the same ids and hashes. The bundle is verified "
        "first, and all of it appears or nothing. Exit code 0: it is here; 1: it is refused, and the reason is said; "
        "2: this is no bundle that can be read."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "bundle", type=Path, metavar="BUNDLE", help="the zip file, or the folder it was unpacked into"
        )
        parser.add_argument("--key", required=True, help="the verifier key of the log that the bundle comes from")
        parser.add_argument(
            "--owner", metavar="USER", help="who is to own the case here; else only emergency access leads to it"
        )
        parser.add_argument("--also", metavar="FILE", help="disclosures that the bundle withholds, one a line")

    def handle(self, *args: Any, bundle: Path, key: str, owner: str | None, also: str | None, **options: Any) -> None:
        try:
            done = import_bundle(
                bundle,
                key=key,
                owner=active_user(owner) if owner else None,
                disclosures=verify.lines_of(also) if also else (),
                watch=self._watch,
            )
        except verify.Unreadable as refusal:
            raise CommandError(f"This is no bundle that can be read. {refusal}", returncode=2) from refusal
        except DomainError as refusal:
            raise CommandError(refusal.detail) from refusal
        except DatabaseError as error:
            said = f"The database can not be used: {error}. Where it is new, manage.py migrate comes first."
            raise CommandError(said) from error
        reach = f"{owner} owns it" if owner else "nobody here is on its team: only emergency access leads to it"
        self.stdout.write(f"Case {done.case}: {done.events} events, {done.files} files; {reach}.")

    def _watch(self, what: str, done: int) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r{done} {what}", ending="")
