"""Computing findings over many items against few, and against the two seconds that somebody waits for one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any
from uuid import UUID

from benchmarks.figures import Figure
from benchmarks.place import Place

DATABASES = ("sqlite", "postgresql")

AT = {"lat": 42.74, "lon": 133.08, "radius_m": 5000.0}
RULES: dict[str, dict[str, Any]] = {
    "count": {"of": {"kinds": ["sighting"]}},
    "distinct": {"of": {"kinds": ["sighting"]}, "by": "ship"},
    "port-calls": {"at": AT},
    "cargo": {"at": AT},
}
ALLOWED_S = 2.0
BATCH = 500


@dataclass(frozen=True)
class Size:
    many: int
    few: int
    rounds: int


FULL = Size(many=10_000, few=1_000, rounds=5)
QUICK = Size(many=3_000, few=500, rounds=3)
TINY = Size(many=60, few=20, rounds=1)


def run(place: Place, size: Size) -> list[Figure]:
    """Measure the seconds that each rule takes, in turns over a large and a small case."""
    from osint.models import User

    owner = User.objects.create(username="owner", is_staff=True).pk
    large, small = (_case(owner, count) for count in (size.many, size.few))
    figures = []
    for rule, parameters in RULES.items():
        findings = [_stated(owner, case, rule, parameters) for case in (large, small)]
        times: tuple[list[float], list[float]] = ([], [])
        for _ in range(size.rounds):
            for case, finding, seconds in zip((large, small), findings, times, strict=True):
                begin = perf_counter()
                _compute(owner, case, finding)
                seconds.append(perf_counter() - begin)
        of_many, of_few = median(times[0]), median(times[1])
        what = f"{rule} over {size.many:,} items, against what somebody waits for"
        figures.append(Figure(what=what, ours=of_many, control=ALLOWED_S, unit="s", most=1))
        what = f"{rule}: an item of {size.many:,} against one of {size.few:,}"
        ours, control = (1e6 * each / count for each, count in ((of_many, size.many), (of_few, size.few)))
        figures.append(Figure(what=what, ours=ours, control=control, unit="µs", most=1.2))
    return figures


def _case(owner: UUID, count: int) -> UUID:
    from cases import commands as cases
    from enrichment.publish import held_back
    from evidence import commands
    from ledger.actors import Actor

    by = Actor.person(owner)
    case = cases.open_case(title=f"{count} sightings", by=by).stream
    numbers = list(range(count))
    for first in range(0, count, BATCH):
        with held_back():
            submissions = list(_sightings(numbers[first : first + BATCH]))
            commands.submit_batch(case_id=case, submissions=submissions, by=by)
    return case


def _sightings(numbers: list[int]) -> Iterator[Any]:
    from evidence.domain import EvidenceSubmitted, Kind, Place, Subject

    for n in numbers:
        yield EvidenceSubmitted(
            kind=Kind.SIGHTING,
            title=f"A tanker at the jetty, look {n}",
            when=f"2024-{1 + n // 900 % 12:02}-{1 + n % 28:02}T{n % 24:02}:00Z",
            place=Place(name="A terminal", lat=42.74 + n % 7 / 1000, lon=133.08, radius_m=100.0),
            subject=Subject(kind="ship", name=f"Ship {n % 97}", length_m=100.0, beam_m=16.0, design_draught_m=7.0),
            draught_m=4.0 + n % 20 / 10,
            draught_error_m=0.2,
        )


def _stated(owner: UUID, case: UUID, rule: str, parameters: dict[str, Any]) -> UUID:
    from analysis.commands import state_finding
    from analysis.domain import FindingStated
    from ledger.actors import Actor

    stated = FindingStated(sentence="So many.", rule=rule, version=1, parameters=parameters)
    finding = state_finding(case_id=case, stated=stated, by=Actor.person(owner)).item
    assert finding
    return finding


def _compute(owner: UUID, case: UUID, finding: UUID) -> None:
    from analysis.commands import compute_finding
    from ledger.actors import Actor

    compute_finding(case_id=case, finding=finding, by=Actor.person(owner))
