"""Every page: who may see it, what stands on it, what it never offers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cases import commands as cases
from cases.domain import Role
from evidence import commands as evidence
from evidence.domain import EvidenceSubmitted, Kind
from evidence.models import ItemState
from tests.workspace.conftest import Browser, World

CASE_PAGES = ("", "settings/", "team/", "comments/", "history/", "ledger/", "runs/", "exports/", "findings/")
NEW = ("findings/new/", "evidence/new/image/", "evidence/new/statement/", "evidence/new/sighting/")


def pages(world: World) -> list[str]:
    """List every page of a case."""
    items = [
        world.item(item, rest) for item in (world.image, world.statement, world.sighting) for rest in ("", "correct/")
    ]
    return [*map(world.page, (*CASE_PAGES, *NEW)), *items, world.item(world.image, "original/")]


def visit(client: Client, address: str) -> Any:
    """Get a page to its end: a download is open until it is read."""
    answer = client.get(address)
    if answer.streaming:
        assert answer.getvalue()
    return answer


def test_a_member_sees_every_page(world: World, browser: Browser, bob: Any) -> None:
    client = browser(bob)
    for address in (*pages(world), "/admin/", "/admin/cases/new/", "/admin/search/?q=heron"):
        assert visit(client, address).status_code == 200, address


def test_a_stranger_does_not_learn_that_the_case_exists(world: World, browser: Browser, charlie: Any) -> None:
    client = browser(charlie)
    nowhere = str(world.image)
    for address in pages(world):
        there = client.get(address)
        elsewhere = client.get(address.replace(str(world.case), nowhere))
        assert there.status_code == elsewhere.status_code == 404, address
        assert _without_nonces(there, world.case) == _without_nonces(elsewhere, nowhere), address
    assert b"Tankers" not in client.get("/admin/").content
    assert b"Heron" not in client.get("/admin/search/?q=heron").content


def test_a_superuser_is_a_stranger_until_they_break_the_glass(
    world: World, browser: Browser, alice: Any, charlie: Any
) -> None:
    charlie.is_superuser = True
    charlie.save()
    client = browser(charlie)
    assert client.get(world.page()).status_code == 404
    asked = client.post("/admin/emergency/", {"case": str(world.case), "reason": "The owner is in hospital."})
    assert asked.status_code == 302
    assert client.get(world.page()).status_code == 200
    team = browser(alice).get(world.page("team/")).content.decode()
    assert "emergency access" in team
    assert "The owner is in hospital." in browser(alice).get(world.page("history/")).content.decode()


def test_one_who_is_not_signed_in_is_sent_to_the_door(world: World) -> None:
    for address in (*pages(world), "/admin/"):
        answer = Client().get(address)
        assert answer.status_code == 302, address
        assert answer["Location"].startswith("/admin/login/"), address


def test_a_submitter_sees_their_own_items_alone(world: World, browser: Browser, charlie: Any) -> None:
    cases.add_member(case_id=world.case, user=charlie.pk, role=Role.SUBMITTER, by=world.by)
    client = browser(charlie)
    sent = client.post(world.page("evidence/new/statement/"), {"text": "I saw it.", "sensitivity": "amber"})
    assert sent.status_code == 302
    assert client.get(sent["Location"]).status_code == 200
    listed = client.get(world.page()).content.decode()
    assert "I saw it." in listed
    assert "Grey Heron" not in listed
    assert client.get(world.item(world.sighting)).status_code == 404
    for rest in ("settings/", "team/", "comments/", "history/", "ledger/", "runs/", "exports/"):
        assert client.get(world.page(rest)).status_code == 403, rest


@pytest.mark.parametrize("role", list(Role))
def test_no_page_offers_to_delete(world: World, browser: Browser, charlie: Any, role: Role) -> None:
    cases.add_member(case_id=world.case, user=charlie.pk, role=role, by=world.by)
    charlie.is_superuser = True
    charlie.save()
    client = browser(charlie)
    addresses = (*pages(world), "/admin/", "/admin/osint/user/", f"/admin/osint/user/{charlie.pk}/change/")
    for address in addresses:
        answer = visit(client, address)
        if answer.status_code == 200 and not answer.streaming:
            assert not re.search(rb"delete", answer.content, re.IGNORECASE), address
    assert client.get(f"/admin/osint/user/{charlie.pk}/delete/").status_code == 403


def test_what_a_role_may_not_do_is_not_offered_and_is_refused(world: World, browser: Browser, charlie: Any) -> None:
    cases.add_member(case_id=world.case, user=charlie.pk, role=Role.VIEWER, by=world.by)
    client = browser(charlie)
    page = client.get(world.item(world.statement)).content
    assert b'method="post"' not in page.replace(b'<form method="post" action="/admin/logout/', b"")
    assert client.get(world.page("evidence/new/statement/")).status_code == 403
    refused = client.post(world.item(world.statement), {"do": "comment", "text": "Hello"})
    assert refused.status_code == 403
    assert b"Your role in this case (viewer)" in refused.content


def test_every_page_keeps_scripts_and_styles_of_others_out(world: World, browser: Browser, bob: Any) -> None:
    client = browser(bob)
    for address in (*pages(world), "/admin/", "/admin/search/"):
        answer = visit(client, address)
        policy = answer["Content-Security-Policy"]
        assert "default-src" in policy, address
        assert "unsafe-" not in policy, address
        assert "private, no-store" in answer["Cache-Control"], address
        if not answer.streaming:
            body = answer.content.decode()
            assert " style=" not in body, address
            assert not re.search(r"<script(?![^>]+src=)", body), address
            assert not re.search(r"\son[a-z]+=", body), address
            assert not re.search(r"""(?:src|href|action)=["'](?:https?:)?//""", body), address


