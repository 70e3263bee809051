"""Appending: all or nothing, in order, safe to repeat."""

import json
import threading
from collections.abc import Callable
from hashlib import sha256
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.db.transaction import TransactionManagementError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import payloads
from ledger.append import Fact, append, lock
from ledger.envelope import digest
from ledger.errors import Conflict, StaleStream
from ledger.ids import uuid7
from ledger.models import Event, Head, Payload
from ledger.read import read
from ledger.recorded import Recorded
from ledger.subscriptions import _reactions, reacts_to
from ledger.verify import verify
from tests.ledger.notes import ANNA, Noted

Note = Callable[..., Recorded]


def test_events_of_a_stream_are_numbered_without_a_gap(note: Note, stream: UUID) -> None:
    assert [note(text).seq for text in "abc"] == [1, 2, 3]
    assert [event.data.text for event in read(stream)] == ["a", "b", "c"]


def test_each_event_holds_the_hash_of_the_one_before(note: Note) -> None:
    first, second = note("a"), note("b")
    envelopes = [json.loads(Event.objects.get(pk=each.id).envelope) for each in (first, second)]
    assert envelopes[0]["prev"] == "0" * 64
    assert envelopes[1]["prev"] == first.hash == sha256(first.envelope.encode()).hexdigest()


def test_the_envelope_has_exactly_the_published_shape(note: Note, stream: UUID) -> None:
    envelope = json.loads(note("a").envelope)
    assert list(envelope) == [
        "v", "id", "stream", "seq", "item", "type", "at", "actor", "cause", "prev", "fields",
    ]  # fmt: skip
    assert envelope["stream"] == str(stream)
    assert envelope["type"] == "test.noted/1"
    assert envelope["at"].endswith("Z")


def test_a_payload_is_one_salted_disclosure_for_each_field(note: Note) -> None:
    recorded = note("a secret")
    (line,) = Payload.objects.get(pk=recorded.id).body.split("\n")
    salt, name, value = json.loads(line)
    assert (name, value) == ("text", "a secret")
    assert len(salt) == 22, "128 bits in base64url"
    assert json.loads(recorded.envelope)["fields"] == [digest(line)]
    assert "a secret" not in recorded.envelope


def test_equal_payloads_have_unequal_digests(note: Note) -> None:
    assert json.loads(note("a").envelope)["fields"] != json.loads(note("a").envelope)["fields"]


def test_an_expected_seq_that_has_passed_is_refused(note: Note, stream: UUID) -> None:
    note("a")
    note("b", expected=1)
    with pytest.raises(StaleStream):
        note("c", expected=1)
    assert [event.data.text for event in read(stream)] == ["a", "b"]


@pytest.mark.django_db
def test_a_repeated_append_with_the_same_id_is_the_same_event(stream: UUID) -> None:
    fact = Fact(Noted(text="once"), id=uuid7())
    first, again = append(stream, [fact], by=ANNA)[0], append(stream, [fact], by=ANNA)[0]
    assert again == first
    assert Event.objects.filter(stream=stream).count() == 1


@pytest.mark.django_db
def test_the_same_id_with_other_content_is_a_conflict(stream: UUID) -> None:
    id_ = uuid7()
    append(stream, [Fact(Noted(text="this"), id=id_)], by=ANNA)
    for other, where in ((Noted(text="that"), stream), (Noted(text="this"), uuid7())):
        with pytest.raises(Conflict):
            append(where, [Fact(other, id=id_)], by=ANNA)


@pytest.mark.django_db
def test_a_batch_is_all_or_nothing(stream: UUID) -> None:
    taken = uuid7()
    append(stream, [Fact(Noted(text="taken"), id=taken)], by=ANNA)
    with pytest.raises(Conflict):
        append(stream, [Fact(Noted(text="new")), Fact(Noted(text="other"), id=taken)], by=ANNA)
    head = lock(stream)
    assert head is not None
    assert head.seq == 1


