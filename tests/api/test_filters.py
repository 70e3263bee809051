"""Lists are narrowed by what they say they are narrowed by; what is not understood is refused by its name."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from rest_framework.test import APIClient

from evidence.domain import EnrichmentFailed, EvidenceEnriched
from ledger.actors import Actor
from ledger.append import Fact, append
from tests.api.bodies import SIGHTING, STATEMENT, picture, submit, upload

Clients = Callable[..., APIClient]


def titles(api: APIClient, address: str, **query: Any) -> list[str]:
    answer = api.get(address, query)
    assert answer.status_code == 200, answer.content
    return sorted(each["title"] for each in answer.json()["results"])


def sight(api: APIClient, case: str, title: str, lat: float, lon: float) -> None:
    place = {"lat": lat, "lon": lon}
    answer = api.post(f"{case}evidence/", {**SIGHTING, "title": title, "place": place})
    assert answer.status_code == 201, answer.content


def test_a_box_reaches_across_the_antimeridian_and_holds_its_edges(api: APIClient, case: str) -> None:
    for title, lat, lon in (
        ("fiji", -17.0, 178.0),
        ("samoa", -13.8, -171.8),
        ("line west", 0.5, 180),
        ("line east", 0.5, -180),
        ("pole", 90, 0),
        ("harbour", 42.7, 133.1),
    ):
        sight(api, case, title, lat, lon)
    listed = f"{case}evidence/"
    assert titles(api, listed, bbox="170,-20,-170,10") == ["fiji", "line east", "line west", "samoa"]
    assert titles(api, listed, bbox="-180,-20,-170,10") == ["line east", "samoa"]
    assert titles(api, listed, bbox="170,-20,180,10") == ["fiji", "line west"]
    assert titles(api, listed, bbox="-180,-90,180,90") == [
        "fiji", "harbour", "line east", "line west", "pole", "samoa",
    ]  # fmt: skip
    assert titles(api, listed, bbox="133.1,42.7,133.1,42.7") == ["harbour"]
    assert titles(api, listed, bbox="-1,90,1,90") == ["pole"]
    assert titles(api, listed, bbox="133.2,40,133.0,45") == [], "round the other way there is nothing so far north"


def test_a_time_range_holds_what_may_have_happened_in_it(api: APIClient, case: str) -> None:
    for title, when in (
        ("day", "2024-05-03"),
        ("minute", "2024-05-03T10:00Z"),
        ("local", "2024-05-03T10:00"),
        ("month", "2024-05"),
        ("open", "2024-05-01/.."),
        ("before", "../2024-04-30"),
        ("year", "2023"),
        ("never said", ""),
    ):
        submit(api, case, title=title, when=when)
    listed = f"{case}evidence/"
    assert titles(api, listed, when_from="2024-05-03T10:00Z", when_to="2024-05-03T10:00Z") == [
        "day", "local", "minute", "month", "open",
    ]  # fmt: skip
    assert titles(api, listed, when_to="2024-04-01") == ["before", "year"]
    assert titles(api, listed, when_from="2024-06-03") == ["open"]
    assert titles(api, listed, when_from="../2030") == titles(api, listed, when_to="2020/..")
    assert len(titles(api, listed, when_from="../2030")) == 7, "all that say a time"
    assert titles(api, listed, when_from="2023", when_to="2023") == ["before", "year"]


def test_filters_combine_and_a_moment_applies_to_each(api: APIClient, case: str) -> None:
    item = submit(api, case, title="old", source={"name": "BBC"}, sensitivity="green")
    seq = api.get(item).json()["seq"]
    changes = {"title": "new", "source": {"name": "SBS"}, "sensitivity": "red", "when": "2020"}
    api.post(f"{item}correct/", {"changes": changes, "reason": "x"})
    api.post(f"{item}tag/", {"tag": "late"})
    api.post(f"{item}untag/", {"tag": "claim"})
    api.post(f"{item}grade/", {"reliability": "C", "credibility": "3"})
    api.post(f"{item}retract/", {"reason": "x"})
    listed = f"{case}evidence/"
    now = {
        "source": "sbs",
        "sensitivity": "red",
        "tag": "late",
        "grade": "C3",
        "status": "retracted",
        "when_to": "2020",
    }
    then = {"source": "bbc", "sensitivity": "green", "tag": "claim", "status": "submitted", "when_from": "2024"}
    assert titles(api, listed, **now) == ["new"]
    assert titles(api, listed, **then, as_of=seq) == ["old"]
    for name, value in now.items():
        assert titles(api, listed, **{name: value}) == ["new"], name
        assert titles(api, listed, **{name: value}, as_of=seq) == [], name
    for name, value in then.items():
        assert titles(api, listed, **{name: value}) == [], name
    instant = api.get(f"{case}events/").json()["results"][seq - 1]["at"]
    assert titles(api, listed, as_of=instant, tag="claim") == ["old"]


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("École navale", "école"), ("STRASSE 7", "straße"), ("Ёлка", "ёЛК"), ("Cafe\u0301", "CAFÉ"),
        ("100% Öl", "0% ö"), ("Οδυσσεύς", "ΟΔΥΣΣΕΎΣ"),
    ],
)  # fmt: skip
def test_case_does_not_count_in_any_script(api: APIClient, case: str, written: str, asked: str) -> None:
    submit(api, case, title="found", source={"name": f"x {written} x"})
    submit(api, case, title="other", source={"name": "Ecole"})
    assert titles(api, f"{case}evidence/", source=asked) == ["found"]
    assert api.post("/api/v1/cases/", {"title": f"x {written} x"}).status_code == 201
    assert titles(api, "/api/v1/cases/", title=asked) == [f"x {written} x"]


def test_the_status_of_enrichment_is_that_of_each_tools_newest_result(api: APIClient, case: str) -> None:
    address = upload(api, case, picture(), title="scene").headers["Location"]
    item, case_id = UUID(address.split("/")[-2]), UUID(case.split("/")[-2])
    listed = f"{case}evidence/"
    assert titles(api, listed, enrichment="waiting") == ["scene"]
    common: dict[str, Any] = {"enricher": "image", "input_digest": "0" * 64}
    failed = EnrichmentFailed(**common, version=1, reason="no memory", phase="run", attempt=1, permanent=False)
    done = EvidenceEnriched(**common, version=1, tool="t", output={}, seconds=0.1)
    by = Actor.worker("image", 1)
    (first,) = append(case_id, [Fact(failed, item=item)], by=by)
    assert titles(api, listed, enrichment="failed") == ["scene"]
    assert titles(api, listed, enrichment="done") == []
    append(case_id, [Fact(done, item=item)], by=by)
    assert titles(api, listed, enrichment="failed") == [], "the second attempt went well"
    assert titles(api, listed, enrichment="done") == ["scene"]
    assert titles(api, listed, enrichment="failed", as_of=first.seq) == ["scene"], "at that moment it had failed"
    assert titles(api, listed, enrichment="done", as_of=first.seq) == []


def test_a_digest_is_found_in_either_case(api: APIClient, case: str) -> None:
    digest = upload(api, case, picture(), title="scene").json()["sha256"]
    submit(api, case)
    for text in (digest, digest.upper()):
        assert titles(api, f"{case}evidence/", sha256=text) == ["scene"]


BAD = {
    "kind": ["rumour", "Image"],
    "status": ["asleep"],
    "sensitivity": ["secret"],
    "flagged": ["maybe", "1"],
    "enrichment": ["maybe"],
    "grade": ["Z9", "AB", "12", "0"],
    "when_from": ["never", "2024-13", "2024-02-30", "x" * 500],
    "when_to": ["never", "../.."],
    "bbox": ["1,2,3", "a,b,c,d", "nan,0,1,1", "0,50,10,40", "0,0,181,1", "0,-91,1,1", "1,2,3,4,5", "inf,0,1,1"],
    "sha256": ["xyz", "0" * 63],
    "as_of": [
        "sometime",
        "2024-11-23T10:00:00",
        "-1",
        "1" * 16,
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
    ],
    "page_size": ["0", "201", "-1", "many", "1.5", "\u0661", "9" * 30],
    "tag": ["\0"],
    "source": ["a\0b"],
    "external_id": ["\0"],
    "when": ["2024"],
    "format": ["json"],
    "ordering": ["title"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_a_value_that_is_not_understood_is_refused_by_its_name(
    api: APIClient, case: str, name: str, value: str
) -> None:
    answer = api.get(f"{case}evidence/", {name: value})
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")
    assert list(answer.json()["errors"]) == [name]


@pytest.mark.parametrize("query", ["tag=a&tag=b", "as_of=1&as_of=2", "cursor=&cursor=", "bbox=0,0,1,1&bbox=0,0,1,1"])
def test_what_is_given_twice_and_counts_once_is_refused(api: APIClient, case: str, query: str) -> None:
    answer = api.get(f"{case}evidence/?{query}")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [query.partition("=")[0]])


@pytest.mark.parametrize(
    ("address", "name", "value"),
    [
        ("", "page_size", "0"),
        ("", "unknown", "1"),
        ("events/", "after", "-1"),
        ("events/", "after", "x"),
        ("events/", "page_size", "1001"),
        ("events/", "cursor", "x"),
        ("comments/", "page_size", "0"),
        ("comments/", "kind", "x"),
        ("evidence/batch/", "dry_run", "perhaps"),
        ("evidence/batch/", "dryrun", "true"),
        ("close/", "reason", "x"),
        ("evidence/{item}/", "as_of", "x"),
        ("evidence/{item}/", "asof", "1"),
        ("evidence/{item}/file/", "inline", "1"),
        ("evidence/{item}/grade/", "reliability", "A"),
        ("/api/v1/cases/", "status", "asleep"),
        ("/api/v1/cases/", "sensitivity", "secret"),
        ("/api/v1/cases/", "owner", "me"),
        ("/api/v1/search/", "text", "x"),
    ],
)
def test_everywhere_a_parameter_that_is_not_understood_is_refused_by_its_name(
    api: APIClient, case: str, address: str, name: str, value: str
) -> None:
    item = submit(api, case).split("/")[-2]
    whole = address if address.startswith("/api/") else case + address.format(item=item)
    for method in ("GET", "POST"):
        kind = "application/x-ndjson" if "batch" in address else "application/json"
        answer = api.generic(method, f"{whole}?{name}={value}", json.dumps({"reason": "x"}), content_type=kind)
        if answer.status_code != 405:
            assert answer.status_code == 400, (method, answer.content)
            assert name in answer.json()["errors"]


def test_a_search_without_words_finds_nothing_and_without_a_question_is_none(api: APIClient, case: str) -> None:
    submit(api, case)
    for question in ("", " ", "?!", "\0"):
        assert titles(api, "/api/v1/search/", q=question) == []
    answer = api.get("/api/v1/search/")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["q"])
    assert titles(api, "/api/v1/search/", q="TANKERS doz") == [STATEMENT["title"]]
    assert titles(api, "/api/v1/search/", q="tankers submarine") == []
