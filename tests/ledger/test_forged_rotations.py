"""Exchanges of the log's key that its owner did not make: the signer stops, and each is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger import keys, log, signer
from ledger.append import Fact, append
from ledger.errors import Invalid
from ledger.models import LastHead, SignedHead
from ledger.read import read
from ledger.recorded import Recorded
from ledger.restore import Stored, restore
from ledger.rotate import rotate
from ledger.rotation import STREAM, LogRotated, turns
from ledger.sequence import sequence
from ledger.signed_note import SigningKey
from ledger.signer import Refused, State, sign
from ledger.verify_log import verify_log
from tests.ledger.notes import ANNA

pytestmark = pytest.mark.django_db
Note = Callable[..., Recorded]
Tamper = Callable[..., None]


@pytest.fixture(autouse=True)
def folder(log_folder: Path) -> Path:
    keys.make("waterline.example/log")
    return log_folder


def forge(**changes: Any) -> None:
    """Append a rotation to a key of one's own, as whoever can write to the database can."""
    edge, old = log.edge(), keys.verifier()
    new = SigningKey("waterline.example/forged", bytes(32)).verifier
    said = {
        "old_origin": old.name,
        "old_key": str(old),
        "old_size": edge.size,
        "old_root": edge.root.hex(),
        "new_origin": new.name,
        "new_key": str(new),
        **changes,
    }
    append(STREAM, [Fact(LogRotated(**said))], by=ANNA)
    sequence()


@pytest.mark.parametrize("lost", [False, True])
def test_a_rotation_that_the_old_key_did_not_sign_stops_the_signer_and_is_named(
    placed: Callable[[str], None], lost: bool
) -> None:
    placed("a")
    sign()
    forge(lost=lost)
    assert signer.compare().state is State.ROTATED
    with pytest.raises(Refused, match="the log names another key"):
        sign()
    assert SignedHead.objects.get().size == 1
    faults = verify_log().faults
    assert "log, position 1: it names the key of waterline.example/forged, and another one is in use" in faults[0]
    assert any("was not signed by the key before it" in each for each in faults) is not lost


@pytest.mark.parametrize("lost", [False, True])
def test_a_rotation_to_a_key_that_was_not_made_here_is_not_ended(placed: Callable[[str], None], lost: bool) -> None:
    """What the signer says of it sounds as if one had to."""
    placed("a")
    sign()
    own = keys.load()
    forge(lost=lost)
    for hand_out in (None, lambda key: None):
        with pytest.raises(Refused, match="it was not made here"):
            rotate(lost=lost, hand_out=hand_out)
    assert not LastHead.objects.exists()
    assert keys.load() == own
    assert keys.verifier() == own.verifier


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"old_size": 7}, "does not cite the head before it"),
        ({"old_root": "ab" * 32}, "does not cite the head before it"),
        ({"old_origin": "other.example"}, "its keys are not those of its origins"),
        ({"old_key": "nonsense"}, "can not be read"),
        ({"new_key": "nonsense"}, "can not be read"),
    ],
)
def test_a_rotation_that_does_not_hold_together_is_named(
    placed: Callable[[str], None], changes: dict[str, Any], said: str
) -> None:
    placed("a")
    sign()
    forge(**changes)
    assert any(said in each for each in verify_log().faults), verify_log().faults
    with pytest.raises(Refused):
        sign()


def test_a_rotation_that_does_not_go_on_from_the_one_before_is_named(placed: Callable[[str], None]) -> None:
    placed("a")
    old = keys.verifier()
    rotate()
    forge(old_origin=old.name, old_key=str(old))
    with pytest.raises(Invalid, match="does not go on from the key before it"):
        turns()
    assert any("does not go on" in each for each in verify_log().faults)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("DELETE FROM ledger_lasthead", "was not signed by the key before it"),
        ("UPDATE ledger_lasthead SET note = 'x'", "can not be read"),
        (
            "UPDATE ledger_lasthead SET note = replace(note, 'successor', 'nothing')",
            "is not what the key before it signed",
        ),
        ("UPDATE ledger_payload SET body = replace(body, 'key-2', 'key-3')", "can not be read"),
    ],
)
def test_whatever_is_changed_of_a_rotation_is_named(
    placed: Callable[[str], None], tamper: Tamper, sql: str, said: str
) -> None:
    placed("a")
    rotate()
    sign()
    tamper(sql)
    assert any(said in each for each in verify_log().faults), verify_log().faults


def test_a_log_elsewhere_brings_no_rotation_into_this_one(placed: Callable[[str], None], tamper: Tamper) -> None:
    placed("a")
    forge()
    [event] = read(STREAM)
    for table, of in (("event", "id"), ("payload", "event_id"), ("entry", "event"), ("head", "stream")):
        own = STREAM if table == "head" else event.id
        tamper(f"DELETE FROM ledger_{table} WHERE replace(CAST({of} AS text), '-', '') = '{own.hex}'")  # noqa: S608
    with pytest.raises(Invalid, match="comes from nowhere else"):
        restore(STREAM, [Stored(event.envelope, event.disclosures)])
    assert turns() == []


def test_an_old_database_under_a_newer_key_is_not_signed(placed: Callable[[str], None], tamper: Tamper) -> None:
    """Restored from before the rotation: the anchor is of a key that the database does not know."""
    placed("a")
    rotate()
    sign()
    for table in ("event", "payload", "head", "entry", "loghead", "lasthead", "signedhead"):
        tamper(f"DELETE FROM ledger_{table}")  # noqa: S608
    placed("a")
    assert signer.compare().state is State.BEHIND
    with pytest.raises(Refused):
        sign()
