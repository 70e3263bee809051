"""What a statement's text holds: language, positions, ship numbers, addresses, dates: candidates, never facts.

The language is a statistical guess (py3langid) and says so; each candidate stands beside the text it was read from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from enrichment.coordinates import Coordinate, coordinates
from enrichment.dates import DateCandidate, dates
from enrichment.domain import STATEMENTS, Enricher, EnricherInput, Flag, Result
from enrichment.identifiers import Identifier, imo_numbers, mmsi_numbers
from enrichment.languages import SAMPLE, Language, language

MOST, ROOM = 500, 100_000
"""How many candidates of one kind are given, and in how many characters altogether."""

LONGEST_URL = 2000
_URL = re.compile(r"\b(?:https?|hxxps?|ftp)(?:://|\[://\]|\[:\]//)[^\s<>\"'`{}|\\^]{3,}", re.IGNORECASE)
_DEFANGED = (("[.]", "."), ("(.)", "."), ("[dot]", "."), ("[://]", "://"), ("[:]//", "://"))


@dataclass(frozen=True, kw_only=True)
class Address:
    """A URL as written, and as it works; nothing is ever fetched because a text names it."""

    text: str
    start: int
    url: str


@dataclass(frozen=True, kw_only=True)
class TextFindings:
    """Candidates in the order of the text; `start` counts characters from 0.

    `more` names the kinds of which the text holds more than is given (500, or 100,000 characters, of each).
    """

    characters: int
    language: Language
    coordinates: tuple[Coordinate, ...]
    imo: tuple[Identifier, ...]
    mmsi: tuple[Identifier, ...]
    urls: tuple[Address, ...]
    dates: tuple[DateCandidate, ...]
    more: tuple[str, ...]


def read_text(given: EnricherInput) -> Result:
    """Read a statement's text; flag ship numbers whose check digit is wrong."""
    text = given.fields.get("text", "")
    searches: dict[str, Iterator[Any]] = {
        "coordinates": coordinates(text),
        "imo": imo_numbers(text),
        "mmsi": mmsi_numbers(text),
        "urls": _urls(text),
        "dates": dates(text),
    }
    found = {kind: _first(search) for kind, search in searches.items()}
    more = tuple(kind for kind, search in searches.items() if next(search, None) is not None)
    output = TextFindings(characters=len(text), language=language(text), more=more, **found)
    wrong = [number.value for number in output.imo if number.valid is False]
    detail = f"The text calls {', '.join(wrong[:5])} an IMO number; the check digit says otherwise."
    return Result(output=output, flags=(Flag(flag="imo_check_digit", detail=detail),) if wrong else ())


def _first(search: Iterator[Any]) -> tuple[Any, ...]:
    """Take what comes first, until there is no room for one more; the search stands where it stopped."""
    taken, room = [], ROOM
    for each in search:
        taken.append(each)
        room -= len(repr(each))
        if len(taken) == MOST or room < 0:
            break
    return tuple(taken)


def _urls(text: str) -> Iterator[Address]:
    for match in _URL.finditer(text):
        written = _without_end(match[0])
        url = written
        for fanged, plain in _DEFANGED:
            url = url.replace(fanged, plain)
        url = re.sub(r"^hxxp", "http", url, flags=re.IGNORECASE)
        if len(url) <= LONGEST_URL:
            yield Address(text=written, start=match.start(), url=url)


def _without_end(url: str) -> str:
    """Cut off the signs that end a sentence, and brackets that were opened before the URL."""
    pairs = {")": "(", "]": "["}
    while url:
        last = url[-1]
        open_before = last in pairs and url.count(last) > url.count(pairs[last])
        if last not in ".,;:!?'\"»”" and not open_before:
            break
        url = url[:-1]
    return url


ENRICHER = Enricher(
    name="text",
    version=1,
    accepts=STATEMENTS,
    reads=frozenset({"text"}),
    run=read_text,
    tool=lambda: f"py3langid {version('py3langid')}",
    parameters={"sample": SAMPLE},
)
