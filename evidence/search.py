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
_POSTGRESQL = [
    f"""CREATE INDEX {TABLE}_words ON {TABLE}
        USING gin (array_to_tsvector(array_remove(string_to_array(words, ' '), '')))""",
]
INDEX = {"sqlite": _SQLITE, "postgresql": _POSTGRESQL}
"""The statements that make each database's index; a migration runs them."""


def matching(text: str) -> QuerySet[Any]:
    """Select the ids of items that hold every word of `text`, the last one as a beginning.

    Without any word nothing matches.
    """
    wanted = query(text)
    if not wanted:
        return SearchText.objects.none().values("item")
    if connection.vendor == "sqlite":
        phrase = " ".join(f'"{word}"' for word in wanted) + "*"
        found = RawSQL(f"SELECT rowid FROM {TABLE}_fts WHERE {TABLE}_fts MATCH %s", [phrase])  # noqa: S611
        return SearchText.objects.filter(n__in=found).values("item")
    quoted = " & ".join(f"'{word}'" for word in wanted) + ":*"
    holds = RawSQL(  # noqa: S611 -- the text is fixed, the query is a bound value of letters and digits alone
        f"array_to_tsvector(array_remove(string_to_array({TABLE}.words, ' '), '')) @@ %s::tsquery", [quoted]
    )
    return SearchText.objects.annotate(holds=holds).filter(holds=True).values("item")
