"""Whatever is changed in the database by hand, `verify` names the event."""

import json
from collections.abc import Callable
from io import StringIO
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import connection

from ledger.append import Fact, append
from ledger.models import Event, Head, Payload
from ledger.recorded import Recorded
from ledger.verify import verify
from tests.ledger.notes import ANNA, Noted

pytestmark = pytest.mark.django_db
Note = Callable[..., Recorded]
Tamper = Callable[..., None]


@pytest.fixture
def events(note: Note) -> list[Recorded]:
    return [note(text) for text in "abcde"]


def uuid_param(value: UUID) -> str:
    return value.hex if connection.vendor == "sqlite" else str(value)


def faults(stream: UUID) -> list[tuple[int, str]]:
    return [(fault.seq, fault.reason) for fault in verify(stream=stream).faults]


def test_an_untouched_ledger_holds(events: list[Recorded], stream: UUID) -> None:
    report = verify()
    assert report.faults == []
    assert report.events >= 5


def test_every_single_byte_of_an_envelope_counts(events: list[Recorded], stream: UUID, tamper: Tamper) -> None:
    """Flip one byte at a time, every one of them; also where the hash column is made to fit again."""
    victim = events[2]
    for position in range(len(victim.envelope)):
        changed = bytearray(victim.envelope.encode())
        changed[position] ^= 1
        tamper(
            "UPDATE ledger_event SET envelope = %s WHERE id = %s",
            changed.decode("latin-1"),
            uuid_param(victim.id),
        )
        found = faults(stream)
        assert [seq for seq, _ in found] == [3], f"byte {position}"
    tamper("UPDATE ledger_event SET envelope = %s WHERE id = %s", victim.envelope, uuid_param(victim.id))
    assert faults(stream) == []


def test_a_changed_envelope_with_a_fitting_hash_breaks_the_chain_at_the_next(
    events: list[Recorded], stream: UUID, tamper: Tamper
) -> None:
    from ledger.envelope import chain_hash

    forged = json.dumps({**json.loads(events[2].envelope), "actor": "user:other"}, separators=(",", ":"))
    tamper(
        "UPDATE ledger_event SET envelope = %s, hash = %s, actor = 'user:other' WHERE id = %s",
        forged,
        chain_hash(forged),
        uuid_param(events[2].id),
    )
    ((seq, reason),) = faults(stream)
    assert seq == 4
    assert "chain breaks" in reason


def test_every_single_byte_of_a_payload_counts(events: list[Recorded], stream: UUID, tamper: Tamper) -> None:
    body = Payload.objects.get(pk=events[1].id).body
    for position in range(len(body)):
        changed = bytearray(body.encode())
        changed[position] ^= 1
        if changed[position] == 0x0A and position in (0, len(body) - 1):
            continue
        tamper(
            "UPDATE ledger_payload SET body = %s WHERE event_id = %s",
            changed.decode("latin-1"),
            uuid_param(events[1].id),
        )
        assert [seq for seq, _ in faults(stream)] == [2], f"byte {position}"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("type", "test.other/1"),
        ("actor", "user:other"),
        ("at", "2020-01-01 00:00:00+00:00"),
        ("item", "01a20b63999e77e6a0742ef713a1f328"),
        ("cause", "01a20b63999e77e6a0742ef713a1f328"),
        ("hash", "f" * 64),
    ],
)
def test_a_column_that_disagrees_with_its_envelope_is_named(
    events: list[Recorded], stream: UUID, tamper: Tamper, column: str, value: str
) -> None:
    tamper(f"UPDATE ledger_event SET {column} = %s WHERE id = %s", value, uuid_param(events[3].id))  # noqa: S608
    ((seq, reason),) = faults(stream)
    assert seq == 4
    assert column in reason


def test_a_removed_event_is_missed(events: list[Recorded], stream: UUID, tamper: Tamper) -> None:
    tamper("DELETE FROM ledger_payload WHERE event_id = %s", uuid_param(events[2].id))
    assert faults(stream) == [(3, "the payload is missing")]
    tamper("DELETE FROM ledger_event WHERE id = %s", uuid_param(events[2].id))
    ((seq, reason),) = faults(stream)
    assert seq == 4
    assert "event 3 is missing" in reason


