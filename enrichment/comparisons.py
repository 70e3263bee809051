"""What an item looks like beside others: copies of its text, places where its ship can not also have been.

Nothing of this is stored as a finding: it is computed when asked for, from rows that follow from events, and only
among what the reader may see (see docs/adr/0012-comparisons.md).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q

from cases.access import readable_cases
from cases.domain import Role
from cases.models import Member
from enrichment.models import Fix, TextMark, TextPrint
from enrichment.voyages import FASTEST_KN, UNSTATED_M, Sighted, around, impossible
from evidence.models import ItemState
from evidence.queries import item_row, visible_everywhere
from ledger.actors import Actor

ALIKE = 0.3
"""From this share of the shorter text's marks on, a text is shown as partly the same."""

FEWEST = 3
"""Marks that two texts must share at least; what has fewer is compared as a whole only."""

SHOWN = 50
EACH = 200
"""Texts that are looked at for one mark, the earliest first: what everybody writes tells nothing."""

NEIGHBOURS = 1000
"""Sightings of the same ship that are looked at, the nearest in time first."""

_VALUES = 20_000


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A text that is the same, wholly or in parts; which was there first is for the reader to judge from the times.

    `of_this` and `of_other`: shares (0 to 1) of the marks of each text that the other has, too.
    """

    item: UUID
    case: UUID
    title: str
    retracted: bool
    exact: bool
    of_this: float
    of_other: float
    shared_marks: int
    submitted_at: datetime
    published_at: str
    earlier: bool


@dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """Another sighting of the same ship that can not be true together with this one.

    `ship`: the number both have. Distance at least, in kilometres; hours at most; knots needed at least, None where
    the two are of one moment; `at_once`: they may be.
    """

    item: UUID
    title: str
    ship: str
    when: str
    distance_km: float
    hours: float
    speed_kn: float | None
    at_once: bool


@dataclass(frozen=True, kw_only=True)
class Comparisons:
    """What an item looks like beside others, and the numbers that were compared with."""

    copies: tuple[Copy, ...]
    elsewhere: tuple[Elsewhere, ...]
    alike: float = ALIKE
    fastest_kn: float = FASTEST_KN
    unstated_radius_m: float = UNSTATED_M


def compare(case_id: UUID, item: UUID, *, by: Actor) -> Comparisons:
    """Compare an item with all others that the caller may see: texts in any case, ships in the item's own.

    :raises NotFound: there is no such item for this caller.
    """
    return beside(item_row(case_id, item, by=by), by=by)


def beside(row: ItemState, *, by: Actor) -> Comparisons:
    """Compare an item that the caller was given already."""
    return Comparisons(
        copies=tuple(copies(row, by=by)) if row.kind == "statement" else (),
        elsewhere=tuple(elsewhere(row, by=by)) if row.kind == "sighting" else (),
    )


# --- copies of a text -------------------------------------------------------------------------------------


def copies(row: ItemState, *, by: Actor) -> list[Copy]:
    """List the statements whose text is the same or near to it, the earliest submitted first."""
    own = TextPrint.objects.filter(item=row.item).first()
    if own is None:
        return []
    marks = sorted(TextMark.objects.filter(item=row.item).values_list("mark", flat=True))
    cases = list(readable_cases(by).values_list("id", flat=True))
    shared = Counter(each for each in _sharing(marks, cases, by=by) if each != row.item)
    same = TextPrint.objects.filter(whole=own.whole, case_id__in=[*cases, *_adds_to(by)]).exclude(item=row.item)
    exact = set(same.order_by("item").values_list("item", flat=True)[:EACH])
    near = [each for each, count in shared.most_common(EACH) if count >= FEWEST]
    prints = {each.item: each for each in TextPrint.objects.filter(item__in={*exact, *near}, method=own.method)}
    visible = visible_everywhere(by).filter(item__in=prints)
    found = [_copy(row, own, marks, other, prints[other.item], shared[other.item]) for other in visible]
    alike = [each for each in found if each.exact or max(each.of_this, each.of_other) >= ALIKE]
    return sorted(alike, key=lambda each: (each.submitted_at, each.item))[:SHOWN]


def _sharing(marks: Sequence[int], cases: Sequence[UUID], *, by: Actor) -> Iterator[UUID]:
    """Yield the items that have the marks, one by one: of each mark the earliest, in cases that may be read whole."""
    if adds_to := _adds_to(by):
        own = ItemState.objects.now().filter(case__in=adds_to, submitter=by.user).values("item")
        yield from TextMark.objects.filter(mark__in=marks, item__in=own).values_list("item", flat=True)[:_VALUES]
    if not cases:
        return
    unlikely = -1
    of_one = TextMark.objects.filter(mark=unlikely, case_id__in=cases).order_by("item").values_list("item")[:EACH]
    sql, values = of_one.query.sql_with_params()
    at = values.index(unlikely)
    # One look into the index for each mark: a mark that a hundred thousand texts have costs no more than another.
    some = max(1, min(_VALUES // len(values), 400))
    for first in range(0, len(marks), some):
        chosen = marks[first : first + some]
        # Compiled by Django, which quotes it; marks and cases are values.
        union = " UNION ALL ".join([f"SELECT * FROM ({sql}) AS a{n}" for n in range(len(chosen))])  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(union, [each for mark in chosen for each in (*values[:at], mark, *values[at + 1 :])])
            for (found,) in cursor.fetchall():
                yield found if isinstance(found, UUID) else UUID(found)


def _adds_to(by: Actor) -> list[UUID]:
    """List the cases of whose items the caller sees their own only."""
    member = Member.objects.filter(user=by.user, role=Role.SUBMITTER)
    return list((member.filter(case=by.case) if by.case else member).values_list("case_id", flat=True))


def _copy(
    row: ItemState, own: TextPrint, marks: Sequence[int], other: ItemState, print_: TextPrint, shared: int
) -> Copy:
    exact = print_.whole == own.whole
    # Of a long text only the smallest marks are kept: no others can be shared with it.
    mine = sum(1 for mark in marks if print_.last is None or mark <= print_.last)
    return Copy(
        item=other.item,
        case=other.case_id,
        title=str(other),
        retracted=other.status == "retracted",
        exact=exact,
        of_this=1.0 if exact else _share(shared, mine),
        of_other=1.0 if exact else _share(shared, print_.kept),
        shared_marks=own.kept if exact else shared,
        submitted_at=other.submitted_at,
        published_at=(other.state["said"].get("source") or {}).get("published_at", ""),
        earlier=(other.submitted_at, other.item) < (row.submitted_at, row.item),
    )


def _share(part: int, of: int) -> float:
    return round(min(1.0, part / of), 3) if of else 0.0


# --- places of a ship -------------------------------------------------------------------------------------


def elsewhere(row: ItemState, *, by: Actor) -> list[Elsewhere]:
    """List the sightings of the same ship, in the same case, that can not be true together with this one."""
    own = Fix.objects.filter(item=row.item).first()
    if own is None:
        return []
    found = {fix.item: fix for fix in _same_ship(own)}
    far = {item: far for item, fix in found.items() if (far := impossible(_sighted(own), _sighted(fix)))}
    visible = {other.item: other for other in visible_everywhere(by).filter(item__in=far, case=row.case_id)}
    shown = [
        Elsewhere(
            item=item,
            title=str(other),
            ship=f"IMO {own.imo}" if own.imo and found[item].imo == own.imo else f"MMSI {own.mmsi}",
            when=other.state["said"].get("when", ""),
            **vars(far[item]),
        )
        for item, other in visible.items()
    ]
    return sorted(shown, key=lambda each: (found[each.item].earliest, each.item))[:SHOWN]


def _same_ship(own: Fix) -> Iterator[Fix]:
    """Yield the sightings near enough in time: those with its IMO number, and those with its MMSI and no other IMO."""
    first, last = around(own.earliest, own.latest)
    near = Fix.objects.filter(case_id=own.case_id, earliest__lte=last, latest__gte=first).exclude(item=own.item)
    same: list[Any] = [Q(imo=own.imo)] if own.imo else []
    if own.mmsi:
        # Two ships can carry one MMSI, wrongly: the IMO number is the hull's.
        same.append(Q(mmsi=own.mmsi) & (Q(imo="") if own.imo else Q()))
    for ship in same:
        before = near.filter(ship, earliest__lte=own.earliest).order_by("-earliest", "item")
        after = near.filter(ship, earliest__gt=own.earliest).order_by("earliest", "item")
        for side in (before, after):
            yield from side[:NEIGHBOURS]


def _sighted(fix: Fix) -> Sighted:
    return Sighted(lat=fix.lat, lon=fix.lon, radius_m=fix.radius_m, earliest=fix.earliest, latest=fix.latest)
