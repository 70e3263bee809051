"""Rows written without the ORM are those that the ORM would have written, and come back as it would give them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from ledger.ids import uuid7
from ledger.models import Pending
from ledger.rows import MANY, WrittenOnce, insert, together
from osint.models import IdempotencyRecord
from osint.tokens import issue

pytestmark = pytest.mark.django_db

AWKWARD = ("", "%s %%", "a'b\"c\\d", "\\N", "\\.", "tab\there\r\nand there", "søk 港 🚢", "$1 {1} ; --")


def answers(count: int) -> list[IdempotencyRecord]:
    """Rows of a table that has text, JSON, bytes and a time of its own."""
    return [
        IdempotencyRecord(
            caller=AWKWARD[n % len(AWKWARD)],
            key=f"{n}",
            fingerprint="f" * 64,
            status=201,
            headers={"Location": AWKWARD[n % len(AWKWARD)], "list": [n, None, True, 0.5]},
            body=AWKWARD[n % len(AWKWARD)].encode() + b"\x00\xff",
        )
        for n in range(count)
    ]


def values(rows: Any) -> list[tuple[Any, ...]]:
    return [(r.caller, r.key, r.fingerprint, r.status, r.headers, bytes(r.body)) for r in rows]


@pytest.mark.parametrize("count", [1, 3, MANY, 3 * MANY])
@pytest.mark.parametrize("unless_there", [False, True])
def test_rows_come_back_as_they_were_given(count: int, unless_there: bool) -> None:
    insert(answers(count), unless_there=unless_there)
    kept = IdempotencyRecord.objects.order_by("id")
    assert values(kept) == values(answers(count))
    assert all(row.at for row in kept), "the time that the model sets itself"


@pytest.mark.parametrize("count", [1, MANY])
def test_a_row_that_is_there_already_is_refused_as_the_orm_refuses_it(count: int) -> None:
    insert(answers(1))
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(answers(count))
    insert(answers(count), unless_there=True)
    assert IdempotencyRecord.objects.count() == count


@pytest.mark.parametrize("count", [1, MANY])
def test_what_postgresql_can_not_keep_is_refused_as_the_orm_refuses_it(count: int) -> None:
    rows = answers(count)
    rows[-1].fingerprint = "f" * 70 if connection.vendor == "postgresql" else None  # type: ignore[assignment]
    with pytest.raises((DataError, IntegrityError)), transaction.atomic():
        insert(rows)
    assert not IdempotencyRecord.objects.exists()


def test_what_is_held_together_is_there_for_whoever_asks() -> None:
    with together():
        insert(answers(1))
        insert([Pending(event=uuid7(), hash="0" * 64, at="2026-11-25T00:00:00Z")] * MANY)
        assert IdempotencyRecord.objects.count() == 1
        insert([Pending(event=uuid7(), hash="0" * 64, at="2026-11-25T00:00:00Z")])
    assert Pending.objects.count() == MANY + 1


def test_a_query_that_is_written_once_gives_what_the_orm_gives(alice: Any, bob: Any) -> None:
    from osint.models import AccessToken

    fields = ("id", "digest", "scopes", "case_id", "created_at", "expires_at", "user__is_active", "user__username")

    def ask(user: UUID, prefix: str) -> Any:
        return AccessToken.objects.filter(user=user).filter(prefix=prefix).order_by("id").values_list(*fields)

    tokens = [issue(user=who, scopes=["cases:read"], case_id=uuid7())[0] for who in (alice, alice, bob)]
    asked = WrittenOnce(ask, UUID, str)
    for token in tokens:
        assert list(map(tuple, asked(token.user_id, token.prefix))) == list(ask(token.user_id, token.prefix)) != []
    assert asked(alice.pk, "nothing") == []


def test_a_query_is_written_once(alice: Any) -> None:
    written = []

    def ask(user: UUID) -> Any:
        written.append(user)
        return type(alice).objects.filter(pk=user).values_list("username")

    asked = WrittenOnce(ask, UUID)
    with CaptureQueriesContext(connection) as queries:
        assert asked(alice.pk) == asked(alice.pk) == [[alice.username]]
    assert (len(written), len(queries)) == (1, 2)
