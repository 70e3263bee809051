"""A finding's life: stated, computed, stale the moment its evidence changes, computed again, signed off, published."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from rest_framework.test import APIClient

from cases.domain import Role
from ledger.models import Event
from ledger.rebuild import differing
from ledger.verify import verify
from tests.analysis.conftest import TERMINAL

pytestmark = pytest.mark.django_db

SIGHTINGS = {"of": {"kinds": ["sighting"]}}


def finding(api: APIClient, address: str) -> dict[str, Any]:
    found: dict[str, Any] = api.get(address).json()
    return found


def test_a_finding_is_stated_and_its_number_computed_from_the_evidence(
    api: APIClient, case: str, sight: Callable[..., str], state: Callable[..., str]
) -> None:
    used = [sight("Grey Heron", "2024-05-03T10:00Z"), sight("Black Kite", "2024-05-04T10:00Z")]
    address = state("count", compute=False, **SIGHTINGS)
    stated = finding(api, address)
    assert (stated["status"], stated["result"], stated["stale"], stated["events"]) == ("stated", None, False, [])
    computed = api.post(f"{address}compute/").json()
    assert computed["result"] == {"value": 2.0, "low": 2.0, "high": 2.0, "unit": "items"}
    assert computed["status"] == "computed"
    assert {use["item"] for use in computed["uses"]} == {each.split("/")[-2] for each in used}
    submissions = Event.objects.filter(type="evidence.submitted/1").values_list("pk", flat=True)
    assert {UUID(each) for each in computed["events"]} == set(submissions)
    assert verify(stream=UUID(case.split("/")[-2])).faults == []


def test_every_change_under_a_result_makes_it_stale_at_once_and_says_why(
    api: APIClient, sight: Callable[..., str], state: Callable[..., str]
) -> None:
    item = sight("Grey Heron", "2024-05-03T10:00Z")
    address = state("distinct", of={"kinds": ["sighting"], "tags": []}, by="ship")

    def why() -> str | None:
        found = finding(api, address)
        reasons = [each["why"] for each in found["stale_because"]]
        assert found["stale"] is bool(reasons)
        api.post(f"{address}compute/")
        assert finding(api, address)["stale"] is False
        return reasons[0] if reasons else None

    assert api.post(f"{item}correct/", {"changes": {"title": "Another"}, "reason": "x"}).status_code == 200
    assert why() is None
    api.post(f"{item}correct/", {"changes": {"subject": {"kind": "ship", "name": "Grey Egret"}}, "reason": "x"})
    assert why() == "An item that was used has another subject."
    sight("Black Kite", "2024-05-04")
    assert why() == "New evidence matches."
    api.post(f"{item}retract/", {"reason": "Not a ship."})
    assert why() == "An item that was used was retracted."
    assert finding(api, address)["result"]["value"] == 1


def test_what_a_finding_does_not_read_leaves_it_as_it_is(
    api: APIClient, sight: Callable[..., str], state: Callable[..., str]
) -> None:
    item = sight("Grey Heron", "2024-05-03T10:00Z")
    plain, graded = state("count", **SIGHTINGS), state("count", of={"kinds": ["sighting"], "grade_at_least": "C3"})
    assert finding(api, graded)["result"]["value"] == 0
    api.post(f"{item}grade/", {"reliability": "B", "credibility": "2"})
    assert finding(api, plain)["stale"] is False
    assert [each["why"] for each in finding(api, graded)["stale_because"]] == ["An item that was changed matches now."]
    api.post(f"{item}tag/", {"tag": "seen"})
    assert finding(api, plain)["stale"] is False


def test_staleness_travels_to_what_rests_on_it(
    api: APIClient, sight: Callable[..., str], state: Callable[..., str]
) -> None:
    sight("Grey Heron", "2024-05-03T10:00Z")
    calls = state("port-calls", at=TERMINAL)
    ratio = state("ratio", of=calls.split("/")[-2], number=0.5, because="A cap.")
    total = state("sum", of=[calls.split("/")[-2]])
    above = state("ratio", of=total.split("/")[-2], over=calls.split("/")[-2])
    assert [finding(api, each)["result"]["value"] for each in (calls, ratio, total, above)] == [1, 2, 1, 1]
    sight("Black Kite", "2024-05-04T10:00Z")
    assert all(finding(api, each)["stale"] for each in (calls, ratio, total, above))
    api.post(f"{calls}compute/")
    assert [finding(api, each)["stale"] for each in (calls, ratio, above)] == [False, True, True]
    # Computed before what it rests on is fresh, it is stale from the beginning.
    api.post(f"{above}compute/")
    assert finding(api, above)["stale"]
    api.post(f"{total}compute/")
    api.post(f"{above}compute/")
    assert not finding(api, above)["stale"]


def test_a_finding_never_rests_on_itself_or_on_another_case(
    api: APIClient, case: str, state: Callable[..., str]
) -> None:
    first = state("count", **SIGHTINGS)
    second = state("sum", of=[first.split("/")[-2]])
    body = {"sentence": "x", "rule": "sum", "version": 1, "reason": "x", "parameters": {"of": [second.split("/")[-2]]}}
    assert api.post(f"{first}restate/", body).status_code == 400
    elsewhere = api.post("/api/v1/cases/", {"title": "Another"}).headers["Location"]
    body = {"sentence": "x", "rule": "sum", "version": 1, "parameters": {"of": [first.split("/")[-2]]}}
    assert api.post(f"{elsewhere}findings/", body).status_code == 404


def test_a_sign_off_is_bound_to_the_inputs_and_not_the_authors_own(
    api: APIClient,
    case: str,
    sight: Callable[..., str],
    state: Callable[..., str],
    client_of: Callable[..., APIClient],
    bob: Any,
) -> None:
    item = sight("Grey Heron", "2024-05-03T10:00Z")
    api.post(f"{case}add-member/", {"user": str(bob.pk), "role": Role.REVIEWER})
    reviewer = client_of(bob)
    address = state("count", **SIGHTINGS)
    digest = finding(api, address)["digest"]
    assert api.post(f"{address}sign-off/", {"digest": digest}).status_code == 403
    assert reviewer.post(f"{address}sign-off/", {"digest": "0" * 64}).json()["type"].endswith("other-inputs")
    signed = reviewer.post(f"{address}sign-off/", {"digest": digest}).json()
    assert (signed["status"], signed["signed_off"]["lapsed"]) == ("signed_off", False)
    sight("Black Kite", "2024-05-04")
    assert finding(api, address)["signed_off"]["lapsed"] is True
    assert reviewer.post(f"{address}sign-off/", {"digest": digest}).json()["type"].endswith("finding-stale")
    assert api.post(f"{address}publish/", {"digest": digest, "sentence": "x", "where": "y"}).status_code == 409
    # The inputs are what they were: so is the digest, and the sign-off holds again.
    later = api.get(f"{case}evidence/").json()["results"][0]
    api.post(f"{case}evidence/{later['id']}/retract/", {"reason": "x"})
    again = api.post(f"{address}compute/").json()
    assert (again["digest"], again["signed_off"]["lapsed"]) == (digest, False)
    published = api.post(f"{address}publish/", {"digest": digest, "sentence": "One ship.", "where": "BBC"}).json()
    assert published["status"] == "published"
    assert item


def test_it_can_be_computed_as_it_would_have_come_out_earlier(
    api: APIClient, case: str, sight: Callable[..., str], state: Callable[..., str]
) -> None:
    first = sight("Grey Heron", "2024-05-03T10:00Z")
    sight("Black Kite", "2024-05-04T10:00Z")
    address = state("count", **SIGHTINGS)
    then = finding(api, address)
    api.post(f"{first}retract/", {"reason": "x"})
    assert api.post(f"{address}compute/").json()["result"]["value"] == 1
    earlier = api.get(f"{address}as-of/", {"as_of": then["as_of"]}).json()
    assert (earlier["result"], earlier["digest"]) == (then["result"], then["digest"])
    assert finding(api, address)["result"]["value"] == 1


def test_a_rebuild_gives_the_same_findings_and_the_same_staleness(
    api: APIClient, sight: Callable[..., str], state: Callable[..., str]
) -> None:
    item = sight("Grey Heron", "2024-05-03T10:00Z")
    calls = state("port-calls", at=TERMINAL)
    state("ratio", of=calls.split("/")[-2], number=0.5, because="A cap.")
    api.post(f"{item}correct/", {"changes": {"when": "2024-06"}, "reason": "x"})
    state("count", **SIGHTINGS)
    assert differing() == []


@pytest.mark.parametrize(
    ("rule", "parameters", "named"),
    [
        ("count", {"of": {"when_from": "yesterday"}}, "parameters.of.when_from"),
        ("count", {"of": {"area": {"lat": 91, "lon": 0, "radius_m": 1}}}, "parameters.of.area"),
        ("count", {"of": {"grade_at_least": "Z9"}}, "parameters.of.grade_at_least"),
        ("count", {"into": 1}, "parameters.into"),
        ("port-calls", {}, "parameters.at"),
        ("port-calls", {"at": TERMINAL, "merge_hours": -1}, "parameters.merge_hours"),
        ("ratio", {"of": str(UUID(int=1))}, "parameters.over"),
        ("sum", {"of": []}, "parameters.of"),
        ("magic", {}, "rule"),
    ],
)
def test_what_can_not_be_meant_is_refused_by_name(
    rule: str, parameters: dict[str, Any], named: str, api: APIClient, case: str
) -> None:
    body = {"sentence": "x", "rule": rule, "version": 1, "parameters": parameters}
    answer = api.post(f"{case}findings/", body)
    assert answer.status_code == 400
    assert named in answer.json()["errors"], answer.json()
