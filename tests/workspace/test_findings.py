"""The pages of findings: the number first, what it stands on, what changed under it, and who stands for it."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from analysis import commands
from analysis.domain import FindingStated
from analysis.models import Finding
from cases import commands as cases
from cases.domain import Role
from evidence import commands as evidence
from evidence.domain import EvidenceSubmitted, Kind, Place, Subject
from tests.workspace.conftest import Browser, World
from workspace.findings import in_words, number_of

pytestmark = pytest.mark.django_db

AT = {"area_name": "Vostochny", "area_lat": "42.74", "area_lon": "133.08", "area_radius_m": "5000", "merge_hours": "72"}
CARGO = {
    **AT,
    "unit": "barrels",
    "waterplane_coefficient_low": "0.76",
    "waterplane_coefficient_high": "0.84",
    "water_density_low": "1.02",
    "water_density_high": "1.03",
    "barrels_per_tonne_low": "7.25",
    "barrels_per_tonne_high": "7.65",
}


def state(client: Client, world: World, rule: str, sentence: str = "So many.", **fields: Any) -> str:
    """State a finding by its form; give its page's address."""
    answer = client.post(world.page(f"findings/new/?rule={rule}"), {"sentence": sentence, **fields})
    assert answer.status_code == 302, answer.content.decode()
    address: str = answer["Location"]
    return address


def text_of(client: Client, address: str) -> str:
    """Read a page as the words on it."""
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def on_page(client: Client, address: str, do: str, **fields: str) -> Any:
    row = Finding.objects.get(pk=address.split("/")[-2])
    return client.post(address, {"do": do, "seen": row.last_seq, "digest": row.digest, **fields})


def test_a_case_without_findings_says_what_one_is(world: World, browser: Browser, alice: Any) -> None:
    assert "No finding is stated yet" in text_of(browser(alice), world.page("findings/"))


def test_each_rule_has_a_form_that_leads_to_a_number(world: World, browser: Browser, alice: Any) -> None:
    client = browser(alice)
    count = state(client, world, "count", "Two items.", kinds=["image", "sighting"], unit="items of evidence")
    assert "2 items of evidence" in text_of(client, count)
    distinct = state(client, world, "distinct", kinds=["sighting"], by="ship")
    assert "1 ships" in text_of(client, distinct)
    calls = state(client, world, "port-calls", **AT)
    assert "1 port calls" in text_of(client, calls)
    silences = state(client, world, "dark-periods", activity="tracker silent", least_hours="6", near_m="20000")
    assert "0 dark periods" in text_of(client, silences)
    assert "1 origins" in text_of(client, state(client, world, "origins", items=str(world.statement)))
    cargo = state(client, world, "cargo", **CARGO)
    assert "no number barrels" in text_of(client, cargo)
    of = calls.split("/")[-2]
    assert "2 times" in text_of(client, state(client, world, "ratio", of=of, number="0.5", because="A cap."))
    assert "1 port calls" in text_of(client, state(client, world, "sum", of=[of]))
    listed = text_of(client, world.page("findings/"))
    assert all(text in listed for text in ("Two items.", "2 items of evidence", "port-calls", "computed"))


def test_what_can_not_be_meant_stands_beside_the_field_and_what_was_typed_is_kept(
    world: World, browser: Browser, alice: Any
) -> None:
    client = browser(alice)
    sent = {"sentence": "So <b>many</b>.", "when_from": "yesterday"}
    answer = client.post(world.page("findings/new/?rule=count"), sent)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "So &lt;b&gt;many&lt;/b&gt;." in page
    assert 'href="#state-when_from"' in page
    assert not Finding.objects.exists()
    far = client.post(world.page("findings/new/?rule=port-calls"), {**AT, "sentence": "x", "area_radius_m": "9e9"})
    assert far.status_code == 400
    assert "a radius of 1 to 20,000,000 m" in far.content.decode()


def test_its_page_leads_to_the_items_and_says_when_they_changed(world: World, browser: Browser, alice: Any) -> None:
    client = browser(alice)
    address = state(client, world, "distinct", kinds=["sighting"], by="ship")
    page = client.get(address).content.decode()
    assert world.item(world.sighting) in page
    assert "Grey Heron at the terminal" in page
    evidence.retract(case_id=world.case, item=world.sighting, reason="Not a ship.", by=world.by)
    stale = text_of(client, address)
    assert "The evidence changed since this was computed." in stale
    assert "An item that was used was retracted." in stale
    assert "stale: the evidence changed" in text_of(client, world.page("findings/"))
    assert on_page(client, address, "compute").status_code == 302
    again = text_of(client, address)
    assert "0 ships" in again
    assert "The evidence changed since" not in again
    assert "Results so far" in again


