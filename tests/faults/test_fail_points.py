"""Killed at any step of appending, sequencing, signing or exporting: nothing acknowledged is lost, and no second signed
head contradicts the first."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from exchange.bundle import write_bundle
from ledger import anchor, keys, log
from ledger.actors import Actor
from ledger.append import Fact, append
from ledger.ids import uuid7
from ledger.models import Event, SignedHead
from ledger.sequence import sequence
from ledger.signed_note import read_checkpoint, read_note
from ledger.signer import sign
from ledger.verify import verify
from ledger.verify_log import verify_log
from tests.exchange.conftest import make_case
from tests.faults.fail_points import killed_before_step
from tests.ledger.notes import ANNA, Noted
from verifier import verify as verifier

ROUNDS = 200
STRIDE = 3

Acknowledge = Callable[[str], None]


class Heads:
    """Every signed head that anybody outside can have seen: the anchor's, and those that were published."""

    def __init__(self) -> None:
        self.roots: dict[int, bytes] = {}

    def look(self) -> None:
        """Read what there is: no size has another root than before, and all are beginnings of the log as it is."""
        anchored = anchor.read()
        notes = [read_note(each) for each in SignedHead.objects.values_list("note", flat=True)]
        for note in [*notes, *([anchored] if anchored else [])]:
            head = read_checkpoint(note)
            assert self.roots.setdefault(head.size, head.root) == head.root
        for size, root in self.roots.items():
            assert log.root_at(size) == root, f"the head of {size} that was signed is no beginning of the log"


def log_holds() -> None:
    assert verify().faults == []
    assert verify_log().faults == []


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_killed_at_any_step_nothing_acknowledged_is_lost_and_no_head_contradicts_another(
    log_folder: Path, stream: UUID, record_property: Callable[[str, object], None]
) -> None:
    keys.make("waterline.example/killed")

    def work(acknowledge: Acknowledge) -> None:
        for _ in range(2):
            for event in append(stream, [Fact(Noted(text="a")), Fact(Noted(text="b"))], by=ANNA):
                acknowledge(str(event.id))
            sequence()
            sign()

    acknowledged: list[str] = []
    heads, step, runs = Heads(), 0, 0
    for _ in range(ROUNDS):
        step += 1
        outcome = killed_before_step(step, work)
        acknowledged += outcome.acknowledged
        assert set(acknowledged) <= {str(each) for each in Event.objects.values_list("id", flat=True)}
        heads.look()
        log_holds()
        if outcome.finished:
            step, runs = 0, runs + 1
    assert runs, "more steps than rounds: some were never killed"
    record_property("events acknowledged", len(acknowledged))
    record_property("heads signed", len(heads.roots))

    # What was begun is ended by whoever comes next.
    while sequence():
        pass
    sign()
    heads.look()
    log_holds()
    assert max(heads.roots) == log.edge().size == Event.objects.count()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_an_export_that_is_killed_at_any_step_leaves_a_whole_bundle_or_none(
    log_folder: Path, alice: Any, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    key = str(keys.make("waterline.example/killed").verifier)
    case = make_case(alice, title="Tankers")
    heads, step, whole = Heads(), 0, 0
    finished = False
    while not finished:
        # Each export is an event, so the next one has more steps: one by one their end would run away.
        step += STRIDE
        out = tmp_path / f"{step}.zip"
        outcome = killed_before_step(step, lambda _, out=out: _export(case, out))  # type: ignore[misc]
        finished = outcome.finished
        heads.look()
        log_holds()
        if out.exists():
            whole += 1
            assert verifier.main([str(out), "--key", key]) == 0
    assert whole
    record_property("steps", step)


def _export(case: UUID, out: Path) -> None:
    write_bundle(case, out=out, by=Actor.worker("export", 1))


@pytest.fixture
def stream() -> UUID:
    return uuid7()
