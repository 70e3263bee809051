"""Texts out of hostile files, made harmless to store and show without hiding what they were. Pure."""

from __future__ import annotations

import math
from typing import Any

from ledger.strict_json import LARGEST_INTEGER, LARGEST_NUMBER

LONGEST = 10_000


def printable(value: Any) -> Any:
    """Clean a JSON value: NUL shown as ␀, half surrogates as �, long texts cut with a mark, no NaN or infinity.

    Numbers that not every reader holds exactly, or at all, become texts.
    """
    if isinstance(value, str):
        clean = value.replace("\0", "\u2400").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return clean if len(clean) <= LONGEST else f"{clean[:LONGEST]}… ({len(clean)} characters)"
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return value if abs(value) <= LARGEST_NUMBER else str(value)
    if isinstance(value, dict):
        return {printable(str(key)): printable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [printable(each) for each in value]
    if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        return str(value)
    return value
