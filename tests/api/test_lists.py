"""Lists of evidence: narrowed, paged, submitted in batches; always the same few queries."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rest_framework.test import APIClient

from tests.api.bodies import SIGHTING, STATEMENT, submit


def test_a_list_is_narrowed_by_each_filter(api: APIClient, case: str) -> None:
    statement = submit(api, case, external_id="x-1")
    api.post(f"{statement}grade/", {"reliability": "B", "credibility": "2"})
    api.post(f"{case}evidence/", {**SIGHTING, "tags": ["ship"], "source": {"name": "Synthetic"}})
    flagged = {**SIGHTING, "place": {"lat": 0, "lon": 0}, "when": "2022", "title": "Zero"}
    api.post(f"{case}evidence/", flagged)

    def titles(query: str) -> set[str]:
        answer = api.get(f"{case}evidence/?{query}")
        assert answer.status_code == 200, answer.content
        return {each["title"] for each in answer.json()["results"]}

    a, b, c = STATEMENT["title"], SIGHTING["title"], "Zero"
    assert titles("") == {a, b, c}
    assert titles("kind=statement") == {a}
    assert titles("kind=statement&kind=sighting") == {a, b, c}
    assert titles("tag=ship") == {b}
    assert titles("grade=B2") == titles("grade=B") == titles("grade=2") == {a}
    assert titles("when_from=2024") == {a, b}
    assert titles("when_to=2022") == {c}
    assert titles("when_from=2024-05-03&when_to=2024-05-03") == {b}
    assert titles("bbox=130,40,135,45") == {b}
    assert titles("bbox=170,-10,-170,10") == set()
    assert titles("bbox=-10,-10,10,10") == {c}
    assert titles("source=synth") == {b}
    assert titles("text=tankers dock") == {a}
    assert titles("text=heron") == {b, c}
    assert titles("external_id=x-1") == {a}
    assert titles("flagged=true") == {c}
    for bad in (
        "kind=rumour",
        "grade=Z9",
        "bbox=1,2,3",
        "bbox=0,50,10,40",
        "when_from=never",
        "enrichment=maybe",
    ):
        assert api.get(f"{case}evidence/?{bad}").status_code == 400, bad


def test_pages_follow_one_another_without_gap_or_repetition(api: APIClient, case: str) -> None:
    for number in range(7):
        submit(api, case, title=str(number))
    found, address = [], f"{case}evidence/?page_size=3"
    while address:
        page = api.get(address).json()
        found += [each["title"] for each in page["results"]]
        address = page["next"]
    assert found == [str(number) for number in reversed(range(7))]
    assert api.get(f"{case}evidence/?cursor=nonsense").status_code in {400, 404}


def test_a_batch_answers_each_line_for_itself(api: APIClient, case: str) -> None:
    lines = [
        json.dumps(STATEMENT),
        '{"kind": "statement"',
        json.dumps({**SIGHTING, "when": "never"}),
        json.dumps(SIGHTING),
    ]
    body = "\n".join(lines) + "\n"
    answer = api.generic("POST", f"{case}evidence/batch/", body, content_type="application/x-ndjson")
    assert answer.status_code == 200
    results = [json.loads(line) for line in answer.content.decode().splitlines()]
    assert [(each["line"], each["status"]) for each in results] == [(1, 201), (2, 400), (3, 400), (4, 201)]
    assert list(results[2]["errors"]) == ["when"]
    assert len(api.get(f"{case}evidence/").json()["results"]) == 2
    assert api.get(results[3]["location"]).json()["title"] == SIGHTING["title"]


def test_a_dry_run_records_nothing(api: APIClient, case: str) -> None:
    body = json.dumps(STATEMENT) + "\n" + json.dumps({"kind": "image"})
    answer = api.generic("POST", f"{case}evidence/batch/?dry_run=true", body, content_type="application/x-ndjson")
    results = [json.loads(line) for line in answer.content.decode().splitlines()]
    assert [each["status"] for each in results] == [200, 400]
    assert api.get(f"{case}evidence/").json()["results"] == []
    assert len(api.get(f"{case}events/").json()["results"]) == 1


def test_a_list_takes_the_same_few_queries_however_long_it_is(
    api: APIClient, case: str, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    counts = []
    for _ in range(2):
        for _ in range(6):
            submit(api, case)
        with django_assert_max_num_queries(12) as seen:
            assert api.get(f"{case}evidence/").status_code == 200
        counts.append(len(seen.captured_queries))
    assert counts[0] == counts[1]


def test_strings_that_break_things_come_back_as_they_were(api: APIClient, case: str, shared: Path) -> None:
    strings = [text for text in json.loads((shared / "data/naughty-strings/blns.json").read_text()) if text.strip()]
    # Lone surrogates and NUL are refused with a sentence; everything else is kept exactly.
    good = [text for text in strings if "\0" not in text]
    body = "\n".join(json.dumps({"kind": "statement", "title": text[:400], "text": text}) for text in good)
    answer = api.generic("POST", f"{case}evidence/batch/", body, content_type="application/x-ndjson")
    results = [json.loads(line) for line in answer.content.decode().splitlines()]
    assert {each["status"] for each in results} == {201}
    kept = {event["data"]["text"] for page in _pages(api, f"{case}events/?page_size=1000") for event in page[1:]}
    assert kept == set(good)


def _pages(api: APIClient, address: str | None) -> Any:
    while address:
        page = api.get(address).json()
        yield [{"data": {"text": ""}}] + [each for each in page["results"] if "text" in each["data"]]
        address = page["next"]
