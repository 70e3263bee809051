"""Whatever is done in whatever order: the ledger says what a plain list says, and its log never contradicts itself.

A backup is restored by rolling the database back, while the anchor, which is no part of it, stays.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from cases.commands import add_member, comment_on_case, open_case
from cases.domain import Role
from cases.models import Comment
from evidence.erasure.commands import confirm_erasure, preview_erasure, request_erasure
from evidence.erasure.domain import NewErasure, OfEvent, WhatGoes
from exchange.bundle import write_bundle
from ledger import anchor, keys, log
from ledger.actors import Actor
from ledger.models import Entry, Event
from ledger.redaction import Ground
from ledger.sequence import sequence
from ledger.signed_note import read_checkpoint
from ledger.signer import Refused, State, compare, sign
from ledger.verify import verify
from ledger.verify_log import verify_log
from verifier import verify as verifier


@dataclass
class Model:
    """Events by case, in their order; what comments say, or None once it is erased; the log, and who waits for it."""

    cases: dict[UUID, list[UUID]] = field(default_factory=dict)
    comments: dict[UUID, dict[UUID, str | None]] = field(default_factory=dict)
    waiting: list[UUID] = field(default_factory=list)
    log: list[UUID] = field(default_factory=list)


class History(RuleBasedStateMachine):
    """Cases that grow, a log over them, heads that are signed, bundles that leave, and backups that come back."""

    people: tuple[Actor, Actor]
    key: str

    def __init__(self) -> None:
        super().__init__()
        self.begin = transaction.savepoint()
        self.model = Model()
        self.anchored: list[UUID] = []
        self.backup: tuple[str, Model] | None = None
        self.folder = TemporaryDirectory(prefix="waterline-bundles-")
        anchor._path().unlink(missing_ok=True)

    def teardown(self) -> None:
        transaction.savepoint_rollback(self.begin)
        self.folder.cleanup()

    # -- what is done ------------------------------------------------------------------------------------

    @rule(title=st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8))
    def open(self, title: str) -> None:
        opened = open_case(title=title, by=self.people[0])
        self._recorded(opened)
        second = self.people[1].user
        assert second is not None
        self._recorded(add_member(case_id=opened.stream, user=second, role=Role.OWNER, by=self.people[0]))
        self.model.comments[opened.stream] = {}

    @precondition(lambda self: self.model.cases)
    @rule(data=st.data(), texts=st.lists(st.text(st.characters(categories=["L"]), min_size=9), min_size=1, max_size=3))
    def append(self, data: st.DataObject, texts: list[str]) -> None:
        case = data.draw(st.sampled_from(sorted(self.model.cases)))
        for text in texts:
            written = comment_on_case(case_id=case, text=text, by=self.people[0])
            self._recorded(written)
            self.model.comments[case][written.id] = text

    @precondition(lambda self: self._erasable())
    @rule(data=st.data())
    def redact(self, data: st.DataObject) -> None:
        case, event = data.draw(st.sampled_from(self._erasable()))
        what = (OfEvent(event=event, fields=("text",)),)
        wanted = NewErasure(events=what, ground=Ground.COURT, reason="By judgment 7/24.")
        asked = request_erasure(case_id=case, wanted=wanted, by=self.people[0])
        self._recorded(asked)
        seen = preview_erasure(case_id=case, wanted=WhatGoes(events=what), by=self.people[1]).plan.fingerprint
        self._recorded(confirm_erasure(case_id=case, redaction=asked.id, fingerprint=seen, by=self.people[1]))
        self.model.comments[case][event] = None

    @rule(limit=st.integers(1, 5))
    def sequence(self, limit: int) -> None:
        placed = min(limit, len(self.model.waiting))
        assert sequence(limit=limit) == placed
        self._place(placed)

    @rule()
    def sign(self) -> None:
        if self._is_the_signed_one():
            sign()
            self.anchored = list(self.model.log) or self.anchored
        else:
            with pytest.raises(Refused):
                sign()

    @precondition(lambda self: self.model.cases and self._is_the_signed_one())
    @rule(data=st.data())
    def export(self, data: st.DataObject) -> None:
        case = data.draw(st.sampled_from(sorted(self.model.cases)))
        out = Path(self.folder.name) / "bundle.zip"
        bundle = write_bundle(case, out=out, by=Actor.worker("export", 1))
        self._recorded(bundle.exported)
        self._place(len(self.model.waiting))
        self.anchored = list(self.model.log)
        report = verifier.verify(str(out), self.key)
        assert report.count == 0, report

    @rule()
    def back_up(self) -> None:
        self.backup = (transaction.savepoint(), deepcopy(self.model))

    @precondition(lambda self: self.backup)
    @rule()
    def restore(self) -> None:
        assert self.backup is not None
        savepoint, before = self.backup
        transaction.savepoint_rollback(savepoint)
        self.model = deepcopy(before)

    # -- what holds --------------------------------------------------------------------------------------

    @invariant()
    def every_case_is_its_list(self) -> None:
        found: dict[UUID, list[UUID]] = {}
        for stream, event in Event.objects.order_by("stream", "seq").values_list("stream", "id"):
            found.setdefault(stream, []).append(event)
        assert found == self.model.cases
        assert verify().faults == []

    @invariant()
    def what_was_said_stands_and_what_was_erased_does_not(self) -> None:
        for case, comments in self.model.comments.items():
            stands = {event: text for event, text in comments.items() if text is not None}
            shown = dict(Comment.objects.filter(case=case).values_list("id", "text"))
            assert {event: shown[event] for event in stands} == stands
            bodies = dict(Event.objects.filter(stream=case).values_list("id", "payload__body"))
            assert all(('"text"' in bodies[event]) == (event in stands) for event in comments)

    @invariant()
    def the_log_is_dense_and_in_order(self) -> None:
        assert list(Entry.objects.order_by("position").values_list("position", "event")) == list(
            enumerate(self.model.log)
        )
        assert log.edge().size == len(self.model.log)

    @invariant()
    def the_database_is_known_to_be_the_signed_one_or_not(self) -> None:
        is_signed_one = self._is_the_signed_one()
        standing = compare()
        assert standing.is_sound == is_signed_one
        if len(self.model.log) < len(self.anchored):
            assert standing.state is State.BEHIND
        if is_signed_one:
            assert verify_log().faults == []

    @invariant()
    def the_anchor_is_the_last_signed_head(self) -> None:
        note = anchor.read()
        assert (read_checkpoint(note).size if note else 0) == len(self.anchored)

    # -- the model ---------------------------------------------------------------------------------------

    def _recorded(self, event: Any) -> None:
        self.model.cases.setdefault(event.stream, []).append(event.id)
        self.model.waiting.append(event.id)
        if connection.vendor == "sqlite":
            self._place(1)

    def _place(self, count: int) -> None:
        self.model.log += self.model.waiting[:count]
        del self.model.waiting[:count]

    def _erasable(self) -> list[tuple[UUID, UUID]]:
        return [
            (case, event)
            for case, comments in sorted(self.model.comments.items())
            for event, text in comments.items()
            if text is not None
        ]

    def _is_the_signed_one(self) -> bool:
        return self.model.log[: len(self.anchored)] == self.anchored


@pytest.mark.slow
@pytest.mark.django_db
def test_any_history_is_the_one_that_a_list_tells(alice: Any, bob: Any, log_folder: Path) -> None:
    History.key = str(keys.make("waterline.example/history").verifier)
    History.people = (Actor.person(alice.pk), Actor.person(bob.pk))
    run_state_machine_as_test(
        History,
        settings=settings(
            max_examples=30, stateful_step_count=25, suppress_health_check=list(HealthCheck), database=None
        ),
    )
