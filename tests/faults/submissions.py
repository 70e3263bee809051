"""What a client of a running site does: open a case, submit, wait for what the tools find."""

import json
from pathlib import Path
from typing import Any

import httpx

from tests.site import wait_until

FINISHED = {"done", "failed"}


def open_case(client: httpx.Client, *, title: str = "Tankers") -> str:
    """Open a case and return its address."""
    opened = client.post("/api/v1/cases/", json={"title": title})
    assert opened.status_code == 201, opened.text
    address: str = opened.headers["Location"]
    return address


def submit(client: httpx.Client, case: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Submit an item without a file and return it."""
    answer = client.post(f"{case}evidence/", json=fields)
    assert answer.status_code == 201, answer.text
    item: dict[str, Any] = answer.json()
    return item


def upload(client: httpx.Client, case: str, file: Path, **metadata: Any) -> httpx.Response:
    """Send a picture with its metadata; the answer is the caller's to judge."""
    with file.open("rb") as stream:
        return client.post(
            f"{case}evidence/",
            data={"metadata": json.dumps({"kind": "image", **metadata})},
            files={"file": (file.name, stream, "image/jpeg")},
        )


def enrichments(client: httpx.Client, case: str, item: str) -> dict[str, dict[str, Any]]:
    """Read what the tools have found in an item, or not yet, by tool."""
    found = client.get(f"{case}evidence/{item}/").json()["enrichments"]
    return {each["enricher"]: each for each in found}


def settled(client: httpx.Client, case: str, item: str, *, seconds: float = 60) -> dict[str, dict[str, Any]]:
    """Wait until every tool has come to an end with an item, and return what they found."""

    def ended() -> bool:
        statuses = {each["status"] for each in enrichments(client, case, item).values()}
        return bool(statuses) and statuses <= FINISHED

    assert wait_until(ended, seconds=seconds), enrichments(client, case, item)
    return enrichments(client, case, item)


def events(client: httpx.Client, case: str) -> list[dict[str, Any]]:
    """Follow the feed of a case from its beginning to its end."""
    found: list[dict[str, Any]] = []
    address = f"{case}events/?page_size=500"
    while address:
        page = client.get(address).json()
        found += page["results"]
        address = page["next"]
    return found
