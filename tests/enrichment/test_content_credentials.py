"""Content Credentials: verdicts on files with known ones, what a manifest claims, and manifests made to be hostile."""

from __future__ import annotations

import base64
import csv
import io
import json
import struct
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from PIL import Image

from enrichment import registry, sandbox
from enrichment.domain import EnricherInput, Limits, PermanentFailure, Result
from enrichment.enrichers import content_credentials
from enrichment.enrichers.content_credentials import LONGEST, MOST, ContentCredentials, read_credentials
from tests.enrichment.examining import Answers, examine_all
from tests.enrichment.test_hostile_files import batched, gif_of_frames


def read(path: Path, folder: Path) -> Result:
    return read_credentials(EnricherInput(kind="image", fields={}, original=path, folder=folder))


def told(path: Path, folder: Path) -> ContentCredentials:
    output: ContentCredentials = read(path, folder).output
    return output


@pytest.fixture
def samples(shared: Path) -> Path:
    return shared / "data/c2pa-samples"


# --- verdicts ---------------------------------------------------------------------------------------------


def test_the_verdicts_on_files_with_known_ones_are_those(samples: Path, tmp_path: Path) -> None:
    with (samples / "expected.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 8
    for row in rows:
        found = told(samples / row["file"], tmp_path)
        assert found.state == row["validation_state"]
        assert sorted(found.codes) == sorted(filter(None, row["failure_codes_active_manifest"].split("; ")))
        assert (found.claim_generator, found.signer) == (row["claim_generator"], row["signature_issuer"])
        assert found.signed_at == row["signature_time"]
        assert (found.title, len(found.ingredients)) == (row["title"], int(row["ingredients"]))


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("A", "no manifest"),
        ("I", "no manifest"),
        ("C", "signed, signer not trusted"),
        ("CA", "signed, signer not trusted"),
        ("CACA", "signed, signer not trusted"),
        ("E-dat-CA", "broken: assertion.dataHash.mismatch"),
        ("E-sig-CA", "broken: claimSignature.mismatch"),
        ("XCA", "broken: assertion.dataHash.mismatch"),
    ],
)
def test_a_verdict_is_in_plain_words_with_its_validator(name: str, verdict: str, samples: Path, tmp_path: Path) -> None:
    result = read(samples / f"images/adobe-20220124-{name}.jpg", tmp_path)
    assert result.output.verdict == verdict
    assert result.output.validator == "c2pa-python 0.38.1, c2pa-rs 0.91.3"
    flags = [flag.flag for flag in result.flags]
    assert flags == (["content_credentials_broken"] if verdict.startswith("broken") else [])


def test_the_history_that_a_manifest_claims_is_listed(samples: Path, tmp_path: Path) -> None:
    found = told(samples / "images/adobe-20220124-CA.jpg", tmp_path)
    assert [each.action for each in found.actions] == ["c2pa.opened", "c2pa.color_adjustments"]
    assert [(each.title, each.relationship) for each in found.ingredients] == [("A.jpg", "parentOf")]


def test_the_validators_own_report_is_kept(samples: Path, tmp_path: Path) -> None:
    result = read(samples / "images/adobe-20220124-CACA.jpg", tmp_path)
    [made] = result.made
    assert (made.name, made.media_type, result.output.report) == ("report", "application/json", True)
    report = json.loads(made.path.read_text())
    assert len(report["manifests"]) == result.output.manifests == 2
    assert report["validation_state"] == "Valid"


def test_a_manifest_that_lies_elsewhere_is_named_and_not_fetched(tmp_path: Path) -> None:
    xmp = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:dcterms="http://purl.org/dc/terms/"'
        ' dcterms:provenance="https://example.org/a.c2pa"/></rdf:RDF></x:xmpmeta>'
    )
    path = tmp_path / "elsewhere.jpg"
    Image.new("RGB", (9, 9)).save(path, xmp=xmp.encode())
    found = told(path, tmp_path)
    assert found.verdict == "the manifest lies elsewhere and was not fetched"
    assert found.remote == "https://example.org/a.c2pa"


