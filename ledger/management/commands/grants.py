"""manage.py grants: the SQL that keeps the application's role from changing what is recorded."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from ledger.grants import statements


class Command(BaseCommand):
    help = (
        "Print the SQL that gives a PostgreSQL role what the application needs, and no right to change or remove "
        "events. Run it as the role that migrates, after each migration."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("role", help="the role that the application connects as")

    def handle(self, *args: Any, role: str, **options: Any) -> None:
        for statement in statements(role):
            self.stdout.write(f"{statement};")
