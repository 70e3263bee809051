"""What is decided about an erasure, without a database."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any

import pytest

from evidence import rules
from evidence.domain import (
    EnrichmentFailed,
    EvidenceCorrected,
    EvidenceEnriched,
    EvidenceFlagged,
    EvidenceSubmitted,
    EvidenceTagged,
    FileReference,
    Kind,
    Place,
    Source,
)
from evidence.erasure.rules import repeats
from evidence.following import field_of, follows
from ledger.events import decode, erasable, shapes
from ledger.redaction import Ground

READS = {"text": frozenset({"text"}), "exif": frozenset({"file", "place"})}
FOUND: dict[str, Any] = {"input_digest": "0" * 64, "seconds": 0.1, "tool": "t", "output": {}}


@pytest.mark.parametrize(
    ("reason", "value", "given_away"),
    [
        ("The person wrote to us", {"name": "Ji-woo Zelenograd"}, False),
        ("Mr. Zelenograd wrote to us", {"name": "Ji-woo Zelenograd"}, True),
        ("JI-WOO ZELENOGRAD wrote to us", {"name": "Ji-woo Zelenograd"}, True),
        ("Письмо от Анны", {"name": "Анны"}, True),
        ("By letter, on 3 March", "A dozen tankers docked since March.", False),
        ("Zelenograd asked us", "In March we met Ji-woo Zelenograd by the pier.", True),
        ("They asked us by letter", "They docked at night, and nobody saw them.", False),
        ("They docked at night, it says", "They docked at night, and nobody saw them.", True),
        ("It is no claim", "claim", True),
        ("It was claimed", "claim", False),
        ("A ship", {"imo": "9074729"}, False),
        ("The ship 9074729", {"imo": "9074729"}, True),
        ("", {"name": "x"}, False),
        ("At 42.74", {"lat": 42.74}, False),
    ],
)
def test_a_reason_is_compared_with_what_it_is_the_reason_for(reason: str, value: Any, given_away: bool) -> None:
    assert repeats(reason, [value]) is given_away


@pytest.mark.parametrize(
    ("data", "name", "fields", "so"),
    [
        (EvidenceCorrected(changes={"text": "x", "when": "y"}, reason="z"), "changes", {"text"}, True),
        (EvidenceCorrected(changes={"when": "y"}, reason="z"), "changes", {"text"}, False),
        (EvidenceCorrected(changes={"text": "x"}, reason="z"), "reason", {"text"}, False),
        (EvidenceEnriched(enricher="text", version=1, **FOUND), "output", {"text"}, True),
        (EvidenceEnriched(enricher="text", version=1, **FOUND), "input_digest", {"text"}, True),
        (EvidenceEnriched(enricher="text", version=1, **FOUND), "tool", {"text"}, False),
        (EvidenceEnriched(enricher="text", version=1, **FOUND), "output", {"speaker"}, False),
        (EvidenceEnriched(enricher="exif", version=1, **FOUND), "derivatives", {"file"}, True),
        (EvidenceEnriched(enricher="gone", version=1, **FOUND), "output", {"speaker"}, True),
        (EvidenceEnriched(enricher="gone", version=1, **FOUND), "output", set(), False),
        (
            EnrichmentFailed(
                enricher="text", version=1, input_digest="", reason="", phase="", attempt=1, permanent=True
            ),
            "reason",
            {"text"},
            True,
        ),
        (EvidenceFlagged(flag="x", detail="y", found_by="exif@1"), "detail", {"place"}, True),
        (EvidenceFlagged(flag="x", detail="y", found_by="exif@1"), "detail", {"text"}, False),
        (EvidenceFlagged(flag="x", detail="y", found_by="gone@1"), "detail", {"text"}, True),
        (EvidenceTagged(tag="x"), "tag", {"tags"}, True),
        (EvidenceTagged(tag="x"), "tag", {"text"}, False),
        (EvidenceSubmitted(kind=Kind.STATEMENT, text="x"), "text", {"text"}, False),
    ],
)
def test_what_was_made_from_a_field_follows_from_it(data: Any, name: str, fields: set[str], so: bool) -> None:
    assert follows(data, name, fields=fields, reads=READS) is so


def test_every_flag_of_a_submission_says_which_field_it_is_about() -> None:
    said = EvidenceSubmitted(
        kind=Kind.IMAGE,
        file=FileReference(sha256="0" * 64, size=1, name="a\u2400b"),
        when="9999",
        place=Place(lat=0.0, lon=0.0),
        source=Source(published_at="2099-01-01T10:00"),
    )
    _, *flags = rules.submit(said, now=datetime(2026, 1, 1, tzinfo=UTC))
    assert {(each.flag, field_of(each)) for each in flags} == {
        ("name_held_nul", "file"),
        ("null_island", "place"),
        ("in_the_future", "when"),
        ("in_the_future", "source"),
        ("zone_unknown", "source"),
    }
    years = rules.submit(EvidenceSubmitted(kind=Kind.STATEMENT, text="x", when="0001"), now=datetime.now(UTC))
    assert [(each.flag, field_of(each)) for each in years[1:]] == [("doubtful_year", "when")]


REQUIRED: dict[str, Any] = {
    "str": "x",
    "int": 1,
    "float": 1.0,
    "bool": True,
    "UUID": "00000000-0000-0000-0000-000000000000",
    "Mapping[str, Any]": {},
    "tuple[Handling, ...]": [],
    "tuple[AccountChange, ...]": [],
    "tuple[Target, ...]": [],
    "tuple[Chosen, ...]": [],
    "Kind": "image",
    "Role": "owner",
    "Sensitivity": "red",
    "Relation": "supports",
    "Reliability": "A",
    "Credibility": "1",
    "Ground": Ground.COURT.value,
    "Result": {"value": 1.0, "low": 1.0, "high": 1.0, "unit": "x"},
}


@pytest.mark.parametrize("type_", [each.type for each in shapes() if not each.name.startswith("test.")])
def test_every_event_can_be_read_without_any_of_its_personal_fields(type_: str) -> None:
    [shape] = [each for each in shapes() if each.type == type_]
    needed = {
        field.name: REQUIRED[str(field.type)]
        for field in dataclasses.fields(shape.cls)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }
    may_go = set(erasable(type_))
    assert may_go == shape.personal
    for gone in [may_go, *({name} for name in may_go)]:
        values = {name: value for name, value in needed.items() if name not in gone}
        assert isinstance(decode(type_, values, erased=gone), shape.cls)
