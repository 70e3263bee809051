"""A bundle of a log whose key was exchanged, checked with the key of any time; and forged exchanges."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ledger import keys
from ledger.rotate import rotate
from ledger.rotation import turns
from ledger.sequence import sequence
from ledger.signed_note import Checkpoint, SigningKey, read_checkpoint, read_key, read_note
from ledger.signer import sign
from tests.exchange.conftest import Left, export, make_case
from verifier.verify import Report, main
from verifier.verify import verify as verify_bundle

pytestmark = pytest.mark.django_db
ROTATIONS, CHECKPOINT = "data/log/rotations.ndjson", "data/log/checkpoint"
Lines = list[dict[str, Any]]

FORGER = SigningKey("waterline.example/forger", bytes(32))


@pytest.fixture
def secrets() -> dict[str, SigningKey]:
    """The secret halves of the log's keys by their origin: for forging with those that leaked."""
    return {}


@pytest.fixture
def left(alice: Any, log_folder: Path, tmp_path: Path, secrets: dict[str, SigningKey]) -> Left:
    """A case that left after two exchanges of the key."""
    case = None
    for n in range(3):
        keys.make("waterline.example/exported") if n == 0 else rotate()
        sign()
        secrets[str(n)] = keys.load()
        case = make_case(alice, title=f"Case {n}")
        sequence()
    assert case is not None
    return export(case, tmp_path / "bundle.zip")


def key_number(n: int) -> str:
    known = turns()
    return str(known[n].old if n < len(known) else known[-1].new)


def lines(left: Left) -> Lines:
    return [json.loads(line) for line in left.files()[ROTATIONS].splitlines()]


@pytest.fixture
def with_rotations(forged: Callable[..., Path]) -> Callable[..., Path]:
    """Give the bundle other rotations, and perhaps another head."""

    def with_rotations(rotations: Lines, **others: bytes) -> Path:
        text = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in rotations)
        return forged({ROTATIONS: text.encode(), **others})

    return with_rotations


def judged(path: Path, key: str) -> Report:
    return verify_bundle(str(path), key)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_a_key_of_any_time_leads_to_the_head(left: Left, n: int) -> None:
    report = judged(left.path, key_number(n))
    assert report.fails == []
    said = "\n".join(report.holds)
    assert "is signed by waterline.example/exported/key-3" in said
    handed_over = f"to which the key that was given, that of {read_key(key_number(n)).name}, handed over"
    assert (handed_over in said) is (n < 2)
    assert "the log was waterline.example/exported, whose key handed over" in said
    assert "the log was waterline.example/exported/key-2, whose key handed over" in said


