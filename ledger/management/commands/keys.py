"""manage.py keys: the key that signs the heads of the log."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ledger import keys
from ledger.errors import DomainError
from ledger.rotate import rotate
from ledger.rotation import Turn, turns
from ledger.signed_note import SigningKey
from ledger.signer import sign

PRINT = "print the secret half, alone, instead of keeping it: for a place that only the signer reads"


class Command(BaseCommand):
    help = (
        "The key that signs the heads of the log. init makes one; show prints its public half, by which anybody "
        "checks a signed head: give it to those who are to rely on your evidence, by a way of its own. rotate lets "
        "another key sign from here on; the old one signs that, so that who has the old verifier key can go on."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        init = actions.add_parser("init", help="make a key, and keep it in the data folder")
        init.add_argument(
            "--origin", default="", help="the log's name, unique in the world: a host name and a path (else drawn)"
        )
        init.add_argument("--print", action="store_true", help=PRINT)
        init.add_argument("--unless-there", action="store_true", help="do nothing where there is a key already")
        show = actions.add_parser("show", help="print the verifier key, alone on the last line")
        show.add_argument("--all", action="store_true", help="print the keys before it too, and what they signed")
        rotate = actions.add_parser("rotate", help="exchange the key; run it again where it was interrupted")
        rotate.add_argument("--origin", default="", help="the log's new name (else the old one, with a number)")
        rotate.add_argument("--print", action="store_true", help=PRINT)
        rotate.add_argument(
            "--lost",
            action="store_true",
            help="the old key is lost, or not to be trusted: it signs nothing, and all who rely on it need the new one",
        )

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        try:
            getattr(self, f"_{action}")(**options)
        except DomainError as refusal:
            raise CommandError(refusal.detail) from refusal

    def _init(self, *, origin: str, unless_there: bool, **options: Any) -> None:
        if not (unless_there and keys.exists()):
            key = keys.make(origin, keep_secret=not options["print"])
            if options["print"]:
                self.stderr.write(f"The log {key.name} has a key; its secret half is printed this once.")
                self.stdout.write(keys.text_of(key))
                return
            self.stdout.write(f"The log {key.name} has a key. Keep a copy of keys/signing.key in a safe place.")
        self.stdout.write(str(keys.verifier()))

    def _show(self, *, all: bool, **_: Any) -> None:
        current = keys.verifier()
        for turn in turns() if all else ():
            end = "then it was lost" if turn.lost else "then it handed over"
            self.stdout.write(f"heads of up to {turn.position} events, {end}: {turn.old}")
        self.stdout.write(str(current))

    def _rotate(self, *, origin: str, lost: bool, **options: Any) -> None:
        turn = rotate(origin=origin, lost=lost, hand_out=self._hand_out if options["print"] else None)
        self._tell(turn)
        if not options["print"] and not keys.given():
            sign()
            self.stdout.write(str(turn.new))

    def _hand_out(self, key: SigningKey) -> None:
        self.stderr.write(f"The secret half of the key of {key.name} is printed this once.")
        self.stdout.write(keys.text_of(key))
        # Before anything happens: a key that nobody got must not become the log's.
        self.stdout.flush()

    def _tell(self, turn: Turn) -> None:
        say = self.stderr.write
        say(f"From the event at position {turn.position} on, the log is {turn.new.name}.")
        if turn.lost:
            say("The old key signed nothing of this: give the new verifier key to all who relied on the old one.")
        else:
            say(
                "The old key signed that: who has the old verifier key can go on from it. Its secret half is gone here."
            )
        if keys.given():
            say("Now set OSINT_SIGNING_KEY to the secret half that was printed, wherever the log is signed.")
        if keys.verifier() != turn.new:
            say(f"And set OSINT_VERIFIER_KEY to {turn.new}")
