"""How items relate, and who handled them, read back over the API by those who may."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from rest_framework.test import APIClient

from cases.commands import add_member
from cases.domain import Role
from enrichment import registry
from enrichment.models import Job
from evidence import tasks
from ledger.actors import Actor
from tests.api.bodies import submit

Clients = Callable[..., APIClient]


def id_of(address: str) -> str:
    return address.split("/")[-2]


def links(api: APIClient, address: str) -> list[tuple[str, str, str, str]]:
    found = api.get(address).json()["links"]
    return [(each["relation"], each["direction"], each["item"], each["note"]) for each in found]


def test_a_link_is_read_back_at_both_ends(api: APIClient, case: str, alice: Any) -> None:
    first, second = submit(api, case), submit(api, case)
    sent = api.post(f"{second}link/", {"relation": "supports", "target": id_of(first), "note": "same day"})
    assert links(api, second) == [("supports", "to", id_of(first), "same day")]
    assert links(api, first) == [("supports", "from", id_of(second), "same day")]
    [shown] = sent.json()["links"]
    assert set(shown) == {"relation", "direction", "item", "note", "by", "at", "seq"}
    assert shown["by"].startswith("token:")
    event = api.get(f"{case}events/?after={shown['seq'] - 1}").json()["results"][0]
    assert (event["type"], event["at"]) == ("evidence.linked/1", shown["at"])


def test_what_an_item_was_derived_from_is_a_link_as_it_stands_and_as_it_stood(api: APIClient, case: str) -> None:
    first, second = submit(api, case), submit(api, case)
    submitted = api.post(f"{case}evidence/", {"kind": "statement", "text": "x", "derived_from": [id_of(first)]})
    item = submitted.headers["Location"]
    before = api.get(item).json()
    assert submitted.json()["links"] == before["links"]
    corrected = api.post(f"{item}correct/", {"changes": {"derived_from": [id_of(second)]}, "reason": "the other one"})
    assert [each["item"] for each in corrected.json()["links"]] == [id_of(second)]
    assert links(api, first) == []
    assert links(api, second) == [("derived_from", "from", id_of(item), "")]
    assert api.get(f"{item}?as_of={before['seq']}").json()["links"] == before["links"]


def test_the_lists_show_the_same_links_in_the_same_few_queries(
    api: APIClient, case: str, django_assert_max_num_queries: Any
) -> None:
    counts: dict[str, list[int]] = {f"{case}evidence/": [], "/api/v1/search/?q=dozen": []}
    for _ in range(2):
        for _ in range(5):
            first, second = submit(api, case), submit(api, case)
            api.post(f"{first}link/", {"relation": "same_as", "target": id_of(second)})
        for address, found in counts.items():
            with django_assert_max_num_queries(14) as seen:
                listed = api.get(address).json()["results"]
            found.append(len(seen.captured_queries))
            assert {len(each["links"]) for each in listed} == {1}
    for found in counts.values():
        assert found[0] == found[1]


def test_a_submitter_is_told_of_no_item_that_they_may_not_see(
    api: APIClient, case: str, client_of: Clients, alice: Any, bob: Any
) -> None:
    add_member(case_id=UUID(id_of(case)), user=bob.pk, role=Role.SUBMITTER, by=Actor.person(alice.pk))
    theirs = client_of(bob)
    hidden, own, other = submit(api, case), submit(theirs, case), submit(theirs, case)
    api.post(f"{own}link/", {"relation": "supports", "target": id_of(hidden)})
    api.post(f"{hidden}link/", {"relation": "depicts", "target": id_of(own)})
    api.post(f"{own}link/", {"relation": "contradicts", "target": id_of(other)})
    assert len(links(api, own)) == 3
    assert links(theirs, own) == [("contradicts", "to", id_of(other), "")]
    for listed in (f"{case}evidence/", "/api/v1/search/?q=dozen"):
        assert id_of(hidden) not in theirs.get(listed).content.decode()


def test_custody_is_read_back_page_by_page(api: APIClient, case: str) -> None:
    item, other = submit(api, case), submit(api, case)
    api.get(item)
    api.get(other)
    tasks.record_custody()
    api.get(item)
    tasks.record_custody()
    found: list[dict[str, Any]] = []
    address = f"{item}custody/?page_size=2"
    while address:
        page = api.get(address).json()
        assert len(page["results"]) <= 2
        found += page["results"]
        address = page["next"]
    assert [(each["action"], each["times"]) for each in found] == [("received", 1), ("viewed", 1), ("viewed", 1)]
    assert [each["seq"] for each in found] == sorted(each["seq"] for each in found)
    assert set(found[0]) == {"seq", "action", "actor", "times", "first", "last"}


def test_a_submitter_does_not_read_who_handled_their_own_item(
    api: APIClient, case: str, client_of: Clients, alice: Any, bob: Any
) -> None:
    add_member(case_id=UUID(id_of(case)), user=bob.pk, role=Role.SUBMITTER, by=Actor.person(alice.pk))
    theirs = client_of(bob)
    own = submit(theirs, case)
    assert theirs.get(own).status_code == 200
    assert theirs.get(f"{own}custody/").status_code == 403
    assert api.get(f"{own}custody/").status_code == 200


@pytest.mark.parametrize("status", [Job.PARKED, Job.FAILED])
def test_a_tool_that_failed_is_let_try_again(api: APIClient, case: str, status: str) -> None:
    item = submit(api, case)
    tool = {"enricher": "text", "version": registry.installed()["text"].version}
    assert api.post(f"{item}retry-enrichment/", tool).status_code == 409, "it waits already"
    Job.objects.filter(item=id_of(item)).update(status=status, attempts=3)
    answer = api.post(f"{item}retry-enrichment/", tool)
    assert answer.status_code == 200
    assert [each["status"] for each in answer.json()["enrichments"]] == ["waiting"]
    job = Job.objects.get(item=id_of(item))
    assert (job.status, job.attempts) == (Job.WAITING, 0)
    *_, last = api.get(f"{case}events/").json()["results"]
    assert (last["type"], last["data"]) == ("evidence.enrichment_retried/1", tool)
    assert api.post(f"{item}retry-enrichment/", {"enricher": "image", "version": 1}).status_code == 409
    assert api.post(f"{item}retry-enrichment/", {"enricher": "text"}).status_code == 400
    Job.objects.filter(item=id_of(item)).update(status=status)
    api.post(f"{case}hold/", {"reason": "x"})
    assert api.post(f"{item}retry-enrichment/", tool).status_code == 409
    assert Job.objects.get(item=id_of(item)).status == status
