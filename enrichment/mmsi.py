"""What an MMSI says of itself: the kind of station, and the state that its digits are allocated to. Pure but for the
table's file. Source: Recommendation ITU-R M.585-9 (kinds), the ITU's table of maritime identification digits."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache

from enrichment.states import DATA

# The longest prefix counts; the MID begins behind as many digits.
_KINDS = (
    ("00", "coast station", 2),
    ("0", "group of ships", 1),
    ("111", "aircraft in search and rescue", 3),
    ("8", "handheld radio", 1),
    ("970", "locating transmitter (AIS-SART)", None),
    ("972", "man overboard device", None),
    ("974", "distress beacon (EPIRB-AIS)", None),
    ("98", "craft of a parent ship", 2),
    ("99", "aid to navigation", 2),
)


@dataclass(frozen=True, kw_only=True)
class Mmsi:
    """A maritime mobile service identity: what kind of station, the state (ISO 3166-1) whose administration gave the
    number, and its name as the ITU writes it; several where they share digits, none where the number tells none."""

    value: str
    kind: str
    states: tuple[str, ...]
    administrations: tuple[str, ...]


def read_mmsi(text: str) -> Mmsi | None:
    """Read nine digits as an MMSI; None where they are not nine digits."""
    value = text.strip()
    if len(value) != 9 or not (value.isascii() and value.isdigit()):
        return None
    for prefix, kind, skip in _KINDS:
        if value.startswith(prefix):
            return _read(value, kind, value[skip : skip + 3] if skip is not None else "")
    if value[0] in "234567":
        return _read(value, "ship station", value[:3])
    return _read(value, "no number of the ITU's scheme", "")


def has_digits_of_its_own(state: str) -> bool:
    """Say whether a state has maritime identification digits at all."""
    return any(state in states for states, _ in _table().values())


def _read(value: str, kind: str, mid: str) -> Mmsi:
    states, names = _table().get(mid, ((), ()))
    return Mmsi(value=value, kind=kind, states=states, administrations=names)


@cache
def _table() -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    found: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
    with (DATA / "mids.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            states, names = found.get(row["mid"], ((), ()))
            found[row["mid"]] = ((*states, row["state"]), (*names, row["name"]))
    return found
