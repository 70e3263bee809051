"""The page of runs: who reads the case sees how far each is, who edits it starts, pauses and stops them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from cases import commands as cases
from cases.domain import Role
from enrichment.models import Job, Run
from enrichment.runs.commands import start_run
from enrichment.runs.domain import NewRun
from tests.enrichment.runs import do, newer, steps
from tests.workspace.conftest import Browser, World


def of(world: World) -> str:
    return world.page("runs/")


def change(run: UUID, change: str) -> dict[str, str]:
    return {"do": "change", "run": str(run), "change": change}


def test_a_run_is_started_followed_and_over(
    world: World, browser: Browser, bob: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = browser(bob)
    assert "None was started yet" in client.get(of(world)).content.decode()
    Job.objects.all().delete()
    version = newer(monkeypatch)
    assert client.post(of(world), {"do": "start", "enrichers": ["text"]}).status_code == 302
    run = Run.objects.get().pk
    page = client.get(of(world)).content.decode()
    assert "data-waits" in page
    assert f'text <span class="quiet">@{version}</span>' in page
    assert '<progress max="3" value="0">' in page
    steps(run)
    assert '<progress max="1" value="0"></progress></label> 0 of 1' in client.get(of(world)).content.decode()
    assert client.post(of(world), change(run, "pause")).status_code == 302
    page = client.get(of(world)).content.decode()
    assert (">paused<" in page, "data-waits" in page, 'value="resume"' in page) == (True, False, True)
    assert client.post(of(world), change(run, "resume")).status_code == 302
    do(run)
    page = client.get(of(world)).content.decode()
    assert (">done<" in page, "data-waits" in page, 'name="change"' in page) == (True, False, False)
    history = client.get(world.page("history/")).content.decode()
    assert "had the evidence read again" in history
    assert "let a run go on" in history


def test_what_is_refused_says_why(world: World, browser: Browser, bob: Any) -> None:
    client = browser(bob)
    run = start_run(case_id=world.case, wanted=NewRun(), by=world.by).id
    assert client.post(of(world), change(run, "stop")).status_code == 302
    for sent, status, said in (
        (change(run, "resume"), 409, "This one is stopped."),
        (change(run, "explode"), 400, "There is no such change of a run."),
        (change(world.case, "pause"), 400, "There is nothing here that you may see."),
        ({"do": "start", "enrichers": ["clairvoyant"]}, 400, "not one of the available choices"),
    ):
        answer = client.post(of(world), sent)
        assert (answer.status_code, said in answer.content.decode()) == (status, True), sent


def test_a_viewer_sees_how_far_it_is_and_is_offered_nothing(world: World, browser: Browser, charlie: Any) -> None:
    run = start_run(case_id=world.case, wanted=NewRun(), by=world.by).id
    cases.add_member(case_id=world.case, user=charlie.pk, role=Role.VIEWER, by=world.by)
    client = browser(charlie)
    page = client.get(of(world)).content.decode()
    assert str(run) in page
    assert 'name="do"' not in page
    assert client.post(of(world), change(run, "pause")).status_code == 403


def test_a_case_that_is_closed_offers_to_stop_a_run_and_to_start_none(world: World, browser: Browser, bob: Any) -> None:
    run = start_run(case_id=world.case, wanted=NewRun(), by=world.by).id
    cases.close_case(case_id=world.case, reason="done", by=world.by)
    client = browser(bob)
    page = client.get(of(world)).content.decode()
    assert ('value="start"' in page, 'value="stop"' in page) == (False, True)
    assert client.post(of(world), {"do": "start"}).status_code == 409
    assert client.post(of(world), change(run, "stop")).status_code == 302
