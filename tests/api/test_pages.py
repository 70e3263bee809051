"""Pages: no gap and no repetition while others append, and the same few queries however long the list."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from cases.models import Case
from evidence.models import ItemState
from tests.api.bodies import STATEMENT, submit

FEW, MANY = 5, 50


def submit_many(api: APIClient, case: str, count: int, **fields: Any) -> None:
    lines = "\n".join(json.dumps({**STATEMENT, "title": str(number), **fields}) for number in range(count))
    answer = api.generic("POST", f"{case}evidence/batch/", lines, content_type="application/x-ndjson")
    assert answer.status_code == 200


def test_pages_are_stable_while_others_append_and_change(api: APIClient, case: str) -> None:
    submit_many(api, case, 7)
    first = api.get(f"{case}evidence/?page_size=3").json()
    assert [each["title"] for each in first["results"]] == ["6", "5", "4"]
    late = submit(api, case, title="late")
    api.post(f"{api.get(late).request['PATH_INFO']}tag/", {"tag": "x"})
    middle = f"{case}evidence/{first['results'][1]['id']}/"
    api.post(f"{middle}correct/", {"changes": {"title": "5, corrected"}, "reason": "x"})
    second = api.get(first["next"]).json()
    assert [each["title"] for each in second["results"]] == ["3", "2", "1"]
    back = api.get(second["previous"]).json()
    assert [each["title"] for each in back["results"]] == ["6", "5, corrected", "4"]
    newest = api.get(back["previous"]).json()
    assert [each["title"] for each in newest["results"]] == ["late"]


def test_the_page_keeps_the_filter_it_was_asked_with(api: APIClient, case: str) -> None:
    submit_many(api, case, 4, tags=["even"])
    submit_many(api, case, 4, tags=["odd"])
    seq = api.get(case).json()["seq"]
    address, found = f"{case}evidence/?tag=even&page_size=3&as_of={seq + 20}", []
    while address:
        page = api.get(address).json()
        found += [each["tags"] for each in page["results"]]
        address = page["next"]
    assert found == [["even"]] * 4


def test_the_feed_of_events_can_be_followed_without_gap(api: APIClient, case: str) -> None:
    submit_many(api, case, 5)
    seen: list[int] = []
    address = f"{case}events/?page_size=2"
    while address:
        page = api.get(address).json()
        seen += [event["seq"] for event in page["results"]]
        if len(seen) == 4:
            submit(api, case)
        address = page["next"]
    assert seen == [1, 2, 3, 4, 5, 6, 7]
    submit(api, case)
    assert [each["seq"] for each in api.get(f"{case}events/?after=7").json()["results"]] == [8]
    assert api.get(f"{case}events/?after={2**53}").json()["results"] == []


def encoded(text: str) -> str:
    return b64encode(text.encode()).decode()


POSITIONS = (
    "abc", "", "%00", "2024-01-01", "2024-01-01T00:00:00", "1.5", "0001-01-01T00:00:00%2B14:00",
    "9999-12-31T23:59:59-14:00",
)  # fmt: skip
BAD = [
    "nonsense",
    "%00",
    "\u00e9",
    "A",
    *(encoded(each) for each in ("o=x", "o=-1", "r=x", *(f"p={p}" for p in POSITIONS))),
]


def walk(api: APIClient, address: str) -> list[str]:
    """Follow `next` to the end of a list, no further than a list of ours could go."""
    found: list[str] = []
    for _ in range(50):
        page = api.get(address).json()
        found += [each["id"] for each in page["results"]]
        if page["next"] is None:
            return found
        address = page["next"]
    raise AssertionError("the list does not end")


def test_every_item_of_a_large_batch_is_found_once(api: APIClient, case: str) -> None:
    """All of a batch have one time of submission; more than a thousand of them once began anew without end."""
    submit_many(api, case, 1300)
    submitted = set(ItemState.objects.values_list("item", flat=True))
    for address in (f"{case}evidence/?page_size=200", "/api/v1/search/?q=dozen&page_size=200"):
        found = walk(api, address)
        assert (len(found), set(map(UUID, found))) == (1300, submitted), address
    by_age = [each["title"] for each in api.get("/api/v1/search/?q=dozen&page_size=1").json()["results"]]
    late = submit(api, case, title="late")
    newest = api.get("/api/v1/search/?q=dozen&page_size=2").json()["results"]
    assert f"{case}evidence/{newest[0]['id']}/" == late
    assert newest[1]["title"] == by_age[0]


def test_cases_of_one_moment_are_found_once(api: APIClient) -> None:
    opened = [api.post("/api/v1/cases/", {"title": str(number)}).json()["id"] for number in range(7)]
    Case.objects.update(opened_at=timezone.now())
    assert sorted(walk(api, "/api/v1/cases/?page_size=2")) == sorted(opened)


@pytest.mark.parametrize("cursor", BAD)
def test_a_cursor_that_was_changed_is_refused(api: APIClient, case: str, cursor: str) -> None:
    submit(api, case)
    for address in (f"{case}evidence/", f"{case}comments/"):
        answer = api.get(address, {"cursor": cursor})
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["cursor"]), address


@pytest.mark.parametrize("cursor", BAD)
def test_a_cursor_of_another_list_is_refused(api: APIClient, case: str, cursor: str) -> None:
    submit(api, case)
    for address, query in (("/api/v1/cases/", {}), ("/api/v1/search/", {"q": "dozen"})):
        answer = api.get(address, {**query, "cursor": cursor})
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["cursor"]), address


@pytest.mark.parametrize("position", ["-1", "0", str(2**63), str(10**40), f"-{10**40}"])
def test_a_position_beyond_all_rows_is_an_end(api: APIClient, case: str, position: str) -> None:
    submit(api, case)
    for text in (f"p={position}", f"r=1&p={position}", "o=999999999999"):
        answer = api.get(f"{case}evidence/", {"cursor": encoded(text)})
        assert answer.status_code == 200, answer.content


# --- the same few queries ---


def queries(api: APIClient, address: str) -> list[str]:
    answer = api.get(address)
    assert answer.status_code == 200, answer.content
    with CaptureQueriesContext(connection) as context:
        api.get(address)
    return [each["sql"] for each in context.captured_queries]


def test_the_number_of_queries_does_not_grow(api: APIClient, case: str) -> None:
    item = submit(api, case)
    addresses = {
        "evidence": f"{case}evidence/?page_size=200",
        "narrowed": f"{case}evidence/?page_size=200&tag=claim&text=dozen&when_from=2024&enrichment=waiting",
        "as of": f"{case}evidence/?page_size=200&as_of=100000",
        "item": item,
        "events": f"{case}events/?page_size=1000",
        "comments": f"{case}comments/?page_size=200",
        "case": case,
        "cases": "/api/v1/cases/?page_size=200",
        "search": "/api/v1/search/?q=dozen&page_size=200",
    }

    def grow(count: int) -> dict[str, int]:
        submit_many(api, case, count)
        for number in range(count):
            api.post(f"{item}comment/", {"text": str(number)})
            api.post(f"{item}tag/", {"tag": str(count * 100 + number)})
            api.post("/api/v1/cases/", {"title": str(number)})
        return {name: len(queries(api, address)) for name, address in addresses.items()}

    few = grow(FEW)
    assert len(api.get(addresses["evidence"]).json()["results"]) == FEW + 1
    many = grow(MANY)
    for name in ("evidence", "narrowed", "comments", "cases", "search"):
        assert len(api.get(addresses[name]).json()["results"]) > MANY, name
    assert many == few
    # An item has its receipt with it; and all items say what was erased of them.
    assert many.pop("item") <= 12, many
    assert max(many.values()) <= 9, many
