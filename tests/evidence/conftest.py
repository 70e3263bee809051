"""What the tests of evidence share: a case, its owner, and somebody who reviews it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from cases import commands as cases
from cases.domain import Role
from ledger.actors import Actor


@pytest.fixture
def owner(alice: Any) -> Actor:
    return Actor.person(alice.pk)


@pytest.fixture
def reviewer(bob: Any) -> Actor:
    return Actor.person(bob.pk)


@pytest.fixture
def case(owner: Actor, reviewer: Actor) -> UUID:
    case = cases.open_case(title="Tankers", by=owner).stream
    cases.add_member(case_id=case, user=reviewer.user, role=Role.REVIEWER, by=owner)  # type: ignore[arg-type]
    return case
