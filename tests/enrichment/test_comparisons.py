"""Items beside others: copies of a text and ships in two places, among what the reader may see and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from cases import commands as cases
from cases.domain import Role
from enrichment.comparisons import Comparisons, compare
from enrichment.copies import EACH
from enrichment.fingerprints import fingerprint, marks_of
from enrichment.models import Fix, TextMark, TextPrint
from evidence import commands as evidence
from evidence.domain import EvidenceSubmitted, Kind, Place, Source, Subject
from ledger.actors import Actor
from ledger.errors import NotFound
from ledger.ids import uuid7
from ledger.rebuild import rebuild
from tests.enrichment.jobs import submit_text, work

SAID = (
    "According to two dock workers the tanker lay at the northern pier of Vostochny for three days in May, took on "
    "about 43,000 tonnes of coal, and left at night with its transponder off, bound for an unknown port to the south."
)
NEAR = SAID.replace("two dock workers", "several port employees").replace("43,000", "45,000")
OTHER = (
    "The ministry said on Monday that no ship of that name had called at any of the country's eastern ports this year."
)


def see(
    case: UUID, by: Actor, when: str = "2024-05-03T10:00Z", *, lat: float = 42.74, lon: float = 133.08, **said: Any
) -> UUID:
    subject = Subject(name="Angara", **{"imo": "9179842", **said.pop("ship", {})})
    place = Place(lat=lat, lon=lon, radius_m=500)
    sighting = EvidenceSubmitted(kind=Kind.SIGHTING, subject=subject, place=place, when=when, **said)
    item = evidence.submit_evidence(case_id=case, said=sighting, by=by).item
    assert item
    return item


def copies(case: UUID, item: UUID, by: Actor) -> list[tuple[UUID, bool, bool]]:
    return [(each.item, each.exact, each.earlier) for each in compare(case, item, by=by).copies]


def elsewhere(case: UUID, item: UUID, by: Actor) -> list[UUID]:
    return [each.item for each in compare(case, item, by=by).elsewhere]


@pytest.fixture
def texts(case: UUID, owner: Actor) -> list[UUID]:
    """Three statements, in this order: what was said, a near copy, another text."""
    found = [submit_text(case, owner, text) for text in (SAID, NEAR, OTHER)]
    work(case)
    return found


# --- texts ------------------------------------------------------------------------------------------------


def test_a_near_copy_is_shown_at_both_ends_and_which_was_first(case: UUID, owner: Actor, texts: list[UUID]) -> None:
    said, near, other = texts
    assert copies(case, said, owner) == [(near, False, False)]
    assert copies(case, near, owner) == [(said, False, True)]
    assert copies(case, other, owner) == []
    [found] = compare(case, near, by=owner).copies
    assert 0.4 < found.of_this < 1
    assert found.shared_marks >= 5


def test_an_exact_copy_says_so_whatever_its_quotes_and_case(case: UUID, owner: Actor, texts: list[UUID]) -> None:
    again = submit_text(case, owner, f"«{SAID.upper()}»")
    work(case)
    assert copies(case, again, owner)[0] == (texts[0], True, True)


def test_two_words_are_compared_as_a_whole(case: UUID, owner: Actor) -> None:
    one, same, longer = (submit_text(case, owner, text) for text in ("No comment.", "NO COMMENT", "No comment today."))
    work(case)
    assert copies(case, one, owner) == [(same, True, False)]
    assert copies(case, longer, owner) == []


def test_a_text_inside_a_longer_one_is_found(case: UUID, owner: Actor, texts: list[UUID]) -> None:
    article = " ".join(f"word{n}" for n in range(2000)) + " " + SAID
    longer = submit_text(case, owner, article)
    work(case)
    shares = {each.item: (each.of_this, each.of_other) for each in compare(case, longer, by=owner).copies}
    assert texts[0] in shares
    # Nearly all of the short one stands in the long one; that is a small part of it.
    assert shares[texts[0]][1] > 0.1


def test_other_cases_are_searched_where_the_reader_is_on_the_team(
    case: UUID, owner: Actor, bob: Any, texts: list[UUID]
) -> None:
    theirs = cases.open_case(title="Trains", by=Actor.person(bob.pk)).stream
    copy = submit_text(theirs, Actor.person(bob.pk), SAID)
    work(theirs)
    assert copies(theirs, copy, Actor.person(bob.pk)) == []
    assert copy not in {item for item, _, _ in copies(case, texts[0], owner)}
    cases.add_member(case_id=theirs, user=owner.user, role=Role.VIEWER, by=Actor.person(bob.pk))
    assert copy in {item for item, _, _ in copies(case, texts[0], owner)}
    assert copies(theirs, copy, Actor.person(bob.pk)) == []


def test_a_submitter_is_shown_copies_among_their_own_alone(
    case: UUID, owner: Actor, bob: Any, texts: list[UUID]
) -> None:
    cases.add_member(case_id=case, user=bob.pk, role=Role.SUBMITTER, by=owner)
    submitter = Actor.person(bob.pk)
    first, second = submit_text(case, submitter, SAID), submit_text(case, submitter, NEAR)
    work(case)
    assert copies(case, first, submitter) == [(second, False, False)]
    with pytest.raises(NotFound):
        compare(case, texts[0], by=submitter)
    # The team sees all of them.
    assert {item for item, _, _ in copies(case, texts[0], owner)} == {texts[1], first, second}


def test_a_token_for_one_case_shows_no_other(case: UUID, owner: Actor, texts: list[UUID]) -> None:
    second = cases.open_case(title="Trains", by=owner).stream
    copy = submit_text(second, owner, SAID)
    work(second)
    assert copy in {item for item, _, _ in copies(case, texts[0], owner)}
    bound = Actor(name=f"token:{uuid7()}", user=owner.user, case=case)
    assert copy not in {item for item, _, _ in copies(case, texts[0], bound)}


def test_a_corrected_text_is_no_copy_any_more(case: UUID, owner: Actor, texts: list[UUID]) -> None:
    evidence.correct(
        case_id=case, item=texts[1], changes={"text": OTHER + " Really."}, reason="the other one", by=owner
    )
    assert copies(case, texts[0], owner) == []
    work(case)
    assert copies(case, texts[0], owner) == []
    assert [item for item, _, _ in copies(case, texts[2], owner)] == [texts[1]]


def test_a_retracted_copy_says_so(case: UUID, owner: Actor, texts: list[UUID]) -> None:
    evidence.retract(case_id=case, item=texts[1], reason="a mistake", by=owner)
    [found] = compare(case, texts[0], by=owner).copies
    assert found.retracted


def test_what_everybody_writes_is_looked_up_no_further_than_its_first_users(
    case: UUID, owner: Actor, texts: list[UUID]
) -> None:
    many = [uuid7() for _ in range(EACH + 100)]
    marks = marks_of(fingerprint(SAID).marks)
    TextMark.objects.bulk_create(
        [TextMark(mark=mark, case_id=case, item=item) for item in many for mark in marks], batch_size=500
    )
    # The two real ones came first.
    assert [item for item, _, _ in copies(case, texts[1], owner)] == [texts[0]]


# --- ships ------------------------------------------------------------------------------------------------


def test_one_ship_in_two_places_is_shown_at_both(case: UUID, owner: Actor) -> None:
    here = see(case, owner)
    there = see(case, owner, "2024-05-03T12:00Z", lat=42.24, lon=130.30)
    assert elsewhere(case, here, owner) == [there]
    assert elsewhere(case, there, owner) == [here]
    [found] = compare(case, here, by=owner).elsewhere
    assert found.ship == "IMO 9179842"
    assert found.speed_kn
    assert found.speed_kn > 30


@pytest.mark.parametrize(
    "other",
    [
        {"when": "2024-05-03T20:00Z"},
        {"when": "2024-05-03"},
        {"when": ""},
        {"ship": {"imo": "9074729"}},
        {"ship": {"imo": "9179841"}},
        {"observed": False},
    ],
)
def test_another_ship_or_time_or_nothing_seen_contradicts_nothing(
    case: UUID, owner: Actor, other: dict[str, Any]
) -> None:
    here = see(case, owner)
    see(case, owner, **{"when": "2024-05-03T12:00Z", **other}, lat=42.24, lon=130.30)
    assert elsewhere(case, here, owner) == []


def test_an_mmsi_joins_sightings_unless_two_imo_numbers_part_them(case: UUID, owner: Actor) -> None:
    here = see(case, owner, ship={"mmsi": "273 348 830"})
    by_mmsi = see(case, owner, "2024-05-03T12:00Z", lat=42.24, lon=130.30, ship={"imo": "", "mmsi": "273348830"})
    other = see(case, owner, "2024-05-03T12:00Z", lat=42.24, lon=130.30, ship={"imo": "9074729", "mmsi": "273348830"})
    assert elsewhere(case, here, owner) == [by_mmsi]
    assert other not in elsewhere(case, here, owner)


def test_a_correction_or_a_retraction_ends_the_contradiction(case: UUID, owner: Actor) -> None:
    here = see(case, owner)
    first, second = (see(case, owner, "2024-05-03T12:00Z", lat=42.24, lon=130.30) for _ in range(2))
    evidence.correct(case_id=case, item=first, changes={"when": "2024-05-04T12:00Z"}, reason="a day later", by=owner)
    assert elsewhere(case, here, owner) == [second]
    evidence.retract(case_id=case, item=second, reason="another ship", by=owner)
    assert elsewhere(case, here, owner) == []


def test_ships_are_compared_within_their_case(case: UUID, owner: Actor) -> None:
    here = see(case, owner)
    second = cases.open_case(title="Trains", by=owner).stream
    see(second, owner, "2024-05-03T12:00Z", lat=42.24, lon=130.30)
    assert elsewhere(case, here, owner) == []


def test_a_submitter_does_not_learn_of_a_sighting_that_they_may_not_see(case: UUID, owner: Actor, bob: Any) -> None:
    cases.add_member(case_id=case, user=bob.pk, role=Role.SUBMITTER, by=owner)
    hidden = see(case, owner)
    own = see(case, Actor.person(bob.pk), "2024-05-03T12:00Z", lat=42.24, lon=130.30)
    assert elsewhere(case, own, Actor.person(bob.pk)) == []
    assert elsewhere(case, hidden, owner) == [own]


# --- both -------------------------------------------------------------------------------------------------


def test_a_rebuild_gives_the_same(case: UUID, owner: Actor, texts: list[UUID]) -> None:
    see(case, owner)
    moved = see(case, owner, "2024-05-03T12:00Z", lat=42.24, lon=130.30)
    evidence.correct(case_id=case, item=moved, changes={"when": "2024-05-03T12:30Z"}, reason="the clock", by=owner)
    tables = (TextPrint, TextMark, Fix)

    def rows() -> list[list[tuple[Any, ...]]]:
        names = [[f.attname for f in table._meta.concrete_fields if f.attname != "id"] for table in tables]
        found = [list(t.objects.values_list(*n)) for t, n in zip(tables, names, strict=True)]
        return [sorted(each, key=str) for each in found]

    before = rows()
    assert all(before)
    rebuild()
    assert rows() == before


def test_an_item_that_is_neither_is_like_nothing(case: UUID, owner: Actor, shared: Path) -> None:
    from tests.enrichment.jobs import submit_picture

    picture = submit_picture(case, owner, shared / "data/exif-samples/jpg/hdr/iphone_hdr_YES.jpg")
    assert compare(case, picture, by=owner) == Comparisons(copies=(), elsewhere=())


def test_a_stranger_does_not_learn_that_the_item_exists(case: UUID, texts: list[UUID], charlie: Any) -> None:
    with pytest.raises(NotFound):
        compare(case, texts[0], by=Actor.person(charlie.pk))


def test_a_source_says_when_it_was_published(case: UUID, owner: Actor, texts: list[UUID]) -> None:
    said = EvidenceSubmitted(kind=Kind.STATEMENT, text=SAID, source=Source(name="A paper", published_at="2024-05-01"))
    paper = evidence.submit_evidence(case_id=case, said=said, by=owner).item
    work(case)
    found = {each.item: each.published_at for each in compare(case, texts[0], by=owner).copies}
    assert found[paper] == "2024-05-01"  # type: ignore[index]
