"""Inserting rows as the ORM does, at a fraction of its price.

The SQL of a table is written once, not for every row, and PostgreSQL gets all tables' rows in one message. A model's
own fields still adapt each value, so the rows are the ones that `bulk_create` would make. Signals are not sent,
related rows are not looked at, and ids that the database gives are not read back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, NamedTuple, TypeAlias

from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.db.models.constants import OnConflict

Field: TypeAlias = "models.Field[Any, Any]"

SOME = 500
"""Rows of one statement: both databases take far more values, and no statement grows without bound."""


class Statement(NamedTuple):
    """SQL and the values for its placeholders."""

    sql: str
    values: Sequence[Any]


_held: ContextVar[list[Statement] | None] = ContextVar("held", default=None)


def insert(*tables: Sequence[models.Model], unless_there: bool = False) -> None:
    """Insert new rows, those of one model in each sequence.

    :param unless_there: leave a row out that a unique constraint would refuse.
    """
    execute([each for rows in tables for each in insertions(rows, unless_there=unless_there)])


def insertions(rows: Sequence[models.Model], *, unless_there: bool = False) -> Iterator[Statement]:
    """Write the statements that insert new rows of one model."""
    if not rows:
        return
    conflict = OnConflict.IGNORE if unless_there else None
    # Looked up once: the name `connection` stands for is looked up anew each time it is used.
    database = connections[DEFAULT_DB_ALIAS]
    fields, begin, one, end = _insertion(type(rows[0]), conflict, database.vendor)
    for first in range(0, len(rows), SOME):
        some = rows[first : first + SOME]
        values = [field.get_db_prep_save(field.pre_save(row, True), database) for row in some for field in fields]
        yield Statement(f"{begin}{', '.join([one] * len(some))}{end}", values)


@contextmanager
def together() -> Iterator[None]:
    """Hold back what is executed here until something else is asked of the database, or to the end of the block.

    What follows from an event then goes out with the event, and whoever reads sees it all the same.
    """
    if _held.get() is not None:
        yield
        return
    pending: list[Statement] = []

    def send() -> None:
        if pending:
            statements = pending.copy()
            pending.clear()
            _send(statements)

    def after_what_is_held(carry_out: Any, sql: Any, values: Any, many: Any, context: Any) -> Any:
        send()
        return carry_out(sql, values, many, context)

    before = _held.set(pending)
    try:
        with connection.execute_wrapper(after_what_is_held):
            yield
            send()
    finally:
        _held.reset(before)


def execute(statements: Sequence[Statement]) -> None:
    """Carry out statements whose results nobody reads, in one round trip where the database can."""
    pending = _held.get()
    if pending is not None:
        pending += statements
    elif statements:
        _send(statements)


def _send(statements: Sequence[Statement]) -> None:
    with connection.cursor() as cursor:
        if _takes_several():
            sql = "; ".join(each.sql for each in statements)
            cursor.execute(sql, [value for each in statements for value in each.values])
            return
        for each in statements:
            cursor.execute(each.sql, each.values)


@cache
def _insertion(
    model: type[models.Model], conflict: OnConflict | None, vendor: str
) -> tuple[list[Field], str, str, str]:
    fields: list[Field] = [field for field in model._meta.local_concrete_fields if not _given_by_database(field)]
    names = [model._meta.db_table, *(str(each.column) for each in fields)]
    table, *columns = map(connection.ops.quote_name, names)
    begin = f"{connection.ops.insert_statement(conflict)} {table} ({', '.join(columns)}) VALUES "
    end = connection.ops.on_conflict_suffix_sql(fields, conflict, [], []) if conflict else ""
    return fields, begin, f"({', '.join(['%s'] * len(fields))})", f" {end}" if end else ""


def _given_by_database(field: Field) -> bool:
    return isinstance(field, models.AutoField | models.BigAutoField)


def _takes_several() -> bool:
    # Where values are bound on our side (Django's default), several statements are one text.
    return connection.vendor == "postgresql" and not getattr(connection.features, "uses_server_side_binding", False)
