"""Finding, among very many hashes of 256 bits, all that differ from one in at most 31 bits; none is missed.

Multi-index hashing: Norouzi, Punjani and Fleet, "Fast Exact Search in Hamming Space with Multi-Index Hashing" (2014).
A hash is cut into 16 chunks of 16 bits. Where two hashes differ in at most 31 bits, they differ in at most one bit of
some chunk, for 16 chunks of two bits are 32. So for each chunk the rows that have exactly this value there, or one of
the 16 values beside it, are looked up, and the whole hashes of these few are compared.

At 1,000,000 random hashes some 4,150 are compared for one. Where many are alike it is more; from a quarter of all on,
all are compared instead, which costs less than collecting them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

METHODS = ("pdq", "phash")
"""The methods of `hashes` that give 256 bits. Two pictures are compared by the first that both have."""

BITS, CHUNKS, WORDS = 256, 16, 4
WITHIN = 31
"""Bits of 256 that two hashes may differ in. Facebook's own matcher of PDQ hashes has the same bound."""

LEAST_TAIL, PART_OF_TAIL = 4096, 16
"""New hashes are compared one by one until there are so many, and so large a part (one of 16) of all."""

_VALUES = 1 << 16
_AT_ONCE = 1 << 15
"""Rows that are compared in one go, so that what is between stays in the processor's cache."""

Hashes: TypeAlias = NDArray[np.uint64]
"""A row of four words for each hash, as `words` makes them."""

Rows: TypeAlias = NDArray[np.int64]
Distances: TypeAlias = NDArray[np.uint16]


def is_hash(value: object) -> bool:
    """Say whether something is a hash of 256 bits in hexadecimal."""
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None


def words(hashes: bytes) -> Hashes:
    """Read hashes of 32 bytes that follow one another."""
    found: Hashes = np.frombuffer(hashes, dtype=np.uint64).reshape(-1, WORDS)
    return found


def distances(hashes: Hashes, one: Hashes) -> Distances:
    """Count the bits in which each of some hashes differs from one."""
    # Repeated first: NumPy is slow at four words many times over.
    counts = np.bitwise_count(hashes ^ np.repeat(one[None], len(hashes), axis=0)).view(np.uint32).ravel()
    # Four counts of at most 64 lie in one number; two lanes of 16 bits hold their sums.
    sums = (counts & 0x00FF00FF) + ((counts >> 8) & 0x00FF00FF)
    found: Distances = (sums + (sums >> 16)).astype(np.uint16)
    return found


class Growing:
    """A NumPy array that rows are appended to; it has room for a quarter more."""

    def __init__(self, *shape: int, dtype: Any) -> None:
        self._room: NDArray[Any] = np.empty((0, *shape), dtype)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def rows(self) -> NDArray[Any]:
        return self._room[: self._count]

    def add(self, rows: NDArray[Any]) -> None:
        needed = self._count + len(rows)
        if needed > len(self._room):
            room = np.empty((needed * 5 // 4, *self._room.shape[1:]), self._room.dtype)
            room[: self._count] = self.rows
            self._room = room
        self._room[self._count : needed] = rows
        self._count = needed


class NearDuplicates:
    """Hashes in rows, which are numbered from 0 in the order in which they came; not for several threads at once.

    For each row it holds 96 bytes, 32 of the hash and 4 for each chunk, and room for a quarter more hashes; beside them
    4 MB for the values of the chunks.
    """

    def __init__(self) -> None:
        self._hashes = Growing(WORDS, dtype=np.uint64)
        self._built = 0
        self._in_order = np.empty(0, np.int32)
        self._begins = np.zeros(CHUNKS * (_VALUES + 1), np.int32)

    def __len__(self) -> int:
        return len(self._hashes)

    def add(self, hashes: Hashes) -> None:
        """Append rows; most are only compared one by one until there are enough to order all anew."""
        self._hashes.add(hashes)
        if len(self) - self._built > max(LEAST_TAIL, len(self) // PART_OF_TAIL):
            self._build()

    def within(self, one: Hashes) -> tuple[Rows, Distances]:
        """Find the rows within 31 bits of a hash, in no order, each once; and how far each is."""
        found = list(self._among(one))
        return np.concatenate([rows for rows, _ in found]), np.concatenate([far for _, far in found])

    def _among(self, one: Hashes) -> Iterator[tuple[Rows, Distances]]:
        yield np.empty(0, np.int64), np.empty(0, np.uint16)
        begins, counts = self._buckets(one)
        ends = np.cumsum(counts)
        total = int(ends[-1])
        if total > self._built // 4:
            yield from self._scan(one, 0, len(self))
            return
        places = np.arange(total) + np.repeat(begins - (ends - counts), counts)
        rows = self._in_order.take(places, mode="clip")
        # No row is out of bounds; asked to clip, NumPy does not look for one first.
        far = distances(self._hashes.rows.take(rows, axis=0, mode="clip"), one)
        near = np.flatnonzero(far <= WITHIN)
        # One that is alike in several chunks was met several times.
        once, first = np.unique(rows[near], return_index=True)
        yield once.astype(np.int64), far[near[first]]
        yield from self._scan(one, self._built, len(self))

    def _buckets(self, one: Hashes) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Find where, in the order of each chunk, the rows of the 17 values begin, and how many they are."""
        values = one.view(np.uint16).astype(np.int64)
        at = ((values[:, None] ^ _BESIDE) + _CHUNK).ravel()
        begins = self._begins.take(at)
        return begins, self._begins.take(at + 1) - begins

    def _scan(self, one: Hashes, first: int, last: int) -> Iterator[tuple[Rows, Distances]]:
        for begin in range(first, last, _AT_ONCE):
            far = distances(self._hashes.rows[begin : min(begin + _AT_ONCE, last)], one)
            near = np.flatnonzero(far <= WITHIN)
            yield near + begin, far[near]

    def _build(self) -> None:
        """Put the rows in order by the value of each chunk, and note where each value begins."""
        chunks = self._hashes.rows.view(np.uint16)
        count = len(self)
        in_order = np.empty((CHUNKS, count), np.int32)
        begins = np.zeros((CHUNKS, _VALUES + 1), np.int32)
        for chunk in range(CHUNKS):
            values = np.ascontiguousarray(chunks[:, chunk])
            # Of 16 bits, a stable sort is a radix sort.
            in_order[chunk] = np.argsort(values, kind="stable")
            np.cumsum(np.bincount(values, minlength=_VALUES), out=begins[chunk, 1:])
            begins[chunk] += chunk * count
        self._in_order, self._begins, self._built = in_order.ravel(), begins.ravel(), count


_BESIDE = np.array([0, *(1 << bit for bit in range(16))])
_CHUNK = (np.arange(CHUNKS) * (_VALUES + 1))[:, None]
