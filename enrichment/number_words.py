"""Numbers written with digits, words, or both, in a stretch of words: English and Russian. Pure.

A point or a comma before three last digits separates thousands in one language and decimals in another: both readings
are given. Words that name no number of things (dozens of, тысячи) say how many at least two of them are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

LARGEST = 1e15
"""Larger ones count nothing on Earth."""

_UNITS = {
    word: float(value)
    for value, words in {
        1: "one один одна одно одного одной", 2: "two два две двух", 3: "three три трёх трех",
        4: "four четыре четырёх", 5: "five пять пяти", 6: "six шесть шести", 7: "seven семь семи",
        8: "eight восемь восьми", 9: "nine девять девяти", 10: "ten десять десяти",
        11: "eleven одиннадцать одиннадцати", 12: "twelve двенадцать двенадцати",
        13: "thirteen тринадцать", 14: "fourteen четырнадцать", 15: "fifteen пятнадцать пятнадцати",
        16: "sixteen шестнадцать", 17: "seventeen семнадцать", 18: "eighteen восемнадцать",
        19: "nineteen девятнадцать", 20: "twenty двадцать двадцати", 30: "thirty тридцать тридцати",
        40: "forty сорок сорока", 50: "fifty пятьдесят пятидесяти", 60: "sixty шестьдесят шестидесяти",
        70: "seventy семьдесят семидесяти", 80: "eighty восемьдесят", 90: "ninety девяносто",
        100: "сто ста", 200: "двести двухсот", 300: "триста трёхсот", 400: "четыреста",
        500: "пятьсот пятисот", 600: "шестьсот", 700: "семьсот", 800: "восемьсот", 900: "девятьсот",
    }.items()
    for word in words.split()
}  # fmt: skip
_SCALES = {
    word: value
    for value, words in {
        12.0: "dozen дюжина дюжину дюжины",
        100.0: "hundred",
        1e3: "thousand k тыс тысяча тысячу тысячи тысяч тысячами",
        1e6: "million mln mio m млн миллион миллиона миллионов миллиону",
        1e9: "billion bn bln млрд миллиард миллиарда миллиардов",
        1e12: "trillion trn трлн триллион триллиона триллионов",
    }.items()
    for word in words.split()
}
_SEVERAL = {
    "dozens": 12.0, "scores": 20.0, "hundreds": 100.0, "thousands": 1e3, "millions": 1e6, "billions": 1e9,
    "десятки": 10.0, "десятков": 10.0, "дюжины": 12.0, "сотни": 100.0, "сотен": 100.0, "тысячи": 1e3, "тысяч": 1e3,
    "миллионы": 1e6, "миллионов": 1e6,
}  # fmt: skip
_SHORTENED = {"тыс", "млн", "млрд", "трлн"}
_A = {"a", "an"}
_DIGITS = re.compile(r"\d+(?:[.,'’ \u00a0\u2009\u202f]\d+)*")
_GROUPS = re.compile(r"\d{1,3}(?:[.,'’ \u00a0\u2009\u202f]\d{3})+")

COUNTS = frozenset(_UNITS) | frozenset(_SCALES) | frozenset(_SEVERAL) | {"half"}
"""The words that a number can begin with, besides digits."""


@dataclass(frozen=True)
class Number:
    """A number and how many words it took; `other` is a second reading; `several`: two such at least."""

    value: float
    words: int
    other: float | None = None
    several: bool = False


def number_at(words: Sequence[str], at: int) -> Number | None:
    """Read the number that begins with a word."""
    first = words[at].lower()
    if first[0].isdigit():
        return _digits(words, at)
    if first in _SEVERAL and not _scaled(words, at):
        return Number(_SEVERAL[first], 1, several=True)
    if first in _A or first == "half":
        return _a(words, at)
    begins = first.split("-")[0]
    if begins not in _UNITS and (first not in _SCALES or len(first) < 4):
        return None
    return _words(words, at)


def _a(words: Sequence[str], at: int) -> Number | None:
    """Read "a dozen", "half a dozen", "a hundred", "half a million"."""
    half = words[at].lower() == "half"
    scale_at = at + (2 if half and at + 1 < len(words) and words[at + 1].lower() in _A else 1)
    scale = _SCALES.get(words[scale_at].lower()) if scale_at < len(words) else None
    if scale is None or len(words[scale_at]) < 3:
        return None
    return Number(scale * (0.5 if half else 1), scale_at - at + 1)


def _digits(words: Sequence[str], at: int) -> Number | None:
    values = readings(words[at])
    if not values:
        return None
    end, scale = at + 1, 1.0
    while end < len(words) and (by := _SCALES.get(words[end].lower())) and end - at < 3:
        scale, end = scale * by, end + 1
        if words[end - 1].lower() in _SHORTENED and end < len(words) and words[end] == ".":
            end += 1
    value, *others = (each * scale for each in values)
    if value > LARGEST:
        return None
    return Number(value, end - at, other=others[0] if others else None)


def _words(words: Sequence[str], at: int) -> Number | None:
    total = current = 0.0
    end, counted = at, False
    while end < len(words) and end - at < 12:
        for part in words[end].lower().split("-"):
            if part in _UNITS:
                current, counted = current + _UNITS[part], True
            elif part in _SCALES and (counted or len(part) > 3):
                scale, counted = _SCALES[part], True
                if scale in {12.0, 100.0}:
                    current = (current or 1) * scale
                else:
                    total, current = total + (current or 1) * scale, 0.0
            elif part == "and" and counted and end + 1 < len(words) and words[end + 1].lower().split("-")[0] in _UNITS:
                continue
            else:
                return Number(total + current, end - at) if counted and end > at else None
        end += 1
    return Number(total + current, end - at) if counted and total + current <= LARGEST else None


def _scaled(words: Sequence[str], at: int) -> bool:
    """Say whether the word is a plain number's: "тысяч" behind one stands for itself."""
    return at > 0 and (words[at - 1][0].isdigit() or words[at - 1].lower() in _UNITS)


def readings(digits: str) -> list[float]:
    """Read digits with their separators: the likelier reading first."""
    if not _DIGITS.fullmatch(digits) or len(digits) > 24:
        return []
    marks = re.findall(r"\D", digits)
    if not marks:
        return [float(digits)]
    plain = re.sub(r"\D", "", digits)
    if len(set(marks)) == 1 and _GROUPS.fullmatch(digits):
        # 1,234 or 1.234: thousands, or three decimals in another language.
        if len(marks) == 1 and marks[0] in ".,":
            if digits.startswith("0"):
                return [float(digits.replace(",", "."))]
            thousands, decimals = float(plain), float(digits.replace(",", "."))
            return [thousands, decimals] if marks[0] == "," else [decimals, thousands]
        return [float(plain)]
    *groups, last = marks
    if last in ".," and last not in groups and len(set(groups)) <= 1:
        whole, _, fraction = digits.rpartition(last)
        if not groups or _GROUPS.fullmatch(whole):
            return [float(re.sub(r"\D", "", whole) + "." + fraction)]
    return []
