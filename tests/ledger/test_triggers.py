"""Append-only is the database's own rule: whoever comes around the code is refused too."""

from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection, transaction

from ledger.models import Event, Head, Payload
from ledger.recorded import Recorded

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
    ],
)
def test_the_past_can_not_be_changed_in_sql(note: Note, sql: str) -> None:
    note("a")
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)


@pytest.mark.parametrize("table", ["ledger_event", "ledger_payload", "ledger_head"])
def test_a_table_can_not_be_truncated(note: Note, table: str) -> None:
    if connection.vendor != "postgresql":
        return  # SQLite has no TRUNCATE: its DELETE is refused above.
    note("a")
    connection.check_constraints()  # What is still to be checked would stop TRUNCATE before the trigger does.
    with (
        pytest.raises(DatabaseError, match="append-only"),
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
