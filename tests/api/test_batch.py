"""Batches: a result for each line in its order, each line for itself, within limits."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.conf import settings
from rest_framework.test import APIClient

from evidence.models import ItemState
from evidence.parsers import LINES
from ledger.models import Event
from tests.api.bodies import SIGHTING, STATEMENT, submit

NDJSON = "application/x-ndjson"


def send(api: APIClient, case: str, body: bytes | str, query: str = "", **headers: str) -> Any:
    return api.generic("POST", f"{case}evidence/batch/{query}", body, content_type=NDJSON, headers=headers)


def results(answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.content
    assert answer.headers["Content-Type"] == NDJSON
    return [json.loads(line) for line in answer.content.decode().splitlines()]


GOOD = json.dumps(STATEMENT).encode()
REFUSED: list[tuple[bytes, int, str | None]] = [
    (b'{"kind":"statement"', 400, None),
    (b"[1]", 400, None),
    (b"null", 400, None),
    (b"\xef\xbb\xbf" + GOOD, 400, None),
    (b'{"kind":"statement","text":"\xff"}', 400, None),
    (b'{"kind":"statement","text":"\\ud800"}', 400, None),
    (b'{"kind":"statement","text":"a\\u0000b"}', 400, None),
    (b'{"kind":"statement","text":"x","text":"y"}', 400, "text"),
    (b'{"text":"x"}', 400, "kind"),
    (b'{"kind":"statement","text":"x","id":"y"}', 400, "id"),
    (b'{"kind":"statement","text":"x","file":{"sha256":"' + b"0" * 64 + b'","size":1}}', 400, "file"),
    (b'{"kind":"image"}', 400, "file"),
    (b'{"kind":"sighting","subject":{"kind":"ship"},"when":"never"}', 400, "when"),
    (b'{"kind":"statement","text":"x","derived_from":["01a20b63-99ee-79e6-a074-2ef713a1f328"]}', 404, None),
    (b'{"kind":"statement","text":"' + b"x" * settings.MAX_JSON_BYTES + b'"}', 413, None),
]


@pytest.mark.parametrize("dry", [False, True])
def test_a_bad_line_is_refused_for_itself_at_its_place(api: APIClient, case: str, dry: bool) -> None:
    lines = [line for bad, _, _ in REFUSED for line in (bad, GOOD)]
    found = results(send(api, case, b"\n".join(lines), "?dry_run=true" if dry else ""))
    assert [each["line"] for each in found] == list(range(1, len(lines) + 1))
    for (bad, status, field), result in zip(REFUSED, found[::2], strict=True):
        assert result["status"] == status, bad[:80]
        assert {"code", "title", "detail"} <= set(result)
        if field:
            assert list(result["errors"]) == [field]
    assert {each["status"] for each in found[1::2]} == {200 if dry else 201}
    assert ItemState.objects.count() == (0 if dry else len(REFUSED))


def test_the_results_lead_to_the_items_in_the_order_of_the_lines(api: APIClient, case: str) -> None:
    lines = [json.dumps({**body, "title": str(n)}) for n, body in enumerate([STATEMENT, SIGHTING] * 3)]
    found = results(send(api, case, "\r\n\n".join(lines) + "\n\n"))
    assert [api.get(each["location"]).json()["title"] for each in found] == ["0", "1", "2", "3", "4", "5"]
    assert [each["seq"] for each in found] == [2, 3, 4, 5, 6, 7]
    assert {each["location"].split("/")[-2] for each in found} == {each["id"] for each in found}


def test_a_doubtful_line_is_flagged_and_its_neighbours_are_not(api: APIClient, case: str) -> None:
    doubtful = {**STATEMENT, "place": {"lat": 0, "lon": 0}, "when": "0001"}
    found = results(send(api, case, "\n".join(map(json.dumps, [STATEMENT, doubtful, STATEMENT]))))
    flags = [[flag["flag"] for flag in api.get(each["location"]).json()["flags"]] for each in found]
    assert flags == [[], ["null_island", "doubtful_year"], []]


def test_only_line_feeds_end_a_line(api: APIClient, case: str) -> None:
    text = "a\u2028b\u2029c\x85d"
    (result,) = results(send(api, case, json.dumps({"kind": "statement", "text": text}, ensure_ascii=False)))
    assert api.get(result["location"]).json()["text"] == text


@pytest.mark.parametrize("value", ["true", "1", "TRUE"])
def test_a_dry_run_leaves_no_trace(api: APIClient, case: str, value: str) -> None:
    item = submit(api, case)
    before = (Event.objects.count(), api.get(case).headers["ETag"], api.get(item).json())
    found = results(send(api, case, GOOD, f"?dry_run={value}"))
    assert found == [{"line": 1, "status": 200, "dry_run": True}]
    assert (Event.objects.count(), api.get(case).headers["ETag"], api.get(item).json()) == before
    assert results(send(api, case, GOOD, "?dry_run=false"))[0]["seq"] == before[0] + 1


@pytest.mark.parametrize("body", [b"", b"\n \n", b"\r\n"])
def test_an_empty_batch_is_no_success(api: APIClient, case: str, body: bytes) -> None:
    assert send(api, case, body).status_code == 400


def test_a_batch_is_refused_whole_beyond_its_limits(api: APIClient, case: str, settings: Any) -> None:
    answer = send(api, case, b"{}\n" * (LINES + 1))
    assert (answer.status_code, answer.headers["Content-Type"]) == (413, "application/problem+json")
    settings.MAX_BATCH_BYTES = 3 * len(GOOD)
    assert send(api, case, b"\n".join([GOOD] * 3)).status_code == 413
    assert Event.objects.count() == 1
    assert len(results(send(api, case, b"\n".join([GOOD] * 2)))) == 2


@pytest.mark.parametrize("accept", [NDJSON, "*/*", "application/json", "text/html"])
def test_it_answers_in_its_own_format_whatever_is_accepted(api: APIClient, case: str, accept: str) -> None:
    assert len(results(send(api, case, GOOD, Accept=accept))) == 1
    assert send(api, case, b"", Accept=accept).headers["Content-Type"] == "application/problem+json"


def test_nothing_is_added_to_a_closed_case_by_a_batch_either(api: APIClient, case: str) -> None:
    api.post(f"{case}close/", {"reason": "x"})
    answer = send(api, case, GOOD)
    assert (answer.status_code, answer.json()["code"]) == (409, "case-not-open")
