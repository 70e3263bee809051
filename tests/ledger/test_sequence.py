"""The log of all events: dense, in the order of each case, and one tree over it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from django.db import connection, transaction

from ledger import log, merkle
from ledger.append import Fact, append
from ledger.errors import Invalid
from ledger.ids import uuid7
from ledger.merkle import leaf_hash
from ledger.models import Entry, Event, Pending, Subtree
from ledger.recorded import Recorded
from ledger.sequence import backlog, sequence
from tests.ledger.notes import ANNA, Noted

Note = Callable[..., Recorded]


def appended(stream: UUID, count: int) -> None:
    append(stream, [Fact(Noted(text=str(n))) for n in range(count)], by=ANNA)


def roots() -> list[bytes]:
    """Compute the root of every size from the entries alone."""
    edge, found = merkle.Frontier(), []
    for hash_ in Entry.objects.order_by("position").values_list("hash", flat=True):
        edge, _ = edge.add(leaf_hash(bytes.fromhex(hash_)))
        found.append(edge.root)
    return found


@pytest.mark.django_db
def test_every_event_gets_the_next_position(note: Note) -> None:
    events = [note(text) for text in "abc"]
    while sequence():
        pass
    entries = list(Entry.objects.order_by("position"))
    assert [entry.position for entry in entries] == [0, 1, 2]
    assert [(entry.event, entry.hash) for entry in entries] == [(event.id, event.hash) for event in events]
    assert not Pending.objects.exists()
    assert log.edge().root == roots()[-1]


@pytest.mark.django_db
def test_a_second_run_changes_nothing(note: Note) -> None:
    note("a")
    sequence()
    before = log.edge()
    assert sequence() == 0
    assert log.edge() == before


@pytest.mark.django_db
def test_what_waits_is_counted(note: Note) -> None:
    note("a")
    waiting, age = backlog()
    # On SQLite the append itself gives the position.
    assert waiting == (0 if connection.vendor == "sqlite" else 1)
    assert age.total_seconds() >= 0
    sequence()
    assert backlog()[0] == 0


@pytest.mark.django_db
def test_the_tree_is_the_same_in_whatever_portions_it_was_built(stream: UUID) -> None:
    appended(stream, 700)
    for limit in (1, 255, 2, 300, 500):
        sequence(limit=limit)
    expected = roots()
    assert log.edge().root == expected[-1]
    assert Subtree.objects.count() == 700 // 256
    for size in (1, 255, 256, 257, 511, 512, 513, 700):
        assert log.root_at(size) == expected[size - 1], size


@pytest.mark.django_db
def test_proofs_of_every_kind_hold(stream: UUID) -> None:
    appended(stream, 600)
    sequence()
    expected = roots()
    for position, size in ((0, 1), (0, 600), (255, 256), (256, 600), (599, 600), (300, 301)):
        entry = Entry.objects.get(position=position)
        found = log.inclusion(entry, size=size)
        leaf = leaf_hash(bytes.fromhex(found.hash))
        root = expected[size - 1]
        assert merkle.verify_inclusion(leaf=leaf, index=position, size=size, proof=found.proof, root=root)
    for first, second in ((1, 600), (256, 512), (257, 600), (600, 600)):
        proof = log.consistency(first, second)
        assert merkle.verify_consistency(
            first=first,
            second=second,
            first_root=expected[first - 1],
            second_root=expected[second - 1],
            proof=proof,
        )


@pytest.mark.django_db
def test_a_proof_about_a_tree_that_is_not_there_is_refused(note: Note) -> None:
    note("a")
    sequence()
    entry = Entry.objects.get(position=0)
    for size in (0, 2):
        with pytest.raises(Invalid):
            log.inclusion(entry, size=size)
    for first, second in ((2, 1), (0, 2), (-1, 1)):
        with pytest.raises(Invalid):
            log.consistency(first, second)


@pytest.mark.django_db
def test_an_append_that_is_rolled_back_leaves_no_place(stream: UUID, note: Note) -> None:
    note("a")
    try:
        with transaction.atomic():
            append(stream, [Fact(Noted(text="b"))], by=ANNA)
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    note("c")
    sequence()
    assert list(Entry.objects.order_by("position").values_list("position", flat=True)) == [0, 1]


@pytest.mark.django_db(transaction=True)
def test_writers_and_two_sequencers_at_once_leave_no_gap_and_no_inversion() -> None:
    streams = [uuid7() for _ in range(4)]

    def write(stream: UUID) -> None:
        try:
            for n in range(15):
                append(stream, [Fact(Noted(text=str(n)))], by=ANNA)
        finally:
            connection.close()

    def order() -> None:
        try:
            for _ in range(20):
                sequence(limit=7)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        for done in [*(pool.submit(write, stream) for stream in streams), pool.submit(order), pool.submit(order)]:
            done.result()
    while sequence():
        pass
    entries = list(Entry.objects.order_by("position").values_list("position", "event"))
    assert [position for position, _ in entries] == list(range(60))
    place = {event: position for position, event in entries}
    for stream in streams:
        events = Event.objects.filter(stream=stream).order_by("seq").values_list("id", flat=True)
        places = [place[event] for event in events]
        assert places == sorted(places)
        assert len(places) == 15
    assert log.edge().root == roots()[-1]
