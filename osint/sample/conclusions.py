"""What the sample's evidence adds up to: sentences and rules; no number stands here, each is computed at load."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from analysis.domain import FindingStated
from osint.sample import fleet, statements

AT: Mapping[str, Any] = {
    "name": fleet.TERMINAL["name"],
    "lat": fleet.TERMINAL["lat"],
    "lon": fleet.TERMINAL["lon"],
    # The terminal itself, and what the sightings' positions may be off.
    "radius_m": 2 * fleet.TERMINAL["radius_m"],
}
SINCE = {"when_from": "2024-03", "when_to": "2024-11", "tags": ["port call"]}
MERGE_HOURS = 120.0
"""A tanker loads for three or four days, and is back after weeks at the earliest."""

CAP_BARRELS = 500_000.0

SIGNED_OFF: Mapping[str, str] = {
    "calls": "SYNTHETIC, signed off as an exercise: each call has an arrival and a departure.",
    "ships": "SYNTHETIC, signed off as an exercise: twelve names, no two of them alike.",
}


def stated(known: Mapping[str, UUID], items: Mapping[str, UUID]) -> Iterator[tuple[str, FindingStated]]:
    """Yield the findings in the order in which they rest on one another; `known` gives the ids of those before,
    `items` those of the evidence by `external_id`."""
    note = "SYNTHETIC: computed from generated sightings of ships that never existed."
    for name, sentence, rule, parameters in _findings(known, items):
        yield name, FindingStated(sentence=sentence, rule=rule, version=1, parameters=parameters, note=note)


def _findings(known: Mapping[str, UUID], items: Mapping[str, UUID]) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    of = {"kinds": ["sighting"], **SINCE}
    yield (
        "ships",
        "About a dozen different tankers called at the oil terminal of Vostochny Port since March 2024.",
        "distinct",
        {"of": {**of, "area": AT}, "by": "ship"},
    )
    yield (
        "calls",
        "The tankers docked there 43 times.",
        "port-calls",
        {"at": AT, "of": {"when_from": SINCE["when_from"], "when_to": SINCE["when_to"]}, "merge_hours": MERGE_HOURS},
    )
    yield (
        "silences",
        "The tankers switch off their trackers on the way.",
        "dark-periods",
        {"activity": fleet.SILENT, "least_hours": 24.0},
    )
    yield (
        "barrels",
        "They loaded more than a million barrels, judging from how low they sat in the water.",
        "cargo",
        {"at": AT, "of": SINCE, "merge_hours": MERGE_HOURS, "unit": "barrels"},
    )
    because = "UN Security Council resolution 2397 (2017), paragraph 5: 500,000 barrels of refined oil a year."
    yield (
        "ratio",
        "That is more than twice what North Korea may import in a year.",
        "ratio",
        {"of": str(known["barrels"]), "number": CAP_BARRELS, "because": because},
    )
    said = [statements.AIR_DEFENCE, statements.CORROBORATED]
    yield (
        "origins",
        "Russia delivered air defence equipment, according to one named origin.",
        "origins",
        {"of": {"items": [str(items[name]) for name in said]}},
    )
