"""What an item looks like beside others: copies of its text, pictures nearly the same as its own, places where its ship
can not also have been.

Nothing of this is stored as a finding: it is computed when asked for, from rows that follow from events, and only
among what the reader may see (see docs/adr/0012-comparisons.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from enrichment.copies import ALIKE, Copy, copies
from enrichment.elsewhere import Elsewhere, elsewhere
from enrichment.likenesses import NearDuplicate, near_duplicates
from enrichment.near_duplicates import WITHIN
from enrichment.voyages import FASTEST_KN, UNSTATED_M
from evidence.models import ItemState
from evidence.queries import item_row
from ledger.actors import Actor


@dataclass(frozen=True, kw_only=True)
class Comparisons:
    """What an item looks like beside others, and the numbers that were compared with.

    `most_bits`: bits of 256 in which the hashes of two pictures that are nearly the same may differ.
    """

    copies: tuple[Copy, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()
    near_duplicates: tuple[NearDuplicate, ...] = ()
    alike: float = ALIKE
    fastest_kn: float = FASTEST_KN
    unstated_radius_m: float = UNSTATED_M
    most_bits: int = WITHIN


def compare(case_id: UUID, item: UUID, *, by: Actor) -> Comparisons:
    """Compare an item with all others that the caller may see: texts and pictures in any case, ships in the item's own.

    :raises NotFound: there is no such item for this caller.
    """
    return beside(item_row(case_id, item, by=by), by=by)


def beside(row: ItemState, *, by: Actor) -> Comparisons:
    """Compare an item that the caller was given already."""
    match row.kind:
        case "statement":
            return Comparisons(copies=tuple(copies(row, by=by)))
        case "sighting":
            return Comparisons(elsewhere=tuple(elsewhere(row, by=by)))
        case "image":
            return Comparisons(near_duplicates=tuple(near_duplicates(row, by=by)))
    return Comparisons()
