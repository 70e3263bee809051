"""Timestamps and cosignatures in a bundle: what an outsider makes of them, and what a forger can not."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from evidence import commands as evidence
from evidence.domain import EvidenceSubmitted, Kind
from ledger import keys
from ledger.actors import Actor
from ledger.attest import attest_newest
from ledger.models import Timestamp
from ledger.sequence import sequence
from ledger.signed_note import Signature, SigningKey, read_checkpoint, read_key, read_note
from ledger.signer import sign
from tests.exchange.conftest import Left, export, make_case
from tests.ledger.authority import Authority, answer, serving
from tests.ledger.witness import Witness
from verifier.verify import Report, judge_timestamp, main
from verifier.verify import verify as verify_bundle

pytestmark = pytest.mark.django_db
ATTESTED, REPLY = "data/log/attested.ndjson", "data/log/timestamps/1.tsr"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority") / "honest")


@pytest.fixture
def witness(log_folder: Path) -> Witness:
    return Witness("witness.example/w1", keys.make("waterline.example/exported").verifier)


@pytest.fixture(autouse=True)
def asked(witness: Witness, authority: Authority, settings: Any) -> Iterator[None]:
    """The log has an authority and a witness."""
    with ExitStack() as stack:
        settings.TSA_URLS = [stack.enter_context(serving(authority.serve))]
        settings.TSA_ROOTS = str(authority.roots)
        settings.WITNESSES = [(str(witness.key), stack.enter_context(serving(witness.serve)))]
        yield


@pytest.fixture
def left(alice: Any, asked: None, tmp_path: Path) -> Left:
    """A case that left after a head over its first three events was attested, and one more event came."""
    case = make_case(alice, title="Tankers")
    sequence()
    sign()
    attest_newest()
    more = EvidenceSubmitted(kind=Kind.STATEMENT, text="Later")
    evidence.submit_evidence(case_id=case, said=more, by=Actor.person(alice.pk))
    return export(case, tmp_path / "bundle.zip")


def judged(path: Path, left: Left, authority: Authority | None, *witnesses: Witness) -> Report:
    roots = str(authority.roots) if authority else ""
    return verify_bundle(str(path), left.key, witnesses=[str(each.key) for each in witnesses], roots=roots)


def test_an_outsider_learns_who_saw_which_events_when(left: Left, authority: Authority, witness: Witness) -> None:
    report = judged(left.path, left, authority, witness)
    assert report.fails == []
    holds = "\n".join(report.holds)
    assert "the head of 3 entries (events 1 to 3 of the case) was stamped by http://127.0.0.1:" in holds
    assert "by Example TSA, valid at that time" in holds
    assert "expired" not in holds
    assert "the witness witness.example/w1 cosigned the head of 3 entries (events 1 to 3 of the case) at 20" in holds
    assert not any("timestamp" in each or "cosignature" in each for each in report.unchecked)


def test_what_the_outsider_has_no_key_or_root_for_is_said_to_be_not_checked(left: Left) -> None:
    report = judged(left.path, left, None)
    assert report.fails == []
    unchecked = "\n".join(report.unchecked)
    assert "leads to no root certificate of this machine (--tsa-roots)" in unchecked
    assert "the cosignature of witness.example/w1 under the head of 3 entries: its key was not given" in unchecked


def test_without_openssl_timestamps_are_not_checked(
    left: Left, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    report = judged(left.path, left, authority)
    assert report.fails == []
    assert any("there is no program openssl on this machine" in each for each in report.unchecked)


def test_the_export_can_have_its_own_head_attested(
    left: Left, tmp_path: Path, authority: Authority, witness: Witness
) -> None:
    path, told = tmp_path / "now.zip", StringIO()
    call_command("export", str(left.case), "--out", str(path), "--timestamp", stdout=StringIO(), stderr=told)
    assert told.getvalue() == ""
    report = judged(path, left, authority, witness)
    assert report.fails == []
    holds = "\n".join(report.holds)
    assert "the head of 6 entries (all 6 events of the case) was stamped by" in holds
    assert "cosigned the head of 6 entries (all 6 events of the case)" in holds


def test_an_export_goes_on_where_nobody_attests_and_says_so(left: Left, tmp_path: Path, settings: Any) -> None:
    path, told = tmp_path / "now.zip", StringIO()
    with serving(lambda handler, _: answer(handler, b"", "text/plain", 503)) as url:
        settings.TSA_URLS, settings.WITNESSES = [url], []
        call_command("export", str(left.case), "--out", str(path), "--timestamp", stdout=StringIO(), stderr=told)
    assert told.getvalue() == f"not attested: {url}: the answer has the status 503\n"
    assert judged(path, left, None).fails == []


def test_a_log_that_nobody_attests_says_so(alice: Any, tmp_path: Path, settings: Any) -> None:
    settings.TSA_URLS, settings.WITNESSES = [], []
    left = export(make_case(alice, title="Tankers"), tmp_path / "bundle.zip")
    assert ATTESTED not in left.files()
    report = judged(left.path, left, None)
    assert "trusted timestamps: the bundle brings none" in report.unchecked


def test_the_certificates_that_lead_to_the_stamp_are_in_the_bundle(left: Left, authority: Authority) -> None:
    files = left.files()
    assert files[REPLY] == bytes(Timestamp.objects.get().reply)
    assert files["data/log/timestamps/1.pem"].count(b"BEGIN CERTIFICATE") == 2
    assert files["data/log/timestamps/roots.pem"] == authority.roots.read_bytes()


# -- forgeries ----------------------------------------------------------------------------------------


def line(left: Left) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(left.files()[ATTESTED])
    return found


def attested(row: dict[str, Any]) -> bytes:
    return f"{json.dumps(row, ensure_ascii=False)}\n".encode()


def test_a_stamp_of_something_else_is_named(left: Left, forged: Callable[..., Path], authority: Authority) -> None:
    other = authority.reply(authority.query(b"something else"))
    said = judged(forged({REPLY: other}), left, authority).fails
    assert any("it stamps something else" in each for each in said)


def test_a_stamp_by_another_s_certificate_is_named_where_roots_are_given(
    left: Left, forged: Callable[..., Path], authority: Authority, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path / "stranger", "Stranger")
    own = stranger.reply(stranger.query(line(left)["note"].encode()))
    path = forged({REPLY: own, "data/log/timestamps/roots.pem": stranger.roots.read_bytes()})
    assert any("is not valid at that time" in each for each in judged(path, left, authority).fails)
    # The roots in the bundle are the bundle's own word, and are trusted by nobody.
    assert not any("was stamped" in each for each in judged(path, left, None).holds)
    assert any("was stamped" in each for each in judged(path, left, stranger).holds)


def test_a_stamped_head_of_another_history_is_named(
    left: Left, forged: Callable[..., Path], authority: Authority, witness: Witness
) -> None:
    """The forger asks the authority and the witness for a head of their own making."""
    head = read_checkpoint(read_note(line(left)["note"]))
    note = keys.load().sign(type(head)(head.origin, head.size, bytes(32)).text())
    row = {**line(left), "note": str(note), "cosignatures": [witness.line(note.text)[:-1]]}
    path = forged({ATTESTED: attested(row), REPLY: authority.reply(authority.query(str(note).encode()))})
    report = judged(path, left, authority, witness)
    assert any("the head of 3 entries is no beginning of the log" in each for each in report.fails)
    assert not any("stamped" in each or "cosigned" in each for each in report.holds)


def cosigned_by_another(left: Left, witness: Witness) -> str:
    return Witness(witness.key.name).line(read_note(line(left)["note"]).text)[:-1]


def cosigned_with_its_hash(left: Left, witness: Witness) -> str:
    text = read_note(line(left)["note"]).text
    other = SigningKey("x", bytes(32)).sign(text).signatures[0].signature
    return Signature(witness.key.name, witness.key.hash, (1).to_bytes(8) + other).line()[:-1]


def cosigned_at_another_time(left: Left, witness: Witness) -> str:
    [found] = read_note(f"x\n\n{line(left)['cosignatures'][0]}\n").signatures
    return Signature(found.name, found.key_hash, (1).to_bytes(8) + found.signature[8:]).line()[:-1]


@pytest.mark.parametrize(
    ("forge", "said"),
    [
        (cosigned_by_another, "no head in it is cosigned by the witness"),
        (cosigned_with_its_hash, "the cosignature of witness.example/w1 under the head of 3 entries is not right"),
        (cosigned_at_another_time, "the cosignature of witness.example/w1 under the head of 3 entries is not right"),
    ],
)
def test_a_cosignature_that_is_not_the_witness_s_is_named(
    left: Left, forged: Callable[..., Path], witness: Witness, forge: Callable[[Left, Witness], str], said: str
) -> None:
    path = forged({ATTESTED: attested({**line(left), "cosignatures": [forge(left, witness)]})})
    assert any(said in each for each in judged(path, left, None, witness).fails)


def test_a_witness_that_was_asked_for_and_did_not_cosign_is_named(left: Left) -> None:
    other = Witness("other.example")
    assert judged(left.path, left, None, other).fails == [
        "no head in it is cosigned by the witness other.example, whose key was given"
    ]


@pytest.mark.parametrize(
    "change",
    [
        lambda row: {**row, "note": "x"},
        lambda row: {**row, "note": 1},
        lambda row: {**row, "consistency": "x"},
        lambda row: {**row, "timestamps": [{}]},
        lambda row: {**row, "timestamps": 1},
        lambda row: {**row, "cosignatures": None},
        lambda row: {name: value for name, value in row.items() if name != "cosignatures"},
        lambda row: [],
    ],
)
def test_a_line_that_is_none_is_named(left: Left, forged: Callable[..., Path], change: Callable[..., Any]) -> None:
    said = judged(forged({ATTESTED: attested(change(line(left)))}), left, None).fails
    assert any("line 1 is no head that was attested" in each for each in said)


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (None, "it is not in the bundle"),
        (b"", "openssl can not read it as a reply"),
        (b"<html>", "openssl can not read it as a reply"),
        (bytes(2 << 20), "it is too large"),
    ],
)
def test_a_reply_that_is_none_is_named(
    left: Left, forged: Callable[..., Path], authority: Authority, reply: bytes | None, said: str
) -> None:
    changes = {REPLY: reply}
    assert any(said in each for each in judged(forged(changes), left, authority).fails)


def test_a_reply_that_grants_nothing_is_named(left: Left, forged: Callable[..., Path], authority: Authority) -> None:
    said = judged(forged({REPLY: authority.reply(b"no query")}), left, authority).fails
    assert any("it says that nothing was stamped" in each for each in said)


def test_a_reply_in_which_anything_that_was_signed_is_changed_does_not_hold(left: Left, authority: Authority) -> None:
    reply, note = left.files()[REPLY], line(left)["note"].encode()
    verdict, said = judge_timestamp(reply, note, str(authority.roots))
    assert verdict == "holds"
    for place in range(20, len(reply), 61):
        changed = reply[:place] + bytes([reply[place] ^ 1]) + reply[place + 1 :]
        other, other_said = judge_timestamp(changed, note, str(authority.roots))
        # Nobody signed the list of certificates; another time it never tells.
        assert other == "fails" or other_said[:23] == said[:23], place


def der(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 0x80 else b"\x82" + size.to_bytes(2)
    return bytes([tag]) + length + content


def test_words_beside_the_token_that_read_like_another_one_change_nothing(left: Left, authority: Authority) -> None:
    """The status of a reply, and what it says in words, is not signed."""
    note = line(left)["note"].encode()
    reply = authority.reply(authority.query(note))
    imprint = sha256(note).digest().hex(" ")
    earlier = datetime.now(UTC) - timedelta(hours=20)
    words = (
        f"x\nHash Algorithm: sha256\nMessage data:\n    0000 - {imprint[:47]}\n    0010 - {imprint[48:]}\n"
        f"Serial number: 1\nTime stamp: {earlier:%b %d %H:%M:%S %Y} GMT\n"
    )
    # A sequence of a status (granted: 30 03 02 01 00) and a token.
    assert reply[:1] + reply[4:9] == bytes.fromhex("30 30 03 02 01 00")
    forged = der(0x30, der(0x30, reply[6:9] + der(0x30, der(0x0C, words.encode()))) + reply[9:])
    assert judge_timestamp(forged, note, str(authority.roots)) == judge_timestamp(reply, note, str(authority.roots))


def test_keys_and_roots_that_are_none_are_refused_in_a_sentence(
    left: Left, witness: Witness, capsys: pytest.CaptureFixture[str]
) -> None:
    for more, said in (
        (["--witness", "x"], "no verifier key of a witness"),
        (["--witness", left.key], "no verifier key of a witness"),
        (["--tsa-roots", "/nowhere/roots.pem"], "There is no file '/nowhere/roots.pem'"),
    ):
        assert main([str(left.path), "--key", left.key, *more]) == 2
        assert said in capsys.readouterr().err
    assert main([str(left.path), "--key", str(witness.key)]) == 2
    assert read_key(left.key).name == "waterline.example/exported"


# -- others' material ---------------------------------------------------------------------------------


def test_a_stamp_whose_certificate_has_expired_since_is_valid_at_its_time_and_that_is_said(shared: Path) -> None:
    import certifi

    folder = shared / "data" / "rfc3161"
    reply, message = (folder / "valid_timestamp.tsr").read_bytes(), (folder / "message.txt").read_bytes()
    assert judge_timestamp(reply, message, certifi.where()) == (
        "holds",
        "2025-03-11 10:43:58 UTC, by TrustID Timestamp Authority, valid at that time; "
        "its certificate has expired since (2026-01-17 19:48:39 UTC)",
    )
    for other in (message + b"\n", bytes.fromhex(message.decode())):
        assert judge_timestamp(reply, other, certifi.where()) == ("fails", "it stamps something else")