def test_the_number_of_queries_does_not_grow_with_the_list(world: World, browser: Browser, bob: Any) -> None:
    client = browser(bob)
    addresses = [world.page(), world.page("history/"), world.page("comments/"), world.item(world.statement), "/admin/"]
    evidence.comment(case_id=world.case, item=world.statement, text="First.", by=world.by)
    few = [_queries(client, address) for address in addresses]
    for n in range(20):
        said = EvidenceSubmitted(kind=Kind.STATEMENT, title=f"Statement {n}", text="Something.", tags=("one", f"t{n}"))
        item = evidence.submit_evidence(case_id=world.case, said=said, by=world.by).item
        assert item is not None
        evidence.comment(case_id=world.case, item=item, text="Seen.", by=world.by)
        evidence.comment(case_id=world.case, item=world.statement, text=f"Seen {n}.", by=world.by)
    many = [_queries(client, address) for address in addresses]
    assert few == many


def test_an_item_is_shown_as_it_stood(world: World, browser: Browser, bob: Any) -> None:
    client = browser(bob)
    seq = ItemState.objects.get(item=world.sighting).from_seq
    evidence.correct(
        case_id=world.case, item=world.sighting, changes={"draught_m": 9.9}, reason="Read again.", by=world.by
    )
    assert "9.9 m" in client.get(world.item(world.sighting)).content.decode()
    then = client.get(world.item(world.sighting, f"?as_of={seq}")).content.decode()
    assert "7.2 m" in then
    assert "9.9 m" not in then
    assert 'method="post"' not in then.split("<main", 1)[1]


def _queries(client: Client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def _without_nonces(answer: Any, case: object) -> bytes:
    body: bytes = answer.content
    body = re.sub(rb'name="csrfmiddlewaretoken" value="[^"]+"', b"", body)
    return body.replace(str(case).encode(), b"")


def test_a_new_account_may_sign_in_and_sees_nothing_until_a_team_takes_it_in(
    world: World, browser: Browser, charlie: Any
) -> None:
    charlie.is_superuser = True
    charlie.save()
    password = "a-long-way-to-harbour"
    sent = {"username": "dana", "usable_password": "true", "password1": password, "password2": password}
    assert browser(charlie).post("/admin/osint/user/add/", sent).status_code == 302
    client = Client()
    answer = client.post("/admin/login/?next=/admin/", {"username": "dana", "password": password})
    assert answer.status_code == 302
    page = client.get("/admin/").content.decode()
    assert "You are on no case's team yet" in page.replace("&#x27;", "'")
    assert client.get("/admin/osint/user/").status_code == 403


def test_a_long_list_is_counted_so_far_and_says_so(
    world: World, browser: Browser, alice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = browser(alice)
    assert '<span class="count">3</span>' in client.get(world.page()).content.decode()
    monkeypatch.setattr("workspace.board.COUNTED", 2)
    assert '<span class="count">more than 2</span>' in client.get(world.page()).content.decode()


@pytest.mark.parametrize("before", ["9" * 5000, "9" * 20, "-1", "1.5", "\u0663", "x"])
def test_what_is_no_place_in_a_list_is_its_beginning(world: World, browser: Browser, alice: Any, before: str) -> None:
    client = browser(alice)
    for rest in ("", "history/"):
        answer = client.get(world.page(rest), {"before": before})
        assert answer.status_code == 200, rest
        assert _entries(answer) == _entries(client.get(world.page(rest))), rest


def _entries(answer: Any) -> list[Any]:
    shown = answer.context["entries"] if "entries" in answer.context else answer.context["board"].items
    return [str(each) for each in shown]


def test_the_history_of_a_case_says_what_each_event_says(world: World, browser: Browser, bob: Any) -> None:
    evidence.correct(case_id=world.case, item=world.sighting, changes={"draught_m": 9.9}, reason="Again.", by=world.by)
    evidence.retract(case_id=world.case, item=world.statement, reason="A rumour.", by=world.by)
    page = browser(bob).get(world.page("history/")).content.decode()
    assert "9.9" in page
    assert "A rumour." in page


def test_who_tries_too_often_is_told_to_wait(world: World) -> None:
    client = Client(headers={"Accept": "text/html"})
    for _ in range(6):
        answer = client.post("/admin/login/", {"username": "alice", "password": "a guess"})
    assert answer.status_code == 429
    assert "Try again in fifteen minutes" in answer.content.decode()


def test_an_untitled_statement_goes_by_its_words(world: World, browser: Browser, bob: Any) -> None:
    said = EvidenceSubmitted(kind=Kind.STATEMENT, text="The cranes stood still all night.")
    item = evidence.submit_evidence(case_id=world.case, said=said, by=world.by).item
    assert item is not None
    client = browser(bob)
    assert "The cranes stood still" in client.get(world.item(world.sighting)).content.decode()
    assert "<title>The cranes stood still" in client.get(world.item(item)).content.decode()


def test_django_s_own_ways_out_of_the_admin_are_closed(world: World, browser: Browser, bob: Any) -> None:
    assert browser(bob).get("/admin/r/1/1/").status_code == 404
