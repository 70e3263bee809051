"""What the ledger's tests share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

if TYPE_CHECKING:
    from ledger.recorded import Recorded


@pytest.fixture
def stream() -> UUID:
    from ledger.ids import uuid7

    return uuid7()


@pytest.fixture
def note(db: None, stream: UUID) -> Callable[..., Recorded]:
    """Append one note to the stream."""
    from ledger.append import Fact, append
    from tests.ledger.notes import ANNA, Noted

    def note(text: str, **options: Any) -> Recorded:
        return append(stream, [Fact(Noted(text=text))], by=ANNA, **options)[0]

    return note


@pytest.fixture
def tamper(db: None) -> Callable[..., None]:
    """Change stored rows as an owner of the database can, who takes the triggers away first."""
    from django.db import connection

    from ledger import triggers

    def tamper(sql: str, *params: Any) -> None:
        with triggers.lifted(connection), connection.cursor() as cursor:
            cursor.execute(sql, params)
            assert cursor.rowcount > 0, "the tampering changed nothing: the test would prove nothing"

    return tamper
