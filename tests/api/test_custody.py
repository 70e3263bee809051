"""Who read what is on record: custody events, gathered from the reads."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from evidence import tasks
from evidence.models import Custody, Look
from ledger.models import Event
from tests.api.bodies import picture, submit, upload


def test_reads_and_downloads_become_one_event(api: APIClient, case: str) -> None:
    item = upload(api, case, picture()).headers["Location"]
    for _ in range(3):
        api.get(item)
    b"".join(api.get(f"{item}file/"))
    assert api.get(f"{item}?as_of=1").status_code == 404, "what was not shown is not a look"
    tasks.record_custody()
    assert not Look.objects.exists()
    rows = Custody.objects.values_list("action", "times", "actor")
    assert [(action, times) for action, times, _ in rows] == [("received", 1), ("viewed", 3), ("downloaded", 1)]
    assert len({actor for _, _, actor in rows}) == 1
    assert Event.objects.filter(type="custody.recorded/1").count() == 1
    tasks.record_custody()
    assert Event.objects.filter(type="custody.recorded/1").count() == 1, "nothing new, no event"


def test_more_looks_than_one_event_takes_are_all_recorded(
    api: APIClient, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "LOOKS", 4)
    item = submit(api, case)
    for _ in range(9):
        api.get(item)
    tasks.record_custody(unknown_to_this_version=1)
    assert not Look.objects.exists()
    viewed = Custody.objects.filter(action="viewed").values_list("times", flat=True)
    assert list(viewed) == [4, 4, 1]
    assert Event.objects.filter(type="custody.recorded/1").count() == 3


def test_what_lists_hand_out_whole_is_on_record(api: APIClient, case: str) -> None:
    first, second = (UUID(submit(api, case, title=title).split("/")[-2]) for title in ("one", "two"))
    for address in (
        f"{case}evidence/?page_size=1",
        f"{case}evidence/?as_of=2",
        "/api/v1/search/?q=one",
        f"{case}events/",
    ):
        assert api.get(address).status_code == 200, address
    tasks.record_custody()
    listed = Custody.objects.filter(action="listed").values_list("item", "times")
    # One page of the list, the list as it was, the search, the feed; and the page and the feed.
    assert dict(listed) == {first: 3, second: 2}
    assert api.get(f"{case}evidence/?as_of=x").status_code == 400
    assert api.get(f"{case}evidence/?text=nowhere").json()["results"] == []
    assert not Look.objects.exists(), "what was not shown is not a look"


def test_a_feed_that_is_followed_comes_to_its_end(api: APIClient, case: str) -> None:
    """What was handed out becomes an event, which the feed hands out in turn: that is no handling of an item."""
    submit(api, case)
    for _ in range(3):
        after = api.get(f"{case}events/").json()["results"][-1]["seq"]
        tasks.record_custody()
    assert api.get(f"{case}events/?after={after}").json()["results"] != []
    tasks.record_custody()
    assert not Look.objects.exists()
    assert api.get(f"{case}events/?after={after + 1}").json()["results"] == []


def test_a_page_of_any_length_is_noted_at_once(api: APIClient, case: str) -> None:
    for number in range(3):
        submit(api, case, title=str(number))
    for address in (f"{case}evidence/", "/api/v1/search/?q=dozen", f"{case}events/"):
        with CaptureQueriesContext(connection) as context:
            api.get(address)
        written = [each["sql"] for each in context.captured_queries if each["sql"].startswith("INSERT")]
        assert len(written) == 1, address
