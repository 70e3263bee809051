"""Cases over the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

Clients = Callable[..., APIClient]


def test_a_case_is_opened_read_and_listed(api: APIClient, case: str, alice: Any) -> None:
    read = api.get(case)
    assert read.status_code == 200
    assert read.headers["ETag"] == '"1"'
    body = read.json()
    assert (body["title"], body["status"], body["sensitivity"]) == ("Tankers", "open", "amber")
    assert [(member["username"], member["role"]) for member in body["team"]] == [("alice", "owner")]
    listed = api.get("/api/v1/cases/").json()
    assert set(listed) == {"next", "previous", "results"}
    assert [each["id"] for each in listed["results"]] == [body["id"]]


@pytest.mark.parametrize(
    ("steps", "status"),
    [
        (["hold"], "on_hold"),
        (["hold", "resume"], "open"),
        (["send-to-review"], "in_review"),
        (["send-to-review", "resume"], "open"),
        (["close"], "closed"),
        (["close", "reopen"], "reopened"),
        (["close", "archive"], "archived"),
        (["close", "archive", "reopen", "close"], "closed"),
    ],
)
def test_a_case_changes_its_status_with_a_reason(api: APIClient, case: str, steps: list[str], status: str) -> None:
    for step in steps:
        answer = api.post(f"{case}{step}/", {"reason": "because"})
        assert answer.status_code == 200, answer.content
    assert answer.json()["status"] == status


def test_a_change_of_status_needs_a_reason(api: APIClient, case: str) -> None:
    answer = api.post(f"{case}close/", {"reason": " "})
    assert (answer.status_code, answer.json()["errors"]) == (400, {"reason": ["This field is required."]})


def test_a_closed_case_is_not_closed_again(api: APIClient, case: str) -> None:
    api.post(f"{case}close/", {"reason": "done"})
    answer = api.post(f"{case}close/", {"reason": "done"})
    assert (answer.status_code, answer.json()["code"]) == (409, "case-not-open")
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_title_is_overwritten_only_by_one_who_saw_it(api: APIClient, case: str) -> None:
    assert api.post(f"{case}rename/", {"title": "A"}).status_code == 428
    first = api.post(f"{case}rename/", {"title": "A"}, headers={"If-Match": '"1"'})
    assert (first.status_code, first.json()["title"]) == (200, "A")
    stale = api.post(f"{case}rename/", {"title": "B"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    again = api.post(f"{case}rename/", {"title": "B"}, headers={"If-Match": first.headers["ETag"]})
    assert again.json()["title"] == "B"


def test_the_other_commands_change_what_they_say(api: APIClient, case: str, bob: Any) -> None:
    api.post(f"{case}describe/", {"description": "Ships"}, headers={"If-Match": api.get(case).headers["ETag"]})
    api.post(f"{case}set-sensitivity/", {"sensitivity": "red", "reason": "names"})
    api.post(f"{case}tag/", {"tag": "oil"})
    api.post(f"{case}tag/", {"tag": "dprk"})
    api.post(f"{case}untag/", {"tag": "oil"})
    api.post(f"{case}comment/", {"text": "Look at this"})
    api.post(f"{case}add-member/", {"user": str(bob.id), "role": "viewer"})
    body = api.post(f"{case}change-role/", {"user": str(bob.id), "role": "reviewer"}).json()
    assert (body["description"], body["sensitivity"], body["tags"]) == ("Ships", "red", ["dprk"])
    assert {member["username"]: member["role"] for member in body["team"]} == {
        "alice": "owner",
        "bob": "reviewer",
    }
    assert [each["text"] for each in api.get(f"{case}comments/").json()["results"]] == ["Look at this"]
    body = api.post(f"{case}remove-member/", {"user": str(bob.id)}).json()
    assert [member["username"] for member in body["team"]] == ["alice"]


def test_a_case_keeps_an_owner(api: APIClient, case: str, alice: Any) -> None:
    answer = api.post(f"{case}remove-member/", {"user": str(alice.id)})
    assert (answer.status_code, answer.json()["code"]) == (409, "last-owner")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "title"),
        ({"title": ""}, "title"),
        ({"title": 7}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "A", "sensitivity": "secret"}, "sensitivity"),
        ({"title": "A", "id": "01a20b63-99ee-79e6-a074-2ef713a1f328"}, "id"),
        ({"title": "A", "actor": "user:x"}, "actor"),
        ({"title": "A", "is_staff": True}, "is_staff"),
        ({"title": "A", "owner": "x"}, "owner"),
    ],
)
def test_a_bad_or_server_owned_field_is_named(api: APIClient, body: dict[str, Any], field: str) -> None:
    answer = api.post("/api/v1/cases/", body)
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    assert api.get("/api/v1/cases/").json()["results"] == []


def test_a_stranger_does_not_learn_that_the_case_exists(case: str, client_of: Clients, charlie: Any) -> None:
    stranger = client_of(charlie)
    nowhere = "/api/v1/cases/01a20b63-99ee-79e6-a074-2ef713a1f328/"

    def answers(address: str) -> list[Any]:
        found = [
            stranger.get(address),
            stranger.get(f"{address}events/"),
            stranger.get(f"{address}comments/"),
            stranger.get(f"{address}evidence/"),
            stranger.post(f"{address}close/", {"reason": "x"}),
            stranger.post(f"{address}rename/", {"title": "x"}),
            stranger.post(f"{address}rename/", {"title": "x"}, headers={"If-Match": '"1"'}),
            stranger.post(f"{address}evidence/", {"kind": "statement", "text": "x"}),
        ]
        return [{k: v for k, v in each.json().items() if k != "instance"} for each in found]

    assert answers(case) == answers(nowhere)
    assert {each["status"] for each in answers(case)} == {404}
    assert stranger.get("/api/v1/cases/").json()["results"] == []


def test_a_superuser_has_no_key_to_a_case(case: str, client_of: Clients, charlie: Any) -> None:
    charlie.is_superuser = charlie.is_staff = True
    charlie.save()
    assert client_of(charlie).get(case).status_code == 404


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("viewer", set()),
        ("reviewer", {"comment"}),
        ("investigator", {"comment", "tag"}),
        ("owner", {"comment", "tag", "close"}),
    ],
)
def test_each_role_may_do_what_it_says(
    api: APIClient, case: str, bob: Any, client_of: Clients, role: str, allowed: set[str]
) -> None:
    api.post(f"{case}add-member/", {"user": str(bob.id), "role": role})
    theirs = client_of(bob)
    assert theirs.get(case).status_code == 200
    for command, body in (("comment", {"text": "x"}), ("tag", {"tag": "x"}), ("close", {"reason": "x"})):
        assert theirs.post(f"{case}{command}/", body).status_code == (200 if command in allowed else 403), command


def test_the_event_feed_shows_the_case_in_order(api: APIClient, case: str) -> None:
    for text in "abc":
        api.post(f"{case}comment/", {"text": text})
    first = api.get(f"{case}events/?page_size=2").json()
    assert [event["type"] for event in first["results"]] == ["case.opened/1", "case.commented/1"]
    rest = api.get(first["next"]).json()
    assert [event["data"]["text"] for event in rest["results"]] == ["b", "c"]
    assert rest["next"] is None
    assert [event["seq"] for event in api.get(f"{case}events/?after=3").json()["results"]] == [4]
    assert api.get(f"{case}events/?after=-1").status_code == 400


def test_a_token_is_only_good_for_its_scopes_and_its_case(
    api: APIClient, case: str, alice: Any, client_of: Clients
) -> None:
    reader = client_of(alice, "cases:read")
    assert reader.get(case).status_code == 200
    assert reader.post(f"{case}close/", {"reason": "x"}).status_code == 403
    assert reader.get(f"{case}evidence/").status_code == 403
    other = api.post("/api/v1/cases/", {"title": "Other"}).headers["Location"]
    bound = client_of(alice, "cases:read", "cases:write", case_id=other.rstrip("/").rpartition("/")[2])
    assert bound.get(other).status_code == 200
    assert bound.get(case).status_code == 404
    assert len(bound.get("/api/v1/cases/").json()["results"]) == 1
    assert bound.post("/api/v1/cases/", {"title": "New"}).status_code == 403


def test_without_a_token_there_is_an_invitation_to_send_one(db: None) -> None:
    answer = APIClient().get("/api/v1/cases/")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_the_list_can_be_narrowed_and_refuses_what_it_does_not_know(api: APIClient, case: str) -> None:
    api.post("/api/v1/cases/", {"title": "Grain"})
    api.post(f"{case}close/", {"reason": "x"})
    assert [each["title"] for each in api.get("/api/v1/cases/?status=closed").json()["results"]] == ["Tankers"]
    assert api.get("/api/v1/cases/?status=asleep").status_code == 400
