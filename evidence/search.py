"""Search by words, with the same answers on both databases.

`words.words` splits text before it is stored, so each database only has to look ready-made words up: SQLite in an
FTS5 table kept in step by triggers, PostgreSQL in a GIN index over the same words. The last word may be unfinished.
"""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from evidence.models import SearchText
from evidence.words import query

TABLE = "evidence_searchtext"

# ruff: noqa: S608 -- the names are fixed here; what people search for is a bound value.
_SQLITE = [
    f"""CREATE VIRTUAL TABLE {TABLE}_fts USING fts5(
        words, content='{TABLE}', content_rowid='n', tokenize="unicode61 remove_diacritics 0", prefix='2 3')""",
    f"""CREATE TRIGGER {TABLE}_fts_insert AFTER INSERT ON {TABLE} BEGIN
        INSERT INTO {TABLE}_fts(rowid, words) VALUES (NEW.n, NEW.words); END""",
    f"""CREATE TRIGGER {TABLE}_fts_delete AFTER DELETE ON {TABLE} BEGIN
        INSERT INTO {TABLE}_fts({TABLE}_fts, rowid, words) VALUES ('delete', OLD.n, OLD.words); END""",
    f"""CREATE TRIGGER {TABLE}_fts_update AFTER UPDATE ON {TABLE} BEGIN
        INSERT INTO {TABLE}_fts({TABLE}_fts, rowid, words) VALUES ('delete', OLD.n, OLD.words);
        INSERT INTO {TABLE}_fts(rowid, words) VALUES (NEW.n, NEW.words); END""",
]
_LEXEMES = "array_to_tsvector(array_remove(string_to_array(words, ' '), ''))"
_POSTGRESQL = [f"CREATE INDEX {TABLE}_words ON {TABLE} USING gin ({_LEXEMES})"]
_LOOK_UP = {
    "sqlite": f"SELECT rowid FROM {TABLE}_fts WHERE {TABLE}_fts MATCH %s",
    "postgresql": f"SELECT n FROM {TABLE} WHERE {_LEXEMES} @@ %s::tsquery",
}
INDEX = {"sqlite": _SQLITE, "postgresql": _POSTGRESQL}
"""The statements that make each database's index; a migration runs them."""


def matching(text: str) -> QuerySet[Any]:
    """Select the ids of items that hold every word of `text`, the last one as a beginning.

    Without any word nothing matches.
    """
    wanted = query(text)
    if not wanted:
        return SearchText.objects.none().values("item")
    phrase = _fts5(wanted) if connection.vendor == "sqlite" else _tsquery(wanted)
    found = RawSQL(_LOOK_UP[connection.vendor], [phrase])  # noqa: S611 -- fixed text, the phrase is a bound value
    return SearchText.objects.filter(n__in=found).values("item")


def tidy() -> None:
    """Take words out of SQLite's index for good that no item holds any more: until then they are only marked so."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO {TABLE}_fts({TABLE}_fts) VALUES ('optimize')")


def _fts5(wanted: list[str]) -> str:
    return " ".join(f'"{word}"' for word in wanted) + "*"


def _tsquery(wanted: list[str]) -> str:
    # Words are letters and digits alone: nothing in them ends a quotation.
    return " & ".join(f"'{word}'" for word in wanted) + ":*"
