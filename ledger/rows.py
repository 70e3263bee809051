"""Inserting and asking for rows as the ORM does, at a fraction of its price.

The SQL of a table is written once, not for every row; PostgreSQL gets a few rows of all tables in one message, many by
COPY. A model's own fields still adapt the values that the database would not take as they are, so the rows are the ones
that `bulk_create` would make. Signals are not sent, related rows are not looked at, and ids that the database gives are
not read back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.constants import OnConflict

Field: TypeAlias = "models.Field[Any, Any]"

SOME = 500
"""Rows of one statement: both databases take far more values, and no statement grows without bound."""


MANY = 10
"""From so many rows on, PostgreSQL takes them by COPY, at a quarter of an INSERT's price and two more round trips."""


class Statement(NamedTuple):
    """SQL and the values for its placeholders."""

    sql: str
    values: Sequence[Any]


class Copy(NamedTuple):
    """Rows for one COPY."""

    sql: str
    rows: Sequence[Sequence[Any]]


_held: ContextVar[list[Statement | Copy] | None] = ContextVar("held", default=None)


def insert(*tables: Sequence[models.Model], unless_there: bool = False) -> None:
    """Insert new rows, those of one model in each sequence.

    :param unless_there: leave a row out that a unique constraint would refuse.
    """
    execute([each for rows in tables for each in insertions(rows, unless_there=unless_there)])


def insertions(
    rows: Sequence[Any], *, model: type[models.Model] | None = None, unless_there: bool = False
) -> Iterator[Statement | Copy]:
    """Write the statements that insert new rows of one model.

    :param model: that model, where the rows only have the attributes of its instances, and are none.
    """
    if not rows:
        return
    # Looked up once: the name `connection` stands for is looked up anew each time it is used.
    database = connections[DEFAULT_DB_ALIAS]
    kind: type[models.Model] = model or type(rows[0])
    table = _table(kind, database.vendor)
    values = [table.values(row, database) for row in rows]
    if len(rows) >= MANY and not unless_there and _takes_several():
        yield Copy(table.copy, values)
        return
    begin, end = (table.insert_or_ignore, table.or_ignore) if unless_there else (table.insert, "")
    for first in range(0, len(rows), SOME):
        some = values[first : first + SOME]
        yield Statement(f"{begin}{', '.join([table.one] * len(some))}{end}", [value for row in some for value in row])


@contextmanager
def together() -> Iterator[None]:
    """Hold back what is executed here until something else is asked of the database, or to the end of the block.

    What follows from an event then goes out with the event, and whoever reads sees it all the same.
    """
    if _held.get() is not None:
        yield
        return
    pending: list[Statement | Copy] = []

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


def execute(statements: Sequence[Statement | Copy]) -> None:
    """Carry out statements whose results nobody reads, in as few round trips as the database can."""
    pending = _held.get()
    if pending is not None:
        pending += statements
    elif statements:
        _send(statements)


def _send(statements: Sequence[Statement | Copy]) -> None:
    # Django translates the errors of its cursors' own methods; here psycopg's are called, too.
    with connection.cursor() as cursor, connection.wrap_database_errors:
        if not _takes_several():
            for each in statements:
                cursor.execute(*each)
            return
        for kind, some in groupby(statements, key=type):
            if kind is Copy:
                for each in some:
                    _copy(cursor, *each)
            else:
                # Bound one by one: psycopg remembers how to read a short statement, and no long one.
                cursor.execute("; ".join(cursor.mogrify(*each) for each in some))


def _copy(cursor: Any, sql: str, rows: Sequence[Sequence[Any]]) -> None:
    with cursor.copy(sql) as copy:
        for row in rows:
            copy.write_row(row)


