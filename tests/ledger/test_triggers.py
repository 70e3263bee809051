"""Append-only is the database's own rule: whoever comes around the code is refused too."""

from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from ledger.ids import uuid7
from ledger.models import Cosignature, Event, Head, LastHead, Payload, SignedHead, Subtree, Timestamp
from ledger.recorded import Recorded
from ledger.sequence import sequence
from ledger.triggers import ALL
from tests.ledger.erasures import erase, target_of

pytestmark = pytest.mark.django_db
Note = Callable[..., Recorded]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE ledger_event SET actor = 'somebody else'",
        "UPDATE ledger_event SET seq = seq",
        "DELETE FROM ledger_event",
        "UPDATE ledger_payload SET body = ''",
        "DELETE FROM ledger_payload",
        "DELETE FROM ledger_head",
        "UPDATE ledger_head SET seq = seq - 1",
        "UPDATE ledger_head SET hash = ''",
        "UPDATE ledger_entry SET hash = ''",
        "DELETE FROM ledger_entry",
        "DELETE FROM ledger_subtree",
        "UPDATE ledger_loghead SET size = size - 1",
        "DELETE FROM ledger_loghead",
        "DELETE FROM ledger_redaction",
        "UPDATE ledger_redaction SET name = ''",
        "UPDATE ledger_signedhead SET note = ''",
        "DELETE FROM ledger_signedhead",
        "UPDATE ledger_lasthead SET note = ''",
        "DELETE FROM ledger_lasthead",
        "UPDATE ledger_timestamp SET authority = 'another'",
        "DELETE FROM ledger_timestamp",
        "UPDATE ledger_cosignature SET line = ''",
        "DELETE FROM ledger_cosignature",
    ],
)
def test_the_past_can_not_be_changed_in_sql(note: Note, sql: str) -> None:
    note("a")
    a_row_in_each_table(note("b"))
    sequence()
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)


def a_row_in_each_table(event: Recorded) -> None:
    """Fill the tables that an append and its place in the log leave empty."""
    now = timezone.now()
    erase(event.stream, target_of(event, "text"))
    Subtree.objects.create(level=8, index=0, hash="ab" * 32)
    SignedHead.objects.create(size=1, root="ab" * 32, note="", at=now)
    LastHead.objects.create(event=uuid7(), size=1, note="", at=now)
    Timestamp.objects.create(size=1, authority="tsa", reply=b"", at=now)
    Cosignature.objects.create(size=1, witness="witness", line="", time=now, at=now)


@pytest.mark.parametrize("table", [each.table for each in ALL])
def test_a_table_can_not_be_truncated(note: Note, table: str) -> None:
    note("a")
    connection.check_constraints()  # What is still to be checked would stop TRUNCATE before the trigger does.
    with (
        # SQLite has no such command, and its own way round a DELETE is tested below.
        pytest.raises(DatabaseError, match="append-only" if connection.vendor == "postgresql" else "syntax error"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"TRUNCATE {table} CASCADE")


def test_the_past_can_not_be_changed_through_the_orm(note: Note) -> None:
    recorded = note("a")
    for change in (
        lambda: Event.objects.filter(pk=recorded.id).update(actor="x"),
        lambda: Payload.objects.filter(pk=recorded.id).update(body="x"),
        lambda: Payload.objects.filter(pk=recorded.id).delete(),
        lambda: Head.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()
    assert Event.objects.get(pk=recorded.id).actor == "user:anna"


def test_no_row_is_replaced_by_another_of_its_key(note: Note) -> None:
    """SQLite's INSERT OR REPLACE takes the old row away without a DELETE; PostgreSQL has no such thing."""
    a_row_in_each_table(note("a"))
    sequence()
    command = "INSERT OR REPLACE" if connection.vendor == "sqlite" else "INSERT"
    for guarded in ALL:
        with connection.cursor() as cursor, pytest.raises(DatabaseError), transaction.atomic():
            cursor.execute(f"{command} INTO {guarded.table} SELECT * FROM {guarded.table} LIMIT 1")  # noqa: S608
    assert Event.objects.count() == 2
