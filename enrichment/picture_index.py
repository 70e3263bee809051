"""All hashes of pictures in the memory of a process, so that the pictures near one are found among a million at once.

They are read from `PictureHash` when they are first asked for. Before every look-up what came since is read, too: by
the position of its event in the log, which never has a gap, while an id of the database may be committed after a higher
one. Rows whose event has no position yet are few, and are read every time. After an erasure an earlier result may hold
again, so the rows of the items concerned are read once more. Nothing is taken out: what is found here is a hint, and
whoever asks looks at the table again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from threading import Lock
from typing import TypeAlias
from uuid import UUID

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray

from enrichment.models import PictureHash
from enrichment.near_duplicates import METHODS, Distances, Growing, Hashes, NearDuplicates, Rows, words
from ledger.models import Entry, Event, LogHead, Pending, Redaction

CHUNK = 10_000
"""Rows that are read at a time."""

Hashed: TypeAlias = tuple[UUID, UUID, str, str]
"""An item, its case, a method and its hash."""


class Pictures:
    """The hashes of one method, and of each row the item and the number of its case."""

    def __init__(self) -> None:
        self._near = NearDuplicates()
        self._items = Growing(dtype="V16")
        self._cases = Growing(dtype=np.int32)

    def __len__(self) -> int:
        return len(self._near)

    def add(self, rows: Collection[Hashed], numbers: dict[UUID, int]) -> None:
        """Append rows; a case that is new gets the next number."""
        cases = [numbers.setdefault(case, len(numbers)) for _, case, _, _ in rows]
        self._cases.add(np.array(cases, np.int32))
        self._items.add(np.frombuffer(b"".join(item.bytes for item, _, _, _ in rows), "V16"))
        self._near.add(words(bytes.fromhex("".join(hash_ for _, _, _, hash_ in rows))))

    def near(self, hashes: Hashes, readable: NDArray[np.bool_]) -> dict[UUID, int]:
        """Find the items of readable cases near any of some hashes, and how near the nearest is."""
        found = [self._readable(*self._near.within(one), readable) for one in hashes]
        rows, far = (np.concatenate(each) for each in zip(*found, strict=True))
        nearest_last = np.argsort(far, kind="stable")[::-1]
        items = self._items.rows[rows[nearest_last]]
        return {UUID(bytes=bytes(item)): int(bits) for item, bits in zip(items, far[nearest_last], strict=True)}

    def _readable(self, rows: Rows, far: Distances, readable: NDArray[np.bool_]) -> tuple[Rows, Distances]:
        may = readable[self._cases.rows[rows]]
        return rows[may], far[may]


@dataclass
class _State:
    """What was read, and up to where: `last` is the event before position `size` of the log.

    `numbers` are those of cases; `redactions` counts what was erased by the `erasures`.
    """

    kept: dict[str, Pictures] = field(default_factory=lambda: _pictures())
    numbers: dict[UUID, int] = field(default_factory=dict)
    loaded: bool = False
    size: int = 0
    last: UUID | None = None
    redactions: int = 0
    erasures: set[UUID] = field(default_factory=set)


class PictureIndex:
    """What is in memory, for all threads of a process: one looks up at a time, for milliseconds.

    At 1,000,000 pictures it holds 121 MB for each method of hashing, which took 9 seconds to read when it was measured.
    From then on a look-up of all eight ways takes some 6 milliseconds, its queries among them.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._state = _State()

    def near(self, variants: Mapping[str, Collection[str]], cases: Iterable[UUID]) -> list[UUID]:
        """List the items of some cases that are near to any of the hashes of a picture, the nearest first.

        :param variants: by their method, in hexadecimal.
        """
        with self._lock:
            unplaced = self._take_in()
            numbers, kept = self._state.numbers, self._state.kept
            readable = np.zeros(len(numbers) + 1, np.bool_)
            readable[[numbers[case] for case in cases if case in numbers]] = True
            return nearest(variants, {method: (kept[method], unplaced[method]) for method in METHODS}, readable)

    def _take_in(self) -> dict[str, Pictures]:
        """Read what is new; give what has no position in the log yet, which is not kept."""
        state = self._state
        # First, for what gets its position meanwhile is then met below.
        waiting = list(_hashed(PictureHash.objects.filter(event__in=Pending.objects.values("event"))))
        size: int = LogHead.objects.values_list("size", flat=True).first() or 0
        redactions = Redaction.objects.count()
        edges = {position for position in (state.size - 1, size - 1) if position >= 0}
        events = dict(Entry.objects.filter(position__in=edges).values_list("position", "event"))
        if not state.loaded or events.get(state.size - 1) != state.last:
            # Read for the first time; or the database was put back to an earlier state, and this is another log.
            state = self._state = _State(erasures=_erasures())
            _fill(state.kept, _hashed(PictureHash.objects.all()), state.numbers)
            state.loaded = True
        else:
            if size > state.size:
                since = Entry.objects.filter(position__gte=state.size, position__lt=size).values("event")
                _fill(state.kept, _hashed(PictureHash.objects.filter(event__in=since)), state.numbers)
            if redactions != state.redactions:
                _read_again(state)
        state.size, state.last, state.redactions = size, events.get(size - 1), redactions
        return _fill(_pictures(), waiting, state.numbers)


def near_among(variants: Mapping[str, Collection[str]], rows: QuerySet[PictureHash]) -> list[UUID]:
    """List the items among some rows that are near to any of the hashes of a picture, the nearest first."""
    numbers: dict[UUID, int] = {}
    found = _fill(_pictures(), _hashed(rows), numbers)
    return nearest(variants, {method: (found[method],) for method in METHODS}, np.ones(len(numbers) + 1, np.bool_))


def nearest(
    variants: Mapping[str, Collection[str]],
    pictures: Mapping[str, Iterable[Pictures]],
    readable: NDArray[np.bool_],
) -> list[UUID]:
    """Bring together what the methods find: how far a picture is says the first that it was found by."""
    found: dict[UUID, int] = {}
    for method in reversed(METHODS):
        if of_method := variants.get(method):
            hashes = words(bytes.fromhex("".join(of_method)))
            near = [each.near(hashes, readable) for each in pictures[method]]
            items = {item for some in near for item in some}
            found |= {item: min(some[item] for some in near if item in some) for item in items}
    return sorted(found, key=lambda item: (found[item], item))


def _pictures() -> dict[str, Pictures]:
    return {method: Pictures() for method in METHODS}


def _read_again(state: _State) -> None:
    """Read the rows of those items of whose events something was erased."""
    erasures = _erasures()
    of = Redaction.objects.filter(redacted_by__in=erasures - state.erasures).values("event")
    items = Event.objects.filter(pk__in=of, item__isnull=False).values("item")
    _fill(state.kept, _hashed(PictureHash.objects.filter(item__in=items)), state.numbers)
    state.erasures = erasures


def _erasures() -> set[UUID]:
    return set(Redaction.objects.values_list("redacted_by", flat=True).distinct())


def _hashed(rows: QuerySet[PictureHash]) -> Iterator[Hashed]:
    return rows.values_list("item", "case_id", "method", "hash").iterator(chunk_size=CHUNK)


def _fill(into: dict[str, Pictures], rows: Iterable[Hashed], numbers: dict[UUID, int]) -> dict[str, Pictures]:
    left = iter(rows)
    while some := list(islice(left, CHUNK)):
        for method in METHODS:
            into[method].add([row for row in some if row[2] == method], numbers)
    return into


PICTURES = PictureIndex()
"""That of this process."""
