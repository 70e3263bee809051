"""manage.py enrich: starts runs, watches them, and leaves them to the workers when it is interrupted."""

from __future__ import annotations

from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command

from cases import commands as cases
from enrichment.management.commands import enrich
from enrichment.models import Run
from enrichment.runs.queries import Progress
from ledger.actors import Actor
from ledger.ids import uuid7
from tests.enrichment.jobs import submit_text, work
from tests.enrichment.runs import do, newer, progress

pytestmark = pytest.mark.django_db


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def enriched(*arguments: str, out: StringIO | None = None, **options: Any) -> str:
    out = out or StringIO()
    call_command("enrich", *arguments, stdout=out, stderr=out, **options)
    return out.getvalue()


@pytest.fixture
def read_before(case: UUID, owner: Actor, monkeypatch: pytest.MonkeyPatch) -> UUID:
    """A case with two texts that an older version has read."""
    for text in ("a b c", "d e f"):
        submit_text(case, owner, text)
    work(case)
    newer(monkeypatch)
    return case


def test_without_a_case_each_that_is_worked_on_gets_a_run(read_before: UUID, owner: Actor) -> None:
    other = cases.open_case(title="Other", by=owner).stream
    closed = cases.open_case(title="Closed", by=owner).stream
    cases.close_case(case_id=closed, reason="done", by=owner)
    said = enriched("--no-wait")
    runs = {run.case_id: run for run in Run.objects.all()}
    assert set(runs) == {read_before, other}
    for case, run in runs.items():
        assert f"case {case}: run {run.pk}" in said
    assert runs[other].by == "worker:enrich@1"


@pytest.mark.parametrize("at_terminal", [True, False])
def test_it_says_how_far_it_is_until_all_is_read(
    read_before: UUID, monkeypatch: pytest.MonkeyPatch, at_terminal: bool
) -> None:
    waits: list[float] = []

    def wait(seconds: float) -> None:
        # A worker does the work while the command waits.
        waits.append(seconds)
        do(Run.objects.get().pk)

    monkeypatch.setattr(enrich.Command, "wait", staticmethod(wait))
    out = Terminal() if at_terminal else StringIO()
    said = enriched("--case", str(read_before), "--only", "text", out=out)
    assert "planning: 0 of 2 items, 0 of 0 read" in said
    assert "2 of 2 read" in said
    assert (f"[{'#' * 30}] 2 of 2 read" in said) is at_terminal
    assert ("\r" in said) is at_terminal
    assert waits == [enrich.TERMINAL_SECONDS if at_terminal else enrich.PLAIN_SECONDS]


def test_interrupted_it_leaves_the_run_going_and_says_how_to_pause_it(
    read_before: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(enrich.Command, "wait", staticmethod(interrupt))
    said = enriched("--case", str(read_before))
    run = Run.objects.get()
    assert f"manage.py enrich --pause {run.pk}" in said
    assert run.status == "running"


def test_a_run_is_paused_resumed_and_stopped_by_its_id(read_before: UUID) -> None:
    enriched("--case", str(read_before), "--no-wait")
    run = Run.objects.get().pk
    assert enriched("--pause", str(run)) == f"{run}: paused\n"
    assert enriched("--resume", str(run)) == f"{run}: planning\n"
    assert enriched("--stop", str(run)) == f"{run}: stopped\n"
    with pytest.raises(CommandError, match="This one is stopped"):
        enriched("--resume", str(run))
    assert progress(run).status == "stopped"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--case", str(uuid7())], "There is no such case."),
        (["--pause", str(uuid7())], "There is no such run."),
        (["--only", "clairvoyant"], "It is not installed. There are:"),
        (["--stop", str(uuid7()), "--failed"], "name a run, and nothing else"),
    ],
)
def test_what_can_not_be_done_is_said(case: UUID, arguments: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        enriched(*arguments)
    assert not Run.objects.exists()


def test_a_line_says_how_long_the_rest_takes() -> None:
    def at(status: str, done: int, left: int, rate: float | None, failed: int = 0) -> Progress:
        return Progress(
            status=status, items_done=50, items_total=1000, done=done, failed=failed, stopped=0, left=left,
            per_minute=rate, seconds_left=None, ended_at=None, reason="",
        )  # fmt: skip

    one, two = at("running", 300, 2700, 60.0, failed=2), at("planning", 0, 1000, None)
    assert enrich.line_of([one], bar=False) == "302 of 3,002 read, 2 failed, 60 a minute, 45 min left"
    assert enrich.line_of([one], bar=True).startswith(f"[{'#' * 3}{'.' * 27}] ")
    assert enrich.line_of([two], bar=False) == "planning: 50 of 1,000 items, 0 of 1,000 read"
    assert enrich.line_of([one, two], bar=False).startswith("planning: 100 of 2,000 items, 302 of 4,002 read")
    assert enrich.line_of([at("done", 0, 0, None)], bar=False) == "nothing was to be read"
    assert enrich.line_of([at("running", 1, 30_000, 60.0)], bar=False).endswith("8.3 h left")
    assert enrich.line_of([at("running", 1, 30, 60.0)], bar=False).endswith("30 s left")