@dataclass(frozen=True)
class _Table:
    """How rows of a model are read, and written: what an INSERT begins with, one row of it, what it ends with; a COPY.

    `adapted` are the fields, with their places, that change a value on its way to the database.
    """

    read: Callable[[Any], tuple[Any, ...]]
    adapted: Sequence[tuple[int, Field]]
    insert: str
    insert_or_ignore: str
    one: str
    or_ignore: str
    copy: str

    def values(self, row: Any, database: BaseDatabaseWrapper) -> list[Any]:
        values = list(self.read(row))
        for place, field in self.adapted:
            values[place] = field.get_db_prep_save(field.pre_save(row, True), database)
        return values


@cache
def _table(model: type[models.Model], vendor: str) -> _Table:
    fields: list[Field] = [field for field in model._meta.local_concrete_fields if not _given_by_database(field)]
    names = [model._meta.db_table, *(str(each.column) for each in fields)]
    table, *columns = map(connection.ops.quote_name, names)
    rows = f"{table} ({', '.join(columns)})"
    return _Table(
        read=attrgetter(*(field.attname for field in fields)),
        adapted=[(place, field) for place, field in enumerate(fields) if _adapts(field, vendor)],
        insert=f"{connection.ops.insert_statement()} {rows} VALUES ",
        insert_or_ignore=f"{connection.ops.insert_statement(OnConflict.IGNORE)} {rows} VALUES ",
        one=f"({', '.join(['%s'] * len(fields))})",
        or_ignore=f" {connection.ops.on_conflict_suffix_sql(fields, OnConflict.IGNORE, [], [])}",
        copy=f"COPY {rows} FROM STDIN",
    )


_AS_THEY_ARE = (models.CharField, models.TextField, models.IntegerField, models.FloatField, models.BooleanField)
_AS_THEY_ARE_IN_POSTGRESQL = (models.UUIDField, models.DateTimeField)


def _adapts(field: Field, vendor: str) -> bool:
    if getattr(field, "auto_now_add", False) or getattr(field, "auto_now", False):
        return True
    kept = _AS_THEY_ARE + (_AS_THEY_ARE_IN_POSTGRESQL if vendor == "postgresql" else ())
    return not isinstance(getattr(field, "target_field", field), kept)


class WrittenOnce:
    """A query that is asked in every request: the ORM writes its SQL once, not every time, and adapts what comes back.

    :param ask: makes a queryset that gives tuples out of ids and texts, which its SQL has placeholders for, in order.
    """

    def __init__(self, ask: Callable[..., models.QuerySet[Any, Any]], *kinds: type[UUID] | type[str]) -> None:
        self._ask = ask
        self._kinds = kinds
        self._written: dict[str, tuple[str, list[Any]]] = {}

    def __call__(self, *values: UUID | str) -> list[Sequence[Any]]:
        database = connections[DEFAULT_DB_ALIAS]
        sql, columns = self._written.get(database.vendor) or self._write(database)
        with database.cursor() as cursor:
            cursor.execute(sql, [raw(value) for value in values])
            rows: list[Any] = list(map(list, cursor.fetchall()))
        for place, column in enumerate(columns):
            for adapt in database.ops.get_db_converters(column) + column.get_db_converters(database):
                for row in rows:
                    row[place] = adapt(row[place], column, database)
        return rows

    def _write(self, database: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
        examples = [UUID(int=n) if kind is UUID else str(n) for n, kind in enumerate(self._kinds)]
        compiler = self._ask(*examples).query.get_compiler(DEFAULT_DB_ALIAS)
        sql, values = compiler.as_sql()
        assert list(values) == [raw(each) for each in examples], sql  # noqa: S101 -- the values' order is the SQL's
        written = sql, [column for column, _, _ in compiler.select]
        return self._written.setdefault(database.vendor, written)


def raw(value: Any) -> Any:
    """Write an id as the database keeps it; a text is one already."""
    return value.hex if isinstance(value, UUID) and not connection.features.has_native_uuid_field else value


def _given_by_database(field: Field) -> bool:
    return isinstance(field, models.AutoField | models.BigAutoField)


def _takes_several() -> bool:
    # Where values are bound on our side (Django's default), several statements are one text.
    return connection.vendor == "postgresql" and not getattr(connection.features, "uses_server_side_binding", False)
