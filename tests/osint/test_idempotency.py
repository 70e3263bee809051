"""Requests that may be repeated: the same answer for the same request, whatever happened in between."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event as Signal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import include, path
from django.utils import timezone
from rest_framework.response import Response
from rest_framework.test import APIClient

from cases.http import StrictView
from evidence.models import ItemState
from ledger.models import Event
from osint import idempotency, tokens
from osint.models import IdempotencyRecord, User
from tests.api.bodies import STATEMENT, picture

SCOPES = ("cases:read", "cases:write", "evidence:read", "evidence:write")
KEY = {"Idempotency-Key": "4f1c"}
WAIT = 20.0
"""Seconds after which a test that waits for another thread has failed."""


def client_of(user: Any) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.issue(user=user, scopes=SCOPES)[1]}")
    return client


@pytest.fixture
def api(alice: Any) -> APIClient:
    return client_of(alice)


@pytest.fixture
def case(api: APIClient) -> str:
    address: str = api.post("/api/v1/cases/", {"title": "Tankers"}).headers["Location"]
    return address


def lines(*bodies: Any) -> str:
    return "\n".join(json.dumps(each) for each in bodies)


def image(name: str = "a.png", data: bytes | None = None, **metadata: Any) -> dict[str, Any]:
    file = SimpleUploadedFile(name, data or picture(), content_type="image/png")
    return {"metadata": json.dumps({"kind": "image", **metadata}), "file": file}


Send = Callable[[APIClient, str, str], Any]
NDJSON = "application/x-ndjson"
POSTS: dict[str, Send] = {
    "case": lambda api, case, word: api.post("/api/v1/cases/", {"title": word}, headers=KEY),
    "command": lambda api, case, word: api.post(f"{case}comment/", {"text": word}, headers=KEY),
    "statement": lambda api, case, word: api.post(f"{case}evidence/", {**STATEMENT, "title": word}, headers=KEY),
    "image": lambda api, case, word: api.post(f"{case}evidence/", image(title=word), format="multipart", headers=KEY),
    "batch": lambda api, case, word: api.generic(
        "POST", f"{case}evidence/batch/", lines({**STATEMENT, "title": word}), content_type=NDJSON, headers=KEY
    ),
}
EACH_POST = pytest.mark.parametrize("send", POSTS.values(), ids=POSTS)


@EACH_POST
def test_the_same_request_again_has_the_stored_answer_and_does_nothing(api: APIClient, case: str, send: Send) -> None:
    first = send(api, case, "A")
    events = Event.objects.count()
    again = send(api, case, "A")
    assert first.status_code in {200, 201}
    assert (again.status_code, again.content) == (first.status_code, first.content)
    for name in ("Content-Type", "Location", "ETag"):
        assert again.headers.get(name) == first.headers.get(name)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert Event.objects.count() == events


@EACH_POST
def test_another_request_with_the_same_key_is_refused(api: APIClient, case: str, send: Send) -> None:
    send(api, case, "A")
    events = Event.objects.count()
    other = send(api, case, "B")
    assert (other.status_code, other.headers["Content-Type"]) == (422, "application/problem+json")
    assert Event.objects.count() == events
    assert send(api, case, "A").status_code in {200, 201}, "the answer is still there"


@EACH_POST
def test_the_key_of_another_caller_is_another_key(api: APIClient, case: str, bob: Any, send: Send) -> None:
    api.post(f"{case}add-member/", {"user": str(bob.pk), "role": "investigator"})
    first, second = send(api, case, "A"), send(client_of(bob), case, "B")
    assert (first.status_code, second.status_code) in {(200, 200), (201, 201)}
    assert "Idempotency-Replayed" not in second.headers
    assert IdempotencyRecord.objects.count() == 2


@EACH_POST
def test_who_left_the_team_has_no_answer_any_more(api: APIClient, case: str, bob: Any, send: Send) -> None:
    """For one who is not on the team the case does not exist, whatever they were once told of it."""
    theirs = client_of(bob)
    address = case
    api.post(f"{case}add-member/", {"user": str(bob.pk), "role": "investigator"})
    first = send(theirs, case, "A")
    if first.headers.get("Location", "").count("/") == case.count("/") and first.headers["Location"] != case:
        # Bob opened a case of his own, and hands it over.
        address = first.headers["Location"]
        theirs.post(f"{address}add-member/", {"user": str(User.objects.get(username="alice").pk), "role": "owner"})
    api.post(f"{address}remove-member/", {"user": str(bob.pk)})
    again = send(theirs, case, "A")
    assert first.status_code in {200, 201}
    assert (again.status_code, again.headers["Content-Type"]) == (404, "application/problem+json")
    assert "Idempotency-Replayed" not in again.headers
    nothing = theirs.get(address).json()
    assert {**again.json(), "instance": ""} == {**nothing, "instance": ""}
    api.post(f"{address}add-member/", {"user": str(bob.pk), "role": "viewer"})
    assert send(theirs, case, "A").content == first.content, "back on the team, the answer is there"


def test_a_file_of_the_same_name_with_other_bytes_is_another_request(api: APIClient, case: str) -> None:
    def sent(**file: Any) -> int:
        status: int = api.post(f"{case}evidence/", image(**file), format="multipart", headers=KEY).status_code
        return status

    assert sent() == 201
    assert sent(data=picture((9, 9))) == 422
    assert sent(name="b.png") == 422
    assert sent() == 201
    assert ItemState.objects.count() == 1


def test_the_same_key_at_another_address_is_another_request(api: APIClient, case: str) -> None:
    api.post(f"{case}tag/", {"tag": "x"}, headers=KEY)
    assert api.post(f"{case}untag/", {"tag": "x"}, headers=KEY).status_code == 422
    assert api.post(f"{case}tag/?a=1", {"tag": "x"}, headers=KEY).status_code == 422


def test_a_refused_request_is_not_remembered(api: APIClient, case: str, charlie: Any) -> None:
    stranger = client_of(charlie)
    for sent, status in (
        (api.post(f"{case}evidence/", {"kind": "statement"}, headers=KEY), 400),
        (api.post(f"{case}reopen/", {"reason": "x"}, headers=KEY), 409),
        (api.post(f"{case}rename/", {"title": "x"}, headers=KEY), 428),
        (api.post(f"{case}nothing/", {"title": "x"}, headers=KEY), 404),
        (api.post(f"{case}evidence/", image(sha256="0" * 64), format="multipart", headers=KEY), 400),
        (stranger.post(f"{case}comment/", {"text": "x"}, headers=KEY), 404),
        (APIClient().post(f"{case}comment/", {"text": "x"}, headers=KEY), 401),
        (api.put(case, {"title": "x"}, headers=KEY), 405),
    ):
        assert sent.status_code == status
        assert not IdempotencyRecord.objects.exists()
    assert api.post(f"{case}comment/", {"text": "x"}, headers=KEY).status_code == 200, "the key is free"


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "caf\u00e9", "tab\tbed"])
def test_a_key_that_is_none_is_refused(api: APIClient, case: str, key: str) -> None:
    answer = api.post(f"{case}comment/", {"text": "x"}, headers={"Idempotency-Key": key})
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")
    assert Event.objects.count() == 1


def test_a_dry_run_may_be_repeated_too(api: APIClient, case: str) -> None:
    for _ in range(2):
        body = lines(STATEMENT, {})
        answer = api.generic("POST", f"{case}evidence/batch/?dry_run=true", body, content_type=NDJSON, headers=KEY)
        assert [json.loads(line)["status"] for line in answer.content.splitlines()] == [200, 400]
    assert Event.objects.count() == 1


def test_somebody_signed_in_may_repeat_a_request_too(case: str, alice: Any) -> None:
    browser = Client()
    browser.force_login(alice)
    sent = [
        browser.post(f"{case}comment/", '{"text":"x"}', content_type="application/json", headers=KEY) for _ in range(2)
    ]
    assert [each.status_code for each in sent] == [200, 200]
    assert sent[0].content == sent[1].content
    assert Event.objects.count() == 2


# --- one transaction ---

REFUSE_THE_ROW = {
    "sqlite": [
        """CREATE TRIGGER no_row BEFORE INSERT ON osint_idempotencyrecord
           BEGIN SELECT RAISE(ABORT, 'no row today'); END"""
    ],
    "postgresql": [
        """CREATE FUNCTION no_row() RETURNS trigger LANGUAGE plpgsql
           AS $$ BEGIN RAISE EXCEPTION 'no row today'; END $$""",
        "CREATE TRIGGER no_row BEFORE INSERT ON osint_idempotencyrecord FOR EACH ROW EXECUTE FUNCTION no_row()",
    ],
}


@EACH_POST
def test_without_its_answer_kept_nothing_is_recorded(api: APIClient, case: str, send: Send) -> None:
    """The database refuses the answer's row: the events, written before it, go with it."""
    with connection.cursor() as cursor:
        for statement in REFUSE_THE_ROW[connection.vendor]:
            cursor.execute(statement)
    events, items = Event.objects.count(), ItemState.objects.count()
    answer = send(api, case, "A")
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "application/problem+json")
    assert (Event.objects.count(), ItemState.objects.count()) == (events, items)


