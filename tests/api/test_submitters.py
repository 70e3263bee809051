"""What one who may only add to a case learns of it: their own items, and nothing of what others make of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from rest_framework.test import APIClient

from cases.commands import add_member
from cases.domain import Role
from evidence.rules import ITEMS, LINKS, TAGS
from ledger.actors import Actor
from tests.api.bodies import STATEMENT, picture, submit


@pytest.fixture
def theirs(client_of: Callable[..., APIClient], case: str, alice: Any, charlie: Any) -> APIClient:
    """Charlie's client; he may only submit."""
    case_id = UUID(case.split("/")[-2])
    add_member(case_id=case_id, user=charlie.pk, role=Role.SUBMITTER, by=Actor.person(alice.pk))
    return client_of(charlie)


def test_the_team_s_verdict_on_an_item_is_not_told_to_its_submitter(
    api: APIClient, theirs: APIClient, case: str
) -> None:
    item = submit(theirs, case)
    graded = api.post(f"{item}grade/", {"reliability": "E", "credibility": "5", "reason": "We doubt the submitter."})
    assert graded.json()["grade"]["reliability"] == "E"
    assert theirs.get(item).json()["grade"] is None
    assert theirs.get(f"{case}evidence/").json()["results"][0]["grade"] is None
    assert "doubt" not in theirs.get("/api/v1/search/", {"q": "dozen"}).content.decode()


def test_a_submitter_does_not_learn_who_else_is_on_the_team(
    api: APIClient, theirs: APIClient, case: str, charlie: Any
) -> None:
    assert len(api.get(case).json()["team"]) == 2
    for shown in (theirs.get(case).json(), theirs.get("/api/v1/cases/").json()["results"][0]):
        assert [each["user"] for each in shown["team"]] == [str(charlie.pk)]
        assert "alice" not in json.dumps(shown)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tags", [f"t{n}" for n in range(TAGS + 1)]),
        ("attribution", [{"name": "x", "role": "said"}] * (LINKS + 1)),
        ("derived_from", ["0" * 32] * (ITEMS + 1)),
    ],
)
def test_no_list_is_without_end(theirs: APIClient, case: str, field: str, value: Any) -> None:
    """A list of a hundred thousand would hold the database's one writer for a minute."""
    answer = theirs.post(f"{case}evidence/", {**STATEMENT, field: value})
    assert answer.status_code == 400
    assert field in answer.json()["errors"]


def test_an_item_is_named_once(theirs: APIClient, case: str) -> None:
    item = submit(theirs, case).split("/")[-2]
    answer = theirs.post(f"{case}evidence/", {**STATEMENT, "derived_from": [item, item]})
    assert answer.json()["errors"] == {"derived_from": ["An item is named twice."]}


def test_a_nul_in_a_name_is_written_as_its_sign_and_flagged(theirs: APIClient, case: str) -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n{"kind": "image"}\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a\0b.png"\r\nContent-Type: image/png\0x\r\n\r\n'
        + picture()
        + b"\r\n--b--\r\n"
    )
    answer = theirs.generic("POST", f"{case}evidence/", body, content_type="multipart/form-data; boundary=b")
    assert answer.status_code == 201, answer.content
    [file] = answer.json()["files"]
    assert file["name"] == "a\u2400b.png"
    assert "name_held_nul" in [flag["flag"] for flag in theirs.get(answer.headers["Location"]).json()["flags"]]