def test_what_carries_no_content_credentials_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "made.bmp"
    Image.new("RGB", (9, 9)).save(path)
    with pytest.raises(PermanentFailure, match="Not a file in a format whose Content Credentials are read here"):
        read(path, tmp_path)


def test_a_file_that_is_too_large_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content_credentials, "LARGEST", 10)
    path = tmp_path / "made.png"
    Image.new("RGB", (9, 9)).save(path)
    with pytest.raises(PermanentFailure, match="The file has more than 0 MiB"):
        read(path, tmp_path)


def test_a_file_of_too_many_parts_is_not_said_to_have_no_manifest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "frames.gif"
    path.write_bytes(gif_of_frames(1000))
    assert told(path, tmp_path).verdict == "no manifest"
    monkeypatch.setattr(content_credentials, "ASKED", 500)
    with pytest.raises(PermanentFailure, match="too many parts"):
        read(path, tmp_path)


def test_without_the_validator_it_says_what_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    enricher = content_credentials.ENRICHER
    assert enricher.missing() == ""
    monkeypatch.setattr(content_credentials, "find_spec", lambda name: None)
    assert enricher.missing() == "c2pa-python (requirements-extras.txt)"
    assert enricher.tool() == "c2pa-python"


# --- reports of any shape ---------------------------------------------------------------------------------


def test_long_lists_and_texts_are_cut_and_it_is_said() -> None:
    actions = [{"action": "c2pa.edited" * 100, "when": "2024-05-03T10:00:00Z"}] * (MOST + 1)
    manifest = {"assertions": [{"label": "c2pa.actions.v2", "data": {"actions": actions}}]}
    report = {"active_manifest": "a", "manifests": {"a": manifest}, "validation_state": "Valid"}
    found = content_credentials._told(report, kept=False)
    assert (len(found.actions), found.more) == (MOST, ("actions",))
    assert len(found.actions[0].action) == LONGEST
    assert found.actions[0].when == "2024-05-03T10:00:00Z"


def test_a_generator_and_an_agent_of_the_newer_form_are_named() -> None:
    actions = [{"action": "c2pa.created", "softwareAgent": {"name": "Maker", "version": "2"}, "when": "soon"}]
    manifest = {
        "claim_generator_info": [{"name": "App", "version": "1.0"}, {"name": "lib"}],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": actions}}],
    }
    found = content_credentials._told({"active_manifest": "a", "manifests": {"a": manifest}}, kept=False)
    assert found.claim_generator == "App 1.0, lib"
    assert (found.actions[0].software, found.actions[0].when) == ("Maker 2", "")


@pytest.mark.parametrize("shape", [{}, {"manifests": []}, {"active_manifest": 1, "manifests": {"1": {"title": []}}}])
def test_a_report_of_another_shape_gives_no_more_than_a_verdict(shape: dict[str, Any]) -> None:
    found = content_credentials._told({**shape, "validation_results": {"activeManifest": [3]}}, kept=False)
    assert found.verdict == "broken: the validator gives no code"
    assert found.title == found.signer == ""


# --- made to be hostile -----------------------------------------------------------------------------------

SUFFIX = bytes.fromhex("00110010800000aa00389b71")


def box(kind: bytes, content: bytes, *, size: int | None = None) -> bytes:
    return struct.pack(">L", 8 + len(content) if size is None else size) + kind + content


def superbox(kind: bytes, label: str, *content: bytes) -> bytes:
    """Write a superbox (ISO/IEC 19566-5): its description, then what it holds."""
    return box(b"jumb", box(b"jumd", kind + SUFFIX + b"\3" + label.encode() + b"\0") + b"".join(content))


def manifest(claim: bytes) -> bytes:
    parts = [superbox(b"c2as", "c2pa.assertions"), superbox(b"c2cl", "c2pa.claim", box(b"cbor", claim))]
    return superbox(b"c2pa", "c2pa", superbox(b"c2ma", "urn:uuid:1", *parts))


def nested(depth: int) -> bytes:
    inner = b""
    for _ in range(depth):
        inner = superbox(b"c2ma", "urn:uuid:1", inner)
    return superbox(b"c2pa", "c2pa", inner)