# --- at the same time ---

entered, go_on = Signal(), Signal()


class Slow(StrictView):
    """Works until the test says so."""

    required_scopes = {"POST": "cases:write"}

    def post(self, request: Any) -> Response:
        entered.set()
        if not go_on.wait(WAIT):
            return Response({"done": False}, status=500)
        return Response({"done": request.data["title"]})


urlpatterns = [path("api/v1/slow/", Slow.as_view()), path("", include("osint.urls"))]


@pytest.fixture
def slow() -> Iterator[Callable[[APIClient], HttpResponse]]:
    """Send the slow request."""

    def slow(client: APIClient) -> HttpResponse:
        try:
            answer: HttpResponse = client.post("/api/v1/slow/", {"title": "A"}, headers=KEY)
            return answer
        finally:
            connections.close_all()

    entered.clear()
    go_on.clear()
    with override_settings(ROOT_URLCONF=__name__):
        yield slow
    go_on.set()


@pytest.mark.django_db(transaction=True)
def test_the_same_request_at_the_same_time_is_told_to_wait(
    api: APIClient, case: str, slow: Callable[[APIClient], HttpResponse]
) -> None:
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(slow, api)
        assert entered.wait(WAIT)
        second = api.post("/api/v1/slow/", {"title": "A"}, headers=KEY)
        go_on.set()
        done = first.result(WAIT)
    assert (second.status_code, second.json()["code"], second.headers["Retry-After"]) == (409, "in-progress", "1")
    assert done.status_code == 200
    third = api.post("/api/v1/slow/", {"title": "A"}, headers=KEY)
    assert (third.status_code, third.content) == (200, done.content)
    assert third.headers["Idempotency-Replayed"] == "true"


