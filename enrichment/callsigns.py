"""Call signs of ships: the state that a series is allocated to (ITU Radio Regulations, Appendix 42). Pure but for
the table's file."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cache

from enrichment.states import DATA

# A ship's: two characters and a letter, then up to four more (Radio Regulations, article 19, section III).
_SHAPE = re.compile(r"[A-Z][A-Z2-9][A-Z][A-Z0-9]{0,5}|[A-Z][A-Z2-9][0-9][A-Z0-9]{0,5}|[2-9][A-Z][A-Z0-9]{1,6}")


def series_state(call_sign: str) -> str | None:
    """Find the state (ISO 3166-1, or UN, ICAO, WMO) that a call sign's series belongs to; None where it is none.

    Series are told by the first two characters; a few by a third letter.
    """
    sign = plain(call_sign)
    if not _SHAPE.fullmatch(sign):
        return None
    begun, ends, states = _series()
    # A third character that is a digit does not tell series apart.
    key = sign[:3] if sign[2].isalpha() else f"{sign[:2]}A"
    at = bisect_right(begun, key) - 1
    return states[at] if at >= 0 and key <= ends[at] else None


def plain(call_sign: str) -> str:
    """Write a call sign without blanks and hyphens, in capitals."""
    return re.sub(r"[\s-]", "", call_sign.upper())


@cache
def _series() -> tuple[list[str], list[str], list[str]]:
    lines = (DATA / "callsigns.txt").read_text(encoding="utf-8").splitlines()
    rows = sorted(line.replace("-", " ").split() for line in lines if line and not line.startswith("#"))
    return [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]
