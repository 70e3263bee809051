"""`ledger.append` on PostgreSQL with fsync on, against bare psycopg that inserts the same bytes into the same tables.

Twice: the ledger alone (an event that nobody subscribes to), and a statement with all that follows from it in the
same transaction: read rows, words for the search, the job of an enricher. The control has the rows ready-made.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any
from uuid import UUID

from benchmarks.figures import Figure, in_turns
from benchmarks.place import Place
from benchmarks.writers import rate

DATABASES = ("postgresql",)
WRITERS = 8
BATCH = 100


@dataclass(frozen=True)
class Size:
    """`events` by one writer in a round; as many in batches."""

    events: int
    rounds: int


FULL = Size(events=200, rounds=5)
QUICK = Size(events=100, rounds=3)
TINY = Size(events=10, rounds=1)


def run(place: Place, size: Size) -> list[Figure]:
    """Measure one writer, eight writers, and batches."""
    from osint.embedded import running_valkey

    figures = []
    with running_valkey(place.data):
        for name, fact in (("one event, ledger alone", _note), ("one statement with its read rows", _statement)):
            cases = [_case() for _ in range(WRITERS)]
            ours = partial(_append, cases, fact, size.events, 1)
            control = partial(_insert, [_Rows.of(_sample(fact)) for _ in range(WRITERS)], size.events)
            for writers in (1, WRITERS):
                rates = in_turns(
                    partial(rate, ours, writers, size.events),
                    partial(rate, control, writers, size.events),
                    rounds=size.rounds,
                )
                what = f"append {name}, {writers} writer{'s' if writers > 1 else ''}"
                figures.append(Figure(what=what, ours=rates[0], control=rates[1], unit="events/s", least=0.5))
            batched = partial(_append, cases, fact, max(size.events, BATCH) * 2, BATCH)
            rates = in_turns(
                partial(rate, batched, 1, max(size.events, BATCH) * 2),
                partial(rate, ours, 1, size.events),
                rounds=size.rounds,
            )
            what = f"append {name} in batches of {BATCH}, against one by one"
            figures.append(Figure(what=what, ours=rates[0], control=rates[1], unit="events/s", least=10))
    return figures


# --- ours -------------------------------------------------------------------------------------------------


def _append(cases: Sequence[UUID], fact: Callable[[int], Any], events: int, batch: int, writer: int) -> float:
    from ledger.actors import Actor
    from ledger.append import append

    by = Actor.worker("benchmark", 1)
    begin = perf_counter()
    for first in range(0, events, batch):
        append(cases[writer], [fact(n) for n in range(first, first + batch)], by=by)
    return perf_counter() - begin


def _note(n: int) -> Any:
    from benchmarks.notes import Noted
    from ledger.append import Fact
    from ledger.ids import uuid7

    return Fact(Noted(text=f"{n}: {TEXT}", source="a newspaper", language="en", weight=n / 7), item=uuid7())


def _statement(n: int) -> Any:
    from benchmarks.statements import submission
    from ledger.append import Fact
    from ledger.ids import uuid7

    return Fact(submission(n), item=uuid7())


TEXT = "About a dozen tankers docked 43 times since March at oil terminals in the far east, said the researcher. " * 4


def _case() -> UUID:
    """Open a case with an owner of its own."""
    from cases.commands import open_case
    from ledger.actors import Actor
    from ledger.ids import uuid7
    from osint.models import User

    user = User.objects.create(username=str(uuid7()))
    return open_case(title="Tankers", by=Actor.person(user.pk)).stream


# --- the control ------------------------------------------------------------------------------------------

# ruff: noqa: S608 -- the names of tables and columns are fixed here, or the database's own
TABLES = {
    "ledger_event": "stream",
    "evidence_itemstate": "case_id",
    "evidence_searchtext": "case_id",
    "evidence_custody": "case_id",
    "evidence_itemtag": "case_id",
    "enrichment_job": "case_id",
}
"""The tables that an append may write to, those of the event's own id apart, and their column of the case."""


@dataclass(frozen=True)
class _Rows:
    """What one append wrote: a statement of SQL for each row, and its values. `ids` differ each time."""

    stream: UUID
    statements: list[tuple[str, dict[str, Any]]]
    ids: list[UUID]

    @classmethod
    def of(cls, stream: UUID) -> _Rows:
        import psycopg
        from psycopg.rows import dict_row

        with psycopg.connect(_address(), row_factory=dict_row) as connection:
            found = []
            for table, column in TABLES.items():
                last = "AND seq > 1" if table == "ledger_event" else ""
                rows = connection.execute(f"SELECT * FROM {table} WHERE {column} = %s {last}", [stream]).fetchall()
                found += [(table, row) for row in rows]
                if table == "ledger_event":
                    ids = [rows[0]["id"]]
                    found += [("ledger_payload", connection.execute(PAYLOAD, ids).fetchone() or {})]
                    found += [("ledger_pending", connection.execute(PENDING, ids).fetchone() or {})]
            ids += [found[0][1]["item"], *(row["id"] for table, row in found if table == "enrichment_job")]
        return cls(stream, [(_sql(table, row), _bindable(table, row)) for table, row in found], ids)


PAYLOAD = "SELECT * FROM ledger_payload WHERE event_id = %s"
PENDING = "SELECT * FROM ledger_pending WHERE event = %s"
SERIAL = {"ledger_pending": "n", "evidence_searchtext": "n", "evidence_custody": "id", "evidence_itemtag": "id"}
HEAD = "UPDATE ledger_head SET seq = %s, hash = %s WHERE stream = %s"


def _sql(table: str, row: dict[str, Any]) -> str:
    names = [name for name in row if name != SERIAL.get(table)]
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(f'%({name})s' for name in names)})"


def _bindable(table: str, row: dict[str, Any]) -> dict[str, Any]:
    from psycopg.types.json import Jsonb

    return {name: Jsonb(value) if isinstance(value, dict | list) else value for name, value in row.items()}


def _sample(fact: Callable[[int], Any]) -> UUID:
    case = _case()
    _append([case], fact, 1, 1, 0)
    return case


def _insert(rows: Sequence[_Rows], events: int, writer: int) -> float:
    import psycopg

    from ledger.ids import uuid7

    mine = rows[writer]
    with psycopg.connect(_address()) as connection:
        (seq,) = connection.execute("SELECT seq FROM ledger_head WHERE stream = %s", [mine.stream]).fetchone() or (0,)
        connection.commit()
        begin = perf_counter()
        for n in range(seq + 1, seq + 1 + events):
            fresh = {old: uuid7() for old in mine.ids}
            with connection.cursor() as cursor:
                for sql, values in mine.statements:
                    changed = {name: fresh.get(v, v) if isinstance(v, UUID) else v for name, v in values.items()}
                    if "seq" in changed:
                        changed["seq"] = n
                    cursor.execute(sql, changed)
                cursor.execute(HEAD, [n, values.get("hash", "0" * 64), mine.stream])
            connection.commit()
        return perf_counter() - begin


def _address() -> str:
    return os.environ["DATABASE_URL"]
