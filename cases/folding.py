"""One form for texts that are the same but for case and spelling of characters, so both databases compare alike.

SQLite folds the case of ASCII only, PostgreSQL that of what its locale knows: here neither is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from unicodedata import normalize


def folded(text: str) -> str:
    """Fold case after NFKC; folding can undo the normal form, hence twice (Unicode 15, 3.13, D146)."""
    return normalize("NFKC", normalize("NFKC", text).casefold())


def findable(text: str) -> str:
    """Fold a text, and write one space for whatever parts its words: one that stands in another is found so."""
    return " ".join(folded(text).split())


def texts_in(value: Any) -> Iterator[str]:
    """Yield the texts in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from texts_in(each)
    elif isinstance(value, Sequence):
        for each in value:
            yield from texts_in(each)
