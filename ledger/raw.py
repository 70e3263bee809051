"""Read the ledger's rows as they lie in the database, whatever somebody did to them.

Nothing is taken for granted here: bytes that are no text, other types than the columns have, a row that can not be
read at all. Elsewhere the ledger is read through its models.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from uuid import UUID

from django.db import DatabaseError, connection, transaction

from ledger.models import Head

BATCH = 2000
MOST = 1_000_000


class Row(NamedTuple):
    """An event and its payload. `key_stream` and `key_seq` are the place it was found at; the rest is what it says."""

    key_stream: Any
    key_seq: Any
    stream: Any = None
    seq: Any = None
    id: Any = None
    item: Any = None
    type: Any = None
    at: Any = None
    actor: Any = None
    cause: Any = None
    hash: Any = None
    envelope: Any = None
    payload: Any = None
    body: Any = None
    file: Any = None


# SQLite shows an index's copy of a column where it can: the rows themselves are joined by their rowid, so that a
# changed one is seen. And it turns a column of instants into an instant, or fails: the text is wanted.
_FROM = {
    "sqlite": """ledger_event k JOIN ledger_event e ON e.rowid = k.rowid
        LEFT JOIN ledger_payload q ON q.event_id = e.id LEFT JOIN ledger_payload p ON p.rowid = q.rowid""",
    "postgresql": "ledger_event k JOIN ledger_event e ON e.id = k.id LEFT JOIN ledger_payload p ON p.event_id = e.id",
}
_AT = {"sqlite": "CAST(e.at AS TEXT)", "postgresql": "e.at"}
_KEYS = "SELECT k.stream, k.seq FROM ledger_event k WHERE {where} ORDER BY k.stream, k.seq LIMIT {limit}"
_ROWS = """
SELECT k.stream, k.seq, e.stream, e.seq, e.id, e.item, e.type, {at}, e.actor, e.cause, e.hash, e.envelope,
    p.event_id, p.body, p.file
FROM {tables} WHERE {where} ORDER BY k.stream, k.seq LIMIT {limit}
"""
_HEADS = "SELECT stream, seq, hash FROM ledger_head WHERE {where} ORDER BY stream"


@contextmanager
def snapshot() -> Iterator[None]:
    """See one state of the database until the block ends, while writers go on; inside a transaction, that of it."""
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    else:
        with connection.cursor() as cursor:
            # Django's own transactions on SQLite take the right to write at once.
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")


def rows(stream: UUID | None = None) -> Iterator[Row]:
    """Yield a stream's rows (or all) in order, a batch at a time by key: no model instances, no long-lived cursor."""
    last: tuple[Any, int] | None = None
    while True:
        where, params = _of(stream, "k.stream")
        if last is not None:
            where += " AND (k.stream, k.seq) > (%s, %s)"
            params += last
        batch = _batch(where, params)
        yield from batch
        if len(batch) < BATCH:
            return
        last = (batch[-1].key_stream, batch[-1].key_seq)


def rows_of_type(type_: str, stream: UUID | None = None) -> Iterator[Row]:
    """Yield the rows of a stream (or all) that say they are of a type: few, and read one by one."""
    where, params = _of(stream, "k.stream")
    with _any_bytes():
        keys = _fetch(_KEYS.format(where=f"{where} AND k.type = %s", limit=MOST), [*params, type_])
        for key in keys:
            yield _one(*key)


def heads(stream: UUID | None = None) -> list[Sequence[Any]]:
    """List the heads as (stream, seq, hash)."""
    where, params = _of(stream, "stream")
    with _any_bytes():
        return _fetch(_HEADS.format(where=where), params)


def _of(stream: UUID | None, column: str) -> tuple[str, list[Any]]:
    if stream is None:
        return "TRUE", []
    # How a UUID is given to the database differs: Django's own field knows it.
    return f"{column} = %s", [Head._meta.get_field("stream").get_db_prep_value(stream, connection)]


def _batch(where: str, params: Sequence[Any]) -> list[Row]:
    try:
        return _read(where, params, BATCH)
    except DatabaseError:
        if connection.vendor != "sqlite":
            raise
    with _any_bytes():
        keys = _fetch(_KEYS.format(where=where, limit=BATCH), params)
        return [_one(*key) for key in keys]


def _one(stream: Any, seq: Any) -> Row:
    """Read one row of a batch that could not be read at once; a bare key where its page is broken."""
    try:
        found = _read("k.stream = %s AND k.seq = %s", [stream, seq], 1)
    except DatabaseError:
        found = []
    return found[0] if found else Row(stream, seq)


def _read(where: str, params: Sequence[Any], limit: int) -> list[Row]:
    vendor = connection.vendor
    query = _ROWS.format(at=_AT[vendor], tables=_FROM[vendor], where=where, limit=limit)
    return [Row(*each) for each in _fetch(query, params)]


def _fetch(query: str, params: Sequence[Any]) -> list[Sequence[Any]]:
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        found: list[Sequence[Any]] = cursor.fetchall()
        return found


@contextmanager
def _any_bytes() -> Iterator[None]:
    """Let SQLite hand over text that is not UTF-8, instead of failing at it."""
    connection.ensure_connection()
    if connection.vendor != "sqlite":
        yield
        return
    factory = connection.connection.text_factory
    connection.connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    try:
        yield
    finally:
        connection.connection.text_factory = factory
