"""Perceptual hashes: what edits, decoders and turns change of them, and what is too plain to be compared."""

from __future__ import annotations

import csv
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from enrichment import hashes
from enrichment.domain import EnricherInput, PermanentFailure, Result
from enrichment.enrichers.perceptual_hash import SIDE, PictureHash, PictureHashes, read_hashes
from enrichment.hashes import TURNS, turned
from tests.enrichment.test_image import png_header

WITHIN = 31
COMPARED = ("pdq", "phash")


def see(path: Path) -> Result:
    return read_hashes(EnricherInput(kind="image", fields={}, original=path, folder=path.parent))


def hashed(path: Path) -> dict[str, PictureHash]:
    output: PictureHashes = see(path).output
    return {each.method: each for each in output.hashes}


def apart(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


def ways(found: PictureHash) -> dict[str, str]:
    return {TURNS[0]: found.hash, **found.turned}


def nearest(found: PictureHash, other: PictureHash) -> tuple[int, str]:
    """Say in how many bits one picture, turned as it must be, differs from another; and how that is."""
    return min((apart(each, other.hash), name) for name, each in ways(found).items())


@pytest.fixture
def bridge(shared: Path) -> Path:
    return shared / "data/pdq-bridge-mods"


# --- edits ------------------------------------------------------------------------------------------------


def test_all_edits_of_one_photograph_stay_within_the_threshold(bridge: Path) -> None:
    with (bridge / "expected.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    found = [hashed(bridge / row["file"]) for row in rows]
    assert len(found) == 12
    off = [apart(each["pdq"].hash, row["pdq_hex"]) for each, row in zip(found, rows, strict=True)]
    assert max(off) <= 4
    assert {each["pdq"].quality for each in found} == {100}
    for method in COMPARED:
        assert [each for each in found if apart(each[method].hash, found[0][method].hash) > WITHIN] == []


def test_all_eight_orientations_match_upright(shared: Path) -> None:
    for series in ("landscape", "portrait"):
        folder = shared / "data/exif-samples/jpg/orientation"
        first, *others = [hashed(folder / f"{series}_{number}.jpg") for number in range(1, 9)]
        for method in COMPARED:
            # Each has a number of its own printed on it.
            found = [nearest(first[method], each[method]) for each in others]
            assert {turn for _, turn in found} == {"upright"}
            assert max(bits for bits, _ in found) <= WITHIN


def test_other_subjects_do_not_match_whichever_way_they_are_turned(shared: Path) -> None:
    folder = shared / "data/exif-samples/jpg"
    names = ["Canon_40D", "Fujifilm_FinePix_E500", "Kodak_CX7530", "Nikon_D70", "Olympus_C8080WZ", "Sony_HDR-HC3"]
    found = [hashed(folder / f"{name}.jpg") for name in names]
    for one, other in combinations(found, 2):
        for method in COMPARED:
            assert nearest(one[method], other[method])[0] > 2 * WITHIN


@pytest.mark.parametrize("turn", TURNS)
def test_a_turned_copy_is_found_under_the_name_of_its_turn(turn: str, bridge: Path, tmp_path: Path) -> None:
    original = bridge / "images/shrink-a-lot.jpg"
    path = tmp_path / "turned.png"
    with Image.open(original) as image:
        Image.fromarray(np.ascontiguousarray(turned(np.asarray(image.convert("RGB")))[turn])).save(path)
    one, other = hashed(original), hashed(path)
    for method in COMPARED:
        bits, name = nearest(one[method], other[method])
        assert (name, bits <= WITHIN) == (turn, True)
    assert nearest(one["dhash"], other["dhash"])[0] == 0


def test_a_large_picture_and_a_small_copy_of_it_match(bridge: Path, tmp_path: Path) -> None:
    for size in (SIDE * 2, SIDE * 2 * 1004 // 1600), (600, 400):
        path = tmp_path / f"{size[0]}.jpg"
        with Image.open(bridge / "images/aaa-orig.jpg") as image:
            image.resize(size).save(path)
    large, small = hashed(tmp_path / f"{SIDE * 2}.jpg"), hashed(tmp_path / "600.jpg")
    for method in COMPARED:
        assert apart(large[method].hash, small[method].hash) <= WITHIN


# --- the hashes themselves --------------------------------------------------------------------------------


def luma(seed: int) -> hashes.Luma:
    return np.random.default_rng(seed).uniform(0, 255, (hashes.SIDE, hashes.SIDE))


def test_half_of_the_bits_are_set_and_brightness_changes_none() -> None:
    one = luma(1)
    found = hashes.phash(one)
    assert int(found, 16).bit_count() == 128
    assert hashes.phash(one / 2 + 60) == found
    assert hashes.dhash(one / 2 + 60) == hashes.dhash(one)


def test_the_first_bits_are_those_of_the_slowest_waves() -> None:
    across = np.cos(np.pi * (np.arange(hashes.SIDE) + 0.5) / hashes.SIDE)
    wave = 127 + 50 * across[:, None] * across[None, :] + luma(2) / 1000
    # One wave down and one across is in frequency 1 of both: the first bit of the first row.
    assert int(hashes.phash(wave)[0], 16) & 8
    assert not int(hashes.phash(255 - wave)[0], 16) & 8


def test_the_difference_hash_says_where_it_becomes_brighter_to_the_right() -> None:
    ramp = np.tile(np.arange(hashes.SIDE, dtype=float), (hashes.SIDE, 1))
    assert hashes.dhash(ramp) == "f" * 16
    assert hashes.dhash(ramp[:, ::-1]) == "0" * 16
    assert hashes.dhash(ramp.T) == "0" * 16


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1 << 32), st.sampled_from(TURNS))
def test_variants_are_the_hashes_of_the_turned_picture(seed: int, turn: str) -> None:
    one = luma(seed)
    for method in (hashes.phash, hashes.dhash):
        assert hashes.variants(one, method)[turn] == method(turned(one)[turn])


# --- what tells too little, and what is none --------------------------------------------------------------


@pytest.mark.parametrize("size", [(1, 1), (5000, 1), (1, 5000), (64, 64), (300, 200)])
def test_a_plain_picture_is_marked_as_featureless(size: tuple[int, int], tmp_path: Path) -> None:
    path = tmp_path / "plain.png"
    Image.new("RGB", size, "teal").save(path)
    output = see(path).output
    assert output.featureless
    assert {each.quality for each in output.hashes} == {0, None}


def test_a_photograph_is_not_featureless(bridge: Path) -> None:
    assert not see(bridge / "images/square-128x128.jpg").output.featureless


def test_what_is_transparent_lies_on_white(tmp_path: Path) -> None:
    """What is hidden under full transparency is not what is seen."""
    with Image.radial_gradient("L") as circle:
        shown = Image.merge("RGBA", (circle, circle, circle, Image.new("L", circle.size, 255)))
        under = Image.merge("RGBA", (circle, circle, circle, Image.new("L", circle.size, 0)))
    shown.save(tmp_path / "shown.png")
    under.save(tmp_path / "under.png")
    assert not see(tmp_path / "shown.png").output.featureless
    assert see(tmp_path / "under.png").output.featureless


@pytest.mark.parametrize("content", [b"", b"text", b"%PDF-1.7", b"<svg xmlns='http://www.w3.org/2000/svg'/>"])
def test_what_is_no_picture_has_a_reason(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "made.png"
    path.write_bytes(content)
    with pytest.raises(PermanentFailure, match="Not a picture"):
        see(path)


def test_a_picture_that_announces_too_much_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png_header(50_000, 50_000))
    with pytest.raises(PermanentFailure, match="more than 100,000,000 pixels"):
        see(path)
