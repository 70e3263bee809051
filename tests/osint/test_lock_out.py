"""Five wrong guesses lock out the one who guesses, never the account's owner."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client, RequestFactory

from osint.authentication import client_address

PASSWORD = "correct horse battery"
PROXY, GUESSER, OWNER = "10.0.0.1", "203.0.113.9", "198.51.100.7"


@pytest.fixture
def owner(alice: Any) -> Any:
    alice.set_password(PASSWORD)
    alice.save()
    return alice


def sign_in(password: str, *, forwarded: str = "", address: str = PROXY) -> bool:
    headers = {"X-Forwarded-For": forwarded, "X-Forwarded-Proto": "https"} if forwarded else {}
    form = {"username": "alice", "password": password}
    answer = Client().post("/admin/login/", form, headers=headers, secure=True, REMOTE_ADDR=address)
    return answer.status_code == 302


@pytest.mark.usefixtures("owner")
def test_behind_a_proxy_a_guesser_is_locked_out_and_the_owner_is_not(settings: Any) -> None:
    settings.BEHIND_TLS = True
    assert [sign_in("guess", forwarded=GUESSER) for _ in range(5)] == [False] * 5
    assert not sign_in(PASSWORD, forwarded=GUESSER)
    assert sign_in(PASSWORD, forwarded=OWNER)


@pytest.mark.usefixtures("owner")
def test_a_forged_hop_neither_frees_the_guesser_nor_locks_out_the_owner(settings: Any) -> None:
    settings.BEHIND_TLS = True
    for number in range(5):
        sign_in("guess", forwarded=f"192.0.2.{number}, {GUESSER}")
        sign_in("guess", forwarded=f"{OWNER}, {GUESSER}")
    assert not sign_in(PASSWORD, forwarded=f"192.0.2.99, {GUESSER}")
    assert sign_in(PASSWORD, forwarded=OWNER)


@pytest.mark.usefixtures("owner")
def test_without_a_proxy_nobody_chooses_their_address() -> None:
    for number in range(5):
        sign_in("guess", forwarded=f"192.0.2.{number}", address=GUESSER)
    assert not sign_in(PASSWORD, forwarded="192.0.2.99", address=GUESSER)
    assert sign_in(PASSWORD, address=OWNER)


@pytest.mark.parametrize("forwarded", ["", "unknown", "x" * 5000, "1.2.3.4, '", "1.2.3.4,"])
def test_a_hop_that_is_no_address_counts_as_the_proxy(settings: Any, forwarded: str) -> None:
    settings.BEHIND_TLS = True
    request = RequestFactory().get("/", headers={"X-Forwarded-For": forwarded}, REMOTE_ADDR=PROXY)
    assert client_address(request) == PROXY