def test_who_has_the_key_before_a_loss_is_told_to_get_the_new_one(
    alice: Any, log_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = str(keys.make("waterline.example/exported").verifier)
    case = make_case(alice, title="Tankers")
    rotate(lost=True)
    left = export(case, tmp_path / "bundle.zip")
    assert main([str(left.path), "--key", old]) == 1
    said = capsys.readouterr().out
    assert "after that one was lost the log took the name 'waterline.example/exported/key-2'" in said
    report = judged(left.path, left.key)
    assert report.fails == []
    assert any("whose key was then lost" in each for each in report.holds)


def test_a_bundle_of_before_the_exchange_holds_with_the_old_key_alone(
    alice: Any, log_folder: Path, tmp_path: Path
) -> None:
    keys.make("waterline.example/exported")
    left = export(make_case(alice, title="Tankers"), tmp_path / "bundle.zip")
    rotate()
    sign()
    assert judged(left.path, left.key).fails == []
    assert "it is not signed by the key that was given" in judged(left.path, str(keys.verifier())).fails[0]


def test_without_the_rotations_the_old_key_proves_nothing(left: Left, forged: Callable[..., Path]) -> None:
    path = forged({ROTATIONS: None})
    assert judged(path, key_number(2)).fails == []
    for n in (0, 1):
        assert "it is not signed by the key that was given" in judged(path, key_number(n)).fails[0]


# -- forged exchanges: each by one who has everything but the secret half of the key that was given -----


def rewritten(line: dict[str, Any], **said: Any) -> dict[str, Any]:
    """Write the event of a rotation anew, so that its disclosures and digests agree."""
    disclosures = []
    for text in line["disclosures"]:
        salt, name, value = json.loads(text)
        disclosures.append(json.dumps([salt, name, said.get(name, value)], separators=(",", ":")))
    envelope = json.loads(line["envelope"])
    envelope["fields"] = sorted(b64(sha256(each.encode()).digest()) for each in disclosures)
    return {**line, "disclosures": disclosures, "envelope": json.dumps(envelope, separators=(",", ":"))}


def b64(data: bytes) -> str:
    return b64encode(data, altchars=b"-_").rstrip(b"=").decode()


def with_head(line: dict[str, Any], by: SigningKey, *, origin: str = "", next_key: str = "") -> dict[str, Any]:
    """Let another key sign the last head of a rotation."""
    head = read_checkpoint(read_note(line["last_head"]["note"]))
    extensions = (f"successor {next_key}",) if next_key else head.extensions
    note = by.sign(Checkpoint(origin or head.origin, head.size, head.root, extensions).text())
    return {**line, "last_head": {**line["last_head"], "note": str(note)}}


def head_by(left: Left, by: SigningKey) -> bytes:
    head = read_checkpoint(read_note(left.files()[CHECKPOINT].decode()))
    return str(by.sign(Checkpoint(by.name, head.size, head.root).text())).encode()


def test_an_exchange_to_the_forger_s_key_that_the_old_key_did_not_sign_is_refused(
    left: Left, with_rotations: Callable[..., Path]
) -> None:
    first, second = lines(left)
    new = str(FORGER.verifier)
    said = {"new_key": new, "new_origin": FORGER.name}
    own = rewritten(first, **said)
    forgeries = [
        [own],
        [{**own, "last_head": None}],
        [with_head(own, FORGER, next_key=new)],
        [with_head(own, SigningKey(read_key(key_number(0)).name, bytes(32)), next_key=new)],
        [rewritten(own, lost=True)],
        [first, second, rewritten(second, old_key=key_number(2), old_origin=read_key(key_number(2)).name, **said)],
    ]
    for rotations in forgeries:
        path = with_rotations(rotations, **{CHECKPOINT: head_by(left, FORGER)})
        for n in range(3):
            report = judged(path, key_number(n))
            assert any(CHECKPOINT in each for each in report.fails), rotations
            assert not any("is signed by" in each for each in report.holds)


def test_a_head_before_the_last_one_hands_nothing_over(
    left: Left, with_rotations: Callable[..., Path], secrets: dict[str, SigningKey]
) -> None:
    """An ordinary head of the old key, which names no other, is not enough: such heads anybody has."""
    first, second = lines(left)
    head = read_checkpoint(read_note(first["last_head"]["note"]))
    plain = secrets["0"].sign(Checkpoint(head.origin, head.size, head.root).text())
    changed = {**first, "last_head": {**first["last_head"], "note": str(plain)}}
    report = judged(with_rotations([changed, second]), key_number(0))
    assert "its last head does not name the key that follows" in report.fails[0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda a, b: [b, a], "does not lead to the key after it"),
        (lambda a, b: [a], "does not lead to the key after it"),
        (lambda a, b: [a, a, b], "does not lead to the key after it"),
        (lambda a, b: [{**a, "position": a["position"] + 1}, b], "is not in the log"),
        (lambda a, b: [{**a, "proof": a["proof"][:-1]}, b], "is not in the log"),
        (lambda a, b: [{**a, "last_head": {**a["last_head"], "consistency": []}}, b], "is no beginning of the log"),
        (lambda a, b: [{**a, "last_head": {**a["last_head"], "proof": []}}, b], "is not over the event that says so"),
        (lambda a, b: [rewritten(a, old_size=1), b], "is not in the log"),
        (lambda a, b: [{**a, "disclosures": a["disclosures"][:-1]}, b], "line 1 is no rotation"),
        (lambda a, b: [{**a, "disclosures": rewritten(a, old_root="ab" * 32)["disclosures"]}, b], "does not lead"),
        (lambda a, b: [{**a, "envelope": "{}"}, b], "line 1 is no rotation"),
        (lambda a, b: [a, {"envelope": 1}], "line 2 is no rotation"),
        (lambda a, b: [a, {**b, "last_head": {"note": "x", "proof": 1, "consistency": []}}], "line 2 is no rotation"),
    ],
)
def test_a_rotation_that_was_changed_is_named_whoever_s_key_is_given(
    left: Left, with_rotations: Callable[..., Path], change: Callable[..., Lines], said: str
) -> None:
    path = with_rotations(change(*lines(left)))
    report = judged(path, key_number(2))
    assert any(said in each for each in report.fails), report.fails
    assert judged(path, key_number(0)).fails


def test_every_character_of_the_rotations_is_held(left: Left, forged: Callable[..., Path]) -> None:
    """Every fifth; what says nothing (a space that JSON ignores) there is none of."""
    text = left.files()[ROTATIONS].decode()
    for place in range(3, len(text), 5):
        changed = text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1 :]
        report = judged(forged({ROTATIONS: changed.encode()}), key_number(0))
        assert report.fails, text[max(0, place - 30) : place + 30]
