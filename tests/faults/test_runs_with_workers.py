"""A run with real workers: paused it rests while new evidence is read, and then it goes on to its end."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.faults.submissions import settled
from tests.site import Site, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.processes]

TEXTS = 60


def test_a_paused_run_rests_while_new_evidence_is_read_and_then_goes_on(
    site: Site, client: httpx.Client, case: str
) -> None:
    ships_only = {"playbook": "own", "enrichers": {"ship": {}}}
    assert client.post(f"{case}choose-playbook/", json=ships_only).status_code == 200
    lines = "\n".join(json.dumps({"kind": "statement", "text": f"Ship {n} at 42.7400, 133.0800"}) for n in range(TEXTS))
    sent = client.post(f"{case}evidence/batch/", content=lines, headers={"Content-Type": "application/x-ndjson"})
    assert sent.status_code == 200, sent.text
    started = client.post(f"{case}enrichment-runs/", json={"enrichers": ["text"]})
    assert started.status_code == 202, started.text
    address = started.headers["Location"]

    def stands() -> dict[str, Any]:
        found: dict[str, Any] = client.get(address).json()
        return found

    def done() -> int:
        return int(stands()["progress"]["done"])

    assert wait_until(lambda: done() > 0)
    assert client.post(f"{address}pause/").json()["status"] == "paused"
    before = done()
    ship = {"kind": "sighting", "subject": {"kind": "ship", "imo": "9179842"}}
    fresh = client.post(f"{case}evidence/", json=ship).json()
    settled(client, case, fresh["id"])
    # Only what was at work when it was paused has ended since.
    assert done() - before <= 2
    assert done() < TEXTS

    assert client.post(f"{address}resume/").json()["status"] == "running"
    assert wait_until(lambda: stands()["status"] == "done"), stands()
    assert (stands()["progress"]["done"], stands()["progress"]["failed"]) == (TEXTS, 0)
    feed = client.get(f"{case}events/?page_size=1000").json()["results"]
    read = [
        each["item"] for each in feed if each["type"] == "evidence.enriched/1" and each["data"]["enricher"] == "text"
    ]
    assert len(read) == len(set(read)) == TEXTS
