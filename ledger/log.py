"""The log of all events as readers see it: its entries, its nodes, and proofs about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from ledger import merkle
from ledger.errors import Invalid, NotFound
from ledger.merkle import Frontier, leaf_hash, node_hash
from ledger.models import Entry, LogHead, Subtree
from ledger.sequence import KEPT, edge_of


def edge() -> Frontier:
    """Read the right edge of the tree as it stands."""
    head = LogHead.objects.first()
    return edge_of(head) if head else Frontier()


class Nodes:
    """Hashes of whole subtrees, read from what is kept; one reader remembers what it read."""

    def __init__(self) -> None:
        self.hashes = lru_cache(maxsize=256)(self._hashes)

    def __call__(self, level: int, index: int) -> bytes:
        """Give the hash of a whole subtree.

        :raises NotFound: the log has no such subtree.
        """
        kept, above = level // KEPT * KEPT, level % KEPT
        tile, place = divmod(index << above, 1 << KEPT)
        row = list(self.hashes(kept, tile)[place : place + (1 << above)])
        if len(row) < 1 << above:
            raise NotFound("The log is not that long.")
        while len(row) > 1:
            row = [node_hash(row[n], row[n + 1]) for n in range(0, len(row), 2)]
        return row[0]

    def _hashes(self, level: int, tile: int) -> tuple[bytes, ...]:
        """Read the hashes of one tile: up to 256 neighbours on a kept level."""
        first, end = tile << KEPT, (tile + 1) << KEPT
        if level == 0:
            found = Entry.objects.filter(position__gte=first, position__lt=end).order_by("position")
            return tuple(leaf_hash(bytes.fromhex(each)) for each in found.values_list("hash", flat=True))
        kept = Subtree.objects.filter(level=level, index__gte=first, index__lt=end).order_by("index")
        return tuple(bytes.fromhex(each) for each in kept.values_list("hash", flat=True))


@dataclass(frozen=True)
class Inclusion:
    """That an event stands at a position of the tree of `size` entries."""

    position: int
    size: int
    hash: str
    proof: Sequence[bytes]


def position_of(event: UUID) -> Entry | None:
    """Find an event's place in the log; nothing while it waits for one."""
    return Entry.objects.filter(event=event).first()


def inclusion(entry: Entry, *, size: int) -> Inclusion:
    """Prove that an entry is in the tree of `size` entries.

    :raises Invalid: the tree of that size has no such entry, or the log is not that long.
    """
    if not entry.position < size <= edge().size:
        raise Invalid("There is no such tree.", errors={"size": [f"From {entry.position + 1} to {edge().size}."]})
    proof = audit_path(entry.position, size, Nodes())
    return Inclusion(position=entry.position, size=size, hash=entry.hash, proof=proof)


def audit_path(position: int, size: int, nodes: Nodes) -> list[bytes]:
    """Make the path from a leaf to the root of the tree of `size` entries; `nodes` remembers what was read."""
    return merkle.inclusion_proof(position, size, nodes)


def consistency(first: int, second: int) -> list[bytes]:
    """Prove that the log of `first` entries is the beginning of the log of `second`.

    :raises Invalid: the numbers are not in order, or the log is not that long.
    """
    if not 0 <= first <= second <= edge().size:
        raise Invalid("There are no such trees.", errors={"to": [f"From {first} to {edge().size}."]})
    return merkle.consistency_proof(first, second, Nodes())


def root_at(size: int) -> bytes:
    """Compute the root of the log's first `size` entries.

    :raises NotFound: the log is not that long.
    """
    return merkle.root_of(size, Nodes())


def tile(level: int, index: int) -> bytes:
    """Read the hashes of a tile (C2SP tlog-tiles), 32 bytes each, as many as there are (at most 256)."""
    return b"".join(Nodes().hashes(level * KEPT, index))
