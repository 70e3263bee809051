"""Bodies: read strictly, with the same answer on both databases, and kept exactly."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from ledger.models import Event
from tests.api.bodies import STATEMENT

# What our reader refuses although RFC 8259 allows it: the beginnings of its sentences.
OF_OURS = (
    "A JSON object is needed.",
    "A key stands twice in one object.",
    "A number is beyond",
    "A text holds",
    "A whole number is beyond",
    "The JSON begins with a byte-order mark.",
    "The JSON is nested",
)


def post(api: APIClient, address: str, body: bytes) -> Any:
    return api.generic("POST", address, body, content_type="application/json")


def as_problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    return body


@pytest.fixture
def suite(shared: Path) -> list[tuple[str, str, bytes]]:
    """318 bodies: name, whether a reader must take them (y), refuse them (n) or may do either (i), bytes."""
    listed = json.loads((shared / "data/json-parsing-suite/cases.json").read_text())["cases"]
    return [(each["name"], each["name"][0], b64decode(each["base64"])) for each in listed]


def test_every_body_of_the_parsing_suite_is_refused_or_read(
    api: APIClient, case: str, suite: list[tuple[str, str, bytes]]
) -> None:
    """None of them is an item: what can be read is refused for its fields, the rest for not being readable."""
    assert len(suite) == 318
    wrong = []
    for name, expected, body in suite:
        problem = as_problem(post(api, f"{case}evidence/", body), 400)
        read = problem["detail"] == "The request does not have the shape it needs."
        ours = problem["detail"].startswith(OF_OURS)
        if (expected == "y" and not (read or ours)) or (expected == "n" and read and body):
            wrong.append((name, problem["detail"]))
    assert wrong == []
    assert Event.objects.count() == 1, "the case alone"


def test_every_value_of_the_parsing_suite_is_kept_exactly_or_refused(
    api: APIClient, case: str, suite: list[tuple[str, str, bytes]]
) -> None:
    """The same bodies as the tags of a statement: kept only if a list of texts, each as a tag is written."""
    kept = {}
    for name, expected, body in suite:
        before = Event.objects.count()
        answer = post(api, f"{case}evidence/", b'{"kind":"statement","text":"x","tags":' + body + b"}")
        if answer.status_code != 201:
            as_problem(answer, 400)
            assert Event.objects.count() == before, name
            continue
        assert expected != "n", name
        kept[name] = [" ".join(tag.split()) for tag in json.loads(body)]
        assert answer.json()["tags"] == kept[name], name
        assert api.get(answer.headers["Location"]).json()["tags"] == kept[name], name
    assert len(kept) > 30
    assert "\U0010fffe" in kept["y_string_unicode_U+10FFFE_nonchar.json"]


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b'{"title":"\\ud800"}', "surrogate"),
        (b'{"title":"\\udc00\\ud800"}', "surrogate"),
        (b'{"\\ud800":1,"title":"x"}', "surrogate"),
        (b'{"title":"a\\u0000b"}', "NUL"),
        (b'{"title":"x","a\\u0000b":1}', "NUL"),
        (b'\xef\xbb\xbf{"title":"x"}', "byte-order mark"),
        ('{"title":"x"}'.encode("utf-16"), "UTF-8"),
        (b'{"title":"\xff"}', "UTF-8"),
        (b'{"title":"\xed\xa0\x80"}', "UTF-8"),
        (b'{"title":"x","title":"y"}', "twice"),
        (b'{"title":"x","\\u0074itle":"y"}', "twice"),
        (b'{"title":"x","description":{"a":1,"a":2}}', "twice"),
        (b'{"title":' + b"[" * 32 + b"]" * 32 + b"}", "nested"),
        (b'{"title":' + b"[" * 100_000, "nested"),
        (b'{"a":' * 50_000, "nested"),
        (b'{"title":9007199254740992}', "whole number"),
        (b'{"title":-9007199254740992}', "whole number"),
        (b'{"title":' + b"9" * 1_000_000 + b"}", "whole number"),
        (b'{"title":1e309}', "1e308"),
        (b'{"title":-2e308}', "1e308"),
        (b'{"title":NaN}', "NaN"),
        (b'{"title":-Infinity}', "Infinity"),
        (b'["title"]', "object"),
        (b'"title"', "object"),
        (b"null", "object"),
        (b'{"title":"x"} {}', "Not JSON"),
        (b'{"title":"x",}', "Not JSON"),
        (b"{'title':'x'}", "Not JSON"),
        (b'{"title":"a\nb"}', "Not JSON"),
    ],
)
def test_what_readers_disagree_about_opens_no_case(api: APIClient, body: bytes, detail: str) -> None:
    assert detail in as_problem(post(api, "/api/v1/cases/", body), 400)["detail"]
    assert api.get("/api/v1/cases/").json()["results"] == []


def test_what_is_just_within_the_limits_is_read(api: APIClient, case: str) -> None:
    deep = {**STATEMENT, "title": "\U0001f6a2 \u2028\u202e\x7f", "place": {"lat": 0.1 + 0.2, "lon": -180}}
    body = json.dumps(deep).encode()
    kept = post(api, f"{case}evidence/", body).json()
    assert (kept["title"], kept["place"]["lat"], kept["place"]["lon"]) == (deep["title"], 0.30000000000000004, -180)


def test_a_body_of_very_many_keys_is_refused_at_once(api: APIClient, case: str) -> None:
    """The last key stands twice: to find it by counting each would take minutes."""
    keys = ",".join(f'"{number}":0' for number in range(150_000))
    problem = as_problem(post(api, f"{case}evidence/", f'{{{keys},"149999":0}}'.encode()), 400)
    assert problem["errors"] == {"149999": ["This key stands twice."]}


def test_strings_that_break_things_come_back_exactly_everywhere(api: APIClient, case: str, shared: Path) -> None:
    strings = json.loads((shared / "data/naughty-strings/blns.json").read_text())
    naughty = list(dict.fromkeys(text for text in strings if text.strip()))
    assert len(naughty) > 470
    for text in naughty[::16]:
        answer = api.post(f"{case}evidence/", {"kind": "statement", "title": text[:500], "text": text})
        assert answer.status_code == 201, text
        item = answer.json()
        read = api.get(answer.headers["Location"]).json()
        listed = api.get(f"{case}evidence/?page_size=1").json()["results"][0]
        event = api.get(f"{case}events/?after={item['seq'] - 1}").json()["results"][0]
        for found in (item, read, listed, event["data"]):
            assert (found["text"], found["title"]) == (text, text[:500])
        # Searching for it is safe, whatever it says; and what has words is found by them.
        found = api.get("/api/v1/search/", {"q": text})
        assert found.status_code == 200, text
        assert all(each["case"] in case for each in found.json()["results"])


def test_a_text_is_found_by_its_own_words(api: APIClient, case: str) -> None:
    for text in (
        "Ω≈ç√∫ harbour",
        "田中さんにあげて下さい",
        "ثم نفس سقطت",
        "<script>alert(1)</script>",
        "'; DROP TABLE x",
    ):
        title = api.post(f"{case}evidence/", {"kind": "statement", "title": text, "text": text}).json()["title"]
        found = api.get("/api/v1/search/", {"q": text}).json()["results"]
        assert [each["title"] for each in found] == [title], text
