"""Evidence over the API: the three kinds, what is done with an item, and how a list is narrowed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from ledger import store
from tests.api.bodies import SIGHTING, STATEMENT, picture, submit, upload

Clients = Callable[..., APIClient]


def test_a_statement_comes_back_as_it_was_submitted(api: APIClient, case: str) -> None:
    answer = api.post(f"{case}evidence/", STATEMENT)
    assert answer.status_code == 201
    body = answer.json()
    for name in ("kind", "title", "text", "when", "tags", "attribution"):
        assert body[name] == STATEMENT[name]
    assert body["speaker"] == {"name": "A researcher", "role": "OSC", "anonymous": False}
    assert (body["status"], body["seq"], body["sensitivity"], body["flags"]) == ("submitted", 2, "amber", [])
    assert api.get(answer.headers["Location"]).json()["id"] == body["id"]


def test_a_submission_asks_the_database_five_things_and_postgresql_takes_all_rows_at_once(
    api: APIClient, case: str
) -> None:
    submit(api, case)
    with CaptureQueriesContext(connection) as seen:
        submit(api, case)
    asked = [each["sql"] for each in seen if each["sql"].startswith("SELECT")]
    wrote = [each["sql"] for each in seen if each["sql"].startswith(("INSERT", "UPDATE"))]
    of_log = ["ledger_loghead"] if connection.vendor == "sqlite" else []
    ahead = ["analysis_finding", "enrichment_caseplaybook"]
    tables = ["osint_accesstoken", "ledger_head", "cases_member", *ahead, *of_log]
    for sql, table in zip(asked, tables, strict=True):
        assert table in sql
    assert len(wrote) == (10 if connection.vendor == "sqlite" else 1), "statements that write"


def test_a_sighting_comes_back_as_it_was_submitted(api: APIClient, case: str) -> None:
    body = api.post(f"{case}evidence/", SIGHTING).json()
    assert body["place"] == SIGHTING["place"]
    assert (body["draught_m"], body["draught_error_m"], body["observed"]) == (7.2, 0.3, True)
    assert body["subject"]["name"] == "Grey Heron"
    nothing = api.post(f"{case}evidence/", {**SIGHTING, "observed": False, "title": "Looked, nothing there"}).json()
    assert nothing["observed"] is False


def test_an_image_comes_with_its_file_and_its_declared_digest(api: APIClient, case: str) -> None:
    data = picture()
    digest = hashlib.sha256(data).hexdigest()
    answer = upload(api, case, data, sha256=digest, size=len(data), title="Scene")
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert body["sha256"] == digest
    assert body["files"] == [{"sha256": digest, "size": len(data), "name": "scene.png", "media_type": "image/png"}]
    assert store.check(digest, len(data)) is None


def test_an_original_leaves_as_an_attachment_and_nothing_else(api: APIClient, case: str) -> None:
    data = picture()
    item = upload(api, case, data, name='a";\r\n<script>.png').headers["Location"]
    answer = api.get(f"{item}file/")
    assert b"".join(answer.streaming_content) == data
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert "\n" not in answer.headers["Content-Disposition"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "CON", "a\u202egnp.exe", "x" * 300, "na\u0308me.png", "a/b/c.png"]
)
def test_a_files_name_is_kept_exactly_and_is_no_path(api: APIClient, case: str, name: str) -> None:
    boundary = "b0undary"
    metadata = json.dumps({"kind": "image"})
    body = (
        (
            f'--{boundary}\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n{metadata}\r\n'
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            "Content-Type: image/png\r\n\r\n"
        ).encode()
        + picture()
        + f"\r\n--{boundary}--\r\n".encode()
    )
    answer = api.generic("POST", f"{case}evidence/", body, content_type=f"multipart/form-data; boundary={boundary}")
    assert answer.status_code == 201, answer.content
    file = answer.json()["files"][0]
    assert file["name"] == name
    assert store.check(file["sha256"]) is None


@pytest.mark.parametrize(
    ("declared", "field"),
    [({"sha256": "0" * 64}, "sha256"), ({"size": 3}, "size"), ({"sha256": "xyz"}, "sha256")],
)
def test_a_file_that_is_not_the_declared_one_is_refused_and_not_kept(
    api: APIClient, case: str, declared: dict[str, Any], field: str
) -> None:
    data = picture((41, 31))
    answer = upload(api, case, data, **declared)
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    assert not store.exists(hashlib.sha256(data).hexdigest())
    assert api.get(f"{case}evidence/").json()["results"] == []


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": "rumour"}, "kind"),
        ({"text": ""}, "text"),
        ({"text": None}, "text"),
        ({"when": "yesterday"}, "when"),
        ({"when": "2024-13"}, "when"),
        ({"place": {"lat": 91, "lon": 0}}, "place.lat"),
        ({"place": {"lat": 0, "lon": -181}}, "place.lon"),
        ({"place": {"lat": 1}}, "place"),
        ({"place": {"lat": "1", "lon": 2}}, "place.lat"),
        ({"place": {"lat": 1, "lon": 2, "radius_m": -1}}, "place.radius_m"),
        ({"draught_m": 3}, "draught_m"),
        ({"tags": [""]}, "tags"),
        ({"tags": "claim"}, "tags"),
        ({"sha256": "0" * 64}, "sha256"),
        ({"file": {"sha256": "0" * 64, "size": 1}}, "file"),
        ({"id": "01a20b63-99ee-79e6-a074-2ef713a1f328"}, "id"),
        ({"recorded_at": "2020"}, "recorded_at"),
        ({"submitter": "01a20b63-99ee-79e6-a074-2ef713a1f328"}, "submitter"),
        ({"source": {"name": "x", "wrong": 1}}, "source.wrong"),
        ({"attribution": [{"name": "x", "role": "sang"}]}, "attribution.0.role"),
        ({"graphic": "yes"}, "graphic"),
    ],
)
def test_what_is_impossible_is_refused_by_name(api: APIClient, case: str, fields: dict[str, Any], field: str) -> None:
    answer = api.post(f"{case}evidence/", {**STATEMENT, **fields})
    assert answer.status_code == 400, answer.content
    assert list(answer.json()["errors"]) == [field]
    assert api.get(f"{case}evidence/").json()["results"] == []


@pytest.mark.parametrize(
    ("fields", "flag"),
    [
        ({"place": {"lat": 0, "lon": 0}}, "null_island"),
        ({"when": "2090-01-01"}, "in_the_future"),
        ({"when": "0001-01-01"}, "doubtful_year"),
        ({"when": "9999"}, "in_the_future"),
    ],
)
def test_what_is_doubtful_is_kept_and_flagged(api: APIClient, case: str, fields: dict[str, Any], flag: str) -> None:
    answer = api.post(f"{case}evidence/", {**STATEMENT, **fields})
    assert answer.status_code == 201
    assert flag in [each["flag"] for each in answer.json()["flags"]]


def test_an_item_is_graded_corrected_linked_commented_and_retracted(api: APIClient, case: str) -> None:
    item, other = submit(api, case), submit(api, case, title="Other")
    other_id = other.rstrip("/").rpartition("/")[2]
    graded = api.post(f"{item}grade/", {"reliability": "B", "credibility": "2", "reason": "OSC"}).json()
    assert graded["grade"] == {"reliability": "B", "credibility": "2", "reason": "OSC"}
    corrected = api.post(f"{item}correct/", {"changes": {"title": "Better", "when": "2024-10"}, "reason": "typo"})
    assert (corrected.json()["title"], corrected.json()["when"]) == ("Better", "2024-10")
    assert corrected.json()["corrected"] == ["title", "when"]
    assert api.post(f"{item}link/", {"relation": "supports", "target": other_id}).status_code == 200
    assert api.post(f"{item}comment/", {"text": "Ask SBS"}).status_code == 200
    assert api.post(f"{item}tag/", {"tag": "osc"}).json()["tags"] == ["claim", "osc"]
    assert api.post(f"{item}untag/", {"tag": "osc"}).json()["tags"] == ["claim"]
    retracted = api.post(f"{item}retract/", {"reason": "Withdrawn by its author"}).json()
    assert (retracted["status"], retracted["retracted_because"]) == ("retracted", "Withdrawn by its author")
    assert api.post(f"{item}grade/", {"reliability": "A", "credibility": "1"}).json()["code"] == "item-retracted"
    listed = api.get(f"{case}evidence/").json()["results"]
    assert [each["status"] for each in listed] == ["submitted", "retracted"], "it stays visible as retracted"


def test_the_earlier_state_of_an_item_stays_readable(api: APIClient, case: str) -> None:
    item = submit(api, case)
    api.post(f"{item}correct/", {"changes": {"title": "New"}, "reason": "typo"})
    assert api.get(item).json()["title"] == "New"
    assert api.get(f"{item}?as_of=2").json()["title"] == STATEMENT["title"]
    assert api.get(f"{item}?as_of=1").status_code == 404, "it had not come yet"
    assert [each["title"] for each in api.get(f"{case}evidence/?as_of=2").json()["results"]] == [STATEMENT["title"]]
    assert api.get(f"{case}evidence/?as_of=2000-01-01T00:00:00Z").json()["results"] == []
    assert api.get(f"{case}evidence/?as_of=sometime").status_code == 400


def test_a_correction_names_the_bad_field(api: APIClient, case: str) -> None:
    item = submit(api, case)
    for changes, field in (
        ({"kind": "image"}, "changes.kind"),
        ({"file": {}}, "changes.file"),
        ({"wrong": 1}, "changes.wrong"),
        ({"place": {"lat": 100, "lon": 0}}, "changes.place.lat"),
        ({"when": "never"}, "changes.when"),
    ):
        answer = api.post(f"{item}correct/", {"changes": changes, "reason": "x"})
        assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert api.post(f"{item}correct/", {"changes": {}, "reason": "x"}).status_code == 400
    assert api.post(f"{item}correct/", {"changes": {"title": "x"}, "reason": ""}).status_code == 400


def test_the_second_of_two_editors_is_told(api: APIClient, case: str) -> None:
    item = submit(api, case)
    etag = api.get(item).headers["ETag"]
    first = api.post(f"{item}correct/", {"changes": {"title": "A"}, "reason": "x"}, headers={"If-Match": etag})
    second = api.post(f"{item}correct/", {"changes": {"title": "B"}, "reason": "x"}, headers={"If-Match": etag})
    assert (first.status_code, second.status_code) == (200, 412)
    assert api.get(item).json()["title"] == "A"


def test_a_reference_to_an_item_that_one_may_not_see_is_no_reference(
    api: APIClient, case: str, client_of: Clients, charlie: Any
) -> None:
    item = submit(api, case)
    theirs = client_of(charlie)
    elsewhere = theirs.post("/api/v1/cases/", {"title": "Theirs"}).headers["Location"]
    own = submit(theirs, elsewhere)
    seen, absent = item.rstrip("/").rpartition("/")[2], "01a20b63-99ee-79e6-a074-2ef713a1f328"

    def answers(target: str) -> list[Any]:
        found = [
            theirs.post(f"{own}link/", {"relation": "supports", "target": target}),
            theirs.post(f"{elsewhere}evidence/", {**STATEMENT, "derived_from": [target]}),
            theirs.post(f"{elsewhere}evidence/", {**SIGHTING, "basis": [target]}),
            theirs.post(f"{own}correct/", {"changes": {"derived_from": [target]}, "reason": "x"}),
            theirs.get(f"{elsewhere}evidence/{target}/"),
            theirs.get(f"{case}evidence/{target}/"),
        ]
        return [{k: v for k, v in each.json().items() if k != "instance"} for each in found]

    assert answers(seen) == answers(absent)
    assert {each["status"] for each in answers(seen)} == {404}


def test_a_submitter_sees_their_own_items_only(api: APIClient, case: str, client_of: Clients, bob: Any) -> None:
    hidden = submit(api, case, title="Hidden")
    api.post(f"{case}add-member/", {"user": str(bob.id), "role": "submitter"})
    theirs = client_of(bob)
    own = submit(theirs, case, title="Own", text="harbour")
    assert [each["title"] for each in theirs.get(f"{case}evidence/").json()["results"]] == ["Own"]
    assert theirs.get(own).status_code == 200
    assert theirs.get(hidden).status_code == 404
    assert theirs.get(f"{case}events/").status_code == 403
    assert [each["title"] for each in theirs.get("/api/v1/search/?q=dozen").json()["results"]] == []
    assert [each["title"] for each in theirs.get("/api/v1/search/?q=harbour").json()["results"]] == ["Own"]


def test_nothing_is_added_to_a_case_that_is_closed(api: APIClient, case: str) -> None:
    api.post(f"{case}close/", {"reason": "done"})
    assert api.post(f"{case}evidence/", STATEMENT).json()["code"] == "case-not-open"


def test_the_answer_to_a_submission_is_the_item_as_it_is_then_read(api: APIClient, case: str) -> None:
    """A place of 0, 0 is doubtful, so a flag follows the submission at once."""
    for body in (STATEMENT, {**SIGHTING, "place": {"lat": 0, "lon": 0}}):
        answer = api.post(f"{case}evidence/", body)
        read = api.get(answer.headers["Location"])
        assert answer.json() == read.json()
        assert answer.headers["ETag"] == read.headers["ETag"]
        assert bool(read.json()["flags"]) == (body is not STATEMENT)
