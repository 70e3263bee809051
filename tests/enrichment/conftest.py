"""A case whose owner has evidence read."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from cases import commands as cases
from ledger.actors import Actor


@pytest.fixture
def owner(alice: Any) -> Actor:
    return Actor.person(alice.id)


@pytest.fixture
def case(owner: Actor) -> UUID:
    return cases.open_case(title="Tankers", by=owner).stream