def jpeg_with(store: bytes) -> bytes:
    """Put a store into a JPEG, spread over segments (APP11; ISO/IEC 18477-3, annex B)."""
    file = io.BytesIO()
    Image.new("RGB", (9, 9)).save(file, "JPEG")
    head, parts = store[:8], [store[at : at + 60_000] for at in range(8, max(len(store), 9), 60_000)]
    segments = [
        b"\xff\xeb" + struct.pack(">H", 18 + len(part)) + b"JP\0\1" + struct.pack(">L", number) + head + part
        for number, part in enumerate(parts, 1)
    ]
    return file.getvalue()[:2] + b"".join(segments) + file.getvalue()[2:]


HOSTILE = {
    "nothing": box(b"jumb", b""),
    "no description": box(b"jumb", box(b"cbor", b"")),
    "an empty store": superbox(b"c2pa", "c2pa"),
    "deep boxes": nested(3000),
    "many boxes": superbox(b"c2pa", "c2pa", *(superbox(b"c2ma", f"urn:uuid:{n}") for n in range(20_000))),
    "one name twice": superbox(b"c2pa", "c2pa", *[superbox(b"c2ma", "urn:uuid:1")] * 1000),
    "larger than the file": box(b"jumb", b"", size=0xFFFFFFFF),
    "smaller than itself": box(b"jumb", bytes(40), size=9),
    "sixty-four bits of size": box(b"jumb", b"\xff" * 16, size=1),
    "a size of nothing inside": superbox(b"c2pa", "c2pa", box(b"jumb", bytes(100), size=0)),
    "a claim of no bytes": manifest(b""),
    "a claim of deep lists": manifest(b"\x81" * 50_000 + b"\xf6"),
    "a claim of a list without end": manifest(b"\x9b" + b"\xff" * 8),
    "a claim of a text without end": manifest(b"\xa1\x65title\x7b\x00\x00\xff" + b"\xff" * 5),
    "a label without end": box(b"jumb", box(b"jumd", b"c2pa" + SUFFIX + b"\3" + b"x" * 100_000)),
}


def test_manifests_made_to_be_hostile_end_in_a_verdict_or_a_reason(samples: Path) -> None:
    whole = (samples / "images/adobe-20220124-CA.jpg").read_bytes()
    cut = [whole[:at] for at in (3, 500, 5000, 50_000)]
    for found in answers([jpeg_with(store) for store in HOSTILE.values()] + cut):
        said = found["content_credentials"]
        if "output" in said:
            assert said["output"]["verdict"].startswith(("no manifest", "broken: "))


def test_a_file_of_boxes_without_end_is_stopped(tmp_path: Path, nothing_left: None) -> None:
    path = tmp_path / "boxes.mp4"
    path.write_bytes(b"\0\0\0\x18ftypisom\0\0\0\0isommp42" + box(b"free", b"") * 200_000)
    module = registry.module_of(content_credentials.ENRICHER)
    with sandbox.run(module, kind="image", fields={}, original=path, limits=Limits(cpu_seconds=1)) as outcome:
        assert isinstance(outcome, sandbox.Failed)
        assert outcome.limit == "cpu"


@pytest.mark.slow
def test_broken_copies_of_a_manifest_never_pass_for_whole_ones(samples: Path) -> None:
    whole = (samples / "images/adobe-20220124-CACA.jpg").read_bytes()
    store = range(whole.index(b"jumb"), whole.rindex(b"\xff\xdb"))
    chance = Random(7)
    copies = []
    for _ in range(24):
        broken = bytearray(whole)
        for _ in range(chance.choice((1, 8, 64))):
            broken[chance.choice(store)] ^= chance.randrange(1, 256)
        copies.append(bytes(broken))
    verdicts = [found["content_credentials"].get("output", {}).get("verdict") for found in answers(copies)]
    assert "signed, signer trusted" not in verdicts
    assert sum(str(verdict).startswith("broken: ") for verdict in verdicts) > 12


def answers(files: Sequence[bytes]) -> list[Answers]:
    inputs = [{"file": {"name": "made.jpg"}, "bytes": base64.b64encode(file).decode()} for file in files]
    # Three files are made of each that is whole, and one child may make sixteen.
    return [found for some in batched(inputs, 5) for found in examine_all("image", some)]
