"""Texts out of hostile files, made harmless to store and show without hiding what they were. Pure."""

from __future__ import annotations

import math
from typing import Any

LONGEST = 10_000


def printable(value: Any) -> Any:
    """Clean a JSON value: NUL shown as ␀, half surrogates as �, long texts cut with a mark, no NaN or infinity."""
    if isinstance(value, str):
        clean = value.replace("\0", "\u2400").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return clean if len(clean) <= LONGEST else f"{clean[:LONGEST]}… ({len(clean)} characters)"
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {printable(str(key)): printable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [printable(each) for each in value]
    if isinstance(value, int) and not -(2**53) < value < 2**53:
        return str(value)
    return value
