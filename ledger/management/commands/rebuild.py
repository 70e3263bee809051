"""manage.py rebuild: write all read rows anew from events, or check them."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from ledger.rebuild import differing, rebuild


class Command(BaseCommand):
    help = "Empty every read table and write its rows anew from the events. Writers wait until it is done."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="change nothing; exit 1 naming the tables whose rows are other ones"
        )

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        if not check:
            done = rebuild(progress=self._progress)
            self.stdout.write(f"Rebuilt from {done} events.")
            return
        if wrong := differing(progress=self._progress):
            self.stderr.write(f"These tables do not follow from the events: {', '.join(wrong)}. Run manage.py rebuild.")
            sys.exit(1)
        self.stdout.write("Every read table follows from the events.")

    def _progress(self, done: int, total: int) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r{done} of {total} events", ending="" if done < total else "\n")
