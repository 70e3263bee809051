"""Copies of a text, whole or in parts, among the statements that a reader may see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from cases.access import readable_cases
from enrichment.models import TextMark, TextPrint
from enrichment.readers import adds_to
from evidence.models import ItemState
from evidence.queries import visible_everywhere
from ledger.actors import Actor

ALIKE = 0.3
"""From this share of the shorter text's marks on, a text is shown as partly the same."""

FEWEST = 3
"""Marks that two texts must share at least; what has fewer is compared as a whole only."""

SHOWN = 50
EACH = 200
"""Texts that are looked at for one mark, the earliest first: what everybody writes tells nothing."""

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


def copies(row: ItemState, *, by: Actor) -> list[Copy]:
    """List the statements whose text is the same or near to it, the earliest submitted first."""
    own = TextPrint.objects.filter(item=row.item).first()
    if own is None:
        return []
    marks = sorted(TextMark.objects.filter(item=row.item).values_list("mark", flat=True))
    cases = list(readable_cases(by).values_list("id", flat=True))
    shared = Counter(each for each in _sharing(marks, cases, by=by) if each != row.item)
    same = TextPrint.objects.filter(whole=own.whole, case_id__in=[*cases, *adds_to(by)]).exclude(item=row.item)
    exact = set(same.order_by("item").values_list("item", flat=True)[:EACH])
    near = [each for each, count in shared.most_common(EACH) if count >= FEWEST]
    prints = {each.item: each for each in TextPrint.objects.filter(item__in={*exact, *near}, method=own.method)}
    visible = visible_everywhere(by).filter(item__in=prints)
    found = [_copy(row, own, marks, other, prints[other.item], shared[other.item]) for other in visible]
    alike = [each for each in found if each.exact or max(each.of_this, each.of_other) >= ALIKE]
    return sorted(alike, key=lambda each: (each.submitted_at, each.item))[:SHOWN]


def _sharing(marks: Sequence[int], cases: Sequence[UUID], *, by: Actor) -> Iterator[UUID]:
    """Yield the items that have the marks, one by one: of each mark the earliest, in cases that may be read whole."""
    if added := adds_to(by):
        own = ItemState.objects.now().filter(case__in=added, submitter=by.user).values("item")
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
