"""Exchanging the log's key: one tree goes on, the old key names the new one, and nobody else can."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command

from ledger import anchor, keys, log, signer
from ledger.errors import Conflict
from ledger.models import Entry, Event, LastHead, Pending, SignedHead
from ledger.rebuild import rebuild
from ledger.recorded import Recorded
from ledger.rotate import rotate
from ledger.rotation import STREAM, turns
from ledger.sequence import sequence
from ledger.signed_note import SigningKey, read_checkpoint, read_key, read_note
from ledger.signer import Refused, State, sign
from ledger.verify import verify
from ledger.verify_log import verify_log

pytestmark = pytest.mark.django_db
Note = Callable[..., Recorded]
Tamper = Callable[..., None]


@pytest.fixture(autouse=True)
def folder(log_folder: Path) -> Path:
    keys.make("waterline.example/log")
    return log_folder


def command(*words: str) -> list[str]:
    out = StringIO()
    call_command("keys", *words, stdout=out, stderr=StringIO())
    return out.getvalue().splitlines()


def holds() -> None:
    assert verify().faults == []
    report = verify_log()
    assert (report.faults, report.unchecked) == ([], [])


def test_the_old_key_names_the_new_one_under_a_head_that_covers_the_rotation(placed: Callable[[str], None]) -> None:
    placed("a")
    placed("b")
    old = keys.load().verifier
    sign()
    edge = log.edge()
    rotate()
    [turn] = turns()
    new = keys.load().verifier
    assert (turn.old, turn.new, turn.position) == (old, new, 2)
    assert (turn.event.old_size, turn.event.old_root) == (edge.size, edge.root.hex())
    assert (new.name, new.public) == ("waterline.example/log/key-2", keys.verifier().public)
    assert turn.last_head is not None
    head = read_checkpoint(turn.last_head)
    assert old.verified(turn.last_head)
    assert (head.origin, head.size, head.root) == (old.name, 3, log.edge().root)
    assert head.extensions == (f"successor {new}",)
    assert anchor.read() == turn.last_head
    holds()


def test_the_new_key_goes_on_with_the_same_tree(placed: Callable[[str], None]) -> None:
    placed("a")
    sign()
    old = keys.load().verifier
    rotate()
    assert signer.compare().state is State.HANDED_OVER
    note = sign()
    assert note is not None
    assert keys.load().verifier.verified(note)
    assert read_checkpoint(note).size == 2
    assert signer.compare().state is State.SAME
    placed("b")
    sign()
    assert [read_checkpoint(read_note(each.note)).origin for each in SignedHead.objects.order_by("size")] == [
        old.name,
        keys.verifier().name,
        keys.verifier().name,
    ]
    holds()


def test_a_log_of_which_nothing_was_signed_can_change_its_key_too() -> None:
    rotate()
    sign()
    assert SignedHead.objects.get().size == 1
    holds()


def test_keys_follow_one_another_and_all_stay_listed(placed: Callable[[str], None]) -> None:
    names = [keys.verifier()]
    for n in range(3):
        placed(str(n))
        sign()
        assert command("rotate")[-1] == str(keys.verifier())
        names.append(keys.verifier())
    assert [key.name for key in names[1:]] == [f"waterline.example/log/key-{n}" for n in (2, 3, 4)]
    told = command("show", "--all")
    assert [read_key(line.rpartition(" ")[2]) for line in told] == names
    assert command("show") == [str(names[-1])]
    holds()


def test_the_rotation_comes_right_after_the_head_it_cites_whoever_waits(
    placed: Callable[[str], None], note: Note
) -> None:
    placed("a")
    sign()
    note("waits for its place on PostgreSQL")
    waiting = Pending.objects.count()
    rotate()
    [turn] = turns()
    assert turn.position == turn.event.old_size
    assert Pending.objects.count() == waiting
    sequence()
    sign()
    holds()


def test_a_new_origin_can_be_given_and_is_never_one_before(placed: Callable[[str], None]) -> None:
    placed("a")
    command("rotate", "--origin", "another.example/log")
    assert keys.verifier().name == "another.example/log"
    for taken in ("another.example/log", "waterline.example/log"):
        with pytest.raises(CommandError, match="an origin that none before it had"):
            command("rotate", "--origin", taken)
    with pytest.raises(CommandError, match="An origin is a host name"):
        command("rotate", "--origin", "no good")
    holds()


def test_the_old_secret_is_gone_and_the_new_one_is_for_its_owner_alone(folder: Path) -> None:
    old = keys.load()
    rotate()
    kept = {path.name: path.read_text() for path in (folder / "keys").iterdir()}
    assert sorted(kept) == ["signing.key", "verifier.key"]
    assert not any(keys.text_of(old) in text for text in kept.values())
    assert (folder / "keys" / "signing.key").stat().st_mode & 0o777 == 0o600


def test_a_lost_key_signs_nothing_and_the_report_says_so(folder: Path, placed: Callable[[str], None]) -> None:
    placed("a")
    sign()
    placed("b")
    (folder / "keys" / "signing.key").unlink()
    told = StringIO()
    call_command("keys", "rotate", "--lost", stdout=StringIO(), stderr=told)
    assert "give the new verifier key to all who relied on the old one" in told.getvalue()
    [turn] = turns()
    assert (turn.lost, turn.last_head) == (True, None)
    assert not LastHead.objects.exists()
    assert [each.size for each in SignedHead.objects.order_by("size")] == [1, 3]
    assert "then it was lost" in command("show", "--all")[0]
    holds()


def test_a_key_that_is_lost_right_after_another_is_replaced_too(folder: Path, placed: Callable[[str], None]) -> None:
    placed("a")
    sign()
    rotate(lost=True)
    rotate(lost=True)
    sign()
    placed("b")
    rotate()
    rotate(lost=True)
    assert signer.compare().state is State.HANDED_OVER
    sign()
    holds()


def test_nothing_is_handed_over_by_a_database_that_was_not_signed(
    placed: Callable[[str], None], tamper: Tamper, folder: Path
) -> None:
    placed("a")
    placed("b")
    sign()
    tamper("UPDATE ledger_entry SET hash = %s WHERE position = 0", "ab" * 32)
    for lost in (False, True):
        with pytest.raises(Refused, match="not the one that was signed"):
            rotate(lost=lost)
    assert not (folder / "keys" / "next.key").exists()
    assert not Event.objects.filter(stream=STREAM).exists()


# -- the secret half is kept elsewhere ----------------------------------------------------------------


@pytest.fixture
def elsewhere(folder: Path, settings: Any) -> None:
    """The secret half comes from the environment."""
    settings.SIGNING_KEY = keys.text_of(keys.load())
    (folder / "keys" / "signing.key").unlink()


@pytest.mark.usefixtures("elsewhere")
def test_a_key_of_the_environment_is_printed_and_the_signer_goes_on_when_it_has_it(
    placed: Callable[[str], None], folder: Path, settings: Any
) -> None:
    placed("a")
    sign()
    with pytest.raises(CommandError, match="--print hands out the next one"):
        command("rotate")
    told = StringIO()
    out = StringIO()
    call_command("keys", "rotate", "--print", stdout=out, stderr=told)
    [secret] = out.getvalue().splitlines()
    assert "set OSINT_SIGNING_KEY" in told.getvalue()
    assert [path.name for path in (folder / "keys").iterdir()] == ["verifier.key"]
    assert keys.verifier() == keys.parse(secret).verifier
    # The signer still has the old key, and must not sign with it beside the new one.
    placed("b")
    with pytest.raises(Refused, match="this process has an old key"):
        sign()
    with pytest.raises(CommandError, match="already: give this process its secret half"):
        command("rotate", "--print")
    settings.SIGNING_KEY = secret
    note = sign()
    assert note is not None
    assert keys.parse(secret).verifier.verified(note)
    holds()


@pytest.mark.usefixtures("elsewhere")
def test_a_lost_key_of_the_environment_is_replaced(placed: Callable[[str], None], settings: Any) -> None:
    placed("a")
    sign()
    settings.SIGNING_KEY = ""
    [secret] = command("rotate", "--print", "--lost")
    settings.SIGNING_KEY = secret
    sign()
    holds()


@pytest.mark.usefixtures("elsewhere")
def test_a_key_that_could_not_be_printed_does_not_become_the_log_s(placed: Callable[[str], None]) -> None:
    placed("a")

    def full(key: SigningKey) -> None:
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space"):
        rotate(hand_out=full)
    assert turns() == []
    sign()
    holds()


def test_a_rotation_that_was_begun_is_ended_before_another(folder: Path, placed: Callable[[str], None]) -> None:
    placed("a")
    keys.prepare("begun.example/log", keep_secret=True)
    with pytest.raises(Conflict, match=r"begun\.example/log was begun"):
        rotate(origin="another.example/log")
    rotate()
    assert keys.verifier().name == "begun.example/log"
    holds()


# -- a stream that is no case -------------------------------------------------------------------------


def test_the_log_s_own_stream_is_checked_and_replayed_as_any_other(placed: Callable[[str], None], stream: UUID) -> None:
    placed("a")
    rotate()
    assert verify(stream=STREAM).events == 1
    assert rebuild() == 2
    out = StringIO()
    call_command("verify", "--case", str(stream), stdout=out)
    assert out.getvalue() == "1 events in 1 case checked: all hold.\n"
    call_command("verify", stdout=out)
    assert (
        "2 events in 1 case, 2 places in the log, 0 signed heads, 1 rotation of the key checked: all hold."
        in out.getvalue()
    )


def test_a_rotation_is_no_event_of_anybody_s_case(placed: Callable[[str], None]) -> None:
    placed("a")
    rotate()
    [turn] = turns()
    assert turn.recorded.stream == STREAM
    assert Entry.objects.get(event=turn.recorded.id).position == 1
    assert turn.recorded.actor == "worker:keys@1"
