"""manage.py keys: the key that signs the heads of the log."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ledger import keys
from ledger.errors import DomainError


class Command(BaseCommand):
    help = (
        "The key that signs the heads of the log. init makes one; show prints its public half, by which anybody "
        "checks a signed head: give it to those who are to rely on your evidence, by a way of its own."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        init = actions.add_parser("init", help="make a key, and keep it in the data folder")
        init.add_argument(
            "--origin", default="", help="the log's name, unique in the world: a host name and a path (else drawn)"
        )
        init.add_argument(
            "--print",
            action="store_true",
            help="print the secret half, alone, instead of keeping it: for a place that only the signer reads",
        )
        init.add_argument("--unless-there", action="store_true", help="do nothing where there is a key already")
        actions.add_parser("show", help="print the verifier key, alone on the last line")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        try:
            if action == "init" and not (options["unless_there"] and keys.exists()):
                key = keys.make(options["origin"], keep_secret=not options["print"])
                if options["print"]:
                    self.stderr.write(f"The log {key.name} has a key; its secret half is printed this once.")
                    self.stdout.write(keys.text_of(key))
                    return
                self.stdout.write(f"The log {key.name} has a key. Keep a copy of keys/signing.key in a safe place.")
            verifier = keys.verifier()
        except DomainError as refusal:
            raise CommandError(refusal.detail) from refusal
        self.stdout.write(str(verifier))
