"""Append-only, enforced by the database itself: UPDATE, DELETE and TRUNCATE are refused.

A head may only move forward, and a payload may only lose what an erasure names (see `erasure_guard`). On PostgreSQL the
application's role can be kept to SELECT and INSERT on these tables as well (see `grants`); a trigger also stops a
hurried owner of the database, and `verify` finds one who drops it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from ledger import erasure_guard

REFUSAL = "the ledger is append-only"


@dataclass(frozen=True)
class Guarded:
    """A table that is guarded, and the columns of its keys.

    An update is let through where `forward` (a condition on OLD and NEW) holds. `judged` names an operation that is let
    through under conditions which each database writes in its own way.
    """

    table: str
    keys: tuple[tuple[str, ...], ...]
    forward: str = ""
    judged: str = ""


CHAINS = (
    Guarded("ledger_event", (("id",), ("stream", "seq"))),
    Guarded("ledger_payload", (("event_id",),)),
    Guarded("ledger_head", (("stream",),), forward="NEW.seq > OLD.seq AND NEW.stream = OLD.stream"),
)
LOG = (
    Guarded("ledger_entry", (("position",), ("event",))),
    Guarded("ledger_subtree", (("level", "index"),)),
    Guarded("ledger_signedhead", (("size",),)),
    Guarded("ledger_loghead", (("id",),), forward="NEW.size > OLD.size AND NEW.id = OLD.id"),
)
ATTESTED = (
    Guarded("ledger_lasthead", (("event",),)),
    Guarded("ledger_timestamp", (("size", "authority"),)),
    Guarded("ledger_cosignature", (("size", "witness"),)),
)
ERASURES = (
    Guarded("ledger_payload", (("event_id",),), judged="UPDATE"),
    Guarded("ledger_redaction", (("event", "digest"),), judged="INSERT"),
)
ALL = (*(each for each in CHAINS if each.table != "ledger_payload"), *LOG, *ATTESTED, *ERASURES)

_POSTGRESQL_FUNCTION = f"""
CREATE OR REPLACE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '{REFUSAL}: % on %', TG_OP, TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$
"""


def create(connection: BaseDatabaseWrapper, tables: Sequence[Guarded] = ALL) -> None:
    """Put the triggers of some tables in place."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for statement in _functions(tables):
                cursor.execute(statement)
        _create(cursor, connection.vendor, tables)


def _create(cursor: Any, vendor: str, tables: Sequence[Guarded]) -> None:
    for statement in _STATEMENTS[vendor](tables):
        cursor.execute(statement)


def drop(connection: BaseDatabaseWrapper, tables: Sequence[Guarded] = ALL) -> None:
    """Take the triggers of some tables away."""
    with connection.cursor() as cursor:
        for name, guarded, _ in _triggers(tables, connection.vendor):
            on_table = f" ON {guarded.table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on_table}")


@contextmanager
def lifted(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Do without the triggers for a while: for emptying a test database."""
    drop(connection)
    try:
        yield
    finally:
        # Their functions are still there: in a long transaction each of these takes a lock more.
        with connection.cursor() as cursor:
            _create(cursor, connection.vendor, ALL)


def _triggers(tables: Sequence[Guarded], vendor: str) -> Iterator[tuple[str, Guarded, str]]:
    # SQLite's INSERT OR REPLACE takes the old row away without a DELETE that a trigger would see.
    operations = ["UPDATE", "DELETE", "TRUNCATE" if vendor == "postgresql" else "REPLACE"]
    for guarded in tables:
        for operation in dict.fromkeys([*operations, guarded.judged or "UPDATE"]):
            yield f"{guarded.table}_no_{operation.lower()}", guarded, operation


def _refused_when(guarded: Guarded, operation: str) -> str:
    if operation == guarded.judged:
        return f"NOT coalesce({_JUDGED[operation]['sqlite']}, 0)"
    if operation == "REPLACE":
        same = (" AND ".join(f'"{each}" = NEW."{each}"' for each in key) for key in guarded.keys)
        return f"EXISTS (SELECT 1 FROM {guarded.table} WHERE {' OR '.join(f'({each})' for each in same)})"  # noqa: S608
    return f"NOT ({guarded.forward})" if guarded.forward and operation == "UPDATE" else ""


_JUDGED = {"UPDATE": erasure_guard.LOST, "INSERT": erasure_guard.NAMED}
_JUDGES = {"UPDATE": "ledger_only_erased", "INSERT": "ledger_only_named"}


def _sqlite(tables: Sequence[Guarded]) -> Iterator[str]:
    for name, guarded, operation in _triggers(tables, "sqlite"):
        when = f"WHEN {refused}" if (refused := _refused_when(guarded, operation)) else ""
        event = "INSERT" if operation == "REPLACE" else operation
        yield (
            f"CREATE TRIGGER IF NOT EXISTS {name} BEFORE {event} ON {guarded.table} {when} "
            f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}: {operation} on {guarded.table}'); END"
        )


def _functions(tables: Sequence[Guarded]) -> Iterator[str]:
    yield _POSTGRESQL_FUNCTION
    if any(guarded.judged for guarded in tables):
        yield from erasure_guard.functions(REFUSAL)


def _postgresql(tables: Sequence[Guarded]) -> Iterator[str]:
    for name, guarded, operation in _triggers(tables, "postgresql"):
        each = "STATEMENT" if operation == "TRUNCATE" else "ROW"
        judge, when = "ledger_refuse", ""
        if operation == guarded.judged:
            judge = _JUDGES[operation]
        elif refused := _refused_when(guarded, operation):
            when = f"WHEN ({refused})"
        yield (
            f"CREATE OR REPLACE TRIGGER {name} BEFORE {operation} ON {guarded.table} "
            f"FOR EACH {each} {when} EXECUTE FUNCTION {judge}()"
        )


_STATEMENTS = {"sqlite": _sqlite, "postgresql": _postgresql}
