"""An erasure takes away what it names, whole and for good; and the database lets nothing else be taken."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction

from ledger import payloads, store
from ledger.append import Fact, append
from ledger.envelope import digest, to_json
from ledger.erasing import NotErasable
from ledger.events import ERASED
from ledger.ids import uuid7
from ledger.leftovers import remove_files
from ledger.models import Event, Leftover, Payload, Redaction
from ledger.read import read, recorded_by_ids
from ledger.recorded import Recorded
from ledger.redaction import EventRedacted
from ledger.rows import insert
from ledger.verify import verify
from tests.ledger.erasures import erase, said, target_of
from tests.ledger.notes import ANNA, Noted

pytestmark = pytest.mark.django_db
Note = Callable[..., Recorded]


def body_of(event: Recorded) -> str:
    return Payload.objects.get(pk=event.id).body


def faults(stream: UUID) -> list[tuple[int, str]]:
    return [(fault.seq, fault.reason) for fault in verify(stream=stream).faults]


def test_what_is_erased_is_gone_and_the_chain_holds(note: Note, stream: UUID) -> None:
    before, kept = note("Ji-woo saw it"), note("The weather was fine")
    redacted = erase(stream, target_of(before, "text"))
    assert body_of(before) == ""
    assert body_of(kept) == "\n".join(kept.disclosures)
    first, second, third = read(stream)
    assert first.data == Noted(text=ERASED)
    assert {name: each.by for name, each in first.erased.items()} == {"text": redacted.id}
    assert (second.data, second.erased) == (kept.data, {})
    assert isinstance(third.data, EventRedacted)
    assert faults(stream) == []


def test_one_field_goes_and_the_other_stays(stream: UUID) -> None:
    [event] = append(stream, [Fact(Noted(text="Ji-woo", weight=2.5))], by=ANNA)
    erase(stream, target_of(event, "text"))
    [now] = recorded_by_ids([event.id])
    assert now.data == Noted(text=ERASED, weight=2.5)
    assert [each.split('"')[3] for each in now.disclosures] == ["weight"]


def test_a_large_payload_moves_to_a_file_without_what_was_erased(
    stream: UUID, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    monkeypatch.setattr(payloads, "INLINE_BYTES", 10)
    [event] = append(stream, [Fact(Noted(text="Ji-woo" * 20, weight=2.5))], by=ANNA)
    old = Payload.objects.get(pk=event.id).file
    monkeypatch.undo()
    with django_capture_on_commit_callbacks(execute=True):
        erase(stream, target_of(event, "text"))
    new = Payload.objects.get(pk=event.id).file
    assert new != old
    assert not store.exists(old)
    assert store.check(new) is None
    [now] = recorded_by_ids([event.id])
    assert now.data == Noted(text=ERASED, weight=2.5)
    assert faults(stream) == []


def test_a_large_payload_of_which_nothing_is_left_is_an_empty_file(
    stream: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payloads, "INLINE_BYTES", 10)
    [event] = append(stream, [Fact(Noted(text="Ji-woo" * 20))], by=ANNA)
    monkeypatch.undo()
    erase(stream, target_of(event, "text"))
    assert recorded_by_ids([event.id])[0].data == Noted(text=ERASED)
    assert faults(stream) == []


@pytest.mark.parametrize("wrong", ["field", "digest", "event", "seq", "twice", "stream"])
def test_an_erasure_that_names_what_is_not_there_is_not_recorded(note: Note, stream: UUID, wrong: str) -> None:
    event, other = note("Ji-woo"), note("Min-ji")
    target = target_of(event, "text")
    [field] = target.fields
    targets = [target]
    if wrong == "field":
        targets = [replace(target, fields=(replace(field, name="kind"),))]
    elif wrong == "digest":
        targets = [replace(target, fields=target_of(other, "text").fields)]
    elif wrong == "event":
        targets = [replace(target, event=uuid7())]
    elif wrong == "seq":
        targets = [replace(target, seq=2)]
    elif wrong == "twice":
        targets = [target, target]
    elsewhere = uuid7() if wrong == "stream" else stream
    with pytest.raises(NotErasable), transaction.atomic():
        erase(elsewhere, *targets)
    assert body_of(event) == event.disclosures[0]
    assert [each.seq for each in read(stream)] == [1, 2]


def test_an_erasure_is_never_erased_itself(note: Note, stream: UUID) -> None:
    redacted = erase(stream, target_of(note("Ji-woo"), "text"))
    with pytest.raises(NotErasable, match="is never erased"), transaction.atomic():
        erase(stream, target_of(redacted, "targets"))


def test_what_was_erased_is_not_erased_twice(note: Note, stream: UUID) -> None:
    target = target_of(note("Ji-woo"), "text")
    erase(stream, target)
    with pytest.raises(NotErasable, match="does not hold"), transaction.atomic():
        erase(stream, target)


# -- the database's own guards ------------------------------------------------------------------------


@pytest.fixture
def noted(stream: UUID) -> Recorded:
    """An event of two fields, neither of which any erasure names."""
    return append(stream, [Fact(Noted(text="Ji-woo", weight=2.5))], by=ANNA)[0]


def refused(change: Callable[[], object]) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        change()


def listed(event: Recorded, redacted: Recorded, name: str = "text", /, **other: Any) -> Redaction:
    [named] = target_of(event, name).fields
    row = {"event": event.id, "digest": named.digest, "name": name, "redacted_by": redacted.id}
    return Redaction(**(row | other))


def not_carried_out(stream: UUID, event: Recorded, *names: str, monkeypatch: pytest.MonkeyPatch) -> Recorded:
    """Record an erasure and keep its removal from happening."""
    from ledger import subscriptions

    with monkeypatch.context() as patch:
        patch.setitem(subscriptions._reactions, "event.redacted", [])
        return append(stream, [Fact(said(target_of(event, *names)))], by=ANNA)[0]


def test_without_an_erasure_nothing_leaves_a_payload(noted: Recorded) -> None:
    text, weight = noted.disclosures
    payload = Payload.objects.filter(pk=noted.id)
    for body in ("", text, weight, f"{weight}\n{text}", f"{text}\n{weight}\n", f"{text}\n{weight}"):
        refused(lambda body=body: payload.update(body=body))
    refused(lambda: payload.update(file="0" * 64))
    refused(lambda: payload.delete())


def test_no_row_names_what_no_erasure_names(
    noted: Recorded, note: Note, stream: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = note("Min-ji")
    redacted = not_carried_out(stream, noted, "text", monkeypatch=monkeypatch)
    elsewhere = append(uuid7(), [Fact(Noted(text="x"))], by=ANNA)[0]
    for row in (
        listed(noted, other),
        listed(noted, redacted, "weight"),
        listed(noted, redacted, event=other.id),
        listed(noted, redacted, event=elsewhere.id),
        listed(noted, redacted, redacted_by=uuid7()),
        listed(noted, redacted, digest="A" * 43),
        listed(noted, redacted, kept_in="0" * 64),
    ):
        refused(lambda row=row: insert([row]))
    insert([listed(noted, redacted)])
    refused(lambda: Redaction.objects.all().delete())
    refused(lambda: Redaction.objects.update(name="weight"))


def test_a_payload_loses_exactly_what_is_named(noted: Recorded, stream: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    text, weight = noted.disclosures
    redacted = not_carried_out(stream, noted, "text", monkeypatch=monkeypatch)
    insert([listed(noted, redacted)])
    payload = Payload.objects.filter(pk=noted.id)
    another = to_json(["AAAAAAAAAAAAAAAAAAAAAA", "text", "Somebody else"])
    for body in ("", text, another, f"{another}\n{weight}", f"{weight}\n", f"{text}\n{weight}", f"{weight}\n{weight}"):
        refused(lambda body=body: payload.update(body=body))
    refused(lambda: payload.update(body=weight, file="0" * 64))
    other = Event.objects.get(pk=redacted.id)
    refused(lambda: payload.update(body=weight, event=other))
    refused(lambda: Payload.objects.filter(pk=redacted.id).update(body=""))
    payload.update(body=weight)
    refused(lambda: payload.update(body=f"{text}\n{weight}"))


def test_a_payload_in_a_file_changes_to_the_named_file_alone(stream: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(payloads, "INLINE_BYTES", 10)
        [event] = append(stream, [Fact(Noted(text="Ji-woo" * 20, weight=2.5))], by=ANNA)
    redacted = not_carried_out(stream, event, "text", monkeypatch=monkeypatch)
    kept_in = redacted.data.targets[0].kept_in
    insert([listed(event, redacted, kept_in=kept_in)])
    payload = Payload.objects.filter(pk=event.id)
    for change in ({"file": "0" * 64}, {"file": ""}, {"file": kept_in, "body": "x"}, {"body": "x"}):
        refused(lambda change=change: payload.update(**change))
    payload.update(file=kept_in)


if connection.vendor == "postgresql":

    def test_a_table_of_one_s_own_stands_in_for_none_of_the_ledger_s(noted: Recorded) -> None:
        """PostgreSQL looks for temporary tables first, which the application's own role may make."""
        [text] = target_of(noted, "text").fields
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE ledger_redaction (LIKE ledger_redaction) ON COMMIT DROP")
            cursor.execute(
                "INSERT INTO pg_temp.ledger_redaction VALUES (%s, %s, 'text', '[]', '[]', '', %s)",
                [noted.id, text.digest, noted.id],
            )
            refused(lambda: cursor.execute("SELECT ledger_erase(%s, %s, '')", [noted.id, noted.disclosures[1]]))
            cursor.execute("DROP TABLE pg_temp.ledger_redaction")