def test_a_cut_tail_is_missed(events: list[Recorded], stream: UUID, tamper: Tamper) -> None:
    tamper("DELETE FROM ledger_payload WHERE event_id = %s", uuid_param(events[4].id))
    tamper("DELETE FROM ledger_event WHERE id = %s", uuid_param(events[4].id))
    ((seq, reason),) = faults(stream)
    assert seq == 5
    assert "tail was cut" in reason


def test_a_whole_stream_that_is_gone_is_missed(events: list[Recorded], stream: UUID, tamper: Tamper) -> None:
    for each in events:
        tamper("DELETE FROM ledger_payload WHERE event_id = %s", uuid_param(each.id))
    tamper("DELETE FROM ledger_event WHERE stream = %s", uuid_param(stream))
    assert [seq for seq, _ in faults(stream)] == [1]


def test_two_events_that_changed_places_are_named(events: list[Recorded], stream: UUID, tamper: Tamper) -> None:
    tamper("UPDATE ledger_event SET seq = 99 WHERE id = %s", uuid_param(events[1].id))
    tamper("UPDATE ledger_event SET seq = 2 WHERE id = %s", uuid_param(events[2].id))
    tamper("UPDATE ledger_event SET seq = 3 WHERE id = %s", uuid_param(events[1].id))
    assert [seq for seq, _ in faults(stream)] == [2]


def test_an_inserted_event_is_named(events: list[Recorded], stream: UUID, tamper: Tamper) -> None:
    twin = Event.objects.get(pk=events[4].id)
    twin.pk, twin.seq = UUID(int=7), 6
    twin.save(force_insert=True)
    Payload.objects.create(event=twin, body=Payload.objects.get(pk=events[4].id).body)
    ((seq, _),) = faults(stream)
    assert seq == 6


def test_an_exchanged_head_is_named(events: list[Recorded], stream: UUID, tamper: Tamper) -> None:
    tamper("UPDATE ledger_head SET hash = %s WHERE stream = %s", "0" * 64, uuid_param(stream))
    assert faults(stream) == [(5, "the head does not agree with the last event")]


def test_a_fault_in_one_stream_does_not_hide_one_in_another(
    events: list[Recorded], stream: UUID, tamper: Tamper
) -> None:
    other = append(UUID(int=1), [Fact(Noted(text="a"))], by=ANNA)[0]
    for victim in (events[0], other):
        tamper("UPDATE ledger_event SET actor = 'user:x' WHERE id = %s", uuid_param(victim.id))
    assert {fault.stream for fault in verify().faults} == {str(stream), str(UUID(int=1))}


def test_a_disclosure_moved_to_another_event_is_named(events: list[Recorded], stream: UUID, tamper: Tamper) -> None:
    body = Payload.objects.get(pk=events[0].id).body
    tamper("UPDATE ledger_payload SET body = %s WHERE event_id = %s", body, uuid_param(events[3].id))
    assert [seq for seq, _ in faults(stream)] == [4]


def test_more_events_than_one_batch_are_all_checked(
    stream: UUID, tamper: Tamper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.raw.BATCH", 7)
    last = append(stream, [Fact(Noted(text=str(number))) for number in range(30)], by=ANNA)[-1]
    assert verify(stream=stream).events == 30
    tamper("UPDATE ledger_event SET actor = 'user:x' WHERE id = %s", uuid_param(last.id))
    assert [seq for seq, _ in faults(stream)] == [30]


def test_the_command_exits_1_and_names_the_first_bad_event(
    events: list[Recorded], stream: UUID, tamper: Tamper
) -> None:
    out, err = StringIO(), StringIO()
    call_command("verify", stdout=out)
    assert "all hold" in out.getvalue()
    tamper("UPDATE ledger_event SET actor = 'user:x' WHERE id = %s", uuid_param(events[1].id))
    with pytest.raises(SystemExit) as exit_:
        call_command("verify", case=stream, stderr=err)
    assert exit_.value.code == 1
    assert str(events[1].id) in err.getvalue()


def test_the_command_says_when_the_case_is_not_here(db: None) -> None:
    err = StringIO()
    with pytest.raises(SystemExit):
        call_command("verify", case=UUID(int=5), stderr=err)
    assert "no events" in err.getvalue()


def test_heads_are_not_created_by_looking(stream: UUID) -> None:
    verify(stream=stream)
    assert not Head.objects.filter(stream=stream).exists()
