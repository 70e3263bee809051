"""Witnesses that cosign the log's heads: an honest one, one that saw another log, and those that answer nonsense."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from ledger import keys
from ledger.attest import attest_newest, attest_now
from ledger.errors import Invalid
from ledger.models import Attestor, Cosignature, SignedHead
from ledger.receipts import receipt_of
from ledger.recorded import Recorded
from ledger.rotate import rotate
from ledger.sequence import sequence
from ledger.signed_note import VerifierKey, read_note, read_signature, read_witness_key
from ledger.signer import published, sign
from ledger.verify_log import verify_log
from ledger.witnesses import cosigned
from tests.ledger.authority import Handle, answer
from tests.ledger.witness import Witness

pytestmark = pytest.mark.django_db
Note = Callable[..., Recorded]
Tamper = Callable[..., None]


@pytest.fixture
def signed(log_folder: object, note: Note) -> Callable[[str], SignedHead]:
    """Append a note and sign the head over it."""
    keys.make("waterline.example/witnessed")

    def signed(text: str) -> SignedHead:
        note(text)
        sequence()
        sign()
        head = published()
        assert head is not None
        return head

    return signed


@pytest.fixture
def witness(signed: object) -> Witness:
    """One that knows the log."""
    return Witness("witness.example/w1", keys.verifier())


@pytest.fixture
def asked(settings: Any, serve: Callable[[Handle], str]) -> Callable[..., None]:
    """Set up a witness, which may answer in another way than it should."""

    def asked(witness: Witness, handle: Handle | None = None) -> None:
        settings.ATTEST_TIMEOUT = 2
        settings.WITNESSES = [*settings.WITNESSES, (str(witness.key), serve(handle or witness.serve))]

    return asked


def its_turn() -> None:
    Attestor.objects.update(tried_at=timezone.now() - timedelta(hours=12))


def readiness() -> tuple[str, str]:
    found = Client().get("/readyz").json()["attestors"]
    return found["status"], found["detail"]


def test_the_published_example_of_a_cosignature_is_read_as_such() -> None:
    """The example of C2SP tlog-cosignature: whose key is not published, so its time and length are all there is."""
    line = read_signature(
        "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0"
        "xUe+mbIUBkBIfZ+qnA=="
    )
    assert len(line.signature) == 72
    assert int.from_bytes(line.signature[:8]) == 1679315147


def test_a_key_of_a_witness_is_read_and_none_of_a_log_passes_for_one() -> None:
    witness = Witness("witness.example/w1")
    assert read_witness_key(str(witness.key)) == witness.key
    plain = str(VerifierKey(witness.key.name, witness.key.public))
    for text in ("", "a+b+c", str(witness.key)[:-4], str(witness.key).replace("w1", "w2"), plain):
        with pytest.raises(Invalid):
            read_witness_key(text)


def test_a_head_is_cosigned_and_what_is_published_carries_the_line(
    signed: Callable[[str], SignedHead], witness: Witness, asked: Callable[..., None], note: Note
) -> None:
    asked(witness)
    signed("a")
    attest_newest()
    head = signed("b")
    its_turn()
    attest_newest()
    attest_newest()
    assert [body.split("\n")[0] for body in witness.asked] == ["old 0", "old 1"]
    published_note = cosigned(head)
    assert len(published_note.signatures) == 2
    assert keys.verifier().verified(published_note)
    seconds = witness.key.time_of(published_note.text, published_note.signatures[1])
    assert seconds is not None
    assert abs(seconds - time.time()) < 60
    assert read_note(str(published_note)) == published_note
    event = note("c")
    sequence()
    sign()
    assert len(receipt_of(event.id).note.signatures) == 1
    its_turn()
    attest_newest()
    receipt = receipt_of(event.id)
    assert len(receipt.note.signatures) == 2
    assert receipt.holds(event.envelope, keys.verifier())
    report = verify_log()
    assert (report.cosignatures, report.faults, report.unchecked) == (3, [], [])


def test_a_witness_that_knows_more_or_less_than_we_think_says_so_and_is_asked_again(
    signed: Callable[[str], SignedHead], witness: Witness, asked: Callable[..., None]
) -> None:
    asked(witness)
    for n in range(5):
        signed(str(n))
    attest_newest()
    saw = witness.heads.copy()
    for n in range(3):
        signed(str(n))
    # It forgot, as one that was restored from a copy; then it learned more, from somebody else.
    witness.heads.clear()
    its_turn()
    attest_newest()
    assert [body.split("\n")[0] for body in witness.asked] == ["old 0", "old 5", "old 0"]
    signed("x")
    witness.heads.update(saw)
    its_turn()
    attest_newest()
    assert witness.asked[-1].startswith("old 5\n")
    assert Cosignature.objects.count() == 3
    assert readiness() == ("ok", "1 attest to the log's heads")


def test_a_log_under_a_new_key_is_another_one_to_a_witness(
    signed: Callable[[str], SignedHead], witness: Witness, asked: Callable[..., None]
) -> None:
    asked(witness)
    signed("a")
    attest_newest()
    rotate()
    sign()
    its_turn()
    attest_newest()
    assert "it does not know this log" in readiness()[1]
    witness.logs[keys.verifier().name] = keys.verifier()
    its_turn()
    attest_newest()
    assert witness.asked[-1].startswith("old 0\n")
    assert Cosignature.objects.count() == 2
    assert verify_log().faults == []


def test_a_witness_that_saw_another_history_does_not_cosign_and_it_is_said(
    signed: Callable[[str], SignedHead], witness: Witness, asked: Callable[..., None]
) -> None:
    asked(witness)
    head = signed("a")
    name = keys.verifier().name
    for seen, why in (
        ((head.size, b"x" * 32), "it saw another head of this size"),
        ((head.size + 5, b"x" * 32), "it has seen a head of 6 entries, and this one has 1"),
    ):
        witness.heads[name] = seen
        its_turn()
        attest_newest()
        assert why in readiness()[1]
    signed("b")
    witness.heads[name] = (1, b"x" * 32)
    its_turn()
    attest_newest()
    assert "it does not accept the proof that this log only grew" in readiness()[1]
    assert not Cosignature.objects.exists()


def test_a_witness_that_trusts_another_key_of_this_name_does_not_cosign(
    signed: Callable[[str], SignedHead], witness: Witness, asked: Callable[..., None]
) -> None:
    asked(witness)
    signed("a")
    other = Witness("other.example")
    witness.logs[keys.verifier().name] = type(keys.verifier())(keys.verifier().name, other.key.public)
    attest_newest()
    assert "it does not trust the key that signed this head" in readiness()[1]


# -- answers that are none ----------------------------------------------------------------------------


def by_a_key_of_its_own_name(witness: Witness, body: bytes) -> bytes:
    return Witness(witness.key.name).line(text_of(body)).encode()


def over_another_head(witness: Witness, body: bytes) -> bytes:
    return witness.line(text_of(body).replace("\n1\n", "\n2\n")).encode()


def of_another_time(witness: Witness, body: bytes) -> bytes:
    right = read_signature(witness.line(text_of(body))[:-1])
    return type(right)(right.name, right.key_hash, bytes(8) + right.signature[8:]).line().encode()


def with_a_plain_signature(witness: Witness, body: bytes) -> bytes:
    plain = witness.secret.sign(text_of(body).encode())
    return type(read_signature(witness.line("x")[:-1]))(witness.key.name, witness.key.hash, plain).line().encode()


def from_the_future(witness: Witness, body: bytes) -> bytes:
    return witness.line(text_of(body), at=time.time() + 86_400).encode()


def text_of(body: bytes) -> str:
    return read_note(body.decode().partition("\n\n")[2]).text


@pytest.mark.parametrize(
    ("lie", "why"),
    [
        (by_a_key_of_its_own_name, "no line of its answer is its signature"),
        (over_another_head, "no line of its answer is its signature"),
        (of_another_time, "no line of its answer is its signature"),
        (with_a_plain_signature, "no line of its answer is its signature"),
        (from_the_future, "its clock is ahead of ours"),
        (lambda witness, body: b"", "no line of its answer is its signature"),
        (lambda witness, body: "— ".encode() * 3000, "no line of its answer is its signature"),
        (lambda witness, body: b"\xff\xfe\x00", "no line of its answer is its signature"),
        (lambda witness, body: bytes(1 << 20), "an answer of more than 16384 bytes"),
    ],
)
def test_a_line_that_is_not_its_signature_is_not_kept(
    signed: Callable[[str], SignedHead],
    witness: Witness,
    asked: Callable[..., None],
    lie: Callable[[Witness, bytes], bytes],
    why: str,
) -> None:
    asked(witness, lambda handler, body: answer(handler, lie(witness, body), "text/plain"))
    head = signed("a")
    attest_newest()
    assert why in readiness()[1]
    assert not Cosignature.objects.exists()
    assert len(cosigned(head).signatures) == 1


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (409, b"x\n", "does not say of which size"),
        (409, b"-1\n", "does not say of which size"),
        (409, b"00\n", "does not say of which size"),
        (409, b"9" * 30 + b"\n", "does not say of which size"),
        (409, b"0\n", "it saw another head of this size"),
        (400, b"", "it does not understand the request"),
        (500, b"<html>", "its answer has the status 500"),
        (301, b"", "its answer has the status 301"),
    ],
)
def test_another_status_is_said_in_words_of_ours(
    signed: Callable[[str], SignedHead],
    witness: Witness,
    asked: Callable[..., None],
    status: int,
    body: bytes,
    why: str,
) -> None:
    asked(witness, lambda handler, _: answer(handler, body, "text/x.tlog.size", status))
    signed("a")
    attest_newest()
    state, detail = readiness()
    assert state == "degraded"
    assert why in detail
    assert "html" not in detail


def test_other_lines_beside_its_own_do_not_matter(
    signed: Callable[[str], SignedHead], witness: Witness, asked: Callable[..., None]
) -> None:
    other = Witness("other.example")

    def handle(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        text = text_of(body)
        answer(handler, f"nonsense\n{other.line(text)}{witness.line(text)}".encode(), "text/plain")

    asked(witness, handle)
    head = signed("a")
    attest_newest()
    assert [each.name for each in cosigned(head).signatures] == [keys.verifier().name, witness.key.name]


def test_a_witness_that_fails_keeps_no_other_from_cosigning(
    signed: Callable[[str], SignedHead], witness: Witness, asked: Callable[..., None]
) -> None:
    silent = Witness("silent.example")
    asked(silent, lambda handler, _: answer(handler, b"", "text/plain", 503))
    asked(witness)
    head = signed("a")
    attest_newest()
    assert len(cosigned(head).signatures) == 2
    its_turn()
    assert list(attest_now(head.size)) == ["silent.example: its answer has the status 503"]


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("UPDATE ledger_cosignature SET size = 7", "is not one of that head"),
        ("UPDATE ledger_cosignature SET line = 'x'", "is not one of that head"),
        ("UPDATE ledger_cosignature SET witness = 'w1+x+y'", "is not one of that head"),
        ("UPDATE ledger_cosignature SET time = '2020-01-01 00:00:00+00:00'", "has another time"),
    ],
)
def test_a_cosignature_that_was_changed_is_named(
    signed: Callable[[str], SignedHead],
    witness: Witness,
    asked: Callable[..., None],
    tamper: Tamper,
    sql: str,
    said: str,
) -> None:
    asked(witness)
    signed("a")
    attest_newest()
    tamper(sql)
    assert any(said in each for each in verify_log().faults), verify_log().faults
