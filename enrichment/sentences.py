"""The sentence that something stands in. Pure."""

from __future__ import annotations

import re

LONGEST = 300
"""Characters of a sentence that are given; of a longer one, those around what was found."""

# A point ends a sentence only before a blank: 3.5, a.example and St.Petersburg go on.
_END = re.compile(r"[.!?…]+[\"'»”)\]]*\s|[。！？]|\n")


def sentence_at(text: str, start: int, end: int) -> str:
    """Give the sentence around a stretch of a text; its whitespace as single blanks."""
    room = max(0, LONGEST - (end - start)) // 2
    first, last = max(0, start - room), min(len(text), end + room)
    begins = [match.end() for match in _END.finditer(text, first, start)]
    stops = _END.search(text, max(end - 1, start), last)
    return " ".join(text[begins[-1] if begins else first : stops.end() if stops else last].split())[:LONGEST]
