"""manage.py sequence: give events their places in the log, and sign its heads."""

from __future__ import annotations

import signal
import time
from argparse import ArgumentParser
from typing import Any

import structlog
from django.core.management.base import BaseCommand
from django.db import InterfaceError, OperationalError, connection

from ledger import keys
from ledger.errors import DomainError
from ledger.log import edge
from ledger.merkle import Frontier
from ledger.models import Pending
from ledger.sequence import sequence
from ledger.signer import sign

log = structlog.get_logger(__name__)

LONGEST_PAUSE = 10.0


class Command(BaseCommand):
    help = (
        "Give events their places in the log of all events and sign its heads, again and again until it is stopped. "
        "Several at once are harmless."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="do what there is to do, then end")
        parser.add_argument("--pause", type=float, default=0.1, metavar="S", help="seconds between looks (0.1)")
        parser.add_argument("--sign-every", type=float, default=0.5, metavar="S", help="seconds between heads (0.5)")

    def handle(self, *args: Any, once: bool, pause: float, sign_every: float, **options: Any) -> None:
        if once:
            while sequence():
                pass
            self._sign()
            return
        self.stopping = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        signed, wait = 0.0, pause
        while not self.stopping:
            try:
                # Asked before: on SQLite the work itself would keep writers waiting, with nothing to do.
                busy = Pending.objects.exists() and bool(sequence())
                if time.monotonic() - signed >= sign_every and _to_sign() != self.signed:
                    self._sign()
                    signed = time.monotonic()
                wait = 0.0 if busy else pause
            except (OperationalError, InterfaceError) as error:
                # The database restarts, or is locked for long: it comes back, and nothing is lost meanwhile.
                log.warning("sequencer_waits", reason=type(error).__name__)
                connection.close()
                wait = min(max(wait, pause) * 2, LONGEST_PAUSE)
            time.sleep(wait)

    def _sign(self) -> None:
        now = _to_sign()
        try:
            sign()
        except OSError as error:
            # A full disk, say: nothing is lost, and it is tried again.
            log.error("not_signed", code="anchor", reason=str(error))
        except DomainError as refusal:
            if refusal.code != self.refused:
                log.error("not_signed", code=refusal.code, reason=refusal.detail)
            self.refused = refusal.code
        else:
            self.refused, self.signed = "", now

    def _stop(self, number: int, frame: object) -> None:
        self.stopping = True

    refused = ""
    signed: tuple[Frontier, str] | None = None


def _to_sign() -> tuple[Frontier, str]:
    """Say what the next head is of, and whose: after a rotation the new key signs what the old one had signed."""
    try:
        key = str(keys.load().verifier)
    except DomainError:
        key = ""
    return edge(), key
