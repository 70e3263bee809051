"""Dates as people write them, found in a text, as EDTF candidates. Pure.

A date whose day and month could be exchanged gives both readings; a missing year, or century, is not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from enrichment.sentences import sentence_at

_NAMES = {
    1: "january jan января января січня janvier enero januar",
    2: "february feb февраля февраль лютого février febrero februar",
    3: "march mar марта март березня mars marzo märz",
    4: "april apr апреля апрель квітня avril abril",
    5: "may мая май травня mai mayo",
    6: "june jun июня июнь червня juin junio juni",
    7: "july jul июля июль липня juillet julio juli",
    8: "august aug августа август серпня août agosto",
    9: "september sept sep сентября сентябрь вересня septembre septiembre",
    10: "october oct октября октябрь жовтня octobre octubre oktober",
    11: "november nov ноября ноябрь листопада novembre noviembre",
    12: "december dec декабря декабрь грудня décembre diciembre dezember",
}
_MONTHS = {name: number for number, names in _NAMES.items() for name in names.split()}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DATE = re.compile(
    rf"(?<![\d/.-])(?P<iso>(?P<y>\d{{4}})-(?P<m>\d\d)(?:-(?P<d>\d\d))?)(?![\d/-])"
    rf"|(?<!\d)(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?(?:\s?[-–]\s?(?P<to>\d{{1,2}})(?:st|nd|rd|th)?)?"
    rf"(?:\s+of)?\s(?P<m1>{_MONTH})\b\.?,?\s(?P<y1>\d{{4}})(?!\d)"
    rf"|\b(?P<m2>{_MONTH})\b\.?\s(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?,?\s(?P<y2>\d{{4}})(?!\d)"
    rf"|\b(?P<m3>{_MONTH})\b\.?,?\s(?P<y3>\d{{4}})(?!\d)"
    r"|(?<![\d/.-])(?P<a>\d{1,2})(?P<sep>[/.-])(?P<b>\d{1,2})(?P=sep)(?P<y4>\d{4})(?![\d/-])"
    r"|(?<!\d)(?P<y5>\d{4})년\s?(?P<m5>\d{1,2})월(?:\s?(?P<d5>\d{1,2})일)?"
    r"|(?<!\d)(?P<y6>\d{4})年(?P<m6>\d{1,2})月(?:(?P<d6>\d{1,2})日)?"
    r"|(?<![\d/.-])(?P<y7>\d{4})(?P<sep7>[/.])(?P<m7>\d{1,2})(?P=sep7)(?P<d7>\d{1,2})(?![\d/-])",
    re.IGNORECASE,
)
# Every date has a year of four digits: what is far from one need not be searched, which takes most of the time.
_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")
_BEFORE, _AFTER = 40, 20


@dataclass(frozen=True, kw_only=True)
class DateCandidate:
    """A date in a text: as written, where, its possible readings as EDTF, and the sentence that it stands in."""

    text: str
    start: int
    readings: tuple[str, ...]
    sentence: str


def dates(text: str) -> Iterator[DateCandidate]:
    """Yield the dates in a text, in their order."""
    for begin, end in _near_years(text):
        for match in _DATE.finditer(text, begin, end):
            if readings := _readings(match):
                sentence = sentence_at(text, match.start(), match.end())
                yield DateCandidate(text=match[0], start=match.start(), readings=readings, sentence=sentence)


def _near_years(text: str) -> Iterator[tuple[int, int]]:
    begin, end = 0, 0
    for year in _YEAR.finditer(text):
        if year.start() - _BEFORE > end:
            yield begin, end
            begin = year.start() - _BEFORE
        end = min(len(text), year.end() + _AFTER)
    yield begin, end


def _readings(match: re.Match[str]) -> tuple[str, ...]:
    group = match.groupdict()
    if group["iso"]:
        return _edtf(group["y"], group["m"], group["d"])
    for number in "123":
        if group.get(f"m{number}"):
            year, month = group[f"y{number}"], str(_MONTHS[group[f"m{number}"].lower()])
            first = _edtf(year, month, group.get(f"d{number}"))
            return _span(first, _edtf(year, month, group["to"])) if group["to"] else first
    for number in "567":
        if group.get(f"m{number}"):
            return _edtf(group[f"y{number}"], group[f"m{number}"], group[f"d{number}"])
    year, first_number, second_number = group["y4"], group["a"], group["b"]
    return tuple(dict.fromkeys(_edtf(year, second_number, first_number) + _edtf(year, first_number, second_number)))


def _span(first: tuple[str, ...], last: tuple[str, ...]) -> tuple[str, ...]:
    """Join two days to an interval; days in the wrong order are none."""
    return (f"{first[0]}/{last[0]}",) if first and last and first < last else ()


def _edtf(year: str, month: str, day: str | None) -> tuple[str, ...]:
    try:
        found = date(int(year), int(month), int(day or 1))
    except ValueError:
        return ()
    return (found.isoformat() if day else found.isoformat()[:7],)
