"""One form for texts that are the same but for case and spelling of characters, so both databases compare alike.

SQLite folds the case of ASCII only, PostgreSQL that of what its locale knows: here neither is asked.
"""

from __future__ import annotations

from unicodedata import normalize


def folded(text: str) -> str:
    """Fold case after NFKC; folding can undo the normal form, hence twice (Unicode 15, 3.13, D146)."""
    return normalize("NFKC", normalize("NFKC", text).casefold())
