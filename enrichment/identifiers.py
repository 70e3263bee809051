"""Numbers that ships carry, found in a text. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_IMO = re.compile(
    r"\bIMO(?:\s*(?:No\.?|number|nr\.?|#|:))?\s*[:#]?\s*(\d{7})(?!\d)|(?<![\d.,+/-])(\d{7})(?![\d]|[.,]\d)",
    re.I,
)
_MMSI = re.compile(
    r"\bMMSI(?:\s*(?:No\.?|number|:))?\s*[:#]?\s*(\d{9})(?!\d)|(?<![\d.,+/-])([2-7]\d{8})(?![\d]|[.,]\d)",
    re.I,
)


@dataclass(frozen=True, kw_only=True)
class Identifier:
    """A number, where it stands, whether the text names it for what it is, and whether its check digit holds.

    `valid` is None where the number has no check digit.
    """

    value: str
    start: int
    named: bool
    valid: bool | None


def imo_numbers(text: str) -> Iterator[Identifier]:
    """Yield IMO ship numbers: those called so, right or wrong; others only with a right check digit."""
    for match in _IMO.finditer(text):
        number, named = match[1] or match[2], match[1] is not None
        valid = imo_is_valid(number)
        if named or valid:
            yield Identifier(value=number, start=match.start(1 if named else 2), named=named, valid=valid)


def imo_is_valid(number: str) -> bool:
    """Check an IMO ship number: the first six digits times 7 to 2 add up to a number ending in the seventh.

    Source: IMO resolution A.1117(30), annex, paragraph 2.
    """
    if len(number) != 7 or not (number.isascii() and number.isdigit()) or number == "0000000":
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number[:6], range(7, 1, -1), strict=True))
    return total % 10 == int(number[6])


def imo_is_of_company(number: str) -> bool:
    """Check the number of a company or registered owner: the first six digits times 8, 6, 4, 2, 9 and 7, the sum's
    remainder by 11 taken from 11, and the last digit of that.

    Source: IMO unique company and registered owner identification number scheme, resolution MSC.160(78), as operated
    by S&P Global; the example 2041999. A number may pass both checks.
    """
    if len(number) != 7 or not (number.isascii() and number.isdigit()) or number == "0000000":
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number[:6], (8, 6, 4, 2, 9, 7), strict=True))
    return (11 - total % 11) % 10 == int(number[6])


def mmsi_numbers(text: str) -> Iterator[Identifier]:
    """Yield MMSIs: those called so, and nine digits that a ship station's could be (2 to 7 first; ITU-R M.585-9).

    An MMSI has no check digit.
    """
    for match in _MMSI.finditer(text):
        named = match[1] is not None
        yield Identifier(value=match[1] or match[2], start=match.start(1 if named else 2), named=named, valid=None)
