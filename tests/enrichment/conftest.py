"""A case whose owner has evidence read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psutil
import pytest

from cases import commands as cases
from enrichment import sandbox
from evidence.domain import Kind
from ledger.actors import Actor


@pytest.fixture
def owner(alice: Any) -> Actor:
    return Actor.person(alice.id)


@pytest.fixture
def case(owner: Actor) -> UUID:
    return cases.open_case(title="Tankers", by=owner).stream


def servers(of: psutil.Process | None = None) -> list[psutil.Process]:
    """List the fork-servers of a process, this one unless told."""
    found = (of or psutil.Process()).children()
    return [each for each in found if each.status() != "zombie" and "forkserver.py" in " ".join(each.cmdline())]


@pytest.fixture
def nothing_left(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Look, after each test, that the sandbox left neither a process nor a folder behind, and no server too many."""
    folder = tmp_path_factory.mktemp("sandboxes")
    monkeypatch.setattr(sandbox, "FOLDERS", folder)
    yield
    assert len(servers()) <= len(Kind)
    assert [child for server in servers() for child in server.children()] == []
    assert list(folder.iterdir()) == []
