"""Looking up the hashes near one, against comparing all of them with NumPy; and what a process holds in memory."""

from __future__ import annotations

import tracemalloc
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.figures import Figure, in_turns
from benchmarks.place import Place
from enrichment.near_duplicates import BITS, WITHIN, WORDS, Hashes, NearDuplicates, words

DATABASES = ("sqlite",)

COPIES = 100
"""Hashes of one cluster: a picture that many have sent, each in another size."""


@dataclass(frozen=True)
class Size:
    hashes: int
    looks: int
    rounds: int


FULL = Size(hashes=1_000_000, looks=200, rounds=5)
QUICK = Size(hashes=200_000, looks=100, rounds=3)
TINY = Size(hashes=10_000, looks=10, rounds=1)


def run(place: Place, size: Size) -> list[Figure]:
    """Measure look-ups a second, and bytes for each picture."""
    rng = np.random.default_rng(1)
    figures = []
    for what, hashes in (
        ("random", scattered(rng, size.hashes)),
        (f"in clusters of {COPIES}", heaps(rng, size.hashes)),
    ):
        index = NearDuplicates()
        index.add(hashes)
        asked = np.array([changed(rng, one) for one in hashes[rng.integers(0, len(hashes), size.looks)]])
        columns = np.ascontiguousarray(hashes.T)
        check(index, columns, asked)
        rates = in_turns(partial(_ours, index, asked), partial(_all, columns, asked), rounds=size.rounds)
        what = f"look-up of a picture among {size.hashes:,} hashes, {what}, against comparing all"
        figures.append(Figure(what=what, ours=rates[0], control=rates[1], unit="look-ups/s", least=20))
    what = f"memory for one hash of {size.hashes:,}, with its item and case, against the hash alone"
    figures.append(Figure(what=what, ours=_memory(size.hashes), control=BITS / 8, unit="bytes", most=5))
    return figures


def scattered(rng: np.random.Generator, count: int) -> Hashes:
    """Make random hashes: no two of them are near one another."""
    return rng.integers(0, 1 << 64, (count, WORDS), dtype=np.uint64)


def heaps(rng: np.random.Generator, count: int) -> Hashes:
    """Make clusters whose hashes lie some 15 bits from their centre, as those of edited copies do."""
    centres = np.repeat(scattered(rng, -(-count // COPIES)), COPIES, axis=0)[:count]
    few = scattered(rng, count)
    for _ in range(3):
        few &= scattered(rng, count)
    return centres ^ few


def changed(rng: np.random.Generator, one: Hashes) -> Hashes:
    """Change some bits of a hash, as another size of the picture does."""
    bits = np.unpackbits(one.view(np.uint8))
    bits[rng.choice(BITS, 12, replace=False)] ^= 1
    return words(np.packbits(bits).tobytes())[0]


def compare_all(columns: Hashes, one: Hashes) -> Any:
    """Compare all hashes, in the way that is the fastest of those that NumPy offers: each word of all in a row."""
    far = np.bitwise_count(columns[0] ^ one[0]).astype(np.uint16)
    for word in range(1, WORDS):
        far += np.bitwise_count(columns[word] ^ one[word])
    return np.flatnonzero(far <= WITHIN)


def check(index: NearDuplicates, columns: Hashes, asked: Hashes) -> None:
    """See that both find the same, and something."""
    for one in asked:
        found = np.sort(index.within(one)[0])
        assert len(found), "a neighbour was missed"
        assert np.array_equal(found, compare_all(columns, one)), "the index finds other hashes than comparing all"


def _ours(index: NearDuplicates, asked: Hashes) -> float:
    begin = perf_counter()
    for one in asked:
        index.within(one)
    return len(asked) / (perf_counter() - begin)


def _all(columns: Hashes, asked: Hashes) -> float:
    begin = perf_counter()
    for one in asked:
        compare_all(columns, one)
    return len(asked) / (perf_counter() - begin)


def _memory(count: int) -> float:
    """Fill what a process holds of one method with so many rows; give bytes a row, but for what is there once."""
    from enrichment.picture_index import CHUNK, Pictures
    from ledger.ids import uuid7

    case, numbers = uuid7(), {}
    hashes = scattered(np.random.default_rng(2), count)
    tracemalloc.start()
    try:
        pictures = Pictures()
        empty, _ = tracemalloc.get_traced_memory()
        for first in range(0, count, CHUNK):
            some = hashes[first : first + CHUNK]
            pictures.add([(uuid7(), case, "pdq", each.tobytes().hex()) for each in some], numbers)
        full, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return (full - empty) / count
