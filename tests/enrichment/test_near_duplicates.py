"""The index of hashes misses none: its answers are those of comparing all, however the hashes are spread."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment import near_duplicates
from enrichment.near_duplicates import BITS, LEAST_TAIL, WITHIN, WORDS, Hashes, NearDuplicates, distances, words


def random_hashes(rng: np.random.Generator, count: int) -> Hashes:
    return rng.integers(0, 1 << 64, (count, WORDS), dtype=np.uint64)


def flipped(rng: np.random.Generator, one: Hashes, bits: int) -> Hashes:
    """Change so many bits of a hash, chosen at random."""
    found = np.unpackbits(one.view(np.uint8))
    found[rng.choice(BITS, bits, replace=False)] ^= 1
    return words(np.packbits(found).tobytes())[0]


def by_comparing_all(hashes: Hashes, one: Hashes) -> dict[int, int]:
    far = [int.bit_count(int.from_bytes(each.tobytes()) ^ int.from_bytes(one.tobytes())) for each in hashes]
    return {row: bits for row, bits in enumerate(far) if bits <= WITHIN}


def found_in(index: NearDuplicates, one: Hashes) -> dict[int, int]:
    rows, far = index.within(one)
    assert len(set(rows.tolist())) == len(rows)
    return dict(zip(rows.tolist(), far.tolist(), strict=True))


def index_of(hashes: Hashes) -> NearDuplicates:
    index = NearDuplicates()
    index.add(hashes)
    return index


def test_every_planted_neighbour_up_to_the_bound_is_found_and_none_beyond() -> None:
    rng = np.random.default_rng(1)
    one = random_hashes(rng, 1)[0]
    planted = np.array([flipped(rng, one, bits) for bits in range(64) for _ in range(20)])
    index = index_of(np.concatenate([random_hashes(rng, 20_000), planted]))
    expected = {20_000 + 20 * bits + n: bits for bits in range(WITHIN + 1) for n in range(20)}
    assert found_in(index, one) == expected


def test_bits_that_are_spread_as_badly_as_can_be_are_found() -> None:
    """Two bits in each of 15 chunks and one in the last: what the pigeonhole leaves."""
    rng = np.random.default_rng(2)
    hashes = random_hashes(rng, 10_000)
    one = hashes[77]
    for chunk in range(near_duplicates.CHUNKS):
        difference = np.full(near_duplicates.CHUNKS, 0b101, np.uint16)
        difference[chunk] = 0b1000
        assert found_in(index_of(hashes), one ^ difference.view(np.uint64)) == {77: WITHIN}


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1 << 32), spread=st.integers(0, 40), copies=st.integers(0, 300))
def test_clusters_of_like_hashes_are_found_whole(seed: int, spread: int, copies: int) -> None:
    rng = np.random.default_rng(seed)
    centres = random_hashes(rng, 5)
    near = [flipped(rng, centres[n % 5], int(rng.integers(0, spread + 1))) for n in range(copies)]
    hashes = np.concatenate([random_hashes(rng, LEAST_TAIL + 1), *(each[None] for each in near)])
    index = index_of(hashes[: LEAST_TAIL + 1 + copies // 2])
    index.add(hashes[LEAST_TAIL + 1 + copies // 2 :])
    for one in (*centres, hashes[-1]):
        assert found_in(index, one) == by_comparing_all(hashes, one)


@pytest.mark.parametrize("share", [0.1, 0.9])
def test_very_many_copies_of_one_picture_are_all_found(share: float) -> None:
    rng = np.random.default_rng(3)
    hashes = random_hashes(rng, 10_000)
    one = hashes[0].copy()
    hashes[: int(10_000 * share)] = one
    index = index_of(hashes)
    assert found_in(index, one) == dict.fromkeys(range(int(10_000 * share)), 0)


def test_rows_that_are_new_are_found_before_and_after_they_are_put_in_order() -> None:
    rng = np.random.default_rng(4)
    index = NearDuplicates()
    assert found_in(index, random_hashes(rng, 1)[0]) == {}
    expected: dict[int, Hashes] = {}
    for size in (1, 50, LEAST_TAIL, 3, 20_000, 1500, 1):
        new = random_hashes(rng, size)
        index.add(new)
        expected[len(index) - 1] = new[-1]
        for row, one in expected.items():
            assert found_in(index, flipped(rng, one, 5)) == {row: 5}
    assert len(index) == sum((1, 50, LEAST_TAIL, 3, 20_000, 1500, 1))


def test_distances_are_counted_over_all_bits() -> None:
    rng = np.random.default_rng(5)
    one = random_hashes(rng, 1)[0]
    hashes = np.array([flipped(rng, one, bits) for bits in range(BITS + 1)])
    assert distances(hashes, one).tolist() == list(range(BITS + 1))
