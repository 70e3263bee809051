"""Two who change the same thing: the second is told, before anything is overwritten."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from ledger.models import Event
from tests.api.bodies import submit

ON_CASE = {
    "rename": {"title": "Other"},
    "describe": {"description": "Other"},
    "set-sensitivity": {"sensitivity": "red"},
    "hold": {"reason": "x"},
    "close": {"reason": "x"},
    "comment": {"text": "x"},
    "tag": {"tag": "x"},
}
ON_ITEM = {
    "grade": {"reliability": "A", "credibility": "1"},
    "correct": {"changes": {"title": "Other"}, "reason": "x"},
    "retract": {"reason": "x"},
    "comment": {"text": "x"},
    "tag": {"tag": "x"},
    "untag": {"tag": "claim"},
}


@pytest.mark.parametrize("name", ON_CASE)
def test_a_command_on_a_case_is_carried_out_only_where_it_stands_as_seen(api: APIClient, case: str, name: str) -> None:
    first = api.get(case).headers["ETag"]
    api.post(f"{case}tag/", {"tag": "meanwhile"})
    for stale in (first, '"99"', "nonsense", f"W/{first}", f"{first}, {first}"):
        answer = api.post(f"{case}{name}/", ON_CASE[name], headers={"If-Match": stale})
        assert (answer.status_code, answer.json()["code"]) == (412, "stale"), stale
    assert Event.objects.count() == 2
    now = api.get(case).headers["ETag"]
    assert api.post(f"{case}{name}/", ON_CASE[name], headers={"If-Match": now}).status_code == 200


@pytest.mark.parametrize("name", ON_ITEM)
def test_a_command_on_an_item_is_carried_out_only_where_it_stands_as_seen(api: APIClient, case: str, name: str) -> None:
    item = submit(api, case)
    first = api.get(item).headers["ETag"]
    api.post(f"{item}tag/", {"tag": "meanwhile"})
    events = Event.objects.count()
    answer = api.post(f"{item}{name}/", ON_ITEM[name], headers={"If-Match": first})
    assert (answer.status_code, answer.json()["code"]) == (412, "stale")
    assert Event.objects.count() == events
    now = api.get(item).headers["ETag"]
    done = api.post(f"{item}{name}/", ON_ITEM[name], headers={"If-Match": now})
    assert done.status_code == 200
    assert (done.headers["ETag"] == now) is (name == "comment"), "a comment leaves the item as it was"


@pytest.mark.parametrize("name", ["rename", "describe"])
@pytest.mark.parametrize("headers", [{}, {"If-Match": ""}, {"If-Match": "*"}])
def test_what_overwrites_a_text_needs_to_have_seen_it(
    api: APIClient, case: str, name: str, headers: dict[str, str]
) -> None:
    answer = api.post(f"{case}{name}/", ON_CASE[name], headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (428, "precondition-required")
    assert Event.objects.count() == 1


def test_where_it_is_not_needed_a_command_goes_without(api: APIClient, case: str) -> None:
    assert api.post(f"{case}tag/", {"tag": "x"}, headers={"If-Match": "*"}).status_code == 200
    assert api.post(f"{case}untag/", {"tag": "x"}).status_code == 200


def test_an_etag_says_after_which_event_the_thing_stands_so(api: APIClient, case: str) -> None:
    def etags(*answers: Any) -> list[str]:
        return [each.headers["ETag"] for each in answers]

    opened, item = api.get(case), submit(api, case)
    assert etags(opened, api.get(case), api.get(item)) == ['"1"', '"1"', '"2"'], "an item does not change its case"
    tagged = api.post(f"{item}tag/", {"tag": "x"})
    assert etags(tagged, api.get(item), api.get(f"{item}?as_of=2")) == ['"3"', '"3"', '"2"']
    held = api.post(f"{case}hold/", {"reason": "x"})
    assert etags(held, api.get(case), api.get(item)) == ['"4"', '"4"', '"3"']
    assert (api.get(item).json()["state_seq"], api.get(case).json()["seq"]) == (3, 4)
