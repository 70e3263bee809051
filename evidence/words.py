"""The words of a text, split here so that both databases search the same ones.

A word is a run of letters, digits and their marks after NFKC and case folding. Han characters and kana,
written without spaces, are words each; what cannot be seen (zero-width, soft hyphen) does not split a word.
"""

from __future__ import annotations

from itertools import accumulate
from unicodedata import category

from cases.folding import folded

LONGEST = 64
"""Characters of a word; the rest of a longer one is not searched."""

MOST = 400_000
"""Bytes (UTF-8) of all different words of a text: PostgreSQL's tsvector holds a megabyte."""

ASKED = 20
"""Words of a query."""

# Han with its marks of repetition, hiragana, katakana, bopomofo (Unicode 15, Blocks.txt). Hangul has spaces.
_UNSPACED = (
    (0x2E80, 0x2FDF),
    (0x3005, 0x3007),
    (0x3021, 0x3029),
    (0x3031, 0x3035),
    (0x3038, 0x303C),
    (0x3041, 0x312F),
    (0x31A0, 0x31BF),
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x1AFF0, 0x1B16F),
    (0x20000, 0x3FFFD),
)


class _Table(dict[int, str]):
    """What each character becomes; filled as characters are met."""

    def __missing__(self, code: int) -> str:
        self[code] = becomes = _becomes(code)
        return becomes


def _becomes(code: int) -> str:
    kind = category(chr(code))
    if kind == "Cf" or 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF:
        return ""
    if kind[0] not in "LNM":
        return " "
    if kind[0] != "M" and any(first <= code <= last for first, last in _UNSPACED):
        return f" {chr(code)} "
    return chr(code)


_TABLE = _Table()


def words(text: str) -> list[str]:
    """List the different words of a text, in the order they first appear."""
    found = list(dict.fromkeys(in_order(text)))
    # A character has at most four bytes in UTF-8, so most texts need no counting.
    if 4 * sum(map(len, found)) > MOST:
        sizes = accumulate(len(word.encode()) for word in found)
        found = [word for word, size in zip(found, sizes, strict=True) if size <= MOST]
    return found


def query(text: str) -> list[str]:
    """List the different words of a query; the last one typed stays last, for it may be unfinished."""
    typed = dict.fromkeys(reversed(in_order(text)))
    return list(typed)[:ASKED][::-1]


def in_order(text: str) -> list[str]:
    """List the words of a text as they follow one another, each as often as it stands there."""
    runs = (_from_first_letter(run) for run in folded(text).translate(_TABLE).split())
    return [word[:LONGEST] for word in runs if word]


def _from_first_letter(run: str) -> str:
    if run[0].isalnum():
        return run
    # Marks that lost their letter, such as those of an emoji, are no word.
    first = next((n for n, character in enumerate(run) if category(character)[0] != "M"), len(run))
    return run[first:]
