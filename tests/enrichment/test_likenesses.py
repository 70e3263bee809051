"""Pictures beside others: copies are found however they are turned, at once, among what the reader may see alone."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from PIL import Image

from cases import commands as cases
from cases.domain import Role
from enrichment import likenesses, picture_index
from enrichment.comparisons import compare
from enrichment.hashes import TURNS, turned
from enrichment.likenesses import NearDuplicate, judge
from enrichment.models import PictureHash
from enrichment.picture_index import PictureIndex
from evidence import commands as evidence
from ledger.actors import Actor
from ledger.ids import uuid7
from ledger.read import read
from ledger.rebuild import differing
from ledger.sequence import sequence
from tests.enrichment.hashed import add, output_of, say
from tests.enrichment.jobs import submit_picture, work
from tests.evidence.erasures import erase, of_event, of_item

ORIGINAL, SMALL, SHARP = "aaa-orig.jpg", "shrink-a-lot.jpg", "sharpen-a-lot.jpg"


@pytest.fixture(autouse=True)
def memory(monkeypatch: pytest.MonkeyPatch) -> PictureIndex:
    """What a process that has just begun has in memory."""
    fresh = PictureIndex()
    monkeypatch.setattr(likenesses, "PICTURES", fresh)
    return fresh


@pytest.fixture
def bridge(shared: Path) -> Path:
    return shared / "data/pdq-bridge-mods/images"


@pytest.fixture
def other(shared: Path) -> Path:
    return shared / "data/exif-samples/jpg/Canon_40D.jpg"


def alike(case: UUID, item: UUID, by: Actor) -> list[UUID]:
    return [each.item for each in compare(case, item, by=by).near_duplicates]


def only(case: UUID, item: UUID, by: Actor) -> NearDuplicate:
    [found] = compare(case, item, by=by).near_duplicates
    return found


# --- what is found ----------------------------------------------------------------------------------------


def test_through_the_sandbox_a_copy_is_found_with_its_thumbnail(case: UUID, owner: Actor, bridge: Path) -> None:
    one = submit_picture(case, owner, bridge / SMALL)
    two = submit_picture(case, owner, bridge / "square-128x128.jpg", title="A bridge")
    work(case)
    work(case)
    found = only(case, one, owner)
    assert (found.item, found.case, found.title) == (two, case, "A bridge")
    assert (found.method, found.turned, found.exact, found.earlier) == ("pdq", "upright", False, False)
    assert 0 < found.distance <= 31
    assert found.thumbnail
    assert (found.thumbnail.width, found.thumbnail.height) == (128, 128)
    assert found.thumbnail.address.endswith(f"/evidence/{two}/files/{found.thumbnail.sha256}/")
    assert compare(case, one, by=owner).most_bits == 31
    back = only(case, two, owner)
    assert (back.item, back.earlier) == (one, True)


def test_the_likest_is_shown_first_and_another_subject_is_not(
    case: UUID, owner: Actor, bridge: Path, other: Path
) -> None:
    original, sharp, small = (add(case, owner, bridge / name) for name in (ORIGINAL, SHARP, SMALL))
    stranger = add(case, owner, other)
    again = add(case, owner, bridge / ORIGINAL)
    found = compare(case, original, by=owner).near_duplicates
    assert [each.item for each in found] == [again, sharp, small]
    assert [each.distance for each in found] == sorted(each.distance for each in found)
    assert [each.exact for each in found] == [True, False, False]
    assert alike(case, stranger, owner) == []


@pytest.mark.parametrize("turn", TURNS[1:])
def test_a_turned_copy_is_found_from_both_ends(
    turn: str, case: UUID, owner: Actor, bridge: Path, tmp_path: Path
) -> None:
    path = tmp_path / "turned.png"
    with Image.open(bridge / SMALL) as image:
        Image.fromarray(np.ascontiguousarray(turned(np.asarray(image.convert("RGB")))[turn])).save(path)
    one, two = add(case, owner, bridge / SMALL), add(case, owner, path)
    assert only(case, one, owner).turned == turn
    back = {"rotated_90": "rotated_270", "rotated_270": "rotated_90"}.get(turn, turn)
    assert only(case, two, owner).turned == back


def test_where_one_of_two_lacks_pdq_they_are_compared_by_phash(case: UUID, owner: Actor, bridge: Path) -> None:
    one, two = submit_picture(case, owner, bridge / ORIGINAL), add(case, owner, bridge / SMALL)
    output = output_of(bridge / ORIGINAL)
    without = [each for each in output["hashes"] if each["method"] != "pdq"]
    say(case, one, {**output, "hashes": without})
    assert only(case, one, owner).method == "phash"
    assert (only(case, two, owner).item, only(case, two, owner).method) == (one, "phash")


def test_where_both_have_pdq_a_likeness_by_phash_alone_is_none(case: UUID, owner: Actor, bridge: Path) -> None:
    output = output_of(bridge / ORIGINAL)
    one, two = add(case, owner, bridge / ORIGINAL), submit_picture(case, owner, bridge / ORIGINAL)
    changed = [
        each | ({"hash": f"{int(each['hash'], 16) ^ ((1 << 40) - 1):064x}"} if each["method"] == "pdq" else {})
        for each in output["hashes"]
    ]
    say(case, two, {**output, "hashes": changed})
    assert alike(case, one, owner) == []


def test_featureless_pictures_match_nothing(case: UUID, owner: Actor, tmp_path: Path) -> None:
    items = []
    for colour in ("white", "black", "teal"):
        Image.new("RGB", (300, 200), colour).save(tmp_path / f"{colour}.png")
        items.append(add(case, owner, tmp_path / f"{colour}.png"))
    assert [alike(case, item, owner) for item in items] == [[], [], []]
    assert not PictureHash.objects.exists()


def test_hashes_that_are_none_are_not_kept(case: UUID, owner: Actor, bridge: Path) -> None:
    """A child that was taken over may say anything."""
    item = submit_picture(case, owner, bridge / SMALL)
    wrong = [{"method": "pdq", "hash": "f" * 63}, {"method": "phash", "hash": 5}, {"method": "other", "hash": "f" * 64}]
    say(case, item, {"hashes": wrong, "featureless": False})
    assert not PictureHash.objects.exists()
    assert alike(case, item, owner) == []


@pytest.mark.parametrize("bits", [0, 31, 32])
def test_the_bound_is_31_bits(bits: int) -> None:
    variants = {"phash": dict.fromkeys(TURNS, "f" * 64) | {"upright": "0" * 64}}
    found = judge(variants, {"phash": f"{(1 << bits) - 1:064x}"})
    assert (found.distance if found else None) == (bits if bits <= 31 else None)


# --- who is shown what ------------------------------------------------------------------------------------


def test_copies_in_other_cases_neither_show_nor_stand_in_the_way(
    case: UUID, owner: Actor, bob: Any, bridge: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(likenesses, "SHOWN", 2)
    monkeypatch.setattr(likenesses, "_AT_ONCE", 2)
    stranger = Actor.person(bob.pk)
    theirs = cases.open_case(title="Trains", by=stranger).stream
    hidden = [add(theirs, stranger, bridge / ORIGINAL) for _ in range(5)]
    one, small = add(case, owner, bridge / ORIGINAL), add(case, owner, bridge / SMALL)
    # Nearer ones, before it, in a case that the reader knows nothing of.
    assert alike(case, one, owner) == [small]
    assert set(alike(theirs, hidden[0], stranger)) < set(hidden)
    cases.add_member(case_id=theirs, user=owner.user, role=Role.VIEWER, by=stranger)
    assert len(alike(case, one, owner)) == 2
    assert set(alike(case, one, owner)) < set(hidden)
    assert len(alike(theirs, hidden[0], stranger)) == 2


def test_memory_is_searched_in_the_cases_that_are_named(
    case: UUID, owner: Actor, bridge: Path, memory: PictureIndex
) -> None:
    second = cases.open_case(title="Trains", by=owner).stream
    one, other = add(case, owner, bridge / ORIGINAL), add(second, owner, bridge / ORIGINAL)
    variants = {each["method"]: [each["hash"]] for each in output_of(bridge / SMALL)["hashes"] if each["bits"] == 256}
    assert memory.near(variants, [case]) == [one]
    assert memory.near(variants, [second, uuid7()]) == [other]
    assert memory.near(variants, []) == []


def test_a_submitter_is_shown_their_own_alone(case: UUID, owner: Actor, bob: Any, bridge: Path) -> None:
    cases.add_member(case_id=case, user=bob.pk, role=Role.SUBMITTER, by=owner)
    submitter = Actor.person(bob.pk)
    hidden = add(case, owner, bridge / ORIGINAL)
    first, second = (add(case, submitter, bridge / name) for name in (SHARP, SMALL))
    assert alike(case, first, submitter) == [second]
    assert set(alike(case, first, owner)) == {hidden, second}


def test_a_token_for_one_case_shows_no_other(case: UUID, owner: Actor, bridge: Path) -> None:
    second = cases.open_case(title="Trains", by=owner).stream
    one, copy = add(case, owner, bridge / ORIGINAL), add(second, owner, bridge / SMALL)
    assert alike(case, one, owner) == [copy]
    bound = Actor(name=f"token:{uuid7()}", user=owner.user, case=case)
    assert alike(case, one, bound) == []


def test_a_graphic_picture_and_a_retracted_one_say_so(case: UUID, owner: Actor, bridge: Path) -> None:
    one, two = add(case, owner, bridge / ORIGINAL), add(case, owner, bridge / SMALL, graphic=True)
    assert (only(case, one, owner).graphic, only(case, one, owner).retracted) == (True, False)
    evidence.retract(case_id=case, item=two, reason="a mistake", by=owner)
    assert only(case, one, owner).retracted


# --- what is new, and what is gone ------------------------------------------------------------------------


@pytest.mark.parametrize("placed", [False, True])
def test_what_another_process_added_a_moment_ago_is_found(
    placed: bool, case: UUID, owner: Actor, bridge: Path, memory: PictureIndex
) -> None:
    one = add(case, owner, bridge / ORIGINAL)
    assert alike(case, one, owner) == []
    added = []
    for name in (SMALL, SHARP, "blur-a-lot.jpg"):
        # Nothing tells this process of it but the database.
        added.append(add(case, owner, bridge / name))
        if placed:
            while sequence():
                pass
        assert set(alike(case, one, owner)) == set(added)
    while sequence():
        pass
    assert set(alike(case, one, owner)) == set(added)
    assert set(alike(case, one, owner)) == set(added)


def test_a_row_that_was_committed_late_with_a_low_id_is_found(case: UUID, owner: Actor, bridge: Path) -> None:
    """Ids of the database say nothing of when a row came to be seen."""
    one, late, early = (add(case, owner, bridge / name) for name in (ORIGINAL, SMALL, SHARP))
    rows = list(PictureHash.objects.filter(item=late))
    while sequence():
        pass
    PictureHash.objects.filter(item=late).delete()
    assert alike(case, one, owner) == [early]
    event = say(case, late, output_of(bridge / SMALL))
    PictureHash.objects.filter(item=late).delete()
    for row in rows:
        row.event = event
        row.save(force_insert=True)
    assert set(alike(case, one, owner)) == {early, late}


def test_what_was_erased_is_no_copy_any_more(case: UUID, owner: Actor, bob: Any, bridge: Path) -> None:
    reviewer = Actor.person(bob.pk)
    cases.add_member(case_id=case, user=bob.pk, role=Role.REVIEWER, by=owner)
    one, two = add(case, owner, bridge / ORIGINAL), add(case, owner, bridge / SMALL)
    assert alike(case, one, owner) == [two]
    [found] = [each for each in read(case, item=two) if each.name == "evidence.enriched"]
    erase(case, of_event(found.id, "output"), asks=owner, agrees=reviewer)
    assert alike(case, one, owner) == []
    assert alike(case, two, owner) == []
    assert differing() == []


def test_an_erased_file_leaves_no_hash(case: UUID, owner: Actor, bob: Any, bridge: Path) -> None:
    reviewer = Actor.person(bob.pk)
    cases.add_member(case_id=case, user=bob.pk, role=Role.REVIEWER, by=owner)
    one, two = add(case, owner, bridge / ORIGINAL), add(case, owner, bridge / SMALL)
    assert alike(case, one, owner) == [two]
    erase(case, of_item(two, "file"), asks=owner, agrees=reviewer)
    assert alike(case, one, owner) == []
    assert not PictureHash.objects.filter(item=two).exists()


def test_an_earlier_result_that_holds_again_is_found(
    case: UUID, owner: Actor, bob: Any, bridge: Path, other: Path
) -> None:
    """The last result of a tool is erased; this process never saw the one before it."""
    reviewer = Actor.person(bob.pk)
    cases.add_member(case_id=case, user=bob.pk, role=Role.REVIEWER, by=owner)
    one, two = add(case, owner, bridge / ORIGINAL), add(case, owner, bridge / SMALL)
    later = say(case, two, output_of(other))
    while sequence():
        pass
    assert alike(case, one, owner) == []
    erase(case, of_event(later, "output"), asks=owner, agrees=reviewer)
    assert alike(case, one, owner) == [two]
    assert differing() == []


def test_a_newer_result_takes_the_place_of_an_older_one(case: UUID, owner: Actor, bridge: Path, other: Path) -> None:
    one, two = add(case, owner, bridge / ORIGINAL), add(case, owner, bridge / SMALL)
    assert alike(case, one, owner) == [two]
    say(case, two, output_of(other))
    assert alike(case, one, owner) == []
    assert PictureHash.objects.filter(item=two).count() == 2


def test_a_database_that_was_put_back_is_read_anew(
    case: UUID, owner: Actor, bridge: Path, memory: PictureIndex
) -> None:
    one, two = add(case, owner, bridge / ORIGINAL), add(case, owner, bridge / SMALL)
    while sequence():
        pass
    # As if it had followed another log for longer.
    memory._state = dataclasses.replace(memory._state, loaded=True, size=10_000, last=uuid7())
    assert alike(case, one, owner) == [two]


def test_a_rebuild_gives_the_same_rows(case: UUID, owner: Actor, bridge: Path, other: Path) -> None:
    items = [add(case, owner, bridge / name) for name in (ORIGINAL, SMALL)]
    say(case, items[0], output_of(other))
    evidence.retract(case_id=case, item=items[1], reason="a mistake", by=owner)
    assert PictureHash.objects.count() == 4
    assert differing() == []


def test_a_look_up_asks_as_much_however_many_pictures_there_are(case: UUID, owner: Actor, bridge: Path) -> None:
    one, _ = add(case, owner, bridge / ORIGINAL), add(case, owner, bridge / SMALL)
    row = likenesses.ItemState.objects.now().get(item=one)

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            likenesses.near_duplicates(row, by=owner)
        return len(queries)

    asked()
    few = asked()
    for name in (SHARP, "blur-a-lot.jpg", "blur-a-little.jpg", "high-contrast.jpg"):
        add(case, owner, bridge / name)
    asked()
    assert asked() == few
    assert few <= 12


def test_memory_holds_each_picture_once(case: UUID, owner: Actor, bridge: Path, memory: PictureIndex) -> None:
    one = add(case, owner, bridge / ORIGINAL)
    for name in (SMALL, SHARP):
        add(case, owner, bridge / name)
        while sequence():
            pass
        for _ in range(3):
            alike(case, one, owner)
    held = memory._state.kept
    assert {method: len(held[method]) for method in picture_index.METHODS} == {"pdq": 3, "phash": 3}
