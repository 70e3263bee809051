"""What a statement's text holds: language, positions, ship numbers, addresses, dates: candidates, never facts.

The language is a statistical guess (py3langid) and says so; each candidate stands beside the text it was read from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from itertools import islice

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from enrichment.coordinates import Coordinate, coordinates
from enrichment.dates import DateCandidate, dates
from enrichment.domain import STATEMENTS, Enricher, EnricherInput, Flag, Result
from enrichment.identifiers import Identifier, imo_numbers, mmsi_numbers

MOST = 500
SAMPLE = 20_000
"""How many characters the language is judged by."""

_URL = re.compile(r"\b(?:https?|hxxps?|ftp)(?:://|\[://\]|\[:\]//)[^\s<>\"'`{}|\\^]{3,2000}", re.IGNORECASE)
_DEFANGED = (("[.]", "."), ("(.)", "."), ("[dot]", "."), ("[://]", "://"), ("[:]//", "://"))


@dataclass(frozen=True, kw_only=True)
class Language:
    """An ISO 639-1 code and how sure the guess is (0 to 1); empty and 0 for a text without letters."""

    code: str
    confidence: float


@dataclass(frozen=True, kw_only=True)
class Address:
    """A URL as written, and as it works; nothing is ever fetched because a text names it."""

    text: str
    start: int
    url: str


@dataclass(frozen=True, kw_only=True)
class TextFindings:
    """Candidates in the order of the text; `start` counts characters from 0. At most 500 of each kind."""

    characters: int
    language: Language
    coordinates: tuple[Coordinate, ...]
    imo: tuple[Identifier, ...]
    mmsi: tuple[Identifier, ...]
    urls: tuple[Address, ...]
    dates: tuple[DateCandidate, ...]


def read_text(given: EnricherInput) -> Result:
    """Read a statement's text; flag ship numbers whose check digit is wrong."""
    text = given.fields.get("text", "")
    imo = tuple(islice(imo_numbers(text), MOST))
    output = TextFindings(
        characters=len(text),
        language=_language(text),
        coordinates=tuple(coordinates(text)),
        imo=imo,
        mmsi=tuple(islice(mmsi_numbers(text), MOST)),
        urls=tuple(islice(_urls(text), MOST)),
        dates=tuple(dates(text)),
    )
    wrong = [number.value for number in imo if number.valid is False]
    detail = f"The text calls {', '.join(wrong[:5])} an IMO number; the check digit says otherwise."
    return Result(output=output, flags=(Flag(flag="imo_check_digit", detail=detail),) if wrong else ())


def _language(text: str) -> Language:
    if not any(letter.isalpha() for letter in text[:SAMPLE]):
        return Language(code="", confidence=0.0)
    code, confidence = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True).classify(text[:SAMPLE])
    return Language(code=code, confidence=round(float(confidence), 3))


def _urls(text: str) -> Iterator[Address]:
    for match in _URL.finditer(text):
        written = match[0].rstrip(".,;:!?)]'\"»”")
        url = written
        for fanged, plain in _DEFANGED:
            url = url.replace(fanged, plain)
        url = re.sub(r"^hxxp", "http", url, flags=re.IGNORECASE)
        yield Address(text=written, start=match.start(), url=url)


ENRICHER = Enricher(
    name="text",
    version=1,
    accepts=STATEMENTS,
    reads=frozenset({"text"}),
    run=read_text,
    tool=lambda: f"py3langid {version('py3langid')}",
    parameters={"sample": SAMPLE},
)
