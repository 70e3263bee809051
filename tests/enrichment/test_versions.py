"""The results of one tool side by side, over the API and on the item's page; what was erased is compared with none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from rest_framework.test import APIClient

from cases import commands as cases
from cases.domain import Role
from enrichment.models import Job
from evidence.domain import EvidenceEnriched
from evidence.models import Enrichment, Look
from ledger.actors import Actor
from ledger.append import Fact, append
from tests.api.conftest import client_of  # noqa: F401 -- a fixture
from tests.enrichment.jobs import submit_text
from tests.evidence.erasures import erase, of_event

pytestmark = pytest.mark.django_db


def found(case: UUID, item: UUID, version: int, **output: Any) -> UUID:
    """Record what a version of a tool found."""
    said = EvidenceEnriched(
        enricher="text", version=version, tool="t", input_digest="0" * 64, output=output, seconds=0.1
    )
    return append(case, [Fact(said, item=item)], by=Actor.worker("text", version))[0].id


def _printed(mark: str) -> dict[str, Any]:
    """Make the fingerprint of a text that has one mark."""
    return {"method": "m", "marks": mark, "of": 1, "whole": mark}


@pytest.fixture
def item(case: UUID, owner: Actor) -> UUID:
    """A text that two versions have read, the first of them twice."""
    item = submit_text(case, owner)
    Job.objects.all().delete()
    found(case, item, 1, language="en", imo=[{"value": "9074729"}])
    found(case, item, 1, language="ru", imo=[{"value": "9074729"}])
    found(case, item, 2, language="ru", imo=[{"value": "9074729"}, {"value": "9179842"}])
    return item


@pytest.fixture
def api(client_of: Callable[..., APIClient], alice: Any) -> APIClient:  # noqa: F811 -- that fixture
    return client_of(alice)


def results(api: APIClient, case: UUID, item: UUID) -> list[dict[str, Any]]:
    answer = api.get(f"/api/v1/cases/{case}/evidence/{item}/enrichments/text/")
    assert answer.status_code == 200, answer.content
    listed: list[dict[str, Any]] = answer.json()["results"]
    return listed


def page(owner: Actor, case: UUID, item: UUID) -> str:
    """Get the page of an item, as the owner of its case."""
    client = Client()
    client.force_login(get_user_model().objects.get(pk=owner.user))
    text: str = client.get(f"/admin/cases/{case}/evidence/{item}/").content.decode()
    return text


def test_each_result_says_what_changed_against_the_one_before(api: APIClient, case: UUID, item: UUID) -> None:
    newest, second, first = results(api, case, item)
    assert [each["version"] for each in (newest, second, first)] == [2, 1, 1]
    assert newest["changed"] == {
        "version": 1,
        "seq": second["seq"],
        "changes": [{"path": "imo[9179842]", "what": "added", "before": "", "after": '{"value":"9179842"}'}],
        "left_out": 0,
    }
    assert second["changed"]["changes"] == [{"path": "language", "what": "changed", "before": "en", "after": "ru"}]
    assert first["changed"] is None


def test_a_failure_between_two_results_is_passed_over(api: APIClient, case: UUID, item: UUID) -> None:
    row = Enrichment.objects.get(item=item, version=2)
    Enrichment.objects.filter(pk=row.pk).update(status="failed", output=None)
    found(case, item, 3, language="ru", imo=[{"value": "9074729"}])
    newest, failed, *_ = results(api, case, item)
    assert (newest["changed"]["version"], newest["changed"]["changes"]) == (1, [])
    assert failed["changed"] is None


def test_what_was_erased_is_compared_with_nothing(
    api: APIClient, case: UUID, item: UUID, owner: Actor, bob: Any
) -> None:
    cases.add_member(case_id=case, user=bob.pk, role=Role.REVIEWER, by=owner)
    second = Enrichment.objects.filter(item=item, version=1).order_by("-seq")[0]
    erase(case, of_event(second.pk, "output"), asks=owner, agrees=Actor.person(bob.pk))
    newest, erased, _ = results(api, case, item)
    assert (erased["erased"], erased["changed"]) == (True, None)
    assert [each["path"] for each in newest["changed"]["changes"]] == ["imo[9179842]", "language"]
    assert "Earlier: @1" in page(owner, case, item)


def test_the_page_tells_what_changed_and_hides_what_only_machines_read(case: UUID, owner: Actor, item: UUID) -> None:
    shown = page(owner, case, item)
    assert "1 change against @1" in shown
    assert "<code>imo[9179842]</code>" in shown
    found(case, item, 3, language="<b>ru</b>", imo=[], fingerprint=_printed("0" * 16))
    shown = page(owner, case, item)
    assert "4 changes against @2" in shown
    assert "&lt;b&gt;ru&lt;/b&gt;" in shown
    assert "marks" not in shown
    found(case, item, 4, language="<b>ru</b>", imo=[], fingerprint=_printed("f" * 16))
    assert "The same as @3 found" in page(owner, case, item)


def test_what_one_may_not_see_is_not_there(
    api: APIClient,
    client_of: Callable[..., APIClient],  # noqa: F811 -- that fixture
    case: UUID,
    item: UUID,
    owner: Actor,
    charlie: Any,
) -> None:
    address = f"/api/v1/cases/{case}/evidence/{item}/enrichments/"
    assert api.get(f"{address}clairvoyant/").status_code == 404
    theirs = client_of(charlie)
    assert theirs.get(f"{address}text/").status_code == 404
    own = UUID(theirs.post("/api/v1/cases/", {"title": "Own"}).headers["Location"].split("/")[-2])
    assert theirs.get(f"/api/v1/cases/{own}/evidence/{item}/enrichments/text/").status_code == 404
    # A submitter sees their own items, and what tools found in them.
    cases.add_member(case_id=case, user=charlie.pk, role=Role.SUBMITTER, by=owner)
    assert theirs.get(f"{address}text/").status_code == 404
    mine = submit_text(case, Actor.person(charlie.pk))
    found(case, mine, 1, language="en")
    [only] = theirs.get(f"/api/v1/cases/{case}/evidence/{mine}/enrichments/text/").json()["results"]
    assert only["output"] == {"language": "en"}
    assert Look.objects.filter(item=mine, action="viewed").count() == 1
