"""Attacks on a bundle, each with manifests that fit: all are named, and what is no bundle is said in a sentence."""

from __future__ import annotations

import ast
import io
import json
import struct
import zipfile
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evidence import commands as evidence
from evidence.domain import EvidenceLinked, Relation
from evidence.models import ItemState
from ledger import keys
from ledger.actors import Actor
from ledger.signed_note import Checkpoint, SigningKey, read_checkpoint, read_note
from tests.exchange.conftest import Left, export, make_case, rebag
from verifier import verify as verifier
from verifier.verify import Unreadable, main
from verifier.verify import verify as verify_bundle

pytestmark = pytest.mark.django_db
Events = list[dict[str, Any]]
Changed = Callable[[Events], Events]


def faults(path: Path, key: str) -> str:
    return "\n".join(verify_bundle(str(path), key).fails)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda events: [events[0], *events[2:]], "event 2: it is missing; the next one here is 3"),
        (lambda events: [events[0], events[2], events[1], *events[3:]], "event 2: it is missing"),
        (lambda events: [*events[:2], events[1], *events[2:]], "the chain breaks here"),
        (lambda events: events[:-1], "the end may be missing"),
        (lambda events: [], "there is no event in it"),
        (lambda events: [{**events[0], "proof": []}, *events[1:]], "event 1: it is not in the log"),
        (lambda events: [{**events[0], "position": 1}, *events[1:]], "event 1: it is not in the log"),
        (lambda events: [{**events[0], "position": None}, *events[1:]], "event 1: it is not in the log"),
        (lambda events: [{**events[0], "disclosures": []}, *events[1:]], "are not all accounted for"),
        (
            lambda events: [{**events[0], "disclosures": events[1]["disclosures"]}, *events[1:]],
            "is not what the event holds",
        ),
        (lambda events: [{"envelope": "{}"}, *events[1:]], "line 1 of events.ndjson is not an event"),
        (lambda events: [{**events[0], "envelope": "[" * 100_000}, *events[1:]], "line 1 of events.ndjson"),
        (lambda events: [events[0], with_id(events[1], []), *events[2:]], "line 2 of events.ndjson is not an event"),
    ],
)
def test_events_that_were_changed_are_named(
    left: Left, with_events: Callable[..., Path], change: Changed, said: str
) -> None:
    assert said in faults(with_events(change(left.events())), left.key)


def with_id(event: dict[str, Any], id_: Any) -> dict[str, Any]:
    return {**event, "envelope": json.dumps({**json.loads(event["envelope"]), "id": id_})}


def test_every_byte_of_every_envelope_and_disclosure_is_held(left: Left, with_events: Callable[..., Path]) -> None:
    """Every seventh, so that it does not take minutes: digests know no better and no worse places."""
    events = left.events()
    for n, event in enumerate(events):
        for text in [event["envelope"], *event["disclosures"]]:
            for place in range(n % 7, len(text), 7):
                forged = text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1 :]
                changed = json.loads(json.dumps(event).replace(json.dumps(text), json.dumps(forged)))
                assert changed != event
                assert faults(with_events([*events[:n], changed, *events[n + 1 :]]), left.key), forged


def test_a_field_that_was_exchanged_for_that_of_another_event_is_named(
    left: Left, with_events: Callable[..., Path]
) -> None:
    events = left.events()
    taken = next(each for each in events[1]["disclosures"] if '"title"' in each)
    others = [each for each in events[2]["disclosures"] if '"text"' not in each]
    events[2] = {**events[2], "disclosures": [*others, taken]}
    assert "event 3" in faults(with_events(events), left.key)


def test_events_of_another_case_are_named(
    alice: Any, left: Left, with_events: Callable[..., Path], tmp_path: Path
) -> None:
    other = export(make_case(alice, title="Other"), tmp_path / "other.zip")
    events = left.events()
    said = faults(with_events([events[0], other.events()[1], *events[2:]]), left.key)
    assert "event 2: it belongs to another case" in said


def test_a_file_exchanged_for_another_of_the_same_size_is_named(left: Left, forged: Callable[..., Path]) -> None:
    [name] = [name for name in left.files() if name.startswith("data/files/")]
    data = bytearray(left.files()[name])
    data[-1] ^= 1
    assert f"{name}: it is not the file that its event names" in faults(forged({name: bytes(data)}), left.key)


def test_a_file_that_no_event_names_is_named(left: Left, forged: Callable[..., Path]) -> None:
    assert "no disclosed event speaks of it" in faults(forged({f"data/files/{'ab' * 32}": b"smuggled"}), left.key)


