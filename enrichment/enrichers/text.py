"""What a statement's text holds: language, positions, times, numbers, marks of ships, addresses: candidates, no facts.

The language is a statistical guess (py3langid) and says so; each candidate stands beside the text it was read from.
The fingerprint finds copies of the text, and parts of it, in other statements.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from heapq import merge
from importlib.metadata import version
from typing import Any

from enrichment.addresses import Address, Domain, Mail, domains, hosts, mails, suffixes, urls
from enrichment.coordinates import Coordinate, coordinates
from enrichment.dates import DateCandidate, dates
from enrichment.domain import STATEMENTS, Enricher, EnricherInput, Flag, Result
from enrichment.fingerprints import METHOD, Fingerprint, fingerprint
from enrichment.identifiers import Identifier, imo_is_of_company, imo_numbers, mmsi_numbers
from enrichment.languages import SAMPLE, Language, language, load_model
from enrichment.marks import CallSign, HullNumber, call_signs, hull_numbers
from enrichment.phones import Phone, phones, plans
from enrichment.quantities import SEARCHED, quantities
from enrichment.quantities_eastern import Quantity
from enrichment.wallets import Digest, Wallet, digests, wallets

MOST, ROOM = 500, 55_000
"""How many candidates of one kind are given, and in how many bytes of JSON altogether: all kinds fit one answer."""


@dataclass(frozen=True, kw_only=True)
class TextFindings:
    """Candidates in the order of the text; `start` counts characters from 0.

    `more` names the kinds of which the text holds more than is given (500, or 55,000 bytes, of each), and quantities
    where the text is longer than is searched for them.
    """

    characters: int
    language: Language
    coordinates: tuple[Coordinate, ...]
    dates: tuple[DateCandidate, ...]
    quantities: tuple[Quantity, ...]
    imo: tuple[Identifier, ...]
    mmsi: tuple[Identifier, ...]
    call_signs: tuple[CallSign, ...]
    hull_numbers: tuple[HullNumber, ...]
    urls: tuple[Address, ...]
    domains: tuple[Domain, ...]
    mails: tuple[Mail, ...]
    phones: tuple[Phone, ...]
    digests: tuple[Digest, ...]
    wallets: tuple[Wallet, ...]
    more: tuple[str, ...]
    fingerprint: Fingerprint


def read_text(given: EnricherInput) -> Result:
    """Read a statement's text; flag ship numbers whose check digit is wrong."""
    text = given.fields.get("text", "")
    searches: dict[str, Iterator[Any]] = {
        "coordinates": coordinates(text),
        "dates": dates(text),
        "quantities": quantities(text),
        "imo": imo_numbers(text),
        "mmsi": mmsi_numbers(text),
        "call_signs": call_signs(text),
        "hull_numbers": hull_numbers(text),
        "urls": urls(text),
        "domains": merge(hosts(text), domains(text), key=lambda found: found.start),
        "mails": mails(text),
        "phones": phones(text),
        "digests": digests(text),
        "wallets": wallets(text),
    }
    found = {kind: _first(search) for kind, search in searches.items()}
    more = [kind for kind, search in searches.items() if next(search, None) is not None]
    if len(text) > SEARCHED and "quantities" not in more:
        more.append("quantities")
    output = TextFindings(
        characters=len(text), language=language(text), more=tuple(more), fingerprint=fingerprint(text), **found
    )
    return Result(output=output, flags=_wrong_numbers(output.imo))


def _first(search: Iterator[Any]) -> tuple[Any, ...]:
    """Take what comes first, until there is no room for one more; the search stands where it stopped."""
    taken, room = [], ROOM
    for each in search:
        taken.append(each)
        room -= len(json.dumps(asdict(each)))
        if len(taken) == MOST or room < 0:
            break
    return tuple(taken)


def _wrong_numbers(numbers: tuple[Identifier, ...]) -> tuple[Flag, ...]:
    wrong = [number.value for number in numbers if number.valid is False]
    if not wrong:
        return ()
    detail = f"The text calls {', '.join(wrong[:5])} an IMO number; the check digit says otherwise."
    if companies := [number for number in wrong[:5] if imo_is_of_company(number)]:
        detail += f" By it, {', '.join(companies)} may be a company's."
    return (Flag(flag="imo_check_digit", detail=detail),)


def _load() -> None:
    load_model()
    suffixes()
    plans()


ENRICHER = Enricher(
    name="text",
    version=2,
    accepts=STATEMENTS,
    reads=frozenset({"text"}),
    run=read_text,
    tool=lambda: (
        f"phonenumbers {version('phonenumbers')}, tldextract {version('tldextract')}, py3langid {version('py3langid')}"
    ),
    parameters={"sample": SAMPLE, "searched": SEARCHED, "fingerprint": METHOD},
    prepare=_load,
)
