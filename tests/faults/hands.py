"""What somebody with the database in their hands can do to it, past the product and past its triggers."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests.site import Site

KEYS = {"ledger_event": "id", "ledger_payload": "event_id"}


def read(site: Site, table: str, column: str, event: str) -> Any:
    """Read one field of an event's row."""
    [(value,)] = site.rows(f"SELECT {column} FROM {table} WHERE {KEYS[table]} = ?", _stored(site, event))  # noqa: S608
    return value


def overwrite(site: Site, table: str, column: str, value: Any, event: str) -> None:
    """Change one field of an event's row, with the triggers out of the way for as long as it takes."""
    update = f"UPDATE {table} SET {column} = ? WHERE {KEYS[table]} = ?"  # noqa: S608
    if url := site.environment.get("DATABASE_URL"):
        with psycopg.connect(url) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute(update.replace("?", "%s"), [value, event])  # type: ignore[arg-type]
        return
    with closing(sqlite3.connect(site.database)) as connection, connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        assert connection.execute(update, [value, _stored(site, event)]).rowcount == 1
        for _, sql in triggers:
            connection.execute(sql)


@contextmanager
def flipped(file: Path, text: bytes, *, at: int, bit: int) -> Iterator[None]:
    """Flip one bit of the byte at this place of a text, wherever the text stands in a file; flip it back in the end."""
    _flip(file, text, at=at, bit=bit)
    try:
        yield
    finally:
        changed = bytearray(text)
        changed[at] ^= bit
        _flip(file, bytes(changed), at=at, bit=bit)


def _flip(file: Path, text: bytes, *, at: int, bit: int) -> None:
    content = bytearray(file.read_bytes())
    place = content.find(text)
    assert place >= 0
    # Pages that SQLite no longer uses may hold older copies of a row.
    while place >= 0:
        content[place + at] ^= bit
        place = content.find(text, place + 1)
    file.write_bytes(content)


def _stored(site: Site, event: str) -> str:
    return event if "DATABASE_URL" in site.environment else event.replace("-", "")
