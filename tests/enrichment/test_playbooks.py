"""Playbooks: a case says which enrichers read its new evidence, and how; what was found before stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from cases import commands as cases
from cases.domain import Role
from cases.rules import CaseNotOpen, NothingChanges
from enrichment import playbooks, registry
from enrichment.choosing import choose_playbook, playbook_of
from enrichment.models import CasePlaybook, Job
from enrichment.playbooks import OWN, SHIPPED, NewPlaybook, Playbook, PlaybookChosen
from evidence import commands as evidence
from evidence import domain
from evidence.models import Enrichment
from ledger.actors import Actor
from ledger.errors import Forbidden, Invalid, NotFound
from ledger.read import read
from ledger.rebuild import differing
from ledger.verify import verify
from tests.api.bodies import picture, submit, upload
from tests.api.conftest import client_of  # noqa: F401 -- a fixture
from tests.enrichment.jobs import submit_picture, submit_text, work

pytestmark = pytest.mark.django_db

NEAR = {"within_m": 20_000.0, "most": 2}


def choose(case: UUID, by: Actor, playbook: str, **enrichers: Any) -> PlaybookChosen:
    said: PlaybookChosen = choose_playbook(
        case_id=case, wanted=NewPlaybook(playbook=playbook, enrichers=enrichers), by=by
    ).data
    return said


def submit_sighting(case: UUID, by: Actor) -> UUID:
    said = domain.EvidenceSubmitted(
        kind=domain.Kind.SIGHTING,
        place=domain.Place(lat=42.74, lon=133.08),
        subject=domain.Subject(kind="ship", imo="9179842"),
    )
    item = evidence.submit_evidence(case_id=case, said=said, by=by).item
    assert item
    return item


def tools(item: UUID) -> list[str]:
    return sorted(Job.objects.filter(item=item).values_list("enricher", flat=True))


# --- what is chosen ---------------------------------------------------------------------------------------


def test_where_nothing_was_chosen_all_that_are_installed_read(case: UUID, owner: Actor) -> None:
    assert playbook_of(case) == Playbook()
    assert tools(submit_sighting(case, owner)) == ["position", "ship"]


def test_an_enricher_that_is_left_out_gets_no_job_and_what_it_found_stays(case: UUID, owner: Actor) -> None:
    before = submit_sighting(case, owner)
    work(case)
    choose(case, owner, OWN, ship={})
    assert tools(submit_sighting(case, owner)) == ["ship"]
    assert tools(submit_text(case, owner)) == []
    assert Enrichment.objects.filter(item=before, enricher="position", status="done").count() == 1
    choose(case, owner, "standard")
    assert tools(submit_sighting(case, owner)) == ["position", "ship"]
    assert verify(stream=case).faults == []


def test_the_event_tells_by_itself_what_holds_from_then_on(case: UUID, owner: Actor) -> None:
    said = choose(case, owner, "ships", position=NEAR)
    assert said.playbook == "ships"
    assert [each.enricher for each in said.enrichers] == ["file_identity", "image", "position", "ship", "text"]
    [position] = [each for each in said.enrichers if each.enricher == "position"]
    assert (position.version, position.parameters) == (registry.installed()["position"].version, NEAR)
    row = CasePlaybook.objects.get(pk=case)
    assert (row.name, row.by) == ("ships", owner.name)
    assert playbook_of(case).parameters_of("position") == NEAR
    assert [event.data for event in read(case) if event.name == "enrichment.playbook_chosen"] == [said]


def test_what_a_job_was_planned_with_is_what_it_runs_and_is_recorded_with(case: UUID, owner: Actor) -> None:
    choose(case, owner, "ships", position=NEAR)
    item = submit_sighting(case, owner)
    # Another choice, before it was read, changes nothing of it.
    choose(case, owner, "ships", position={"most": 9})
    work(case)
    found = Enrichment.objects.get(item=item, enricher="position")
    assert len(found.output["ports"]) == 2
    assert found.parameters == {**registry.installed()["position"].parameters, **NEAR}
    assert Job.objects.get(item=item, enricher="position").input_digest == found.input_digest


def test_a_corrected_item_is_read_by_the_present_playbook(case: UUID, owner: Actor) -> None:
    item = submit_sighting(case, owner)
    choose(case, owner, OWN, position={"most": 1})
    place = {"lat": 43.0, "lon": 131.9}
    evidence.correct(case_id=case, item=item, changes={"place": place}, reason="typo", by=owner)
    work(case)
    newest = Enrichment.objects.filter(item=item, enricher="position").order_by("-seq")[0]
    assert (newest.output["lat"], len(newest.output["ports"])) == (43.0, 1)
    assert tools(item) == ["position", "position", "ship"]


def test_who_reads_files_of_a_type_gets_its_job_only_in_a_playbook_that_has_it(
    case: UUID, owner: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "scene.png"
    file.write_bytes(picture())
    exif = replace(registry.installed()["exif"], media=frozenset({"image/png"}))
    monkeypatch.setitem(registry.installed(), "exif", exif)
    for playbook, has in (("quick", True), ("texts", False)):
        choose(case, owner, playbook)
        item = submit_picture(case, owner, file)
        work(case)
        assert ("exif" in tools(item)) is has
    with pytest.raises(Invalid) as refused:
        choose(case, owner, OWN, exif={})
    assert refused.value.errors == {"enrichers": ["file_identity tells of which type a file is, for exif: add it."]}


def test_an_enricher_that_comes_later_reads_under_the_standard_playbook_alone(case: UUID, owner: Actor) -> None:
    later = replace(registry.installed()["text"], name="clairvoyant")
    choose(case, owner, "standard", position={"most": 9})
    assert playbook_of(case).has(later)
    assert playbook_of(case).parameters_of("position")["most"] == 9
    choose(case, owner, "ships")
    assert not playbook_of(case).has(later)


def test_a_parameter_that_is_gone_or_narrower_by_now_is_at_its_default(case: UUID, owner: Actor) -> None:
    choose(case, owner, OWN, position={"most": 2})
    row = CasePlaybook.objects.get(pk=case)
    row.enrichers[0]["parameters"] = {"within_m": 9e9, "most": 2, "gone": True}
    row.save()
    assert Job.objects.get(item=submit_sighting(case, owner)).parameters == {"most": 2}


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_playbook_names_enrichers_that_are_installed(name: str) -> None:
    said = playbooks.choose(NewPlaybook(playbook=name), registry.installed())
    names = SHIPPED[name].enrichers
    assert [each.enricher for each in said.enrichers] == sorted(registry.installed() if names is None else names)


def test_rows_are_those_that_a_rebuild_writes(case: UUID, owner: Actor) -> None:
    choose(case, owner, "ships", position=NEAR)
    choose(case, owner, "quick")
    assert differing() == []


# --- what is refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "fields"),
    [
        (NewPlaybook(playbook="slow"), ["playbook"]),
        (NewPlaybook(playbook=OWN), ["enrichers"]),
        (NewPlaybook(playbook=OWN, enrichers={"clairvoyant": {}}), ["enrichers.clairvoyant"]),
        (NewPlaybook(playbook=OWN, enrichers={f"t{n}": {} for n in range(10_000)}), ["enrichers"]),
        (NewPlaybook(playbook="quick", enrichers={"position": {}}), ["enrichers.position"]),
        (NewPlaybook(playbook=OWN, enrichers={"text": {"deep": True}}), ["enrichers.text.deep"]),
        (NewPlaybook(playbook=OWN, enrichers={"position": {"most": 0}}), ["enrichers.position.most"]),
        (NewPlaybook(playbook=OWN, enrichers={"position": {"within_m": "far"}}), ["enrichers.position.within_m"]),
        (
            NewPlaybook(playbook=OWN, enrichers={"position": {f"p{n}": 1 for n in range(10_000)}}),
            ["enrichers.position"],
        ),
    ],
)
def test_what_can_not_be_chosen_is_refused_by_its_name(
    case: UUID, owner: Actor, wanted: NewPlaybook, fields: list[str]
) -> None:
    with pytest.raises(Invalid) as refused:
        choose_playbook(case_id=case, wanted=wanted, by=owner)
    assert list(refused.value.errors) == fields
    assert not CasePlaybook.objects.exists()


def test_owners_and_investigators_choose_in_cases_that_are_worked_on(
    case: UUID, owner: Actor, bob: Any, charlie: Any
) -> None:
    with pytest.raises(NotFound):
        choose(case, Actor.person(charlie.pk), "quick")
    cases.add_member(case_id=case, user=bob.pk, role=Role.INVESTIGATOR, by=owner)
    cases.add_member(case_id=case, user=charlie.pk, role=Role.REVIEWER, by=owner)
    choose(case, Actor.person(bob.pk), "quick")
    with pytest.raises(Forbidden):
        choose(case, Actor.person(charlie.pk), "texts")
    with pytest.raises(NothingChanges):
        choose(case, owner, "quick")
    cases.close_case(case_id=case, reason="done", by=owner)
    with pytest.raises(CaseNotOpen):
        choose(case, owner, "texts")


# --- over the API -----------------------------------------------------------------------------------------


@pytest.fixture
def api(client_of: Callable[..., APIClient], alice: Any) -> APIClient:  # noqa: F811 -- that fixture
    return client_of(alice)


def test_a_playbook_is_chosen_and_read_over_the_api(api: APIClient, case: UUID) -> None:
    address = f"/api/v1/cases/{case}/"
    before = api.get(f"{address}playbook/").json()
    assert (before["playbook"], before["seq"], before["by"]) == ("standard", None, None)
    assert [each["enricher"] for each in before["enrichers"]] == sorted(registry.installed())
    assert [each["name"] for each in before["shipped"]] == list(SHIPPED)
    body = {"playbook": OWN, "enrichers": {"position": {"most": 2}, "text": {}}}
    answer = api.post(f"{address}choose-playbook/", body)
    assert answer.status_code == 200, answer.content
    now = answer.json()
    assert now == api.get(f"{address}playbook/").json()
    assert now["playbook"] == OWN
    assert now["enrichers"][0] == {
        "enricher": "position",
        "version": registry.installed()["position"].version,
        "parameters": {"within_m": 50_000.0, "most": 2},
    }
    item = api.get(submit(api, address)).json()
    assert [each["enricher"] for each in item["enrichments"]] == ["text"]
    fresh = api.post(f"{address}evidence/", {"kind": "sighting", "subject": {"kind": "ship"}}).json()
    assert [each["enricher"] for each in fresh["enrichments"]] == ["position"]
    assert upload(api, address, picture()).json()["enrichments"] == []


@pytest.mark.parametrize(
    "enrichers",
    [[], ["text"], "text", 7, {"text": []}, {"text": "x"}, {"text": None}, {"": {}}, {"position": {"most": [1]}}],
)
def test_a_body_of_another_shape_is_refused(api: APIClient, case: UUID, enrichers: Any) -> None:
    answer = api.post(
        f"/api/v1/cases/{case}/choose-playbook/", {"playbook": OWN, "enrichers": enrichers}, format="json"
    )
    assert answer.status_code == 400, answer.content
    assert any(name.startswith("enrichers") for name in answer.json()["errors"])


def test_enrichers_say_what_they_read_and_what_can_be_set(api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = replace(registry.installed()["text"], missing=lambda: "a model of languages")
    monkeypatch.setitem(registry.installed(), "text", lacking)
    found = {each["name"]: each for each in api.get("/api/v1/enrichers/").json()["results"]}
    assert list(found) == sorted(registry.installed())
    assert (found["text"]["installed"], found["text"]["missing"]) == (False, "a model of languages")
    position = found["position"]
    assert (position["kinds"], position["reads"], position["installed"]) == (["sighting"], ["place", "when"], True)
    assert position["parameters"][1] == {
        "name": "most",
        "says": "How many ports, and how many countries, are told: the nearest.",
        "unit": "",
        "default": 5,
        "least": 1,
        "most": 50,
        "choices": [],
    }


def test_a_batch_asks_for_the_playbook_once(case: UUID, owner: Actor) -> None:
    said = domain.EvidenceSubmitted(kind=domain.Kind.STATEMENT, text="a b c")
    counts = []
    for many in (1, 30):
        with CaptureQueriesContext(connection) as seen:
            evidence.submit_batch(case_id=case, submissions=[said] * many, by=owner)
        asked = [each["sql"] for each in seen if each["sql"].startswith("SELECT")]
        assert len([sql for sql in asked if "enrichment_caseplaybook" in sql]) == 1
        counts.append(len(asked))
    assert counts[0] == counts[1]