def test_somebody_else_signs_it_off_and_the_owner_publishes_it(
    world: World, browser: Browser, alice: Any, charlie: Any
) -> None:
    cases.add_member(case_id=world.case, user=charlie.pk, role=Role.REVIEWER, by=world.by)
    author, reviewer = browser(alice), browser(charlie)
    address = state(author, world, "count", kinds=["image"])
    assert "Sign off this result" not in text_of(author, address)
    assert "somebody else signs it off" in text_of(author, address)
    assert on_page(author, address, "sign-off").status_code == 403
    assert on_page(reviewer, address, "review", agrees="no", note="Are these all?").status_code == 302
    assert "Reviewed, and not agreed with" in text_of(author, address)
    assert on_page(reviewer, address, "sign-off", note="Checked.").status_code == 302
    assert "Signed off for exactly these inputs." in text_of(author, address)
    assert on_page(author, address, "publish", sentence="One picture.", where="BBC", at="2024-11-22").status_code == 302
    assert "Published in BBC , 2024-11-22" in text_of(author, address)
    history = text_of(author, world.page("history/"))
    assert all(text in history for text in ("stated a finding", "computed a finding", "signed off a finding"))
    another = EvidenceSubmitted(kind=Kind.STATEMENT, text="x")
    evidence.submit_evidence(case_id=world.case, said=another, by=world.by)
    assert "lapsed" not in text_of(author, address)
    evidence.retract(case_id=world.case, item=world.image, reason="x", by=world.by)
    page = text_of(author, address)
    assert "The sign-off has lapsed" in page
    assert "its evidence changed since" in page


def test_a_withdrawn_finding_stays_readable_and_offers_nothing(world: World, browser: Browser, alice: Any) -> None:
    client = browser(alice)
    address = state(client, world, "count")
    assert on_page(client, address, "withdraw", reason="Wrong question.").status_code == 302
    page = text_of(client, address)
    assert "Withdrawn: Wrong question." in page
    assert "Take the finding back" not in page
    assert on_page(client, address, "compute").status_code == 409


def test_who_may_only_read_is_offered_nothing(world: World, browser: Browser, charlie: Any) -> None:
    cases.add_member(case_id=world.case, user=charlie.pk, role=Role.VIEWER, by=world.by)
    client = browser(charlie)
    address = _stated(world)
    for page in (address, world.page("findings/")):
        shown = client.get(page).content.replace(b'<form method="post" action="/admin/logout/', b"")
        assert b'method="post"' not in shown
        assert b"State a finding" not in shown
    assert client.get(world.page("findings/new/")).status_code == 403
    assert on_page(client, address, "compute").status_code == 403


def test_to_a_stranger_and_a_submitter_there_is_no_finding(world: World, browser: Browser, charlie: Any) -> None:
    address = _stated(world)
    client = browser(charlie)
    assert client.get(address).status_code == 404
    assert on_page(client, address, "compute").status_code == 404
    cases.add_member(case_id=world.case, user=charlie.pk, role=Role.SUBMITTER, by=world.by)
    assert client.get(address).status_code == 403
    assert client.get(world.page("findings/")).status_code == 403


def test_a_finding_of_another_case_is_not_there(world: World, browser: Browser, alice: Any) -> None:
    address = _stated(world)
    other = cases.open_case(title="Other", by=world.by).stream
    assert browser(alice).get(address.replace(str(world.case), str(other))).status_code == 404


def test_queries_do_not_grow_with_the_items_of_a_finding(world: World, browser: Browser, alice: Any) -> None:
    client, address = browser(alice), _stated(world)

    def queries() -> int:
        commands.compute_finding(case_id=world.case, finding=UUID(address.split("/")[-2]), by=world.by)
        with CaptureQueriesContext(connection) as found:
            client.get(address)
        return len(found)

    few = queries()
    place, subject = Place(lat=42.74, lon=133.08), Subject(kind="ship", name="Grey Heron")
    more = [EvidenceSubmitted(kind=Kind.SIGHTING, when="2024-05-03", place=place, subject=subject) for _ in range(30)]
    evidence.submit_batch(case_id=world.case, submissions=more, by=world.by)
    assert queries() <= few + 1


def test_numbers_are_written_for_people() -> None:
    assert [in_words(each) for each in (43.0, 1_078_110.27, 2.1562, 0.00051, None, -3.0)] == [
        "43", "1,078,110", "2.16", "0.00051", "no number", "-3",
    ]  # fmt: skip
    assert number_of({"value": 5.0, "low": 0.0, "high": 10.0, "unit": "x"}).at == 50.0  # type: ignore[union-attr]
    assert number_of({"value": 5.0, "low": 5.0, "high": 5.0, "unit": "x"}).is_exact  # type: ignore[union-attr]
    assert number_of(None) is None


def _stated(world: World) -> str:
    stated = FindingStated(sentence="So many.", rule="count", version=1)
    finding = commands.state_finding(case_id=world.case, stated=stated, by=world.by).item
    assert finding
    commands.compute_finding(case_id=world.case, finding=finding, by=world.by)
    return world.page(f"findings/{finding}/")
