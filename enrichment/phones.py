"""Telephone numbers in a text, by phonenumbers (Google's libphonenumber and its numbering plans). Pure.

Only a number with + or 00 says which country it is of. One that stands behind a word for telephone without either is a
candidate without a country; any other run of digits is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_INTERNATIONAL = r"(?:(?<![\w+])[+＋]\s?|(?<![\w+.,-])00\s?)[1-9][\d\s().\-–/]{5,22}\d(?!\d)"
_WORDS = (
    r"\b(?:tel(?:ephone)?|phone|mobile|fax|whatsapp|signal|viber|тел(?:ефон)?|моб(?:ильный)?|факс)\b"
    r"|전화|휴대폰|电话|手机"
)
_LOCAL = r"[.:]{0,2}\s{0,3}(?P<local>\(?\d[\d\s().\-–/]{4,18}\d)(?!\d)"
_NUMBER = re.compile(rf"(?P<full>{_INTERNATIONAL})|(?:{_WORDS}){_LOCAL}", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Phone:
    """A number as written; in international form (E.164) with its country (ISO 3166-1) where the text says which.

    `valid`: whether the country's numbering plan has such numbers; None where no country is said.
    """

    text: str
    start: int
    number: str
    country: str
    valid: bool | None


def phones(text: str) -> Iterator[Phone]:
    """Yield telephone numbers."""
    for match in _NUMBER.finditer(text):
        if match["full"]:
            if found := _international(match["full"].strip(), match.start()):
                yield found
        elif 6 <= len(re.sub(r"\D", "", match["local"])) <= 15:
            number = match["local"]
            yield Phone(text=number.strip(), start=match.start("local"), number="", country="", valid=None)


def _international(written: str, start: int) -> Phone | None:
    library = plans()
    digits = re.sub(r"\D", "", written)
    try:
        parsed = library.parse("+" + (digits[2:] if digits.startswith("00") else digits))
    except library.NumberParseException:
        return None
    if not library.is_valid_number(parsed):
        return None
    return Phone(
        text=written,
        start=start,
        number=library.format_number(parsed, library.PhoneNumberFormat.E164),
        country=library.region_code_for_number(parsed) or "",
        valid=True,
    )


def plans() -> Any:
    """Load the numbering plans: only where texts are read."""
    import phonenumbers

    return phonenumbers
