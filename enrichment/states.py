"""States and territories: codes of ISO 3166-1, and the names that people, registers and port lists call them by. Pure.

The table is enrichment/data/states.csv; where its parts come from is said in the README beside it.
"""

from __future__ import annotations

import csv
import unicodedata
from functools import cache
from pathlib import Path

DATA = Path(__file__).parent / "data"
"""The folder of reference data, which the sandbox lets enrichers read with the code."""

_LEFT_OUT = str.maketrans("", "", ".'’")
_WORDS = {"st": "saint", "is": "islands", "rep": "republic", "dem": "democratic", "&": "and", "herz": "herzegovina"}


def state_named(text: str) -> str | None:
    """Find the alpha-2 code of a state called by a name or a code; None where the name is not known."""
    return _names().get(folded_name(text))


def name_of(alpha2: str) -> str:
    """Give the usual English name of a code, or the code where it is not known."""
    return _states().get(alpha2, alpha2)


def kin(one: str, other: str) -> bool:
    """Say whether one of two different codes is a territory of the other's state, or both are of a third's."""
    return (_of().get(one) or one) == (_of().get(other) or other)


def folded_name(text: str) -> str:
    """Fold a name for comparing: no case, accents or points, usual abbreviations written out."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    plain = unicodedata.normalize("NFC", plain)
    without = plain.translate(_LEFT_OUT)
    words = "".join(c if c.isalnum() or c == "&" else " " for c in without).split()
    return " ".join(_WORDS.get(word, word) for word in words if word not in {"the"})


@cache
def _states() -> dict[str, str]:
    return {row["alpha2"]: row["name"] for row in _rows()}


@cache
def _of() -> dict[str, str]:
    return {row["alpha2"]: row["of"] for row in _rows()}


@cache
def _names() -> dict[str, str]:
    """Map each folded name and code to its alpha-2 code; codes come last, so that no name is hidden by one."""
    found: dict[str, str] = {}
    for row in _rows():
        names = [row["name"], *row["also"].split(";"), row["alpha3"], row["alpha2"]]
        for name in names:
            if folded := folded_name(name):
                found.setdefault(folded, row["alpha2"])
    return found


def _rows() -> list[dict[str, str]]:
    with (DATA / "states.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