if connection.vendor == "sqlite":

    @pytest.mark.django_db(transaction=True)
    def test_a_connection_that_is_not_ours_can_not_erase(noted: Recorded) -> None:
        name = connection.settings_dict["NAME"]
        with closing(sqlite3.connect(name)) as other, pytest.raises(sqlite3.OperationalError, match="no such function"):
            other.execute("UPDATE ledger_payload SET body = ''")


# -- what verify says ---------------------------------------------------------------------------------


def test_an_erasure_that_was_not_carried_out_is_named(
    noted: Recorded, stream: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    not_carried_out(stream, noted, "text", monkeypatch=monkeypatch)
    [(seq, reason)] = faults(stream)
    assert seq == 1
    assert reason == "the erasure of 'text' by event 2 was not carried out: the field is still there"


def test_a_field_that_is_missing_without_an_erasure_is_named(
    noted: Recorded, stream: UUID, tamper: Callable[..., None]
) -> None:
    erase(stream, target_of(noted, "text"))
    key = noted.id.hex if connection.vendor == "sqlite" else str(noted.id)
    tamper("UPDATE ledger_payload SET body = '' WHERE event_id = %s", key)
    assert faults(stream) == [(1, "the payload is not whole: 1 disclosures are missing")]


def test_no_erasure_hides_a_change(stream: UUID, tamper: Callable[..., None]) -> None:
    """Who changed a field can not have it erased under its new digest, and verify names it before and after."""
    [noted] = append(stream, [Fact(Noted(text="Ji-woo", where="Vostochny"))], by=ANNA)
    text, where = noted.disclosures
    forged = text.replace("Ji-woo", "Min-ji")
    key = noted.id.hex if connection.vendor == "sqlite" else str(noted.id)
    tamper("UPDATE ledger_payload SET body = %s WHERE event_id = %s", f"{forged}\n{where}", key)
    changed = [(1, "the payload was changed: 1 of its 2 disclosures are not in the envelope")]
    assert faults(stream) == changed
    [now] = recorded_by_ids([noted.id])
    for seen in (now, noted):
        with pytest.raises(NotErasable), transaction.atomic():
            erase(stream, target_of(seen, "text"))
    erase(stream, target_of(noted, "where"))
    assert faults(stream) == [(1, "the payload was changed: 1 of its 1 disclosures are not in the envelope")]


def test_an_erasure_put_in_by_hand_is_named(
    noted: Recorded, note: Note, stream: UUID, tamper: Callable[..., None]
) -> None:
    """Rows alone, without an event of the chain that says so, take nothing away that verify would not miss."""
    text, _ = noted.disclosures
    key, other = (
        (each.id.hex if connection.vendor == "sqlite" else str(each.id)) for each in (noted, note("an event"))
    )
    tamper(
        "INSERT INTO ledger_redaction (event, digest, name, parts, others, kept_in, redacted_by) "
        "VALUES (%s, %s, 'text', '[]', '[]', '', %s)",
        key,
        digest(text),
        other,
    )
    [(_, reason)] = faults(stream)
    assert reason == "the table of erased fields names 'text', and no erasure does"
    tamper("UPDATE ledger_payload SET body = %s WHERE event_id = %s", noted.disclosures[1], key)
    assert faults(stream) == [(1, "the payload is not whole: 1 disclosures are missing")]


def test_a_row_of_the_table_that_was_removed_is_missed(
    noted: Recorded, stream: UUID, tamper: Callable[..., None]
) -> None:
    erase(stream, target_of(noted, "text"))
    tamper("DELETE FROM ledger_redaction")
    [(seq, reason)] = faults(stream)
    assert (seq, reason.partition(" of event")[0]) == (2, "the table of erased fields lacks 'text'")


def test_an_erasure_by_one_person_is_named(noted: Recorded, stream: UUID) -> None:
    alone = said(target_of(noted, "text"))
    append(stream, [Fact(replace(alone, approver=alone.requested_by))], by=ANNA)
    assert faults(stream) == [(2, "one person asked for this erasure and confirmed it")]


def test_an_erasure_that_names_another_stream_takes_nothing_there_and_is_named(
    noted: Recorded, stream: UUID, monkeypatch: pytest.MonkeyPatch, tamper: Callable[..., None]
) -> None:
    other = uuid7()
    not_carried_out(other, noted, "text", monkeypatch=monkeypatch)
    assert faults(other) == [(1, "it erases 'text' of an event that is not before it here")]
    key = noted.id.hex if connection.vendor == "sqlite" else str(noted.id)
    tamper("UPDATE ledger_payload SET body = %s WHERE event_id = %s", noted.disclosures[1], key)
    found = {(fault.stream, fault.seq, fault.reason) for fault in verify().faults}
    assert found == {
        (str(stream), 1, "the payload is not whole: 1 disclosures are missing"),
        (str(other), 1, "it erases 'text' of an event that is not before it here"),
    }


def test_an_erasure_of_its_own_future_is_named(stream: UUID, note: Note, monkeypatch: pytest.MonkeyPatch) -> None:
    later = uuid7()
    target = replace(target_of(note("a"), "text"), event=later)
    from ledger import subscriptions

    with monkeypatch.context() as patch:
        patch.setitem(subscriptions._reactions, "event.redacted", [])
        append(stream, [Fact(said(target))], by=ANNA)
    append(stream, [Fact(Noted(text="b"), id=later)], by=ANNA)
    assert faults(stream) == [(2, "it erases 'text' of an event that is not before it here")]


# -- files --------------------------------------------------------------------------------------------


def test_a_file_that_could_not_be_removed_stays_noted(
    noted: Recorded, stream: UUID, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    from ledger.redaction import ErasedFile

    with store.incoming() as incoming:
        incoming.write(b"a picture")
        kept = incoming.keep()

    def full(sha256: str) -> None:
        raise OSError("read-only file system")

    file = ErasedFile(sha256=kept.sha256, events=(noted.id,))
    with monkeypatch.context() as patch, django_capture_on_commit_callbacks(execute=True):
        patch.setattr(store, "remove", full)
        with django_capture_on_commit_callbacks(execute=True):
            erase(stream, target_of(noted, "text"), files=[file])
    assert Leftover.objects.undone().filter(what=kept.sha256).exists()
    assert store.exists(kept.sha256)
    assert remove_files() == 1
    assert not store.exists(kept.sha256)
    assert remove_files() == 0
