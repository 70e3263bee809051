"""What ships carry: from readings of draughts to barrels, with the uncertainty on the way."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from analysis.deadweight import Particulars, estimate, fit, stored
from analysis.domain import About, Role
from analysis.rule import Outcome
from analysis.selection import Seen
from scripts.fit_deadweight import tankers
from tests.analysis.test_rules import AT, PLACE, interval, run, seen

SHIP = {"kind": "ship", "name": "Grey Heron", "length_m": 100.0, "beam_m": 16.0, "design_draught_m": 6.5}
EXACT = {
    "waterplane_coefficient": {"low": 0.8, "high": 0.8},
    "water_density": {"low": 1.025, "high": 1.025},
    "barrels_per_tonne": {"low": 7.45, "high": 7.45},
}


def reading(number: int, when: str, draught: float, error: float = 0.1, **subject: Any) -> Seen:
    said = {"when": when, "place": PLACE, "subject": {**SHIP, **subject}}
    return seen(number, **said, draught_m=draught, draught_error_m=error)


def call(day: int = 3, before: float = 4.0, after: float = 6.0, *, first: int = 1, **subject: Any) -> list[Seen]:
    return [
        reading(first, f"2024-05-{day:02}T01:00Z", before, **subject),
        reading(first + 1, f"2024-05-{day + 2:02}T01:00Z", after, **subject),
    ]


def told(outcome: Outcome, about: About) -> dict[str, float | None]:
    return {step.text: step.value for step in outcome.steps if step.about is about}


def test_a_change_of_draught_is_a_weight() -> None:
    outcome = run("cargo", call(), at=AT, unit="tonnes", **EXACT)
    # Two metres of a waterplane of 100 x 16 x 0.8 m² in sea water.
    assert outcome.result.value == pytest.approx(2 * 100 * 16 * 0.8 * 1.025)
    assert outcome.result.unit == "tonnes"
    barrels = run("cargo", call(), at=AT, **EXACT)
    assert barrels.result.value == pytest.approx(2624 * 7.45)
    assert set(outcome.roles.values()) == {Role.COUNTS}


def test_an_unloading_counts_as_less() -> None:
    assert interval(run("cargo", call(before=6.0, after=4.0), at=AT, unit="tonnes", **EXACT))[0] == pytest.approx(-2624)


def test_both_ways_of_reckoning_the_uncertainty_agree() -> None:
    items = [each for number in range(9) for each in call(1 + 3 * number, first=1 + 2 * number, name=f"Ship {number}")]
    outcome = run("cargo", items, at=AT, merge_hours=49)
    value, low, high = interval(outcome)
    assert value
    assert low
    assert high
    first = told(outcome, About.CHECK)
    assert low == pytest.approx(first["To first order: the lower end."], rel=0.02)
    assert high == pytest.approx(first["To first order: the upper end."], rel=0.02)
    shares = told(outcome, About.SHARE)
    assert sum(share or 0 for share in shares.values()) == pytest.approx(100)
    assert next(iter(shares)) == "readings of draughts"


def test_the_same_evidence_gives_the_same_interval() -> None:
    assert interval(run("cargo", call(), at=AT)) == interval(run("cargo", call()[::-1], at=AT))


def test_what_is_wrong_for_one_ship_is_wrong_for_all_of_its_calls() -> None:
    sure = {**EXACT, "waterplane_coefficient": {"low": 0.76, "high": 0.84}}

    def width(*names: str) -> float:
        items = [
            each
            for number, name in enumerate(names)
            for each in [
                reading(2 * number + 1, f"2024-0{number + 1}-03T01:00Z", 4.0, 1e-9, name=name),
                reading(2 * number + 2, f"2024-0{number + 1}-05T01:00Z", 6.0, 1e-9, name=name),
            ]
        ]
        value, low, high = interval(run("cargo", items, at=AT, unit="tonnes", **sure))
        assert value == pytest.approx(2624 * len(names))
        assert low is not None
        assert high is not None
        return high - low

    one = width("A")
    assert width(*"AAAA") == pytest.approx(4 * one, rel=0.05)
    assert width(*"ABCD") == pytest.approx(math.sqrt(4) * one, rel=0.05)


def test_readers_who_disagree_are_believed_less() -> None:
    def width(*after: float) -> float:
        items = [reading(1, "2024-05-03T01:00Z", 4.0)]
        items += [reading(2 + n, "2024-05-05T01:00Z", metres) for n, metres in enumerate(after)]
        value, low, high = interval(run("cargo", items, at=AT, unit="tonnes", **EXACT))
        assert value == pytest.approx(2624)
        assert low is not None
        assert high is not None
        return high - low

    assert width(6.0, 6.0) == pytest.approx(width(6.0), rel=0.02)
    assert width(5.5, 6.5) > 2 * width(6.0)


def test_a_reading_deeper_than_the_ship_can_sit_is_left_out_and_named() -> None:
    items = [*call(), reading(3, "2024-05-06T01:00Z", 15.0)]
    outcome = run("cargo", items, at=AT, unit="tonnes", **EXACT)
    assert outcome.result.value == pytest.approx(2624)
    assert told(outcome, About.LEFT_OUT) == {"Readings deeper than 1.1 times the design draught: left out.": 1.0}
    assert outcome.roles[UUID(int=3)] is Role.MAY_COUNT


def test_a_ship_never_loads_more_than_its_deadweight_stated_or_usual() -> None:
    stated = run("cargo", call(deadweight_t=2000.0), at=AT, unit="tonnes", **EXACT)
    assert interval(stated)[0] == 2000
    assert interval(stated)[2] == 2000
    # Nobody loads six metres of a ship like this.
    usual = run("cargo", call(before=0.5, after=7.0), at=AT, unit="tonnes", **EXACT)
    most = estimate(length_m=100, beam_m=16, draught_m=6.5).high
    assert interval(usual)[0] == pytest.approx(most)
    assert most < 6.5 * 100 * 16 * 0.8 * 1.025


@pytest.mark.parametrize("missing", ["draught", "length_m", "beam_m"])
def test_a_call_that_lacks_something_adds_nothing_and_is_named(missing: str) -> None:
    items = call()[:1] if missing == "draught" else call(**{missing: None})
    outcome = run("cargo", items, at=AT)
    assert interval(outcome) == (None, None, None)
    [(why, _)] = told(outcome, About.LEFT_OUT).items()
    assert "adds nothing" in why


def test_impossible_draughts_are_no_readings() -> None:
    items = [reading(1, "2024-05-03T01:00Z", -4.0), reading(2, "2024-05-05T01:00Z", 0.0)]
    assert interval(run("cargo", items, at=AT)) == (None, None, None)


# --- deadweight -------------------------------------------------------------------------------------------


def test_the_stored_relation_is_that_of_the_list_it_names(shared: Path) -> None:
    fitted = fit(tankers(shared / "data/ais-finland-2017-04/ships.csv"), source=stored().source)
    assert fitted.coefficients == pytest.approx(stored().coefficients, rel=1e-6)
    assert (fitted.ships, fitted.smallest, fitted.largest) == (221, stored().smallest, stored().largest)


def test_each_tanker_is_estimated_by_the_others(shared: Path) -> None:
    ships = tankers(shared / "data/ais-finland-2017-04/ships.csv")
    errors, held = [], 0
    for number in range(0, len(ships), 4):
        ship = ships[number]
        others = fit(ships[:number] + ships[number + 1 :])
        found = estimate(length_m=ship.length_m, beam_m=ship.beam_m, draught_m=ship.draught_m, fitted=others)
        errors.append(abs(found.value / ship.deadweight_t - 1))
        held += found.low <= ship.deadweight_t <= found.high
    errors.sort()
    assert errors[len(errors) // 2] < 0.06
    assert errors[len(errors) * 9 // 10] < 0.20
    assert 0.7 < held / len(errors) < 0.95


def test_a_ship_of_another_size_is_said_to_be_one() -> None:
    assert estimate(length_m=100, beam_m=16, draught_m=6.5).within
    assert not estimate(length_m=20, beam_m=5, draught_m=2).within
    assert not estimate(length_m=400, beam_m=60, draught_m=24).within
    with pytest.raises(ValueError, match="above 0"):
        estimate(length_m=0, beam_m=16, draught_m=6.5)


def test_too_few_ships_give_no_relation() -> None:
    ship = Particulars(length_m=100, beam_m=16, draught_m=6.5, deadweight_t=6000)
    with pytest.raises(ValueError, match="too few"):
        fit([ship] * 5)


def test_the_list_of_a_fit_is_read_for_tankers_that_are_described_wholly(tmp_path: Path) -> None:
    path = tmp_path / "ships.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["imo", "ais_type", "dwt", "length", "beam", "design_draught"])
        writer.writerow(["9179842", "80", "6000", "100", "16", "6.5"])
        writer.writerow(["9179843", "70", "6000", "100", "16", "6.5"])
        writer.writerow(["", "80", "6000", "100", "16", "6.5"])
        writer.writerow(["9179844", "89", "0", "100", "16", "6.5"])
        writer.writerow(["9179845", "82", "6000", "100", "16", ""])
    assert tankers(path) == [Particulars(length_m=100, beam_m=16, draught_m=6.5, deadweight_t=6000)]
