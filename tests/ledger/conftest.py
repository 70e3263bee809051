"""What the ledger's tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from tests.ledger.authority import Authority, Handle, serving

if TYPE_CHECKING:
    from ledger.models import SignedHead
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


@pytest.fixture
def placed(note: Callable[..., Recorded]) -> Callable[[str], None]:
    """Append a note to the stream and give it its place in the log."""
    from ledger.sequence import sequence

    def placed(text: str) -> None:
        note(text)
        sequence()

    return placed


@pytest.fixture
def serve() -> Iterator[Callable[[Handle], str]]:
    """Answer requests by a function, at an address of this machine."""
    with ExitStack() as stack:
        yield lambda handle: stack.enter_context(serving(handle))


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An honest time stamp authority."""
    return Authority(tmp_path_factory.mktemp("authority") / "honest")


@pytest.fixture
def head(log_folder: Path, placed: Callable[[str], None]) -> SignedHead:
    """A published head."""
    from ledger import keys
    from ledger.models import SignedHead
    from ledger.signer import sign

    keys.make("waterline.example/stamped")
    placed("a")
    sign()
    return SignedHead.objects.get()


@pytest.fixture
def asks(settings: Any, authority: Authority) -> Callable[..., None]:
    """Set up authorities by their addresses."""

    def asks(*urls: str) -> None:
        settings.TSA_URLS, settings.TSA_ROOTS, settings.ATTEST_TIMEOUT = list(urls), str(authority.roots), 5

    return asks