def test_a_file_that_is_gone_is_named(left: Left, forged: Callable[..., Path]) -> None:
    [name] = [name for name in left.files() if name.startswith("data/files/")]
    assert f"{name}: it is not in the bundle, and a disclosed event names it" in faults(forged({name: None}), left.key)


def test_a_withheld_field_is_said_and_the_rest_still_holds(left: Left, with_events: Callable[..., Path]) -> None:
    events = left.events()
    kept = [each for each in events[2]["disclosures"] if '"speaker"' not in each]
    [gone] = [each for each in events[2]["disclosures"] if '"speaker"' in each]
    events[2] = {**events[2], "disclosures": kept, "withheld": [verifier._digest(gone)]}
    report = verify_bundle(str(with_events(events)), left.key)
    assert report.fails == []
    assert report.withheld == [f"event 3 (evidence.submitted/1): 1 of {len(kept) + 1} fields"]


def test_that_there_is_an_item_and_what_it_contradicts_can_not_be_kept_back(
    alice: Any, log_folder: Path, tmp_path: Path
) -> None:
    keys.make("waterline.example/contradicted")
    case, by = make_case(alice, title="Tankers"), Actor.person(alice.pk)
    first, second = ItemState.objects.now().filter(case=case).values_list("item", flat=True)
    linked = EvidenceLinked(relation=Relation.CONTRADICTS, target=first, note="They can not both be right.")
    evidence.link(case_id=case, item=second, linked=linked, by=by)
    left = export(case, tmp_path / "bundle.zip")
    for n, name, type_ in ((1, "kind", "evidence.submitted"), (3, "relation", "evidence.linked"), (3, "target", "")):
        events = left.events()
        assert type_ in events[n]["envelope"]
        [gone] = [each for each in events[n]["disclosures"] if json.loads(each)[1] == name]
        rest = [each for each in events[n]["disclosures"] if each != gone]
        events[n] = {**events[n], "disclosures": rest, "withheld": [verifier._digest(gone)]}
        lines = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in events).encode()
        path = rebag(tmp_path / "less.zip", {**left.files(), "data/events.ndjson": lines})
        assert f"the field '{name}' is kept back, and always leaves" in faults(path, left.key)


def test_a_head_that_somebody_else_signed_is_named(left: Left, forged: Callable[..., Path]) -> None:
    head = read_checkpoint(read_note(left.files()["data/log/checkpoint"].decode()))
    other = SigningKey(head.origin, bytes(32))
    note = str(other.sign(head.text())).encode()
    assert "not signed by the key that was given" in faults(forged({"data/log/checkpoint": note}), left.key)
    # And who believes the forger's key believes the forger: so the key comes another way.
    assert verify_bundle(str(forged({"data/log/checkpoint": note})), str(other.verifier)).fails == []


@pytest.mark.parametrize(
    "change",
    [
        lambda head: Checkpoint(head.origin, head.size + 1, head.root),
        lambda head: Checkpoint(head.origin, head.size, bytes(32)),
        lambda head: Checkpoint("another.example/log", head.size, head.root),
    ],
)
def test_another_head_of_the_same_log_proves_nothing(
    left: Left, forged: Callable[..., Path], change: Callable[[Checkpoint], Checkpoint]
) -> None:
    head = read_checkpoint(read_note(left.files()["data/log/checkpoint"].decode()))
    note = str(keys.load().sign(change(head).text())).encode()
    assert faults(forged({"data/log/checkpoint": note}), left.key)


def test_a_file_that_the_manifest_names_and_the_bundle_lacks_is_named(left: Left, tmp_path: Path) -> None:
    [gone] = [name for name in left.files() if name.startswith("data/files/")]
    path = tmp_path / "lacking.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in left.files().items():
            if name != gone:
                archive.writestr(f"bag/{name}", data)
    assert f"{gone}: the manifest names it, and it is not in the bundle" in faults(path, left.key)


@pytest.mark.parametrize("name", ["data/events.ndjson", "bagit.txt", "data/log/checkpoint", "data/bundle.json"])
def test_a_bundle_without_one_of_its_parts_is_none(left: Left, forged: Callable[..., Path], name: str) -> None:
    with pytest.raises(Unreadable, match="is not in it"):
        verify_bundle(str(forged({name: None})), left.key)


