"""The playbook on a case's page: shown to all who read the case, chosen by those who may edit it."""

from __future__ import annotations

from typing import Any

import pytest

from cases import commands as cases
from cases.domain import Role
from enrichment.choosing import playbook_of
from tests.workspace.conftest import Browser, World

WANTED = {"do": "playbook", "position__within_m": "50000.0", "position__most": "5"}


def test_a_shipped_playbook_is_chosen_by_its_name(world: World, browser: Browser, bob: Any) -> None:
    client = browser(bob)
    assert "<b>Standard</b>" in client.get(world.page("settings/")).content.decode()
    sent = client.post(world.page("settings/"), {**WANTED, "playbook": "ships", "position__most": "3"})
    assert sent.status_code == 302, sent.content.decode()
    page = client.get(world.page("settings/")).content.decode()
    assert "<b>Ships and places</b>" in page
    assert 'position <span class="quiet">most 3</span>' in page
    assert playbook_of(world.case).parameters_of("position") == {"within_m": 50_000.0, "most": 3}
    assert "chose the playbook" in client.get(world.page("history/")).content.decode()


def test_tools_of_ones_own_choice_are_ticked(world: World, browser: Browser, bob: Any) -> None:
    sent = browser(bob).post(
        world.page("settings/"), {**WANTED, "playbook": "own", "enrichers": ["position", "text"], "position__most": ""}
    )
    assert sent.status_code == 302, sent.content.decode()
    chosen = playbook_of(world.case)
    assert (chosen.name, sorted(chosen.parameters)) == ("own", ["position", "text"])
    assert chosen.parameters_of("position")["most"] == 5


@pytest.mark.parametrize(
    ("sent", "field", "said"),
    [
        ({"playbook": "ships", "position__most": "0"}, "playbook-position__most", "A whole number from 1 to 50."),
        ({"playbook": "own"}, "playbook-enrichers", "At least one enricher."),
        ({"playbook": "own", "enrichers": ["clairvoyant"]}, "playbook-enrichers", "not one of the available choices"),
        ({"playbook": "slow"}, "playbook-playbook", "not one of the available choices"),
    ],
)
def test_a_refusal_stands_at_its_field_and_what_was_typed_stays(
    world: World, browser: Browser, bob: Any, sent: dict[str, Any], field: str, said: str
) -> None:
    answer = browser(bob).post(world.page("settings/"), {**WANTED, **sent})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert said in page
    assert f'<a href="#{field}' in page
    assert "Choose another</summary>" in page.split("<details open>")[1]


def test_a_viewer_sees_it_and_is_offered_nothing(world: World, browser: Browser, charlie: Any) -> None:
    cases.add_member(case_id=world.case, user=charlie.pk, role=Role.VIEWER, by=world.by)
    client = browser(charlie)
    page = client.get(world.page("settings/")).content.decode()
    assert "<b>Standard</b>" in page
    assert 'name="playbook"' not in page
    assert client.post(world.page("settings/"), {**WANTED, "playbook": "quick"}).status_code == 403