@pytest.mark.django_db(transaction=True)
def test_a_subscriber_that_fails_undoes_the_append(stream: UUID) -> None:
    def refuse(recorded: Recorded) -> None:
        raise LookupError("no")

    reacts_to(Noted)(refuse)
    try:
        with pytest.raises(LookupError):
            append(stream, [Fact(Noted(text="a"))], by=ANNA)
    finally:
        _reactions["test.noted"].remove(refuse)
    assert not Event.objects.filter(stream=stream).exists()
    assert not Head.objects.filter(stream=stream).exists()


@pytest.mark.django_db(transaction=True)
def test_who_catches_a_failed_append_can_not_commit_the_rest_of_it(stream: UUID) -> None:
    def refuse(recorded: Recorded) -> None:
        raise LookupError("no")

    reacts_to(Noted)(refuse)
    try:
        with transaction.atomic():
            with pytest.raises(LookupError):
                append(stream, [Fact(Noted(text="a"))], by=ANNA)
            with pytest.raises(TransactionManagementError):
                lock(stream)
    finally:
        _reactions["test.noted"].remove(refuse)
    assert not Event.objects.filter(stream=stream).exists()


@pytest.mark.django_db
def test_a_refused_append_leaves_the_caller_s_transaction_usable(stream: UUID, note: Note) -> None:
    note("a")
    with transaction.atomic():
        with pytest.raises(StaleStream):
            note("b", expected=7)
        note("c", expected=1)
    assert [event.data.text for event in read(stream)] == ["a", "c"]


@pytest.mark.django_db
def test_a_subscriber_reads_what_the_ones_before_it_wrote(stream: UUID) -> None:
    """Writes are held back to go out together, and nobody may notice."""
    seen: list[int] = []

    def count(recorded: Recorded) -> None:
        seen.append(Event.objects.filter(stream=recorded.stream).count())

    reacts_to(Noted)(count)
    try:
        append(stream, [Fact(Noted(text="a")), Fact(Noted(text="b"))], by=ANNA)
    finally:
        _reactions["test.noted"].remove(count)
    assert seen == [2, 2]


@pytest.mark.django_db
def test_a_large_payload_goes_into_a_file_and_reads_back(stream: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "tanker " * 50_000
    recorded = append(stream, [Fact(Noted(text=text))], by=ANNA)[0]
    row = Payload.objects.get(pk=recorded.id)
    assert len(text) > payloads.INLINE_BYTES
    assert row.body == ""
    assert len(row.file) == 64
    assert next(read(stream)).data.text == text
    assert verify(stream=stream).faults == []


@pytest.mark.django_db(transaction=True)
def test_two_writers_at_once_both_append_and_neither_overwrites(stream: UUID) -> None:
    """Real threads with connections of their own, on a new stream: the hardest moment."""
    start = threading.Barrier(2)
    failures: list[BaseException] = []

    def write(name: str) -> None:
        try:
            start.wait(5)
            for number in range(10):
                append(stream, [Fact(Noted(text=f"{name}{number}"))], by=ANNA)
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=[name]) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []
    assert [event.seq for event in read(stream)] == list(range(1, 21))
    assert verify(stream=stream).faults == []


@pytest.mark.django_db(transaction=True)
def test_an_append_that_is_rolled_back_leaves_no_number_used(stream: UUID) -> None:
    append(stream, [Fact(Noted(text="a"))], by=ANNA)
    with transaction.atomic():
        append(stream, [Fact(Noted(text="lost"))], by=ANNA)
        transaction.set_rollback(True)
    assert append(stream, [Fact(Noted(text="b"))], by=ANNA)[0].seq == 2


BATCHES = st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), max_size=4), max_size=6)


@pytest.mark.django_db
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=BATCHES)
def test_the_ledger_is_a_list(batches: list[list[str]]) -> None:
    """Whatever is appended, in whatever batches, reads back as the plain list of it, and verifies."""
    stream, model = uuid7(), []
    for batch in batches:
        append(stream, [Fact(Noted(text=text)) for text in batch], by=ANNA, expected=len(model))
        model += batch
    assert [event.data.text for event in read(stream)] == model
    assert [event.seq for event in read(stream)] == list(range(1, len(model) + 1))
    assert verify(stream=stream).faults == []
