"""Signing: what is signed was consistent with what was signed before, and a forged database is not signed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command

from ledger import anchor, keys, log, signer
from ledger.errors import Invalid
from ledger.models import SignedHead
from ledger.recorded import Recorded
from ledger.sequence import sequence
from ledger.signed_note import read_checkpoint, read_key, read_note
from ledger.signer import Refused, State, sign

Note = Callable[..., Recorded]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> Iterator[Path]:
    """A data folder of its own, with a key."""
    settings.DATA_DIR, settings.ANCHOR_FILE = tmp_path, tmp_path / "anchor" / "head"
    keys.make("waterline.example/test")
    return tmp_path


@pytest.fixture
def placed(note: Note) -> Callable[[str], None]:
    """Append a note and give it its place."""

    def placed(text: str) -> None:
        note(text)
        sequence()

    return placed


def test_a_head_is_signed_anchored_and_published(placed: Callable[[str], None]) -> None:
    placed("a")
    note = sign()
    assert note is not None
    assert keys.load().verifier.verified(note)
    head = read_checkpoint(note)
    assert (head.origin, head.size, head.root) == ("waterline.example/test", 1, log.edge().root)
    assert anchor.read() == note
    assert read_note(SignedHead.objects.get().note) == note


def test_nothing_is_signed_twice_and_nothing_is_signed_of_an_empty_log(placed: Callable[[str], None]) -> None:
    assert sign() is None
    placed("a")
    assert sign() is not None
    assert sign() is None
    placed("b")
    sign()
    assert list(SignedHead.objects.order_by("size").values_list("size", flat=True)) == [1, 2]


def test_a_kill_between_anchor_and_publication_is_made_good(placed: Callable[[str], None]) -> None:
    placed("a")
    key, edge = keys.load(), log.edge()
    from ledger.signed_note import Checkpoint

    anchor.write(key.sign(Checkpoint(key.name, edge.size, edge.root).text()))
    assert not SignedHead.objects.exists()
    sign()
    assert SignedHead.objects.get().size == 1


def test_a_database_that_lost_its_tail_is_not_signed(
    placed: Callable[[str], None], tamper: Callable[..., None], stream: UUID
) -> None:
    placed("a")
    older = log.edge()
    placed("b")
    sign()
    tamper("DELETE FROM ledger_entry WHERE position = 1")
    peaks = " ".join(each.hex() for each in older.peaks)
    tamper("UPDATE ledger_loghead SET size = %s, peaks = %s", older.size, peaks)
    assert signer.compare().state is State.BEHIND
    placed_before = anchor.read()
    with pytest.raises(Refused, match="behind the last signed head: 2 entries signed, 1 in the database"):
        sign()
    assert anchor.read() == placed_before


def test_a_database_with_another_history_is_not_signed(
    placed: Callable[[str], None], tamper: Callable[..., None]
) -> None:
    placed("a")
    placed("b")
    sign()
    tamper("UPDATE ledger_entry SET hash = %s WHERE position = 0", "ab" * 32)
    placed("c")
    assert signer.compare().state is State.DIFFERENT
    with pytest.raises(Refused, match="not the one that was signed"):
        sign()


def test_an_edge_that_does_not_follow_from_the_entries_is_not_signed(
    placed: Callable[[str], None], tamper: Callable[..., None]
) -> None:
    placed("a")
    placed("b")
    sign()
    tamper("UPDATE ledger_loghead SET peaks = %s", "cd" * 32)
    assert signer.compare().state is State.DIFFERENT
    with pytest.raises(Refused):
        sign()


def test_an_anchor_that_somebody_else_signed_stops_the_signer(placed: Callable[[str], None], folder: Path) -> None:
    placed("a")
    sign()
    (folder / "anchor" / "head").write_text((folder / "anchor" / "head").read_text().replace("\n1\n", "\n2\n"))
    assert signer.compare().state is State.UNREADABLE
    with pytest.raises(Refused):
        sign()


def test_the_key_is_for_its_owner_alone_and_is_made_once(folder: Path) -> None:
    path = folder / "keys" / "signing.key"
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_text()
    with pytest.raises(CommandError, match="There is a signing key already"):
        call_command("keys", "init", stdout=StringIO())
    call_command("keys", "init", "--unless-there", stdout=StringIO())
    assert path.read_text() == before


def test_keys_show_prints_the_verifier_key_alone_on_the_last_line() -> None:
    out = StringIO()
    call_command("keys", "show", stdout=out)
    assert read_key(out.getvalue().splitlines()[-1]) == keys.load().verifier


def test_without_a_key_nothing_is_signed_and_show_says_what_to_do(folder: Path) -> None:
    (folder / "keys" / "signing.key").unlink()
    (folder / "keys" / "verifier.key").unlink()
    with pytest.raises(keys.NoKey):
        sign()
    with pytest.raises(CommandError, match="keys init"):
        call_command("keys", "show", stdout=StringIO())


@pytest.mark.parametrize("change", [lambda t: t[:-6], lambda t: t[12:], lambda t: t.replace("+", "-", 3), lambda t: ""])
def test_a_key_that_was_cut_is_refused_and_not_repeated(change: Callable[[str], str]) -> None:
    text = keys.text_of(keys.load())
    with pytest.raises(Invalid) as refused:
        keys.parse(change(text))
    # Private, key, name, hash; and then the secret, in which a + may stand as well.
    assert text.split("+", 4)[4] not in str(refused.value)
    assert keys.parse(text) == keys.load()


def test_one_run_of_the_command_sequences_and_signs(note: Note) -> None:
    note("a")
    call_command("sequence", "--once")
    assert SignedHead.objects.get().size == 1


def test_the_secret_half_may_be_kept_elsewhere(folder: Path, settings: Any, note: Note) -> None:
    for name in ("signing.key", "verifier.key"):
        (folder / "keys" / name).unlink()
    out = StringIO()
    call_command("keys", "init", "--print", "--origin", "waterline.example/apart", stdout=out, stderr=StringIO())
    secret = out.getvalue().strip()
    assert not (folder / "keys" / "signing.key").exists()
    assert keys.verifier() == keys.parse(secret).verifier
    note("a")
    with pytest.raises(keys.NoKey):
        sign()
    settings.SIGNING_KEY = secret
    call_command("sequence", "--once")
    settings.SIGNING_KEY = ""
    assert signer.compare().state is State.SAME