def zipped(path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return path


def lying_about_its_size(path: Path) -> Path:
    zipped(path, ("bag/bagit.txt", b"x" * 100))
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<I", 100), struct.pack("<I", 50)))
    return path


HOSTILE: dict[str, Callable[[Path], Path]] = {
    "a name that climbs out": lambda path: zipped(path, ("bag/../../etc/passwd", b"x")),
    "an absolute name": lambda path: zipped(path, ("/etc/passwd", b"x")),
    "a name of Windows": lambda path: zipped(path, ("bag/..\\x", b"x")),
    "two tops": lambda path: zipped(path, ("a/bagit.txt", b"x"), ("b/bagit.txt", b"x")),
    "no folder": lambda path: zipped(path, ("bagit.txt", b"x")),
    "a bomb": lambda path: zipped(path, ("bag/data/events.ndjson", bytes(50 << 20))),
    "nothing in it": lambda path: zipped(path),
    "no zip": lambda path: (path.write_bytes(b"PK" * 1000) and path) or path,
    "empty": lambda path: (path.write_bytes(b"") and path) or path,
    "cut": lambda path: path.write_bytes(zipped(path, ("bag/bagit.txt", b"x" * 99)).read_bytes()[:-30]) and path,
    "a lie about its size": lying_about_its_size,
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_what_is_made_to_break_the_verifier_ends_in_a_sentence(
    left: Left, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    path = HOSTILE[name](tmp_path / "hostile.zip")
    before = sorted(tmp_path.rglob("*"))
    assert main([str(path), "--key", left.key]) == 2
    said = capsys.readouterr().err
    assert said.startswith("This is no bundle that can be read.")
    assert "Traceback" not in said
    assert sorted(tmp_path.rglob("*")) == before


def test_a_million_entries_are_refused_before_they_are_read(left: Left, tmp_path: Path) -> None:
    path = tmp_path / "crowd.zip"
    # Only the end of a zip file, which tells of a million entries before it.
    wide = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, 10**6, 10**6, 46 * 10**6, 0)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, 0, 1)
    path.write_bytes(
        wide + locator + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 2**32 - 1, 2**32 - 1, 0)
    )
    with pytest.raises(Unreadable, match="more than"):
        verify_bundle(str(path), left.key)


def test_a_link_in_a_folder_is_not_followed(left: Left, tmp_path: Path) -> None:
    with zipfile.ZipFile(left.path) as archive:
        archive.extractall(tmp_path / "out")
    [bag] = (tmp_path / "out").iterdir()
    (bag / "data" / "link").symlink_to("/etc/passwd")
    with pytest.raises(Unreadable, match="is a link"):
        verify_bundle(str(bag), left.key)


@pytest.mark.parametrize("key", ["", "x", "a+b+c", "name+00000000+AAAA"])
def test_a_key_that_is_none_is_refused(left: Left, key: str) -> None:
    assert main([str(left.path), "--key", key]) == 2


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_byte_is_changed_nothing_but_an_answer_comes(left: Left, data: st.DataObject) -> None:
    """In the zip file itself: some of its bytes say nothing (dates, attributes), and none makes a trace."""
    raw = bytearray(left.path.read_bytes())
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= 1 << data.draw(st.integers(0, 7))
    path = left.path.with_name("flipped.zip")
    path.write_bytes(raw)
    try:
        report = verify_bundle(str(path), left.key)
    except Unreadable:
        return
    if not report.fails:
        assert contents(io.BytesIO(raw)) == contents(io.BytesIO(left.path.read_bytes()))


def contents(file: io.BytesIO) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name.split("/", 1)[1]: archive.read(name) for name in archive.namelist()}


# Section 7.1 of RFC 8032: secret keys' public halves, messages, signatures.
RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


@pytest.mark.parametrize(("public", "message", "signature"), RFC_8032)
def test_the_signatures_of_rfc_8032_verify_and_no_others(public: str, message: str, signature: str) -> None:
    key, text, right = bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature)
    assert verifier.ed25519_verify(key, text, right)
    assert not verifier.ed25519_verify(key, text + b"x", right)
    for place in range(0, 64, 3):
        wrong = right[:place] + bytes([right[place] ^ 4]) + right[place + 1 :]
        assert not verifier.ed25519_verify(key, text, wrong)
    # The same signature with L added to its second half: RFC 8032 refuses it.
    s = int.from_bytes(right[32:], "little") + verifier._L
    assert not verifier.ed25519_verify(key, text, right[:32] + s.to_bytes(32, "little"))


def test_both_of_our_readers_of_base64_take_one_spelling_alone() -> None:
    assert verifier._base64(b64encode(b"abc").decode()) == b"abc"
    assert verifier._base64("YWJj\n") == verifier._base64("YWJ=") == b""


def test_the_verifier_is_written_in_the_language_of_python_3_9() -> None:
    """Syntax alone: what runs only when it is met (a match, a new argument) is not seen by this."""
    source = Path(verifier.__file__).read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 9))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Match)]
    # Annotations may be newer than the interpreter: they are never carried out.
    assert "from __future__ import annotations" in source
    assert "strict=" not in source
