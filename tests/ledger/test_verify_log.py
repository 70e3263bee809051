"""What verify finds in the log of all events when somebody with every right to the database changed it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from ledger import keys, raw
from ledger import verify_log as module
from ledger.append import Fact, append
from ledger.ids import uuid7
from ledger.models import Entry
from ledger.sequence import sequence
from ledger.signed_note import Checkpoint
from ledger.signer import sign
from ledger.verify import verify
from ledger.verify_log import verify_log
from tests.ledger.notes import ANNA, Noted

pytestmark = pytest.mark.django_db
Tamper = Callable[..., None]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.DATA_DIR, settings.ANCHOR_FILE = tmp_path, tmp_path / "anchor" / "head"
    keys.make("waterline.example/test")
    return tmp_path


@pytest.fixture(autouse=True)
def history(stream: UUID) -> None:
    """Two cases, 300 events, two signed heads."""
    append(stream, [Fact(Noted(text=str(n))) for n in range(280)], by=ANNA)
    sequence()
    sign()
    append(uuid7(), [Fact(Noted(text=str(n))) for n in range(20)], by=ANNA)
    sequence()
    sign()


def test_an_untouched_log_holds() -> None:
    report = verify_log()
    assert (report.entries, report.heads, report.faults, report.unchecked) == (300, 2, [], [])


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("DELETE FROM ledger_entry WHERE position = 7", "position 7 is missing"),
        ("DELETE FROM ledger_entry WHERE position = 299", "a head of 300 entries was signed, and 299 are stored"),
        ("UPDATE ledger_entry SET hash = '{other}' WHERE position = 7", "position 7: the entry is not that of case"),
        ("UPDATE ledger_subtree SET hash = '{other}'", "the kept root of level 8, 0"),
        ("DELETE FROM ledger_subtree", "the kept root of level 8, 0"),
        ("UPDATE ledger_loghead SET peaks = '{other}'", "its head does not follow"),
        ("UPDATE ledger_signedhead SET root = '{other}' WHERE size = 280", "first 280 entries are not those"),
        ("UPDATE ledger_signedhead SET note = 'x' WHERE size = 280", "head of 280 entries is not what was signed"),
        ("UPDATE ledger_loghead SET peaks = 'zz'", "its head does not follow"),
        ("UPDATE ledger_signedhead SET root = 'zz' WHERE size = 280", "first 280 entries are not those"),
        ("UPDATE ledger_signedhead SET size = 301 WHERE size = 300", "a head of 301 entries was signed"),
    ],
)
def test_whatever_is_changed_is_named(tamper: Tamper, sql: str, said: str) -> None:
    tamper(sql.format(other="ab" * 32))
    assert any(said in fault for fault in verify_log().faults), verify_log().faults


def test_two_entries_that_changed_places_are_named(tamper: Tamper) -> None:
    first, second = Entry.objects.filter(position__in=(3, 4)).order_by("position")
    tamper("DELETE FROM ledger_entry WHERE position IN (3, 4)")
    Entry.objects.create(position=3, event=second.event, hash=second.hash)
    Entry.objects.create(position=4, event=first.event, hash=first.hash)
    assert "position 4: event 4 of case" in verify_log().faults[0]


def test_an_event_without_a_place_is_named(tamper: Tamper, stream: UUID) -> None:
    append(stream, [Fact(Noted(text="late"))], by=ANNA)
    sequence()
    tamper("DELETE FROM ledger_entry WHERE position = 300")
    assert any("event 281" in fault and "no place in the log" in fault for fault in verify_log().faults)


def test_a_history_written_anew_from_end_to_end_is_found_by_its_signed_head(tamper: Tamper, stream: UUID) -> None:
    """Each chain holds and the tree follows from the entries: only what was signed before tells."""
    tamper("DELETE FROM ledger_payload")
    tamper("DELETE FROM ledger_event")
    tamper("DELETE FROM ledger_head")
    tamper("DELETE FROM ledger_entry")
    tamper("DELETE FROM ledger_subtree")
    tamper("DELETE FROM ledger_loghead")
    append(stream, [Fact(Noted(text=f"another {n}")) for n in range(300)], by=ANNA)
    sequence()
    assert verify().faults == []
    assert "the first 280 entries are not those whose head was signed" in verify_log().faults[0]
    tamper("DELETE FROM ledger_signedhead")
    assert verify_log().faults == ["anchor: the first 300 entries are not those whose head was signed"]
    with pytest.raises(Exception, match="not the one that was signed"):
        sign()


def test_an_anchor_that_is_foreign_or_ahead_is_named(folder: Path, tamper: Tamper) -> None:
    path = folder / "anchor" / "head"
    note = path.read_text()
    path.write_text("nonsense")
    assert "anchor: This is no signed note." in verify_log().faults
    path.write_bytes(b"\xff\xfe\x00")
    assert "anchor: The anchor can not be read (UnicodeDecodeError)." in verify_log().faults
    path.write_text(note.replace("test", "tess"))
    assert "anchor: it is not signed by this log's key" in verify_log().faults
    key = keys.load()
    path.write_text(str(key.sign(Checkpoint(key.name, 301, bytes(32)).text())))
    assert "anchor: 301 entries were signed, and 300 are stored" in verify_log().faults
    path.write_text(str(key.sign(Checkpoint(key.name, 299, bytes(32)).text())))
    assert "anchor: the first 299 entries are not those whose head was signed" in verify_log().faults


def test_the_public_key_is_enough_to_check(folder: Path) -> None:
    (folder / "keys" / "signing.key").unlink()
    report = verify_log()
    assert (report.faults, report.unchecked, report.heads) == ([], [], 2)


def test_without_any_key_it_says_what_it_did_not_check(folder: Path) -> None:
    (folder / "keys" / "signing.key").unlink()
    (folder / "keys" / "verifier.key").unlink()
    report = verify_log()
    assert report.faults == []
    assert "the signatures of the log's heads: There is no signing key" in report.unchecked[0]


@pytest.mark.django_db(transaction=True)
def test_what_is_appended_and_signed_meanwhile_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a site at work: another thread appends and signs while the check walks."""
    stream = uuid7()
    append(stream, [Fact(Noted(text=str(n))) for n in range(30)], by=ANNA)
    sequence()
    sign()
    monkeypatch.setattr(raw, "BATCH", 7)
    monkeypatch.setattr(module, "BATCH", 7)
    stop = threading.Event()

    def work() -> None:
        try:
            while not stop.is_set():
                append(stream, [Fact(Noted(text="meanwhile"))], by=ANNA)
                sequence()
                sign()
        finally:
            connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        for _ in range(20):
            assert verify().faults == []
            assert verify_log().faults == []
    finally:
        stop.set()
        worker.join()
    assert Entry.objects.count() > 300
