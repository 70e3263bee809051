"""Tokens: shown once, kept as a hash, made for a while and for a few things."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone
from rest_framework.test import APIClient

from osint import tokens
from osint.models import AccessToken
from osint.tokens import BadToken

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_the_text_of_a_token_is_kept_nowhere(alice: Any) -> None:
    token, text = tokens.issue(user=alice, scopes=["cases:read"], name="archiver")
    row = AccessToken.objects.filter(pk=token.pk).values().get()
    assert text not in repr(row)
    assert text[len(row["prefix"]) :] not in repr(row)
    assert text.startswith("wl_"), "so that scanners for secrets know it"
    assert tokens.read(text).pk == token.pk
    assert tokens.issue(user=alice, scopes=["cases:read"])[1] != text


def test_a_mistyped_token_is_told_from_an_unknown_one_without_the_database(alice: Any) -> None:
    _, text = tokens.issue(user=alice, scopes=["cases:read"])
    other = "0" if text[10] != "0" else "1"
    for wrong in (text[:10] + other + text[11:], text[:-1], text + "x", text[3:], text.upper(), "", "wl_"):
        with pytest.raises(BadToken, match="cut or mistyped"):
            tokens.read(wrong)
    AccessToken.objects.all().delete()
    with pytest.raises(BadToken, match="unknown or was revoked"):
        tokens.read(text)


@pytest.mark.parametrize("scopes", [[], ["cases:delete"], ["cases:read", ""], ["*"]])
def test_only_scopes_that_there_are_can_be_given(alice: Any, scopes: list[str]) -> None:
    with pytest.raises(ValueError, match="Unknown scopes"):
        tokens.issue(user=alice, scopes=scopes)
    assert not AccessToken.objects.exists()


def test_a_token_ends_at_its_instant(alice: Any) -> None:
    _, text = tokens.issue(user=alice, scopes=["cases:read"], expires_at=NOON)
    with time_machine.travel(NOON - timedelta(seconds=1), tick=False):
        assert tokens.read(text).user == alice
    with time_machine.travel(NOON, tick=False), pytest.raises(BadToken, match="expired"):
        tokens.read(text)


def test_its_last_use_is_noted_to_the_minute(alice: Any) -> None:
    token, text = tokens.issue(user=alice, scopes=["cases:read"])

    def used(at: datetime) -> datetime | None:
        with time_machine.travel(at, tick=False):
            tokens.read(text)
        return AccessToken.objects.get(pk=token.pk).last_used_at

    assert used(NOON) == NOON
    assert used(NOON + timedelta(seconds=59)) == NOON, "not a write for each request"
    assert used(NOON + timedelta(seconds=61)) == NOON + timedelta(seconds=61)


def command(*words: str) -> list[str]:
    out = StringIO()
    call_command("token", *words, stdout=out)
    return out.getvalue().splitlines()


def test_the_command_prints_the_token_alone_on_its_last_line(alice: Any) -> None:
    *_, text = command("alice", "--scopes", "cases:read,evidence:read", "--days", "7")
    token = tokens.read(text)
    assert token.scopes == ["cases:read", "evidence:read"]
    assert timedelta(days=6, hours=23) < token.expires_at - timezone.now() < timedelta(days=7)
    client = APIClient()
    assert client.get("/api/v1/cases/", headers={"Authorization": f"Bearer {text}"}).status_code == 200
    assert client.get("/api/v1/cases/", headers={"Authorization": f"bearer  {text} "}).status_code == 200


def test_the_command_lists_and_revokes_and_never_shows_a_token_again(alice: Any, bob: Any) -> None:
    *_, text = command("alice", "--scopes", "cases:read", "--days", "0", "--name", "archiver")
    (line,) = command("alice", "--list")
    token = tokens.read(text)
    assert str(token.pk) in line
    assert "archiver" in line
    assert text not in line
    with pytest.raises(CommandError, match="bob has no token"):
        command("bob", "--revoke", str(token.pk))
    command("alice", "--revoke", str(token.pk))
    with pytest.raises(BadToken):
        tokens.read(text)
    assert "revoked" in command("alice", "--list")[0]


@pytest.mark.parametrize(
    "words",
    [
        ("nobody", "--scopes", "cases:read"),
        ("alice",),
        ("alice", "--scopes", "x"),
        ("alice", "--scopes", "cases:read", "--days", "-1"),
    ],
)
def test_the_command_refuses_what_it_can_not_do(alice: Any, words: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        command(*words)
    assert not AccessToken.objects.exists()


def test_a_token_in_the_address_opens_nothing(alice: Any) -> None:
    """Addresses end up in logs and histories."""
    _, text = tokens.issue(user=alice, scopes=["cases:read"])
    for name in ("token", "access_token", "authorization"):
        assert APIClient().get(f"/api/v1/cases/?{name}={text}").status_code == 401
