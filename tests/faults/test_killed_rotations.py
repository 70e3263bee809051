"""Killed at any step of exchanging the log's key: the next call ends it, and no signed head contradicts another."""

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from ledger import anchor, keys, log
from ledger.append import Fact, append
from ledger.ids import uuid7
from ledger.models import LastHead, SignedHead
from ledger.rotate import rotate
from ledger.rotation import turns
from ledger.sequence import sequence
from ledger.signed_note import VerifierKey, read_checkpoint, read_note
from ledger.signer import Refused, State, compare, sign
from ledger.verify import verify
from ledger.verify_log import verify_log
from tests.faults.fail_points import killed_before_step
from tests.ledger.notes import ANNA, Noted

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def stream() -> UUID:
    return uuid7()


def every_head() -> dict[tuple[str, int], bytes]:
    """Read all that was signed and that anybody outside can have seen: by origin and size, the root."""
    anchored = anchor.read()
    texts = [*SignedHead.objects.values_list("note", flat=True), *LastHead.objects.values_list("note", flat=True)]
    notes = [read_note(each) for each in texts]
    heads = map(read_checkpoint, [*notes, *([anchored] if anchored else [])])
    return {(head.origin, head.size): head.root for head in heads}


def work_goes_on(stream: UUID) -> None:
    """Events come, and the signer signs what it may, in whatever state the rotation was left."""
    append(stream, [Fact(Noted(text="meanwhile"))], by=ANNA)
    sequence()
    if compare(keys.load().verifier).state is State.ROTATED:
        with pytest.raises(Refused, match="a rotation was begun and not ended"):
            sign()
    else:
        sign()


def exchange(*, lost: bool) -> None:
    rotate(lost=lost)
    sign()


@pytest.mark.parametrize("lost", [False, True])
def test_a_rotation_that_is_killed_at_any_step_is_ended_by_the_next_call(
    log_folder: Path, stream: UUID, lost: bool, record_property: Callable[[str, object], None]
) -> None:
    keys.make("waterline.example/killed")
    work_goes_on(stream)
    seen: dict[tuple[str, int], bytes] = {}
    first, step, finished = keys.load().verifier, 0, False
    while not finished:
        step += 1
        before = len(turns())
        outcome = killed_before_step(step, lambda _: exchange(lost=lost))
        finished = outcome.finished
        work_goes_on(stream)
        if len(turns()) == before + 1 and turns()[-1].new == keys.load().verifier and keys.pending() is None:
            # Killed after its last step but one: ended all the same.
            continue_from = keys.load().verifier
        else:
            continue_from = rotate(lost=lost).new
        assert keys.load().verifier == keys.verifier() == continue_from
        assert len(turns()) == before + 1
        work_goes_on(stream)
        for place, root in every_head().items():
            assert seen.setdefault(place, root) == root
            assert log.root_at(place[1]) == root, "a head that was signed is no beginning of the log"
        assert set(seen) <= set(every_head()), "a head that was published is gone"
        assert verify().faults == []
        assert verify_log().faults == []
    record_property("steps", step)
    assert step > 10
    assert leads(first) == keys.verifier()


def leads(key: VerifierKey) -> VerifierKey:
    """Follow the rotations from a key."""
    for turn in turns():
        assert turn.old == key
        key = turn.new
    return key
