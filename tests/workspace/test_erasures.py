"""Erasures on the pages: an owner chooses and sees, a second person confirms, and what is gone is called erased."""

from __future__ import annotations

import re
from typing import Any

import pytest

from cases import commands as cases
from cases.domain import Role
from evidence import commands as evidence
from evidence.erasure import commands
from evidence.erasure.models import ErasureRequest
from evidence.models import ItemState
from ledger.actors import Actor
from ledger.read import read
from tests.evidence.erasures import erase, of_event, of_item, places_of
from tests.workspace.conftest import Browser, World

pytestmark = pytest.mark.django_db
WHY = {"ground": "court_order", "reason": "By order of 3 March."}


@pytest.fixture
def reviewer(world: World, charlie: Any) -> Actor:
    cases.add_member(case_id=world.case, user=charlie.pk, role=Role.REVIEWER, by=world.by)
    return Actor.person(charlie.pk)


def fingerprint_in(page: str) -> str:
    [found] = re.findall(r'name="fingerprint" value="([0-9a-f]{64})"', page)
    return str(found)


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def test_an_owner_sees_what_would_go_asks_for_it_and_another_one_confirms(
    world: World, browser: Browser, alice: Any, charlie: Any, reviewer: Actor
) -> None:
    owner, second = browser(alice), browser(charlie)
    address = world.item(world.statement, "erase/")
    assert "A researcher" in text_of(owner.get(address))
    chosen = {"fields_": ["speaker", "text"], **WHY}
    seen = text_of(owner.post(address, {**chosen, "do": "preview"}))
    assert "This would go: 2 fields" in seen
    assert not ErasureRequest.objects.exists()
    asked = owner.post(address, {**chosen, "do": "ask", "fingerprint": fingerprint_in(seen)}, follow=True)
    assert "It is asked for" in text_of(asked)
    own = text_of(owner.get(world.page("erasures/")))
    assert "You asked for it yourself" in own
    assert "Erase it for good" not in own
    page = text_of(second.get(world.page("erasures/")))
    assert "A dozen tankers docked 43 times." in page
    answer = {
        "do": "confirm",
        "redaction": str(ErasureRequest.objects.get().pk),
        "fingerprint": fingerprint_in(page),
    }
    assert "It is erased, for good." in text_of(second.post(world.page("erasures/"), answer, follow=True))
    assert places_of("docked 43 times") == []
    again = second.post(world.page("erasures/"), answer)
    assert (again.status_code, "is done already" in text_of(again)) == (409, True)


def test_the_requester_does_not_get_around_the_second_person(world: World, browser: Browser, alice: Any) -> None:
    asked = commands.request_erasure(case_id=world.case, wanted=of_item(world.statement, "text"), by=world.by)
    seen = commands.preview_request(case_id=world.case, redaction=asked.id, by=world.by)
    sent = {"do": "confirm", "redaction": str(asked.id), "fingerprint": seen.plan.fingerprint}
    answer = browser(alice).post(world.page("erasures/"), sent)
    assert answer.status_code == 403
    assert "somebody else must confirm it" in text_of(answer)


def test_what_came_since_is_marked_and_confirmed_with_the_rest(
    world: World, browser: Browser, charlie: Any, reviewer: Actor
) -> None:
    asked = commands.request_erasure(case_id=world.case, wanted=of_item(world.statement, "text"), by=world.by)
    second = browser(charlie)
    before = fingerprint_in(text_of(second.get(world.page("erasures/"))))
    evidence.correct(
        case_id=world.case, item=world.statement, changes={"text": "A dozen, 44 times."}, reason="x", by=world.by
    )
    sent = {"do": "confirm", "redaction": str(asked.id), "fingerprint": before}
    refused = second.post(world.page("erasures/"), sent)
    assert refused.status_code == 412
    assert "another list than the one that you saw" in text_of(refused)
    assert "came since" in text_of(refused)
    sent["fingerprint"] = fingerprint_in(text_of(refused))
    assert second.post(world.page("erasures/"), sent).status_code == 302
    assert places_of("44 times") == []


def test_a_list_that_changed_before_it_was_asked_for_is_shown_anew(world: World, browser: Browser, alice: Any) -> None:
    owner, address = browser(alice), world.item(world.statement, "erase/")
    chosen = {"fields_": ["text"], **WHY}
    before = fingerprint_in(text_of(owner.post(address, {**chosen, "do": "preview"})))
    evidence.correct(case_id=world.case, item=world.statement, changes={"text": "44"}, reason="x", by=world.by)
    refused = owner.post(address, {**chosen, "do": "ask", "fingerprint": before})
    assert refused.status_code == 412
    assert "This would go: 2 fields" in text_of(refused)
    assert fingerprint_in(text_of(refused)) != before


def test_a_request_needs_its_ground_and_reason_and_something_to_erase(
    world: World, browser: Browser, alice: Any
) -> None:
    owner, address = browser(alice), world.item(world.statement, "erase/")
    for sent in ({"fields_": ["text"]}, {"fields_": ["text"], **WHY, "reason": ""}, {**WHY}):
        assert owner.post(address, {**sent, "do": "ask"}).status_code in {400, 409}
    assert owner.post(address, {"fields_": ["kind"], "do": "preview"}).status_code == 400
    assert not ErasureRequest.objects.exists()


