"""Trusted timestamps of the log's heads: from honest authorities, and from all other kinds of them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from ledger import timestamps
from ledger.attest import attest_newest
from ledger.der import with_sorted_certificates
from ledger.models import Attestor, SignedHead, Timestamp
from ledger.recorded import Recorded
from ledger.sequence import sequence
from ledger.signer import sign
from ledger.tasks import attest
from ledger.timestamps import read_certificates, read_token, refusal
from ledger.verify_log import verify_log
from tests.ledger.authority import Authority, Handle

pytestmark = pytest.mark.django_db
Note = Callable[..., Recorded]
Tamper = Callable[..., None]


def readiness() -> tuple[str, str]:
    found = Client().get("/readyz").json()["attestors"]
    return found["status"], found["detail"]


def test_a_head_is_stamped_and_the_reply_is_kept_and_checked(
    head: SignedHead, authority: Authority, serve: Callable[[Handle], str], asks: Callable[..., None], tmp_path: Path
) -> None:
    asks(serve(authority.serve))
    attest(unknown_to_this_version=1)
    row = Timestamp.objects.get()
    assert (row.size, row.doubt) == (head.size, "")
    assert abs(row.gen_time - timezone.now()) < timedelta(minutes=1)
    # What openssl makes of the very bytes that are kept.
    (tmp_path / "reply").write_bytes(bytes(row.reply))
    (tmp_path / "note").write_text(head.note)
    command = ["openssl", "ts", "-verify", "-in", tmp_path / "reply", "-data", tmp_path / "note"]
    done = subprocess.run([*command, "-CAfile", authority.roots], capture_output=True, text=True, check=False)
    assert "Verification: OK" in done.stdout + done.stderr
    report = verify_log()
    assert (report.timestamps, report.faults, report.unchecked) == (1, [], [])
    assert readiness() == ("ok", "1 attest to the log's heads")


def test_a_head_is_stamped_once_and_an_authority_is_asked_now_and_then(
    head: SignedHead, authority: Authority, note: Note, serve: Callable[[Handle], str], asks: Callable[..., None]
) -> None:
    came = []

    def count(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        came.append(body)
        authority.serve(handler, body)

    asks(serve(count))
    attest_newest()
    attest_newest()
    note("b")
    sequence()
    sign()
    attest_newest()
    assert len(came) == 1
    Attestor.objects.update(tried_at=timezone.now() - timedelta(seconds=61))
    attest_newest()
    attest_newest()
    assert len(came) == 2
    assert list(Timestamp.objects.order_by("size").values_list("size", flat=True)) == [1, 2]
    assert verify_log().faults == []


def test_nothing_is_asked_where_nothing_is_set_up_or_nothing_was_signed(
    log_folder: Path, serve: Callable[[Handle], str], asks: Callable[..., None]
) -> None:
    assert readiness() == ("ok", "none are set up")
    asks(serve(lambda handler, body: pytest.fail("it was asked")))
    attest_newest()
    assert not Attestor.objects.exists()


def test_without_roots_it_is_kept_and_verify_says_what_it_did_not_check(
    head: SignedHead, authority: Authority, serve: Callable[[Handle], str], asks: Callable[..., None], settings: Any
) -> None:
    asks(serve(authority.serve))
    settings.TSA_ROOTS = ""
    attest_newest()
    report = verify_log()
    assert report.faults == []
    assert "the signatures of 1 timestamps by http://127.0.0.1" in report.unchecked[0]


# -- what was changed afterwards ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("UPDATE ledger_timestamp SET size = 7", "there is no such head"),
        ("UPDATE ledger_timestamp SET gen_time = '2020-01-01 00:00:00+00:00'", "its time is not the one"),
        ("UPDATE ledger_signedhead SET note = replace(note, '1', '2')", "is not what was signed"),
    ],
)
def test_a_timestamp_that_was_changed_is_named(
    head: SignedHead,
    authority: Authority,
    serve: Callable[[Handle], str],
    asks: Callable[..., None],
    tamper: Tamper,
    sql: str,
    said: str,
) -> None:
    asks(serve(authority.serve))
    attest_newest()
    tamper(sql)
    assert any(said in each for each in verify_log().faults), verify_log().faults


def test_a_reply_in_which_anything_was_changed_is_named(
    head: SignedHead, authority: Authority, serve: Callable[[Handle], str], asks: Callable[..., None], tamper: Tamper
) -> None:
    asks(serve(authority.serve))
    attest_newest()
    reply = bytes(Timestamp.objects.get().reply)
    trusted = read_certificates(authority.roots.read_bytes())
    assert refusal(reply, head.note.encode(), trusted) == ""
    for place in range(0, len(reply), 31):
        changed = reply[:place] + bytes([reply[place] ^ 1]) + reply[place + 1 :]
        tamper("UPDATE ledger_timestamp SET reply = %s", changed)
        if not verify_log().faults:
            # What nobody signed: the certificates that lead to a root, where the same lead to it.
            assert refusal(changed, head.note.encode(), trusted) == ""
            assert read_token(changed) == read_token(reply)


# -- others' material ---------------------------------------------------------------------------------


def test_a_stamp_of_a_public_authority_is_valid_as_of_its_time(shared: Path) -> None:
    import certifi

    folder = shared / "data" / "rfc3161"
    expected = json.loads((folder / "expected.json").read_text())
    reply, message = (folder / "valid_timestamp.tsr").read_bytes(), (folder / "message.txt").read_bytes()
    token = read_token(reply)
    assert token.gen_time == datetime.fromisoformat(expected["gen_time"])
    assert token.imprint.hex() == expected["message_imprint_hex"]
    assert token.kind == expected["hash_algorithm"]
    trusted = read_certificates(Path(certifi.where()).read_bytes())
    assert refusal(reply, message, trusted) == ""
    assert refusal(reply, message + b"\n", trusted) != ""
    # The imprint is over 64 letters, not over the 32 bytes that they spell.
    assert refusal(reply, bytes.fromhex(message.decode()), trusted) != ""


def test_the_order_of_certificates_is_all_that_sorting_changes(authority: Authority) -> None:
    reply = authority.reply(authority.query(b"x"))
    in_order = with_sorted_certificates(reply)
    assert sorted(reply) == sorted(in_order)
    assert with_sorted_certificates(in_order) == in_order
    assert read_token(reply).is_of(b"x")


@pytest.mark.parametrize("data", [b"", b"0", b"\x30\x80", b"\x30\x85\xff\xff\xff\xff\xff", b"\x1f\x81", bytes(100)])
def test_what_is_no_reply_is_given_back_as_it_is(data: bytes) -> None:
    assert with_sorted_certificates(data) == data


def test_every_cut_reply_is_read_without_a_trace(authority: Authority) -> None:
    reply = authority.reply(authority.query(b"x"))
    for end in range(len(reply)):
        assert with_sorted_certificates(reply[:end]) == reply[:end]
        with pytest.raises(timestamps.NoTimestamp):
            read_token(reply[:end])
