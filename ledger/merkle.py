"""The Merkle tree over all events, and its proofs: RFC 6962 (section 2.1), verified as in RFC 9162 (2.1.3, 2.1.4).

Pure. Hashes are 32 bytes (SHA-256). A node is named by its level (0: leaves) and its index on that level: the whole
subtree over the leaves from `index << level` up to, not including, `(index + 1) << level`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

Nodes = Callable[[int, int], bytes]
"""Gives the hash of a whole subtree by level and index."""

EMPTY = sha256().digest()
"""The root of a tree without leaves."""


def leaf_hash(data: bytes) -> bytes:
    """Hash a leaf."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash an inner node."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True)
class Frontier:
    """The right edge of a tree: the roots of the whole subtrees it is made of, the largest first.

    It is all that is needed to add leaves and to know the root: one hash for each 1 in the binary form of `size`.
    """

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def add(self, leaf: bytes) -> tuple[Frontier, list[tuple[int, int, bytes]]]:
        """Add a leaf's hash; return the new edge, and each whole subtree that this completed (level, index, hash)."""
        peaks, level, hash_ = list(self.peaks), 0, leaf
        whole = [(0, self.size, leaf)]
        while self.size >> level & 1:
            hash_ = node_hash(peaks.pop(), hash_)
            level += 1
            whole.append((level, self.size >> level, hash_))
        return Frontier(self.size + 1, (*peaks, hash_)), whole

    @property
    def root(self) -> bytes:
        """The tree's root."""
        if not self.peaks:
            return EMPTY
        *left, root = self.peaks
        for peak in reversed(left):
            root = node_hash(peak, root)
        return root


def root_of(size: int, nodes: Nodes) -> bytes:
    """Compute the root of the tree's first `size` leaves."""
    return _range_root(0, size, nodes) if size else EMPTY


def inclusion_proof(index: int, size: int, nodes: Nodes) -> list[bytes]:
    """Make the audit path of the leaf at `index` in the tree of `size` leaves, from the leaf up.

    :raises IndexError: the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise IndexError(f"A tree of {size} leaves has no leaf {index}.")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range_root(middle, end, nodes))
            end = middle
        else:
            path.append(_range_root(start, middle, nodes))
            start = middle
    return path[::-1]


def consistency_proof(first: int, second: int, nodes: Nodes) -> list[bytes]:
    """Prove that the tree of `first` leaves is the beginning of the tree of `second` leaves.

    :raises IndexError: the first tree is not the smaller one.
    """
    if not 0 <= first <= second:
        raise IndexError(f"A tree of {first} leaves is no beginning of one of {second}.")
    return list(_consistency(first, 0, second, nodes, whole=True)) if 0 < first < second else []


def verify_inclusion(*, leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Check an audit path (RFC 9162, section 2.1.3.2). Whatever the numbers are, the answer is yes or no."""
    if not 0 <= index < size or len(leaf) != 32 or any(len(each) != 32 for each in proof):
        return False
    at, last, hash_ = index, size - 1, leaf
    for each in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            hash_ = node_hash(each, hash_)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            hash_ = node_hash(hash_, each)
        at, last = at >> 1, last >> 1
    return last == 0 and hash_ == root


def verify_consistency(
    *, first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Check that one tree is the beginning of another (RFC 9162, section 2.1.4.2)."""
    if not 0 <= first <= second or any(len(each) != 32 for each in proof):
        return False
    if first == 0 and first_root != EMPTY:
        return False
    if first in {0, second}:
        # Every tree begins with the empty one.
        return not proof and (first < second or first_root == second_root)
    path = list(proof) if first & (first - 1) else [first_root, *proof]
    if not path:
        return False
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = path[0]
    for each in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = node_hash(each, old), node_hash(each, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, each)
        at, last = at >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


def _split(size: int) -> int:
    """The largest power of two below a size of at least 2."""
    return 1 << (size - 1).bit_length() - 1


def _range_root(start: int, end: int, nodes: Nodes) -> bytes:
    """Hash the leaves from `start` to `end`; `start` is a multiple of a power of two that is not below the length."""
    length = end - start
    if length & (length - 1) == 0:
        level = length.bit_length() - 1
        return nodes(level, start >> level)
    middle = start + _split(length)
    return node_hash(_range_root(start, middle, nodes), _range_root(middle, end, nodes))


def _consistency(first: int, start: int, end: int, nodes: Nodes, *, whole: bool) -> Iterator[bytes]:
    """SUBPROOF of RFC 6962, section 2.1.2, over the leaves from `start` to `end`; `whole`: b is true there."""
    if first == end:
        if not whole:
            yield _range_root(start, end, nodes)
        return
    middle = start + _split(end - start)
    if first <= middle:
        yield from _consistency(first, start, middle, nodes, whole=whole)
        yield _range_root(middle, end, nodes)
    else:
        yield from _consistency(first, middle, end, nodes, whole=False)
        yield _range_root(start, middle, nodes)
