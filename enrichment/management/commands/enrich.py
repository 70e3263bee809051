"""manage.py enrich: have the evidence of a case, or of all, read again by newer tools, and watch how far that is."""

from __future__ import annotations

import time
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from cases.domain import ACTIVE
from cases.models import Case
from enrichment.models import Run
from enrichment.runs import commands
from enrichment.runs.domain import NewRun
from enrichment.runs.queries import Progress, progress_of
from ledger.actors import Actor
from ledger.errors import DomainError, NotFound

BY = Actor.worker("enrich", 1)
BAR = 30
"""Characters of a whole bar."""

TERMINAL_SECONDS, PLAIN_SECONDS = 1.0, 10.0
"""How often the bar is drawn anew, and how often a line is written where there is no terminal."""

EXAMPLES = """
Jobs are planned for each item that an enricher, in its present version, has no result for; what was found before
stays beside what is found now. Workers do them when nothing newer waits. A run is an event of its case.

  manage.py enrich                               every case that is worked on, by the playbook of each
  manage.py enrich --case ID --only text         one case, one enricher (--only may be given several times)
  manage.py enrich --case ID --failed            also what failed or was given up before
  manage.py enrich --pause RUN                   begin no more of it; --resume goes on, --stop ends it

What failed because something was not installed is always tried again.
"""


class Command(BaseCommand):
    help = "Read the evidence of a case, or of every case that is worked on, where tools have not read it yet."

    wait: Callable[[float], object] = staticmethod(time.sleep)

    def create_parser(self, *args: Any, **options: Any) -> Any:
        """Show the examples as they are written."""
        parser = super().create_parser(*args, **options)
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = EXAMPLES
        return parser

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--case", type=UUID, metavar="ID", help="this case only")
        parser.add_argument(
            "--only", action="append", default=[], metavar="NAME", help="this enricher, instead of the playbook's"
        )
        parser.add_argument("--failed", action="store_true", help="also what failed, or was given up, before")
        parser.add_argument("--no-wait", action="store_true", help="start it, and do not stay to watch")
        change = parser.add_mutually_exclusive_group()
        change.add_argument("--pause", type=UUID, metavar="RUN", help="begin no more jobs of a run until it goes on")
        change.add_argument("--resume", type=UUID, metavar="RUN", help="let a run go on that was paused")
        change.add_argument("--stop", type=UUID, metavar="RUN", help="end a run: what still waits is not read by it")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            for name, command in (
                ("pause", commands.pause_run),
                ("resume", commands.resume_run),
                ("stop", commands.stop_run),
            ):
                if options[name]:
                    self._change(command, options[name], options)
                    return
            runs = self._start(options["case"], only=tuple(options["only"]), failed=options["failed"])
        except DomainError as refusal:
            said = [refusal.detail, *(each for errors in refusal.errors.values() for each in errors)]
            raise CommandError(" ".join(said)) from refusal
        if runs and not options["no_wait"]:
            self._watch(runs)

    def _change(self, command: Callable[..., Any], run_id: UUID, options: dict[str, Any]) -> None:
        if options["case"] or options["only"] or options["failed"]:
            raise CommandError("--pause, --resume and --stop name a run, and nothing else.")
        case_id = Run.objects.filter(pk=run_id).values_list("case_id", flat=True).first()
        if case_id is None:
            raise NotFound("There is no such run.")
        command(case_id=case_id, run=run_id, by=BY)
        self.stdout.write(f"{run_id}: {progress_of([Run.objects.get(pk=run_id)])[run_id].status}")

    def _start(self, case: UUID | None, *, only: tuple[str, ...], failed: bool) -> list[UUID]:
        cases = (
            [case] if case else list(Case.objects.filter(status__in=ACTIVE).order_by("id").values_list("id", flat=True))
        )
        wanted = NewRun(enrichers=only, failed=failed)
        started = []
        for each in cases:
            try:
                run = commands.start_run(case_id=each, wanted=wanted, by=BY).id
            except commands.TooManyRuns as refusal:
                if case:
                    raise
                self.stderr.write(f"case {each}: {refusal.detail}")
                continue
            started.append(run)
            self.stdout.write(f"case {each}: run {run}")
        if not started:
            self.stdout.write("No case is worked on: no run was started.")
        return started

    def _watch(self, runs: Collection[UUID]) -> None:
        """Say how far the runs are, until all are over; Ctrl-C leaves them to the workers."""
        at_terminal, last = self.stdout.isatty(), ""
        try:
            while True:
                progress = list(progress_of(list(Run.objects.filter(pk__in=runs))).values())
                line = line_of(progress, bar=at_terminal)
                if at_terminal:
                    self.stdout.write(f"\r\x1b[K{line}", ending="")
                    self.stdout.flush()
                elif line != last:
                    self.stdout.write(line)
                last = line
                if not any(each.status in {"planning", "running", "stopping"} for each in progress):
                    break
                self.wait(TERMINAL_SECONDS if at_terminal else PLAIN_SECONDS)
        except KeyboardInterrupt:
            self.stdout.write("" if at_terminal else "Interrupted.")
            self.stdout.write("The workers go on with it. To let it rest, or to end it:")
            for run in runs:
                self.stdout.write(f"  manage.py enrich --pause {run}    (or --stop)")
            return
        if at_terminal:
            self.stdout.write("")
        if any(each.status == "paused" for each in progress):
            self.stdout.write("Paused: it goes on with manage.py enrich --resume RUN.")
        for reason in {each.reason for each in progress if each.reason}:
            self.stdout.write(reason)


def line_of(progress: Collection[Progress], *, bar: bool) -> str:
    """Say in one line how far some runs are, with a bar before it where there is a terminal."""
    of, left = sum(each.of for each in progress), sum(each.left for each in progress)
    failed, stopped = sum(each.failed for each in progress), sum(each.stopped for each in progress)
    ended = of - left - stopped
    planned = [each for each in progress if each.status != "planning"]
    parts = [f"{ended:,} of {of:,} read" if of or len(planned) < len(progress) else "nothing was to be read"]
    if len(planned) < len(progress):
        items_done, items = (sum(getattr(each, name) for each in progress) for name in ("items_done", "items_total"))
        parts.insert(0, f"planning: {items_done:,} of {items:,} items")
    if failed:
        parts.append(f"{failed:,} failed")
    if stopped:
        parts.append(f"{stopped:,} stopped")
    rate = sum(each.per_minute or 0 for each in progress)
    if left and rate:
        parts += [f"{rate:,.0f} a minute", f"{_written(left * 60 / rate)} left"]
    full = BAR * (ended + stopped) // of if of else BAR * (len(planned) == len(progress))
    drawn = f"[{'#' * full}{'.' * (BAR - full)}] " if bar else ""
    return drawn + ", ".join(parts)


def _written(seconds: float) -> str:
    """Write a duration for people, rounded to seconds, minutes or tenths of hours."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = timedelta(seconds=seconds) / timedelta(minutes=1)
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"