def test_who_may_not_erase_is_not_offered_it_and_gets_no_page(
    world: World, browser: Browser, bob: Any, charlie: Any, reviewer: Actor
) -> None:
    for person in (bob, charlie):
        theirs = browser(person)
        assert "Erase…" not in text_of(theirs.get(world.item(world.statement)))
        assert theirs.get(world.item(world.statement, "erase/")).status_code == 403
        assert theirs.get(world.page("erasures/new/")).status_code == 403
        assert theirs.get(world.page("erasures/")).status_code == 200
    commands.request_erasure(case_id=world.case, wanted=of_item(world.statement, "text"), by=world.by)
    assert "Erase it for good" not in text_of(browser(bob).get(world.page("erasures/")))


def test_a_stranger_finds_no_such_page(world: World, browser: Browser, charlie: Any) -> None:
    stranger = browser(charlie)
    for rest in ("erasures/", "erasures/new/", f"evidence/{world.statement}/erase/"):
        assert stranger.get(world.page(rest)).status_code == 404


def test_what_was_erased_is_called_so_everywhere(world: World, browser: Browser, alice: Any, reviewer: Actor) -> None:
    comment = evidence.comment(case_id=world.case, item=world.statement, text="Call the researcher", by=world.by)
    evidence.correct(
        case_id=world.case,
        item=world.statement,
        changes={"speaker": {"name": "Ji-woo Zelenograd"}, "title": "Ji-woo Zelenograd on the dockings"},
        reason="Known now.",
        by=world.by,
    )
    fields = ("text", "speaker", "title", "attribution")
    erase(world.case, of_item(world.statement, *fields), asks=world.by, agrees=reviewer)
    erase(world.case, of_event(comment.id, "text"), asks=world.by, agrees=reviewer)
    owner = browser(alice)
    page = text_of(owner.get(world.item(world.statement)))
    assert "parts of this item were erased for good" in page
    assert "title erased</span></h1>" in page
    history = page[page.index('id="history-h"') :]
    # Before and after of the correction: neither says what stood there.
    assert history.count("▇▇▇ erased") >= len(fields)
    assert "changes (speaker, title) erased" in history
    for rest in ("", "history/", "comments/", f"evidence/{world.statement}/", f"evidence/{world.statement}/correct/"):
        shown = text_of(owner.get(world.page(rest)))
        for gone in ("Zelenograd", "(erased)", "Call the researcher", "docked 43 times"):
            assert gone not in shown, (rest, gone)
    assert text_of(owner.get(world.page("comments/"))).count('class="erased"') == 1


def test_a_picture_whose_bytes_were_erased_is_not_offered(
    world: World, browser: Browser, alice: Any, reviewer: Actor
) -> None:
    from evidence.erasure.domain import NewErasure
    from ledger.redaction import Ground

    [sha256] = ItemState.objects.filter(item=world.image).values_list("sha256", flat=True)
    wanted = NewErasure(files=(sha256,), ground=Ground.COURT, reason="By order.")
    erase(world.case, wanted, asks=world.by, agrees=reviewer)
    owner = browser(alice)
    page = text_of(owner.get(world.item(world.image)))
    assert "its bytes were erased" in page
    assert "Download the original" not in page
    assert owner.get(world.item(world.image, "original/")).status_code == 410


def test_a_name_is_erased_in_the_whole_case_from_its_own_page(
    world: World, browser: Browser, alice: Any, charlie: Any, reviewer: Actor
) -> None:
    cases.rename_case(case_id=world.case, title="What Zelenograd saw", by=world.by)
    owner = browser(alice)
    address = world.page("erasures/new/")
    assert "renamed the case, title: What Zelenograd saw" in text_of(owner.get(address))
    sent = {"texts": "zelenograd", **WHY}
    seen = text_of(owner.post(address, {**sent, "do": "preview"}))
    assert owner.post(address, {**sent, "do": "ask", "fingerprint": fingerprint_in(seen)}).status_code == 302
    page = text_of(browser(charlie).get(world.page("erasures/")))
    answer = {"do": "confirm", "redaction": str(ErasureRequest.objects.get().pk), "fingerprint": fingerprint_in(page)}
    assert browser(charlie).post(world.page("erasures/"), answer).status_code == 302
    assert places_of("zelenograd") == []


def test_what_is_declined_is_listed_with_its_reason(
    world: World, browser: Browser, charlie: Any, reviewer: Actor
) -> None:
    asked = commands.request_erasure(case_id=world.case, wanted=of_item(world.statement, "text"), by=world.by)
    second = browser(charlie)
    sent = {"do": "decline", "redaction": str(asked.id), "reason": "It is needed."}
    page = text_of(second.post(world.page("erasures/"), sent, follow=True))
    assert "It is needed." in page
    assert "Erase it for good" not in page
    assert [event.name for event in read(world.case)][-1] == "redaction.declined"
