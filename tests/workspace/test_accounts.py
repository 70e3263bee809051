"""Accounts: a superuser manages them, and the cases of the person whose account it is say so."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from cases import commands as cases
from cases.accounts import record_account_change
from cases.domain import AccountChange, AccountChanged
from ledger.actors import Actor
from ledger.read import read
from osint.models import User
from tests.workspace.conftest import Browser, World

NEW = "a long and quite new one"


@pytest.fixture
def root(browser: Browser) -> Client:
    """The browser of a superuser who is on no team."""
    return browser(User.objects.create_user(username="root", is_staff=True, is_superuser=True))


def recorded(world: World) -> list[AccountChanged]:
    return [event.data for event in read(world.case) if isinstance(event.data, AccountChanged)]


def change(client: Client, user: Any, **fields: Any) -> Any:
    """Send the form of an account as it stands, but for these fields."""
    address = f"/admin/osint/user/{user.pk}/change/"
    form = client.get(address).context["adminform"].form
    sent = {name: value for name, value in form.initial.items() if name in form.fields and value not in (None, False)}
    return client.post(address, {**sent, **fields})


def set_password(client: Client, user: Any, second: str = NEW) -> Any:
    form = {"password1": NEW, "password2": second, "usable_password": "true", "set-password": "1"}
    return client.post(f"/admin/osint/user/{user.pk}/password/", form)


def test_a_password_that_another_sets_is_in_the_history_of_each_case(
    world: World, root: Client, browser: Browser, alice: Any, bob: Any, charlie: Any
) -> None:
    other = cases.open_case(title="Harbours", by=Actor.person(alice.pk)).stream
    strangers = cases.open_case(title="Bridges", by=Actor.person(charlie.pk)).stream
    assert set_password(root, alice).status_code == 302
    alice.refresh_from_db()
    assert alice.check_password(NEW)
    said = AccountChanged(user=alice.pk, changes=(AccountChange.PASSWORD,))
    by = f"user:{User.objects.get(username='root').pk}"
    for case in (world.case, other):
        last = list(read(case))[-1]
        assert (last.data, last.actor) == (said, by)
    assert len(list(read(strangers))) == 1
    page = browser(bob).get(world.page("history/")).content.decode()
    for words in ("root", "changed the account of a member", "alice", "password"):
        assert words in page


def test_a_password_that_is_taken_away_is_recorded_too(world: World, root: Client, alice: Any) -> None:
    alice.set_password(NEW)
    alice.save()
    form = {"usable_password": "false", "unset-password": "1"}
    assert root.post(f"/admin/osint/user/{alice.pk}/password/", form).status_code == 302
    assert recorded(world) == [AccountChanged(user=alice.pk, changes=(AccountChange.PASSWORD,))]


def test_a_password_that_was_not_set_is_not_recorded(world: World, root: Client, alice: Any) -> None:
    assert set_password(root, alice, second="another one").status_code == 200
    assert root.get(f"/admin/osint/user/{alice.pk}/password/").status_code == 200
    assert root.get("/admin/osint/user/nobody/password/").status_code == 404
    assert recorded(world) == []


def test_an_address_and_the_right_to_sign_in_are_recorded_when_they_change(
    world: World, root: Client, alice: Any
) -> None:
    assert change(root, alice, first_name="Alice").status_code == 302
    assert recorded(world) == [], "a name opens nothing"
    assert change(root, alice, email="new@example.org").status_code == 302
    assert change(root, alice, is_active="").status_code == 302
    assert change(root, alice, is_active="on").status_code == 302
    assert [each.changes for each in recorded(world)] == [
        (AccountChange.EMAIL,),
        (AccountChange.DEACTIVATED,),
        (AccountChange.ACTIVATED,),
    ]


def test_a_change_of_an_account_leaves_the_case_as_it_stood(world: World, alice: Any, browser: Browser) -> None:
    """Who edits the case at that moment is not told that it changed."""
    before = list(browser(alice).get(world.page("team/")).context["case"].__dict__.items())[1:]
    record_account_change(user=alice.pk, changes=[AccountChange.EMAIL], by=world.by)
    assert list(browser(alice).get(world.page("team/")).context["case"].__dict__.items())[1:] == before


def test_nobody_but_a_superuser_sets_a_password(world: World, browser: Browser, alice: Any, bob: Any) -> None:
    assert set_password(browser(bob), alice).status_code == 403
    alice.refresh_from_db()
    assert not alice.check_password(NEW)
    assert recorded(world) == []
