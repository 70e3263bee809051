"""How much and how many a text says: numbers with their units, what the text limits them by, and the sentence. Pure.

English and Russian by words; Korean, Chinese and Japanese in `quantities_eastern`. A number without a unit of `units`
is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from heapq import merge

from enrichment.number_words import COUNTS, number_at, readings
from enrichment.quantities_eastern import Quantity, eastern
from enrichment.sentences import sentence_at
from enrichment.units import BEFORE, COUNTED, SIGNS, unit_of

_WORD = re.compile(
    r"\d+(?:[.,'’]\d+|[ \u00a0\u2009\u202f]\d{3}(?!\d))*|[^\W\d_]+(?:-[^\W\d_]+)*|[$€£₽₩¥%~≈<>≥≤]|[–—-]|[^\w\s]"
)
_LONGEST = 20
"""Words that a number, a range and what stands before the unit may take altogether."""

_BETWEEN = 3
"""How many words may stand between a number and the things it counts."""

_LIMITS = [
    (words.split(), comparator)
    for comparator, phrases in {
        "at least": "at least|no fewer than|no less than|minimum of|не менее|не меньше|как минимум|минимум|≥",
        "at most": "up to|at most|no more than|not more than|maximum of|не более|не больше|максимум|до|≤",
        "more than": "more than|over|above|exceeding|upwards of|in excess of|более чем|более|больше|свыше|>",
        "less than": "less than|fewer than|under|below|менее|меньше|<",
        "about": "about|around|approximately|approx|some|nearly|almost|roughly|circa|c .|an estimated|estimated|"
        "около|примерно|приблизительно|порядка|почти|~|≈",
    }.items()
    for words in phrases.split("|")
]
_LIMITS.sort(key=lambda limit: -len(limit[0]))
_TO = {"to", "-", "–", "—", "до", "or", "или", "and"}
_NO_ADJECTIVES = {
    "and", "or", "of", "the", "in", "on", "at", "for", "from", "to", "by", "with", "was", "were", "is", "are", "that",
    "и", "или", "в", "на", "с", "из", "от", "до", "по", "за",
}  # fmt: skip

SEARCHED = 200_000
"""How many characters of a text are searched: two hundred pages."""


def quantities(text: str) -> Iterator[Quantity]:
    """Yield numbers with units, in the order of the text; of a long one only the first `SEARCHED` characters."""
    text = text[:SEARCHED]
    return merge(_western(text), eastern(text), key=lambda found: found.start)


# --- words with blanks between ----------------------------------------------------------------------------


def _western(text: str) -> Iterator[Quantity]:
    found = [(match[0], match.start(), match.end()) for match in _WORD.finditer(text)]
    words = [word for word, _, _ in found]
    units = _Units(words)
    at = 0
    while at < len(words):
        word = words[at]
        begins = word[0].isdigit() or word.lower().split("-")[0] in COUNTS or _is_a(words, at)
        # What no unit stands near need not be read.
        read = _read(words, at) if begins and (units.near(at) or words[at - 1] in BEFORE) else None
        if read is None:
            at += 1
            continue
        end, value, to, other, unit, several = read
        first, comparator = _limit(words, at)
        if first > 0 and words[first - 1] in BEFORE:
            first -= 1
        start, stop = found[first][1], found[end - 1][2]
        yield Quantity(
            text=text[start:stop],
            start=start,
            value=value,
            to=to,
            or_value=other,
            unit=unit,
            comparator=comparator or ("several" if several else ""),
            sentence=sentence_at(text, start, stop),
        )
        at = end


class _Units:
    """Where units stand among words, asked in ascending order."""

    def __init__(self, words: Sequence[str]) -> None:
        known: dict[str, bool] = {}
        for word in set(words):
            known[word] = bool(unit_of(word) or unit_of(word.rsplit("-", 1)[-1]) or word.lower() == "cent")
        self._places = iter([n for n, word in enumerate(words) if known[word]])
        self._next = next(self._places, -1)

    def near(self, at: int) -> bool:
        while 0 <= self._next < at:
            self._next = next(self._places, -1)
        return 0 <= self._next <= at + _LONGEST


def _is_a(words: Sequence[str], at: int) -> bool:
    return words[at].lower() in {"a", "an"} and at + 1 < len(words) and words[at + 1].lower() in COUNTS


_Read = tuple[int, float, float | None, float | None, str, bool]


def _read(words: Sequence[str], at: int) -> _Read | None:
    """Read a number, perhaps a range, and its unit; say behind which word they end."""
    if at > 0 and words[at - 1] in {".", ","} and words[at][0].isdigit() and at > 1 and words[at - 2][-1].isdigit():
        return None
    number = number_at(words, at)
    if number is None:
        return None
    end, to, value, other = at + number.words, None, number.value, number.other
    if end + 1 < len(words) and words[end].lower() in _TO and (last := number_at(words, end + 1)):
        unit = _unit(words, end + 1 + last.words)
        if unit and (words[end].lower() not in {"and", "or", "или"} or _between(words, at)):
            # "2 to 3 million": the scale is meant for both.
            bare = (readings(words[end + 1]) or [last.value])[0]
            scale = last.value / bare if bare and number.words == 1 else 1
            if value * scale <= last.value:
                return unit[0], value * scale, last.value, None, unit[1], False
    money = at > 0 and words[at - 1] in BEFORE
    if money:
        return end, value, to, other, SIGNS[words[at - 1]], False
    unit = _unit(words, end)
    if unit is None:
        return None
    if other is not None and "," in words[at]:
        # A comma parts thousands in English, decimals in Russian.
        value, other = (other, value) if words[unit[0] - 1][0] >= "а" else (value, None)
    return unit[0], value, to, other, unit[1], number.several


def _between(words: Sequence[str], at: int) -> bool:
    return at > 0 and words[at - 1].lower() == "between"


def _unit(words: Sequence[str], at: int) -> tuple[int, str] | None:
    """Find the unit behind a number; things that are counted may have words before them."""
    glued = at < len(words) and words[at] in {"-", "–"}
    at += glued
    if at < len(words) and words[at].lower() == "of":
        at += 1
    if at + 1 < len(words) and (words[at].lower(), words[at + 1].lower()) == ("per", "cent"):
        return at + 2, "%"
    if at + 1 < len(words) and words[at].lower() == "metric" and words[at + 1].lower() in {"ton", "tons", "tonnes"}:
        return at + 2, "t"
    if at + 1 < len(words) and words[at].lower() in {"nautical", "морских"} and unit_of(words[at + 1]):
        return at + 2, "nautical mile"
    for further in range(at, min(len(words), at + 1 + (0 if glued else _BETWEEN))):
        word = words[further]
        unit = unit_of(word) or unit_of(word.rsplit("-", 1)[-1]) if word[0].isalnum() or word == "%" else None
        if unit and (further == at or unit in COUNTED):
            return further + 1, unit
        if unit or not word[0].isalpha() or word.lower() in _NO_ADJECTIVES or word.lower() in COUNTS:
            return None
    return None


def _limit(words: Sequence[str], at: int) -> tuple[int, str]:
    """Find what limits the number that begins with a word: where that begins, and what it says."""
    if at > 0 and words[at - 1] in BEFORE:
        at -= 1
    for phrase, comparator in _LIMITS:
        first = at - len(phrase)
        if first >= 0 and [word.lower() for word in words[first:at]] == phrase:
            return first, comparator
    return at, ""
