"""manage.py rebuild: write all read rows anew from events."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from ledger.rebuild import rebuild


class Command(BaseCommand):
    help = "Empty every read table and write its rows anew from the events. Writers wait until it is done."

    def handle(self, *args: Any, **options: Any) -> None:
        def progress(done: int, total: int) -> None:
            self.stderr.write(f"\r{done} of {total} events", ending="")

        done = rebuild(progress=progress)
        self.stderr.write("")
        self.stdout.write(f"Rebuilt from {done} events.")