@pytest.mark.django_db(transaction=True)
def test_of_many_at_the_same_time_one_is_recorded(api: APIClient, case: str) -> None:
    def post(_: int) -> int:
        try:
            status: int = api.post(f"{case}evidence/", STATEMENT, headers=KEY).status_code
            return status
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(post, range(12)))
    assert set(statuses) <= {201, 409}
    assert 201 in statuses
    assert ItemState.objects.count() == 1
    assert api.post(f"{case}evidence/", STATEMENT, headers=KEY).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_a_request_that_failed_lets_go_of_its_key(api: APIClient, case: str) -> None:
    for _ in range(2):
        assert api.post(f"{case}evidence/", {"kind": "statement"}, headers=KEY).status_code == 400
    assert api.post(f"{case}evidence/", STATEMENT, headers=KEY).status_code == 201


# --- how long ---


def test_old_answers_are_forgotten_and_young_ones_kept(api: APIClient, case: str) -> None:
    from osint.tasks import forget_answers

    for key in ("old", "young"):
        api.post(f"{case}comment/", {"text": key}, headers={"Idempotency-Key": key})
    old = timezone.now() - idempotency.KEPT_FOR - timedelta(seconds=1)
    IdempotencyRecord.objects.filter(key="old").update(at=old)
    forget_answers(unknown_to_this_version=1)
    assert [each.key for each in IdempotencyRecord.objects.all()] == ["young"]
