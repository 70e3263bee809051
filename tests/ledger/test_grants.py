"""On PostgreSQL, the application's role has no right to change the past, whatever becomes of the triggers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import ProgrammingError, connection, transaction

from ledger.append import Fact, append
from ledger.grants import statements
from ledger.ids import uuid7
from ledger.models import Entry
from ledger.recorded import Recorded
from ledger.sequence import sequence
from ledger.triggers import ALL, lifted
from tests.ledger.erasures import erase, target_of
from tests.ledger.notes import ANNA, Noted

pytestmark = pytest.mark.django_db


def test_the_statements_name_every_guarded_table() -> None:
    text = "\n".join(statements("app"))
    for guarded in ALL:
        assert f'REVOKE UPDATE, DELETE, TRUNCATE, TRIGGER ON public.{guarded.table} FROM "app"' in text


# SQLite has no roles: whoever may write its file may write all of it; there the triggers and verify remain.
if connection.vendor == "postgresql":

    def test_a_role_with_these_rights_appends_and_changes_nothing(note: Callable[..., Recorded]) -> None:
        note("before")
        with connection.cursor() as cursor, lifted(connection):
            cursor.execute("CREATE ROLE waterline_app")
            for statement in statements("waterline_app"):
                cursor.execute(statement)
            cursor.execute("SET ROLE waterline_app")
            stream = uuid7()
            [event] = append(stream, [Fact(Noted(text="by the application"))], by=ANNA)
            # It erases through a function of the tables' owner alone.
            erase(stream, target_of(event, "text"))
            sequence()
            for guarded in ALL:
                for sql in (f"DELETE FROM {guarded.table}", f"TRUNCATE {guarded.table} CASCADE"):  # noqa: S608
                    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                        cursor.execute(sql)
            for sql in (
                "UPDATE ledger_event SET actor = 'x'",
                "UPDATE ledger_payload SET body = ''",
                "UPDATE ledger_entry SET hash = ''",
                "ALTER TABLE ledger_event DISABLE TRIGGER ALL",
                "DELETE FROM django_migrations",
            ):
                with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), transaction.atomic():
                    cursor.execute(sql)
            cursor.execute("RESET ROLE")
        assert Entry.objects.count() == 3
