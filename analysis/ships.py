"""Which sightings are of one ship, as far as they say. Pure.

An IMO number is the hull's and decides. An MMSI is a radio's: it joins sightings, unless their IMO numbers differ. A
name joins only sightings that carry neither, or one of those that a numbered ship of that name carries alone.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from analysis.selection import Seen
from enrichment.identifiers import imo_is_valid
from enrichment.states import folded_name


@dataclass(frozen=True, order=True)
class Ship:
    """A ship by what tells it apart: `by` is "imo", "mmsi" or "name"."""

    by: str
    value: str
    name: str = ""

    def __str__(self) -> str:
        number = "" if self.by == "name" else f"{self.by.upper()} {self.value}"
        return " ".join(filter(None, (self.name, number and f"({number})" if self.name else number)))


def ships(items: Sequence[Seen]) -> dict[UUID, Ship]:
    """Tell the ship of each item; one that names no ship has none."""
    known = {seen.item: _numbers(seen.said.get("subject") or {}) for seen in items}
    imo_of_mmsi, numbered = defaultdict(set), defaultdict(set)
    for imo, mmsi, _ in known.values():
        if imo and mmsi:
            imo_of_mmsi[mmsi].add(imo)
    found: dict[UUID, Ship] = {}
    for item, (imo, mmsi, name) in known.items():
        # An MMSI that two hulls have used tells neither.
        hull = imo or (next(iter(imo_of_mmsi[mmsi])) if len(imo_of_mmsi.get(mmsi, ())) == 1 else "")
        ship = Ship("imo", hull) if hull else Ship("mmsi", mmsi) if mmsi else None
        if ship:
            found[item] = ship
            if name:
                numbered[name].add(ship)
    for item, (_, _, name) in known.items():
        if item not in found and name:
            of_name = numbered.get(name, set())
            found[item] = next(iter(of_name)) if len(of_name) == 1 else Ship("name", name)
    return _named(found, items)


def _numbers(subject: Mapping[str, Any]) -> tuple[str, str, str]:
    imo = re.sub(r"^imo[\s:.#]*", "", subject.get("imo", "").strip(), flags=re.IGNORECASE)
    mmsi = re.sub(r"[\s-]", "", subject.get("mmsi", ""))
    return (
        imo if imo_is_valid(imo) else "",
        mmsi if re.fullmatch(r"[2-7][0-9]{8}", mmsi) else "",
        folded_name(subject.get("name", "")),
    )


def _named(found: Mapping[UUID, Ship], items: Sequence[Seen]) -> dict[UUID, Ship]:
    """Give each ship the name that it is called by first, for people."""
    names: dict[tuple[str, str], str] = {}
    for seen in items:
        if (ship := found.get(seen.item)) and (name := (seen.said.get("subject") or {}).get("name", "")):
            names.setdefault((ship.by, ship.value), name)
    return {item: Ship(ship.by, ship.value, names.get((ship.by, ship.value), "")) for item, ship in found.items()}
