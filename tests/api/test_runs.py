"""Runs over the API: started, followed, paused, resumed and stopped; whatever else is sent is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from ledger.ids import uuid7
from tests.api.bodies import submit
from tests.enrichment.runs import do, newer, steps


def test_a_run_is_started_followed_and_over(api: APIClient, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    submit(api, case)
    version = newer(monkeypatch)
    answer = api.post(f"{case}enrichment-runs/", {"enrichers": ["text"]})
    assert answer.status_code == 202, answer.content
    run = answer.json()
    address = answer.headers["Location"]
    assert address == f"{case}enrichment-runs/{run['id']}/"
    assert run["enrichers"] == [{"enricher": "text", "version": version, "parameters": {}}]
    assert (run["status"], run["failed"], run["progress"]["items_total"]) == ("planning", False, 1)
    steps(UUID(run["id"]))
    stands = api.get(address).json()
    assert (stands["status"], stands["progress"]["left"]) == ("running", 1)
    assert api.post(f"{address}pause/").json()["status"] == "paused"
    assert api.post(f"{address}pause/").status_code == 409
    assert api.post(f"{address}resume/").json()["status"] == "running"
    do(UUID(run["id"]))
    stands = api.get(address).json()
    assert (stands["status"], stands["progress"]["done"], stands["progress"]["left"]) == ("done", 1, 0)
    assert stands["ended_at"] is not None
    assert api.post(f"{address}stop/").status_code == 409
    assert api.get(f"{case}enrichment-runs/").json()["results"] == [stands]


def test_a_run_without_a_name_is_of_the_cases_playbook(api: APIClient, case: str) -> None:
    api.post(f"{case}choose-playbook/", {"playbook": "own", "enrichers": {"position": {"most": 2}}})
    run = api.post(f"{case}enrichment-runs/", {}).json()
    assert [each["enricher"] for each in run["enrichers"]] == ["position"]
    assert run["enrichers"][0]["parameters"]["most"] == 2
    # What is named is read, whether or not the playbook has it.
    run = api.post(f"{case}enrichment-runs/", {"enrichers": ["ship"], "failed": True}).json()
    assert ([each["enricher"] for each in run["enrichers"]], run["failed"]) == (["ship"], True)


@pytest.mark.parametrize(
    "body",
    [
        {"enrichers": ["clairvoyant"]},
        {"enrichers": "text"},
        {"enrichers": [1]},
        {"enrichers": [None]},
        {"enrichers": ["text"] * 50_000},
        {"failed": "yes"},
        {"version": 1},
        {"enrichers": ["text"], "parameters": {}},
    ],
)
def test_what_can_not_be_meant_is_refused_and_starts_nothing(api: APIClient, case: str, body: Any) -> None:
    answer = api.post(f"{case}enrichment-runs/", body)
    assert answer.status_code == 400, answer.content
    assert answer.json()["errors"]
    assert len(answer.content) < 4000
    assert api.get(f"{case}enrichment-runs/").json()["results"] == []


def test_a_run_of_another_case_is_no_run(
    api: APIClient, case: str, client_of: Callable[..., APIClient], charlie: Any
) -> None:
    run = api.post(f"{case}enrichment-runs/", {}).json()["id"]
    theirs = client_of(charlie)
    own = theirs.post("/api/v1/cases/", {"title": "Own"}).headers["Location"]
    for client, under in ((theirs, own), (theirs, case), (api, own)):
        for each in (run, uuid7()):
            assert client.get(f"{under}enrichment-runs/{each}/").status_code == 404
            assert client.post(f"{under}enrichment-runs/{each}/stop/").status_code == 404
    assert api.post(f"{case}enrichment-runs/{run}/stop/", {"case": own}).status_code == 400
    assert api.get(f"{case}enrichment-runs/{run}/").json()["status"] == "planning"


def test_a_closed_case_is_not_read_again(api: APIClient, case: str) -> None:
    api.post(f"{case}close/", {"reason": "done"})
    assert api.post(f"{case}enrichment-runs/", {}).status_code == 409


def test_a_list_of_runs_takes_the_same_few_queries_however_long_it_is(api: APIClient, case: str) -> None:
    counts = []
    for _ in range(2):
        do(UUID(api.post(f"{case}enrichment-runs/", {}).json()["id"]))
        with CaptureQueriesContext(connection) as seen:
            assert api.get(f"{case}enrichment-runs/").status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 6
