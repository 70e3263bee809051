"""Marks of ships beside IMO number and MMSI: call signs, and hull or pennant numbers, by the words before them. Pure.

Letters and digits alone are anything; only what a text itself calls a call sign or a hull number is a candidate.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from enrichment.callsigns import plain, series_state

_CALL = re.compile(
    r"(?P<words>(?i:\b(?:(?:radio\s)?call[\s-]?sign|c/s|позывн(?:ой|ого|ым)(?:\sсудна)?|호출\s?부호|呼号|呼號)))"
    r"[\s:=\"'«“(]{0,4}(?:is\s|was\s)?(?P<sign>[A-Z0-9]{2,4}(?:[\s-]?[A-Z0-9]{1,4})?)(?![A-Za-z0-9])"
)
_HULL = re.compile(
    r"(?P<words>\b(?:hull|pennant|pendant|side|bow)\s(?:number|no\.?|nr\.?)|\bбортов(?:ой|ым|ого)\s(?:номер(?:ом|а)?|№)"
    r"|\bб/н|함번|선체\s?번호|舷号|舷號)"
    r"[\s:=#№\"'«“(]{0,4}(?:is\s|was\s)?(?P<mark>[A-Za-zА-Я]{0,4}[\s-]?\d{1,5}[A-Z]?)(?!\w)",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class CallSign:
    """What a text calls a call sign; the state (ISO 3166-1) of its series in the ITU's table, "" if it has none."""

    value: str
    start: int
    words: str
    state: str


@dataclass(frozen=True, kw_only=True)
class HullNumber:
    """What a text calls a hull or pennant number, with those words: a weak candidate, navies repaint them."""

    value: str
    start: int
    words: str


def call_signs(text: str) -> Iterator[CallSign]:
    """Yield what is called a call sign."""
    for match in _CALL.finditer(text):
        # Behind the sign, a word in capitals may follow.
        for sign in (match["sign"], re.split(r"[\s-]", match["sign"])[0]):
            if state := series_state(sign):
                yield CallSign(value=plain(sign), start=match.start("sign"), words=match["words"], state=state)
                break


def hull_numbers(text: str) -> Iterator[HullNumber]:
    """Yield what is called a hull or pennant number."""
    for match in _HULL.finditer(text):
        yield HullNumber(value=match["mark"].strip(), start=match.start("mark"), words=match["words"])
