"""Erasures over the API: preview, ask, confirm; and what every other address shows afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth import get_user_model
from rest_framework.test import APIClient

from osint.models import IdempotencyRecord
from tests.api.bodies import STATEMENT, submit
from tests.evidence.erasures import places_of

pytestmark = pytest.mark.django_db
WITNESS = "Zelenograd"
WHY = {"ground": "data_subject", "reason": "Asked for in a letter of 3 March."}


@pytest.fixture
def reviewer(client_of: Callable[..., APIClient], api: APIClient, case: str, bob: Any) -> APIClient:
    assert api.post(f"{case}add-member/", {"user": str(bob.pk), "role": "reviewer"}).status_code == 200
    return client_of(bob)


@pytest.fixture
def item(api: APIClient, case: str) -> str:
    return submit(api, case, speaker={"name": f"Ji-woo {WITNESS}"})


def id_of(address: str) -> str:
    return address.split("/")[-2]


def goes(item: str, *fields: str) -> dict[str, Any]:
    return {"items": [{"item": id_of(item), "fields": list(fields)}]}


def erase(api: APIClient, reviewer: APIClient, case: str, body: dict[str, Any]) -> dict[str, Any]:
    asked = api.post(f"{case}redactions/", {**body, **WHY})
    assert asked.status_code == 201, asked.content
    seen = reviewer.get(asked.headers["Location"]).json()
    address = f"{asked.headers['Location']}confirm/"
    done = reviewer.post(address, {"fingerprint": seen["preview"]["fingerprint"]})
    assert done.status_code == 200, done.content
    found: dict[str, Any] = done.json()
    return found


def test_a_preview_lists_exactly_what_goes_and_records_nothing(api: APIClient, case: str, item: str) -> None:
    before = api.get(f"{case}events/").json()["results"]
    seen = api.post(f"{case}redactions/preview/", goes(item, "speaker")).json()
    [target] = seen["targets"]
    assert (target["item"], target["type"]) == (id_of(item), "evidence.submitted/1")
    assert [(each["name"], each["follows"]) for each in target["fields"]] == [("speaker", False)]
    assert WITNESS not in json.dumps(seen)
    assert api.get(f"{case}events/").json()["results"] == before


def test_a_second_person_confirms_what_one_asked_for(api: APIClient, reviewer: APIClient, case: str, item: str) -> None:
    asked = api.post(f"{case}redactions/", {**goes(item, "speaker"), **WHY})
    own = api.post(f"{asked.headers['Location']}confirm/", {"fingerprint": asked.json()["preview"]["fingerprint"]})
    assert (own.status_code, own.json()["code"]) == (403, "second-person-needed")
    stale = reviewer.post(f"{asked.headers['Location']}confirm/", {"fingerprint": "0" * 64})
    assert (stale.status_code, stale.json()["code"]) == (412, "other-list")
    fingerprint = reviewer.get(asked.headers["Location"]).json()["preview"]["fingerprint"]
    done = reviewer.post(f"{asked.headers['Location']}confirm/", {"fingerprint": fingerprint}).json()
    assert (done["status"], done["preview"], done["ground"]) == ("done", None, "data_subject")
    [listed] = api.get(f"{case}redactions/").json()["results"]
    assert listed == {name: value for name, value in done.items() if name != "preview"}
    assert places_of(WITNESS) == []
    again = reviewer.post(f"{asked.headers['Location']}confirm/", {"fingerprint": fingerprint})
    assert (again.status_code, again.json()["code"]) == (409, "already-decided")


def test_the_feed_says_of_a_field_that_it_was_erased(api: APIClient, reviewer: APIClient, case: str, item: str) -> None:
    done = erase(api, reviewer, case, goes(item, "speaker", "text"))
    [event] = [each for each in api.get(f"{case}events/").json()["results"] if each["type"] == "evidence.submitted/1"]
    assert "speaker" not in event["data"]
    assert "text" not in event["data"]
    assert event["erased"] == {
        name: {"by": done["decision"], "parts": [], "others": []} for name in ("speaker", "text")
    }
    assert len(json.loads(event["envelope"])["fields"]) == len(event["disclosures"]) + 2


def test_an_item_says_which_fields_were_erased_by_which_event_and_why(
    api: APIClient, reviewer: APIClient, case: str, item: str
) -> None:
    done = erase(api, reviewer, case, goes(item, "speaker"))
    for shown in (api.get(item).json(), api.get(f"{case}evidence/").json()["results"][0]):
        [erased] = shown["erased"]
        assert (erased["field"], erased["by"], erased["seq"]) == ("speaker", done["decision"], done["decided_seq"])
        assert (erased["ground"], erased["at"]) == ("data_subject", done["decided_at"])
    assert api.get(f"/api/v1/search/?q={WITNESS}").json()["results"] == []


def test_a_stored_answer_does_not_keep_what_was_erased(
    api: APIClient, reviewer: APIClient, case: str, item: str
) -> None:
    key = {"Idempotency-Key": "one"}
    body = {**STATEMENT, "speaker": {"name": WITNESS}}
    first = api.post(f"{case}evidence/", body, headers=key)
    lines = f"{case}evidence/batch/"
    many = {"data": json.dumps(body), "content_type": "application/x-ndjson", "headers": {"Idempotency-Key": "many"}}
    batch = api.post(lines, **many)
    other = api.post(f"{case}evidence/", STATEMENT, headers={"Idempotency-Key": "other"})
    kept = bytes(IdempotencyRecord.objects.get(key="other").body)
    erase(api, reviewer, case, {"texts": [WITNESS]})
    assert places_of(WITNESS) == []
    assert not IdempotencyRecord.objects.filter(key__in=["one", "many"]).exclude(fingerprint="").exists()
    again = api.post(f"{case}evidence/", body, headers=key)
    assert (again.status_code, again.headers["Location"]) == (201, first.headers["Location"])
    assert "was erased" in again.json()["detail"]
    assert api.post(lines, **many).content == batch.content
    assert bytes(IdempotencyRecord.objects.get(key="other").body) == kept
    assert other.status_code == 201


def test_a_stored_answer_about_a_case_goes_with_its_title(api: APIClient, reviewer: APIClient, case: str) -> None:
    seen = api.get(case).headers["ETag"]
    named = {"Idempotency-Key": "named", "If-Match": seen}
    assert api.post(f"{case}rename/", {"title": f"What {WITNESS} saw"}, headers=named).status_code == 200
    of_item = api.post(f"{case}evidence/", STATEMENT, headers={"Idempotency-Key": "item"})
    erase(api, reviewer, case, {"texts": [WITNESS]})
    assert places_of(WITNESS) == []
    assert api.get(case).json()["erased"] == ["title"]
    assert bytes(IdempotencyRecord.objects.get(key="item").body) == of_item.content


def test_a_confirmation_that_is_sent_twice_is_done_once(
    api: APIClient, reviewer: APIClient, case: str, item: str
) -> None:
    asked = api.post(f"{case}redactions/", {**goes(item, "speaker"), **WHY}, headers={"Idempotency-Key": "a"})
    fingerprint = reviewer.get(asked.headers["Location"]).json()["preview"]["fingerprint"]
    answers = [
        reviewer.post(
            f"{asked.headers['Location']}confirm/", {"fingerprint": fingerprint}, headers={"Idempotency-Key": "b"}
        )
        for _ in range(2)
    ]
    assert [each.status_code for each in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    types = [each["type"] for each in api.get(f"{case}events/").json()["results"]]
    assert types.count("event.redacted/1") == 1


def test_what_one_declines_is_said_and_stays(api: APIClient, reviewer: APIClient, case: str, item: str) -> None:
    asked = api.post(f"{case}redactions/", {**goes(item, "speaker"), **WHY})
    assert reviewer.post(f"{asked.headers['Location']}decline/", {"reason": ""}).status_code == 400
    said = reviewer.post(f"{asked.headers['Location']}decline/", {"reason": "It is needed."}).json()
    assert (said["status"], said["declined_because"]) == ("declined", "It is needed.")
    assert api.get(item).json()["speaker"]["name"].endswith(WITNESS)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"items": []},
        {"items": [{"item": "x", "fields": ["title"]}]},
        {"texts": ["xy"]},
        {"texts": ["x" * 300]},
        {"files": ["0" * 64]},
        {"files": ["not a digest"]},
        {"items": [{"fields": ["title"]}]},
        {"unknown": 1},
    ],
)
def test_what_can_not_be_meant_is_refused(api: APIClient, case: str, item: str, body: dict[str, Any]) -> None:
    for address, more in ((f"{case}redactions/preview/", {}), (f"{case}redactions/", WHY)):
        answer = api.post(address, {**body, **more})
        assert answer.status_code in {400, 409}, answer.content
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_ground_is_one_of_the_list_and_a_reason_is_needed(api: APIClient, case: str, item: str) -> None:
    for wrong in ({"ground": "because"}, {"reason": ""}, {"reason": " "}):
        answer = api.post(f"{case}redactions/", {**goes(item, "speaker"), **WHY, **wrong})
        assert answer.status_code == 400
        assert list(answer.json()["errors"]) == list(wrong)


def test_a_submitter_sees_what_was_erased_of_their_own_submission_and_nothing_of_comments(
    api: APIClient, reviewer: APIClient, client_of: Callable[..., APIClient], case: str
) -> None:
    person = get_user_model().objects.create_user(username="submitter")
    api.post(f"{case}add-member/", {"user": str(person.pk), "role": "submitter"})
    theirs = client_of(person)
    own = submit(theirs, case, title=f"{WITNESS} speaks")
    api.post(f"{own}comment/", {"text": f"{WITNESS} again"})
    erase(api, reviewer, case, {"texts": [WITNESS]})
    assert [each["field"] for each in theirs.get(own).json()["erased"]] == ["title"]
    assert {each["field"] for each in api.get(own).json()["erased"]} == {"title", "text"}
    assert theirs.get(f"{case}redactions/").status_code == 403
    assert UUID(id_of(own))
