"""What is decided about evidence, without a database: impossible is refused by name, doubtful is kept and flagged."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.rules import NothingChanges
from evidence import rules
from evidence.domain import (
    Attribution,
    AttributionRole,
    Collection,
    Credibility,
    EvidenceCorrected,
    EvidenceFlagged,
    EvidenceGraded,
    EvidenceLinked,
    EvidenceSubmitted,
    FileReference,
    Item,
    ItemStatus,
    Kind,
    Place,
    Relation,
    Reliability,
    Source,
    Speaker,
    Subject,
)
from evidence.rules import ItemRetracted
from ledger.errors import Invalid

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
OTHER = UUID(int=7)
STATEMENT = EvidenceSubmitted(kind=Kind.STATEMENT, text="Said.")
SIGHTING = EvidenceSubmitted(kind=Kind.SIGHTING, subject=Subject(kind="ship"))
IMAGE = EvidenceSubmitted(kind=Kind.IMAGE, file=FileReference(sha256="0" * 64, size=1))
EACH_KIND = pytest.mark.parametrize("said", [STATEMENT, SIGHTING, IMAGE], ids=lambda said: said.kind)
ITEM = Item(said=STATEMENT)


def refused(said: EvidenceSubmitted) -> list[str]:
    """Name the fields for which a submission is refused; none where it is taken."""
    try:
        rules.submit(said, now=NOW)
    except Invalid as refusal:
        return sorted(refusal.errors)
    return []


def flags(said: EvidenceSubmitted) -> list[str]:
    first, *others = rules.submit(said, now=NOW)
    assert first == said, "it is recorded as it was said"
    assert all(isinstance(each, EvidenceFlagged) and each.found_by == "submission" for each in others)
    return [each.flag for each in others]


@EACH_KIND
def test_each_kind_is_taken_with_the_least_it_needs(said: EvidenceSubmitted) -> None:
    assert rules.submit(said, now=NOW) == [said]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        (replace(STATEMENT, text=""), "text"),
        (replace(STATEMENT, text=" \n\u3000"), "text"),
        (replace(SIGHTING, subject=None), "subject"),
        (replace(SIGHTING, subject=Subject(notes="something")), "subject"),
        (replace(IMAGE, file=None), "file"),
    ],
)
def test_without_what_its_kind_needs_it_is_refused(said: EvidenceSubmitted, field: str) -> None:
    assert refused(said) == [field]


FOREIGN: list[tuple[EvidenceSubmitted, dict[str, Any]]] = [
    (STATEMENT, {"draught_m": 1.0, "observed": False, "basis": (OTHER,), "activity": "x", "observer": "x"}),
    (STATEMENT, {"subject": Subject(kind="ship"), "draught_error_m": 0.1, "file": IMAGE.file}),
    (SIGHTING, {"text": "x", "language": "en", "stated_at": "2024", "speaker": Speaker(name="x"), "file": IMAGE.file}),
    (SIGHTING, {"attribution": (Attribution(name="x", role=AttributionRole.SAID),)}),
    (IMAGE, {"text": "x", "speaker": Speaker(anonymous=True), "subject": Subject(kind="x"), "draught_m": 0.0}),
]


@pytest.mark.parametrize(("said", "fields"), FOREIGN)
def test_a_field_of_another_kind_is_refused(said: EvidenceSubmitted, fields: dict[str, Any]) -> None:
    assert refused(replace(said, **fields)) == sorted(fields)


# --- places ---


@pytest.mark.parametrize(
    ("place", "fields"),
    [
        (Place(lat=90, lon=180), []),
        (Place(lat=-90, lon=-180), []),
        (Place(name="Vostochny"), []),
        (Place(lat=42.7, lon=133.1, radius_m=0), []),
        (Place(lat=42.7, lon=133.1, radius_m=20_040_000), []),
        (Place(lat=90.000001, lon=0), ["place.lat"]),
        (Place(lat=-91, lon=0), ["place.lat"]),
        (Place(lat=0, lon=180.000001), ["place.lon"]),
        (Place(lat=0, lon=-181), ["place.lon"]),
        (Place(lat=float("nan"), lon=0), ["place.lat"]),
        (Place(lat=0, lon=float("inf")), ["place.lon"]),
        (Place(lat=1), ["place"]),
        (Place(lon=1), ["place"]),
        (Place(radius_m=-1), ["place.radius_m"]),
        (Place(radius_m=20_040_001), ["place.radius_m"]),
        (Place(radius_m=float("nan")), ["place.radius_m"]),
        (Place(lat=91, lon=181), ["place.lat", "place.lon"]),
    ],
)
@EACH_KIND
def test_a_place_lies_on_the_earth(said: EvidenceSubmitted, place: Place, fields: list[str]) -> None:
    assert refused(replace(said, place=place)) == fields


def test_a_latitude_that_looks_like_a_longitude_is_refused_with_the_question() -> None:
    with pytest.raises(Invalid) as refusal:
        rules.submit(replace(STATEMENT, place=Place(lat=133.1, lon=42.7)), now=NOW)
    assert "swapped" in " ".join(refusal.value.errors["place.lat"])
    with pytest.raises(Invalid) as refusal:
        rules.submit(replace(STATEMENT, place=Place(lat=1331, lon=42.7)), now=NOW)
    assert "swapped" not in " ".join(refusal.value.errors["place.lat"])


@pytest.mark.parametrize(
    ("place", "found"),
    [
        (Place(lat=0, lon=0), ["null_island"]),
        (Place(lat=-0.0, lon=0), ["null_island"]),
        (Place(lat=0, lon=0.001), []),
        (Place(lat=0, lon=180), []),
        (Place(), []),
    ],
)
def test_the_position_0_0_is_kept_and_flagged(place: Place, found: list[str]) -> None:
    assert flags(replace(STATEMENT, place=place)) == found


@given(lat=st.floats(), lon=st.floats(), radius=st.none() | st.floats())
def test_every_number_is_a_place_or_is_refused(lat: float, lon: float, radius: float | None) -> None:
    on_earth = -90 <= lat <= 90 and -180 <= lon <= 180 and (radius is None or 0 <= radius <= 20_040_000)
    assert (refused(replace(STATEMENT, place=Place(lat=lat, lon=lon, radius_m=radius))) == []) is on_earth


# --- times ---


@pytest.mark.parametrize(
    ("when", "found"),
    [
        ("2024-05-03T10:00Z", []),
        ("2024-05-03T10:00+10:00", []),
        ("2024-05-03", []),
        ("2024-05", []),
        ("2024?", []),
        ("../2024", []),
        ("2024/..", []),
        ("1850", []),
        ("0001-01-01", ["doubtful_year"]),
        ("0001", ["doubtful_year"]),
        ("9999-12-31", ["in_the_future"]),
        ("9999", ["in_the_future"]),
        ("2026-11-24T12:00:01Z", ["in_the_future"]),
        ("2026-11-24T12:00:00Z", []),
        ("2027-01-01/..", ["in_the_future"]),
        ("2026-11-25", []),
        ("2026-11-27", ["in_the_future"]),
        ("2024-05-03T10:00", ["zone_unknown"]),
        ("2024-05-03T10:00:00.5", ["zone_unknown"]),
        ("2024-05-03T10/2024-05-03T12", ["zone_unknown"]),
        ("2090-05-03T10:00", ["in_the_future", "zone_unknown"]),
        ("0001-01-01T00:00:00", ["doubtful_year", "zone_unknown"]),
    ],
)
def test_a_doubtful_time_is_kept_and_flagged(when: str, found: list[str]) -> None:
    assert flags(replace(STATEMENT, when=when)) == found
    assert flags(replace(STATEMENT, stated_at=when)) == found
    assert flags(replace(IMAGE, source=Source(published_at=when))) == found
    assert flags(replace(SIGHTING, collection=Collection(at=when))) == found


@pytest.mark.parametrize(
    "when",
    ["yesterday", "2024-13", "2024-02-30", "2023-02-29", "0000-00-00", "10000", "2024-05-03T25:00Z", "../..", " 2024"],
)
def test_an_impossible_time_is_refused_by_its_field(when: str) -> None:
    assert refused(replace(STATEMENT, when=when)) == ["when"]
    assert refused(replace(STATEMENT, stated_at=when)) == ["stated_at"]
    assert refused(replace(IMAGE, source=Source(published_at=when))) == ["source.published_at"]
    assert refused(replace(SIGHTING, collection=Collection(at=when))) == ["collection.at"]


@given(st.text(alphabet="0123456789-/.:TZX?~% +[],SYE", max_size=24))
def test_every_text_is_a_time_or_is_refused(when: str) -> None:
    assert refused(replace(STATEMENT, when=when)) in ([], ["when"])


# --- numbers and lengths ---


@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf"), float("-inf")])
def test_a_measure_is_a_number_of_at_least_0(value: float) -> None:
    assert refused(replace(SIGHTING, draught_m=value)) == ["draught_m"]
    assert refused(replace(SIGHTING, draught_error_m=value)) == ["draught_error_m"]
    for name in ("length_m", "beam_m", "design_draught_m", "deadweight_t"):
        assert refused(replace(SIGHTING, subject=Subject(kind="ship", **{name: value}))) == [f"subject.{name}"]
    assert refused(replace(SIGHTING, draught_m=0, draught_error_m=0)) == []


def test_a_line_is_short_and_a_text_is_long() -> None:
    assert refused(replace(STATEMENT, title="x" * 500, text="x" * 1_000_000)) == []
    assert refused(replace(STATEMENT, title="x" * 501, text="x" * 1_000_001)) == ["text", "title"]
    assert refused(replace(STATEMENT, source=Source(name="x" * 501))) == ["source.name"]
    assert refused(replace(STATEMENT, collection=Collection(notes="x" * 501))) == []
    chain = (Attribution(name="x" * 501, role=AttributionRole.SAID),)
    assert refused(replace(STATEMENT, attribution=chain)) == ["attribution.0.name"]
    assert refused(replace(IMAGE, file=FileReference(sha256="0" * 64, size=1, name="x" * 10_000))) == [], "evidence"


@pytest.mark.parametrize("tags", [("",), (" ",), ("ok", "x" * 61)])
def test_a_tag_is_short_and_visible(tags: tuple[str, ...]) -> None:
    assert refused(replace(STATEMENT, tags=tags)) == ["tags"]


def test_the_tags_of_a_submission_are_written_as_a_tag_is_and_can_be_taken_off() -> None:
    said, *_ = rules.submit(replace(STATEMENT, tags=("a  b ", "a b", "c")), now=NOW)
    assert said.tags == ("a b", "c")
    assert rules.untag(said.apply(None), tag="a  b ").apply(said.apply(None)).said.tags == ("c",)


def test_the_tags_of_a_correction_are_written_as_a_tag_is() -> None:
    (said,) = correct(tags=[" a  b", "a b"])
    assert said.changes == {"tags": ["a b"]}
    with pytest.raises(NothingChanges):
        correct(said.apply(ITEM), tags=["a  b"])


def test_an_item_has_so_many_tags_and_no_more() -> None:
    most = tuple(map(str, range(rules.TAGS)))
    assert refused(replace(STATEMENT, tags=(*most, "0 "))) == []
    assert refused(replace(STATEMENT, tags=(*most, "x"))) == ["tags"]
    with pytest.raises(Invalid) as refusal:
        correct(tags=[*most, "x"])
    assert list(refusal.value.errors) == ["changes.tags"]
    with pytest.raises(Invalid) as refusal:
        rules.tag(Item(said=replace(STATEMENT, tags=most)), tag="x")
    assert list(refusal.value.errors) == ["tag"]


def test_all_that_is_wrong_is_said_at_once() -> None:
    said = replace(STATEMENT, text="", when="x", place=Place(lat=91, lon=0), draught_m=-1.0, tags=("",))
    assert refused(said) == ["draught_m", "place.lat", "tags", "text", "when"]


# --- what is done with an item ---


def correct(item: Item = ITEM, *, reason: str = "a slip", **changes: Any) -> Any:
    return rules.correct(item, changes=changes, reason=reason, now=NOW)


def test_a_correction_gives_named_fields_new_values_and_remembers_which() -> None:
    (said,) = correct(title="Better", tags=["a"])
    assert said == EvidenceCorrected(changes={"title": "Better", "tags": ["a"]}, reason="a slip")
    after = said.apply(ITEM)
    assert (after.said, after.corrected) == (replace(STATEMENT, title="Better", tags=("a",)), ("tags", "title"))
    assert ITEM.said.title == "", "what was said stays said"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({}, "changes"),
        ({"kind": "image"}, "changes.kind"),
        ({"submitter": None}, "changes.submitter"),
        ({"file": None}, "changes.file"),
        ({"wrong": 1}, "changes.wrong"),
        ({"title": 7}, "changes.title"),
        ({"title": None}, "changes.title"),
        ({"place": {"lat": 91, "lon": 0}}, "changes.place.lat"),
        ({"place": {"lat": "1", "lon": 0}}, "changes.place.lat"),
        ({"when": "never"}, "changes.when"),
        ({"text": ""}, "changes.text"),
        ({"draught_m": 3}, "changes.draught_m"),
    ],
)
def test_an_impossible_correction_is_refused_by_its_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        correct(**changes)
    assert list(refusal.value.errors) == [field]


def test_a_correction_needs_a_reason_and_a_difference() -> None:
    for reason in ("", "  "):
        with pytest.raises(Invalid) as refusal:
            correct(title="Better", reason=reason)
        assert list(refusal.value.errors) == ["reason"]
    with pytest.raises(NothingChanges):
        correct(text="Said.")


def test_a_doubtful_correction_is_kept_and_flagged() -> None:
    _, flagged = correct(place={"lat": 0, "lon": 0})
    assert flagged.flag == "null_island"
    item = flagged.apply(ITEM)
    assert flagged.apply(item) == item, "the same doubt is said once"


def test_the_same_grade_again_is_no_event() -> None:
    graded = EvidenceGraded(reliability=Reliability.B, credibility=Credibility.PROBABLE, reason="x")
    item = rules.grade(ITEM, graded=graded).apply(ITEM)
    with pytest.raises(NothingChanges):
        rules.grade(item, graded=graded)
    assert rules.grade(item, graded=replace(graded, reason="y")).reason == "y"


def test_an_item_is_not_linked_to_itself() -> None:
    linked = EvidenceLinked(relation=Relation.SUPPORTS, target=OTHER)
    assert rules.link(ITEM, linked=linked, to_itself=False) == linked
    with pytest.raises(Invalid) as refusal:
        rules.link(ITEM, linked=linked, to_itself=True)
    assert list(refusal.value.errors) == ["target"]


def test_a_retracted_item_is_read_and_discussed_and_changed_no_more() -> None:
    item = rules.retract(ITEM, reason="withdrawn").apply(ITEM)
    assert (item.status, item.retracted_because, item.said) == (ItemStatus.RETRACTED, "withdrawn", STATEMENT)
    graded = EvidenceGraded(reliability=Reliability.A, credibility=Credibility.CONFIRMED)
    linked = EvidenceLinked(relation=Relation.SUPPORTS, target=OTHER)
    for decide in (
        lambda: rules.retract(item, reason="again"),
        lambda: rules.grade(item, graded=graded),
        lambda: rules.link(item, linked=linked, to_itself=False),
        lambda: rules.tag(item, tag="x"),
        lambda: rules.untag(item, tag="x"),
        lambda: correct(item, title="x"),
    ):
        with pytest.raises(ItemRetracted):
            decide()
    assert rules.comment(text="why?").apply(item) == item
    with pytest.raises(Invalid):
        rules.retract(ITEM, reason=" ")


def test_tags_come_and_go() -> None:
    item = rules.tag(ITEM, tag=" ship ").apply(ITEM)
    assert item.said.tags == ("ship",)
    with pytest.raises(NothingChanges):
        rules.tag(item, tag="ship")
    with pytest.raises(NothingChanges):
        rules.untag(ITEM, tag="ship")
    assert rules.untag(item, tag="ship").apply(item) == ITEM
