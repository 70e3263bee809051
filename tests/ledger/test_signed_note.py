"""Signed notes against the published example, and against everything that could be changed in one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import Invalid
from ledger.signed_note import (
    Checkpoint,
    Note,
    SigningKey,
    VerifierKey,
    read_checkpoint,
    read_key,
    read_note,
)

# The example of the format's first implementation (golang.org/x/mod/sumdb/note).
PUBLISHED_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PUBLISHED_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
KEY = SigningKey("waterline.example/log", bytes(range(32)))
CHECKPOINT = Checkpoint("waterline.example/log", 42, bytes(range(32)))


def test_the_published_example_verifies_and_is_written_back_as_it_was() -> None:
    key, note = read_key(PUBLISHED_KEY), read_note(PUBLISHED_NOTE)
    assert key.verified(note)
    assert str(note) == PUBLISHED_NOTE
    assert str(key) == PUBLISHED_KEY


def test_the_public_key_is_that_of_rfc_8032() -> None:
    # Section 7.1, test 1.
    secret = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert SigningKey("test", secret).verifier.public.hex() == public


def test_a_checkpoint_survives_writing_signing_and_reading() -> None:
    note = read_note(str(KEY.sign(CHECKPOINT.text())))
    assert read_checkpoint(note) == CHECKPOINT
    assert read_key(str(KEY.verifier)).verified(note)


def test_a_note_of_another_key_of_the_same_name_is_not_verified() -> None:
    other = SigningKey(KEY.name, bytes(32))
    assert not KEY.verifier.verified(other.sign(CHECKPOINT.text()))


def test_a_wrong_signature_beside_a_right_one_spoils_the_note() -> None:
    note = KEY.sign(CHECKPOINT.text())
    (right,) = note.signatures
    wrong = type(right)(right.name, right.key_hash, bytes(64))
    assert not KEY.verifier.verified(Note(note.text, (right, wrong)))


def test_signatures_of_others_do_not_matter() -> None:
    note = KEY.sign(CHECKPOINT.text())
    other = SigningKey("witness.example", bytes(32)).sign(note.text)
    assert KEY.verifier.verified(read_note(str(Note(note.text, other.signatures + note.signatures))))


def test_a_flip_of_any_bit_is_seen() -> None:
    data = str(KEY.sign(CHECKPOINT.text())).encode()
    for place in range(len(data)):
        forged = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        assert not _verified(KEY.verifier, forged), (place, forged)


@given(st.text(max_size=200))
def test_what_is_no_note_is_refused_and_nothing_else_happens(text: str) -> None:
    with pytest.raises(Invalid):
        read_note(text + "x")


@pytest.mark.parametrize(
    "text",
    ["", "a\n1\n", "a\n01\n" + "A" * 43 + "=\n", "a\n-1\nAAAA\n", "a\n1\nAAAA\n", f"\n1\n{'A' * 43}=\n", "a\n1\n\n\n"],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        read_checkpoint(Note(text, ()))


@pytest.mark.parametrize("text", ["", "a", "a+b", PUBLISHED_KEY[:-4], PUBLISHED_KEY.replace("c74f", "c74e"), "a+b+c"])
def test_what_is_no_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        read_key(text)


def test_a_signing_key_does_not_show_its_secret() -> None:
    assert repr(KEY) == "SigningKey('waterline.example/log')"


def _verified(key: VerifierKey, data: bytes) -> bool:
    try:
        return key.verified(read_note(data.decode()))
    except (Invalid, UnicodeDecodeError):
        return False
