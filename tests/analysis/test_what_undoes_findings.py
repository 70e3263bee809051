"""What takes the ground from under a finding: erasures, withdrawals, numbers that are none; and what still stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from rest_framework.test import APIClient

from analysis.models import Finding
from cases.domain import Role
from ledger.actors import Actor
from ledger.models import Event
from ledger.rebuild import differing
from tests.analysis.conftest import TERMINAL
from tests.analysis.test_findings import SIGHTINGS, finding
from tests.evidence.erasures import erase, of_event, of_item

pytestmark = pytest.mark.django_db

Address = Callable[..., str]
Erase = Callable[[Any], None]


def id_of(address: str) -> UUID:
    return UUID(address.split("/")[-2])


@pytest.fixture
def reviewer(api: APIClient, case: str, client_of: Callable[..., APIClient], bob: Any) -> APIClient:
    api.post(f"{case}add-member/", {"user": str(bob.pk), "role": Role.REVIEWER})
    return client_of(bob)


@pytest.fixture
def gone(case: str, alice: Any, bob: Any, reviewer: APIClient) -> Erase:
    """Erase what is named: Alice asks, Bob agrees."""

    def gone(wanted: Any) -> None:
        erase(id_of(case), wanted, asks=Actor.person(alice.pk), agrees=Actor.person(bob.pk))

    return gone


def test_a_finding_whose_parameters_were_erased_is_stale_and_stands_in_nobodys_way(
    api: APIClient, case: str, sight: Address, state: Address, gone: Erase
) -> None:
    sight("Grey Heron", "2024-05-03T10:00Z")
    calls = state("port-calls", at=TERMINAL)
    ratio = state("ratio", of=str(id_of(calls)), number=0.5, because="Said by Ivan Petrov.")
    stated = Event.objects.filter(type="finding.stated/1").values_list("pk", flat=True)
    for event in stated:
        gone(of_event(event, "parameters"))
    assert [finding(api, each)["stale"] for each in (calls, ratio)] == [True, True]
    sight("Black Kite", "2024-05-04T10:00Z")
    assert api.post(f"{calls}compute/").status_code == 400
    state("sum", of=[str(id_of(calls))])
    assert differing() == []


def test_what_an_erasure_lets_in_makes_a_finding_stale(
    api: APIClient, sight: Address, state: Address, gone: Erase
) -> None:
    far = sight("Grey Heron", "2024-05-03T10:00Z", place={"lat": 10.0, "lon": 20.0, "radius_m": 5})
    sight("Black Kite", "2024-05-04T10:00Z", place={"lat": 10.0, "lon": 20.0, "radius_m": 5})
    near, all_of_them = state("count", of={"area": TERMINAL}), state("count", **SIGHTINGS)
    assert finding(api, near)["result"]["high"] == 0
    gone(of_item(id_of(far), "place"))
    assert [finding(api, each)["stale"] for each in (near, all_of_them)] == [True, False]
    assert api.post(f"{near}compute/").json()["result"]["high"] == 1
    assert differing() == []


def test_a_sign_off_is_of_the_number_also_where_an_erasure_leaves_the_digest_as_it_was(
    api: APIClient, case: str, state: Address, gone: Erase, reviewer: APIClient
) -> None:
    def said(speaker: str, **fields: Any) -> str:
        body = {"kind": "statement", "text": f"They docked, says {speaker}.", "speaker": {"name": speaker}, **fields}
        address: str = api.post(f"{case}evidence/", body).headers["Location"]
        return address

    said("Ann")
    between = said("Ann")
    said("Ben", derived_from=[str(id_of(between))])
    address = state("origins", of={"kinds": ["statement"]})
    before = finding(api, address)
    signed = reviewer.post(f"{address}sign-off/", {"digest": before["digest"]}).json()
    assert (signed["result"]["value"], signed["status"]) == (1, "signed_off")
    gone(of_item(id_of(between), "speaker"))
    after = api.post(f"{address}compute/").json()
    assert (after["digest"], after["result"]["value"]) == (before["digest"], 2)
    assert (after["status"], after["signed_off"]["lapsed"]) == ("computed", True)
    words = {"digest": before["digest"], "sentence": "One origin.", "where": "BBC"}
    assert api.post(f"{address}publish/", words).status_code == 409
    again = reviewer.post(f"{address}sign-off/", {"digest": before["digest"]}).json()
    assert (again["status"], again["signed_off"]["lapsed"]) == ("signed_off", False)
    assert differing() == []


def test_what_rests_on_a_withdrawn_finding_stays_stale_however_often_it_is_computed(
    api: APIClient, sight: Address, state: Address
) -> None:
    sight("Grey Heron", "2024-05-03T10:00Z")
    calls = state("port-calls", at=TERMINAL)
    total = state("sum", of=[str(id_of(calls))])
    api.post(f"{calls}withdraw/", {"reason": "The terminal is another."})
    assert finding(api, total)["stale"] is True
    assert api.post(f"{total}compute/").json()["stale"] is True
    assert differing() == []


def test_a_long_chain_of_findings_is_stale_from_end_to_end(api: APIClient, sight: Address, state: Address) -> None:
    sight("Grey Heron", "2024-05-03T10:00Z")
    address = state("count", **SIGHTINGS)
    # As many as would be too deep for one call within another.
    row = Finding.objects.get(pk=id_of(address))
    links = [UUID(int=number) for number in range(1, 600)]
    for one, below in zip(links, [row.pk, *links], strict=False):
        stated = {**row.state["stated"], "rule": "sum", "parameters": {"of": [str(below)]}}
        chained = {**row.state, "stated": stated}
        Finding.objects.create(**{**_columns(row), "id": one, "rule": "sum", "state": chained})
    sight("Black Kite", "2024-05-04T10:00Z")
    assert not Finding.objects.filter(stale=False).exists()


def _columns(row: Finding) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in Finding._meta.concrete_fields}


def test_a_ship_without_measure_is_no_error_of_the_server(api: APIClient, sight: Address, state: Address) -> None:
    ship = {"kind": "ship", "name": "Grey Heron", "length_m": 1e308, "beam_m": 1e300}
    sight("", "2024-05-03T10:00Z", subject=ship, draught_m=5.0)
    sight("", "2024-05-03T12:00Z", subject=ship, draught_m=9.0)
    address = state("cargo", compute=False, at=TERMINAL)
    answer = api.post(f"{address}compute/")
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (409, "no-number")
    assert api.get(f"{address}as-of/", {"as_of": 3}).status_code == 409


def test_so_many_items_are_not_named_one_by_one(api: APIClient, case: str) -> None:
    items = [str(UUID(int=number)) for number in range(1001)]
    body = {"sentence": "x", "rule": "count", "version": 1, "parameters": {"of": {"items": items}}}
    answer = api.post(f"{case}findings/", body)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["parameters.of.items"])
