"""Append-only, enforced by the database itself: UPDATE, DELETE and TRUNCATE are refused.

A head may only move forward. In production the application's role has no more than SELECT and INSERT on the first
two tables as well; a trigger also stops a hurried owner of the database, and `verify` finds one who drops it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db.backends.base.base import BaseDatabaseWrapper

APPEND_ONLY = ("ledger_event", "ledger_payload")
HEAD = "ledger_head"
REFUSAL = "the ledger is append-only"

_POSTGRESQL_FUNCTION = f"""
CREATE OR REPLACE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '{REFUSAL}: % on %', TG_OP, TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$
"""


def create(connection: BaseDatabaseWrapper) -> None:
    """Put every trigger in place."""
    with connection.cursor() as cursor:
        for statement in _STATEMENTS[connection.vendor]():
            cursor.execute(statement)


def drop(connection: BaseDatabaseWrapper) -> None:
    """Take every trigger away."""
    with connection.cursor() as cursor:
        for name, table in _names(connection.vendor):
            on_table = f" ON {table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on_table}")


@contextmanager
def lifted(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Do without the triggers for a while: for emptying a test database."""
    drop(connection)
    try:
        yield
    finally:
        create(connection)


def _names(vendor: str) -> Iterator[tuple[str, str]]:
    operations = ["update", "delete"] + (["truncate"] if vendor == "postgresql" else [])
    for table in (*APPEND_ONLY, HEAD):
        for operation in operations:
            yield f"{table}_no_{operation}", table


def _sqlite() -> Iterator[str]:
    for name, table in _names("sqlite"):
        operation = name.rpartition("_")[2].upper()
        when = "WHEN NEW.seq <= OLD.seq OR NEW.stream <> OLD.stream" if (table, operation) == (HEAD, "UPDATE") else ""
        yield (
            f"CREATE TRIGGER IF NOT EXISTS {name} BEFORE {operation} ON {table} {when} "
            f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}: {operation} on {table}'); END"
        )


def _postgresql() -> Iterator[str]:
    yield _POSTGRESQL_FUNCTION
    for name, table in _names("postgresql"):
        operation = name.rpartition("_")[2].upper()
        each = "STATEMENT" if operation == "TRUNCATE" else "ROW"
        when = "WHEN (NEW.seq <= OLD.seq OR NEW.stream <> OLD.stream)" if (table, operation) == (HEAD, "UPDATE") else ""
        yield (
            f"CREATE OR REPLACE TRIGGER {name} BEFORE {operation} ON {table} "
            f"FOR EACH {each} {when} EXECUTE FUNCTION ledger_refuse()"
        )


_STATEMENTS = {"sqlite": _sqlite, "postgresql": _postgresql}
