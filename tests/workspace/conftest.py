"""The pages as people see them: Alice's case with one item of each kind, and a browser for each person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from cases import commands as cases
from cases.domain import Role
from evidence import commands as evidence
from evidence.domain import (
    Attribution,
    AttributionRole,
    EvidenceSubmitted,
    FileReference,
    Kind,
    Place,
    Speaker,
    Subject,
)
from ledger import store
from ledger.actors import Actor
from tests.api.bodies import picture

Browser = Callable[[Any], Client]


@dataclass(frozen=True)
class World:
    """A case and its three items."""

    case: UUID
    image: UUID
    statement: UUID
    sighting: UUID
    by: Actor

    def page(self, rest: str = "") -> str:
        return f"/admin/cases/{self.case}/{rest}"

    def item(self, item: UUID, rest: str = "") -> str:
        return self.page(f"evidence/{item}/{rest}")


@pytest.fixture
def browser() -> Browser:
    """Give a person a browser that is signed in."""

    def browser(user: Any) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return browser


@pytest.fixture
def world(alice: Any, bob: Any) -> World:
    by = Actor.person(alice.pk)
    case = cases.open_case(title="Tankers", description="Who loads where?", by=by).stream
    cases.add_member(case_id=case, user=bob.pk, role=Role.INVESTIGATOR, by=by)
    with store.incoming() as incoming:
        incoming.write(picture())
        kept = incoming.keep()
    file = FileReference(sha256=kept.sha256, size=kept.size, name="scene.png", media_type="image/png")
    said = [
        EvidenceSubmitted(kind=Kind.IMAGE, title="A scene", file=file, when="2024-05-03T10:00Z"),
        EvidenceSubmitted(
            kind=Kind.STATEMENT,
            title="A researcher on the dockings",
            text="A dozen tankers docked 43 times.",
            speaker=Speaker(name="A researcher"),
            attribution=(Attribution(name="BBC", role=AttributionRole.PUBLISHED),),
        ),
        EvidenceSubmitted(
            kind=Kind.SIGHTING,
            title="Grey Heron at the terminal",
            when="2024-05",
            place=Place(name="Vostochny", lat=42.74, lon=133.08),
            subject=Subject(kind="ship", name="Grey Heron"),
            draught_m=7.2,
            draught_error_m=0.3,
        ),
    ]
    items = [evidence.submit_evidence(case_id=case, said=each, by=by).item for each in said]
    return World(case, *items, by=by)  # type: ignore[arg-type]
