"""The rules by themselves: what counts, what may count, what speaks against; and what is never taken for a no."""

from __future__ import annotations

import dataclasses
import inspect
import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from analysis import registry
from analysis.decisions import parameters_of
from analysis.domain import Result, Role
from analysis.rule import Given, Outcome, Rule
from analysis.selection import Area, Fit, Seen, Selection
from analysis.ships import ships
from evidence.when import parse
from ledger import codec

PLACE = {"lat": 42.74, "lon": 133.08}
AT = {**PLACE, "radius_m": 5000}


def seen(number: int, **said: Any) -> Seen:
    when = parse(said["when"]) if said.get("when") else None
    values = {"kind": "sighting", **said}
    grade = values.pop("grade", None)
    status = values.pop("status", "submitted")
    return Seen(
        item=UUID(int=number),
        said=values,
        status=status,
        grade=grade,
        earliest=when and when.earliest,
        latest=when and when.latest,
        events=(UUID(int=1000 + number),),
    )


def ship(number: int, when: str, name: str = "Grey Heron", **said: Any) -> Seen:
    return seen(number, **{"when": when, "place": PLACE, "subject": {"kind": "ship", "name": name}, **said})


def run(rule: str, items: Sequence[Seen] = (), *, findings: dict[UUID, Result] | None = None, **asked: Any) -> Outcome:
    found = registry.installed()[rule]
    parameters = parameters_of(found, asked)
    return found.run(parameters, Given(items=items, findings=findings or {}))


def interval(outcome: Outcome) -> tuple[float | None, float | None, float | None]:
    return outcome.result.value, outcome.result.low, outcome.result.high


def number(value: float, low: float, high: float, unit: str = "barrels") -> Result:
    return Result(value=value, low=low, high=high, unit=unit)


# --- every rule -------------------------------------------------------------------------------------------


@pytest.fixture(params=registry.installed().values(), ids=lambda rule: rule.name)
def rule(request: pytest.FixtureRequest) -> Rule:
    found: Rule = request.param
    return found


def test_a_rule_says_what_it_is_and_its_parameters_are_a_frozen_dataclass_that_is_explained(rule: Rule) -> None:
    assert rule.version >= 1
    assert rule.says.endswith(".")
    assert rule.run.__doc__
    assert (
        inspect.getmodule(rule.run).__name__ == f"analysis.rules.{rule.name.replace('-', '_').replace('sum', 'total')}"
    )  # type: ignore[union-attr]
    assert rule.parameters.__dataclass_params__.frozen
    assert not (inspect.getdoc(rule.parameters) or "").startswith(f"{rule.parameters.__name__}(")
    assert registry.find(rule.name, rule.version) is rule
    assert registry.find(rule.name, rule.version + 1) is None


# --- selections -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "fit"),
    [
        ("2024-05-03", Fit.SURELY),
        ("2024-05-03T10:00Z", Fit.SURELY),
        ("2024-05", Fit.MAYBE),
        ("2024-06-30T23:30", Fit.SURELY),
        ("2024-07-01T00:30", Fit.MAYBE),
        ("", Fit.MAYBE),
        ("2024-08", Fit.NOT),
        ("2023/..", Fit.MAYBE),
    ],
)
def test_a_time_that_only_overlaps_may_be_meant(when: str, fit: Fit) -> None:
    assert Selection(when_from="2024-05-02", when_to="2024-06").fit(seen(1, when=when)) is fit


@pytest.mark.parametrize(
    ("place", "fit"),
    [
        ({"lat": 42.74, "lon": 133.08}, Fit.SURELY),
        ({"lat": 42.74, "lon": 133.08, "radius_m": 9000}, Fit.MAYBE),
        ({"lat": 42.81, "lon": 132.89, "radius_m": 1000}, Fit.NOT),
        ({"name": "Vostochny"}, Fit.MAYBE),
        (None, Fit.MAYBE),
    ],
)
def test_a_place_that_is_not_known_well_enough_may_be_meant(place: Any, fit: Fit) -> None:
    area = Area(lat=42.74, lon=133.08, radius_m=5000)
    assert Selection(area=area).fit(seen(1, place=place)) is fit


def test_a_place_across_the_antimeridian_is_near() -> None:
    area = Area(lat=0, lon=179.99, radius_m=5000)
    assert Selection(area=area).fit(seen(1, place={"lat": 0, "lon": -179.99})) is Fit.SURELY


@pytest.mark.parametrize(
    ("asked", "said", "fit"),
    [
        ({"kinds": ("image",)}, {}, Fit.NOT),
        ({"tags": ("a", "b")}, {"tags": ["a"]}, Fit.NOT),
        ({"tags": ("a", "b")}, {"tags": ["b", "c", "a"]}, Fit.SURELY),
        ({"observed": False}, {}, Fit.NOT),
        ({"observed": False}, {"observed": False}, Fit.SURELY),
        ({"subject_kinds": ("ship",)}, {"subject": {"kind": "ship"}}, Fit.SURELY),
        ({"subject_kinds": ("ship",)}, {}, Fit.NOT),
        ({"grade_at_least": "C3"}, {"grade": {"reliability": "B", "credibility": "3"}}, Fit.SURELY),
        ({"grade_at_least": "C3"}, {"grade": {"reliability": "A", "credibility": "4"}}, Fit.NOT),
        ({"grade_at_least": "C3"}, {}, Fit.NOT),
        ({}, {"status": "retracted"}, Fit.NOT),
        ({"items": (UUID(int=2),)}, {}, Fit.NOT),
        ({"without": (UUID(int=1),)}, {}, Fit.NOT),
    ],
)
def test_an_item_is_what_is_asked_for_or_not(asked: dict[str, Any], said: dict[str, Any], fit: Fit) -> None:
    assert Selection(**asked).fit(seen(1, **said)) is fit


def test_what_decides_a_selection_is_what_it_reads() -> None:
    assert Selection().reads == {"kind", "status"}
    every = Selection(tags=("a",), observed=True, area=Area(**AT), when_to="2024", grade_at_least="C3")
    assert every.reads == {"kind", "status", "tags", "observed", "place", "when", "grade"}


# --- ships ------------------------------------------------------------------------------------------------


def test_an_imo_number_tells_hulls_apart_whatever_they_are_called() -> None:
    items = [
        seen(1, subject={"name": "Angara", "imo": "9179842", "mmsi": "273348830"}),
        seen(2, subject={"name": "Lady R", "imo": "IMO 9179842"}),
        seen(3, subject={"name": "Angara", "imo": "9074729"}),
        seen(4, subject={"mmsi": "273 348 830"}),
        seen(5, subject={"name": "ANGARA"}),
        seen(6, subject={"name": "Grey Heron"}),
        seen(7, subject={"name": "grey  heron"}),
        seen(8, subject={"imo": "9179843", "name": ""}),
        seen(9),
    ]
    found = ships(items)
    assert found[UUID(int=1)] == found[UUID(int=2)] == found[UUID(int=4)]
    # Two hulls are called so: which one is meant, the name does not say.
    assert found[UUID(int=5)].by == "name"
    assert found[UUID(int=6)] == found[UUID(int=7)]
    assert len(set(found.values())) == 4
    assert UUID(int=8) not in found
    assert UUID(int=9) not in found


def test_a_radio_that_two_hulls_used_is_neither() -> None:
    items = [
        seen(1, subject={"imo": "9179842", "mmsi": "273348830"}),
        seen(2, subject={"imo": "9074729", "mmsi": "273348830"}),
        seen(3, subject={"mmsi": "273348830"}),
    ]
    assert {each.by for each in ships(items).values()} == {"imo", "mmsi"}
    assert len(set(ships(items).values())) == 3


# --- numbers ----------------------------------------------------------------------------------------------


def test_what_may_count_widens_the_interval_upwards() -> None:
    items = [seen(1, when="2024-05-03"), seen(2, when="2024"), seen(3, when="2023-01-01")]
    outcome = run("count", items, of={"when_from": "2024-05", "when_to": "2024-06"})
    assert interval(outcome) == (1, 1, 2)
    assert outcome.roles == {UUID(int=1): Role.COUNTS, UUID(int=2): Role.MAY_COUNT}


def test_distinct_counts_ships_not_sightings() -> None:
    items = [ship(1, "2024-05-03"), ship(2, "2024-05-09"), ship(3, "2024-05-09", "Black Kite"), ship(4, "2024", "Ibis")]
    outcome = run("distinct", items, of={"when_from": "2024-05", "when_to": "2024-05"})
    assert interval(outcome) == (2, 2, 3)


def test_sightings_that_follow_one_another_are_one_call_unless_somebody_looked_and_it_was_gone() -> None:
    items = [
        ship(1, "2024-05-03T10:00Z"),
        ship(2, "2024-05-04T10:00Z"),
        ship(3, "2024-05-05T10:00Z", observed=False),
        ship(4, "2024-05-06T10:00Z"),
        ship(5, "2024-05-20T10:00Z"),
        ship(6, "2024-05-04T10:00Z", "Black Kite"),
        ship(7, "2024-05-04T10:00Z", "Far Away", place={"lat": 42.81, "lon": 132.89}),
    ]
    outcome = run("port-calls", items, at=AT)
    assert interval(outcome) == (4, 4, 4)
    assert outcome.roles[UUID(int=3)] is Role.SPEAKS_AGAINST
    assert UUID(int=7) not in outcome.roles
    # Nobody looked while it was away: the two days between are one stay.
    assert interval(run("port-calls", [each for each in items if each.item != UUID(int=3)], at=AT)) == (3, 3, 3)
    assert interval(run("port-calls", items, at=AT, merge_hours=12)) == (5, 5, 5)


def test_a_look_that_found_no_ship_at_all_parts_the_calls_of_every_ship() -> None:
    nobody = ship(3, "2024-05-05T10:00Z", observed=False, subject=None)
    items = [ship(1, "2024-05-04T10:00Z"), nobody, ship(2, "2024-05-06T10:00Z")]
    assert interval(run("port-calls", items, at=AT)) == (2, 2, 2)


def test_a_sighting_whose_place_may_be_another_is_a_call_perhaps() -> None:
    doubtful = ship(2, "2024-07-04T10:00Z", place={**PLACE, "radius_m": 20_000})
    assert interval(run("port-calls", [ship(1, "2024-05-04T10:00Z"), doubtful], at=AT)) == (1, 1, 2)


def test_a_call_is_counted_by_the_order_of_time_not_of_submission() -> None:
    items = [ship(number, f"2024-05-{day:02}T10:00Z") for number, day in ((1, 20), (2, 3), (3, 4), (4, 21))]
    assert interval(run("port-calls", items, at=AT)) == (2, 2, 2)


def test_a_ratio_has_the_ends_of_the_worst_cases() -> None:
    one, other = UUID(int=1), UUID(int=2)
    findings = {one: number(1_000_000, 800_000, 1_300_000), other: number(500_000, 400_000, 500_000)}
    assert interval(run("ratio", findings=findings, of=str(one), over=str(other))) == (2, 1.6, 3.25)
    capped = run("ratio", findings=findings, of=str(one), number=500_000.0, because="UN Security Council, 2017.")
    assert interval(capped) == (2, 1.6, 2.6)
    findings[other] = number(1, 0, 2)
    assert interval(run("ratio", findings=findings, of=str(one), over=str(other)))[2] is None


def test_a_sum_has_no_less_doubt_than_its_parts_together() -> None:
    one, other = UUID(int=1), UUID(int=2)
    findings = {one: number(10, 8, 13), other: number(5, 4, 6)}
    assert interval(run("sum", findings=findings, of=[str(one), str(other)])) == (15, 12, 19)
    findings[other] = number(5, 4, 6, "tonnes")
    assert interval(run("sum", findings=findings, of=[str(one), str(other)])) == (None, None, None)


def test_the_steps_of_a_result_say_nothing_of_the_evidence_but_which_items() -> None:
    items = [ship(1, "2024-05-03T10:00Z"), ship(2, "2024-05-04T10:00Z", "Black Kite"), ship(3, "2024", "Ibis")]
    for name, asked in (("count", {}), ("distinct", {}), ("port-calls", {"at": AT})):
        said = json.dumps(codec.to_plain(dataclasses.asdict(run(name, items, **asked))["steps"]), default=str)
        assert not any(text in said for text in ("Heron", "Kite", "Ibis", "2024")), said


# --- silences ---------------------------------------------------------------------------------------------


def silent(number: int, when: str, name: str = "Grey Heron", **said: Any) -> Seen:
    return ship(number, when, name, activity="tracker silent", **said)


def test_silences_of_one_ship_that_touch_are_one_and_short_ones_are_none() -> None:
    items = [
        silent(1, "2024-05-01T00:00Z/2024-05-02T00:00Z"),
        silent(2, "2024-05-01T20:00Z/2024-05-03T00:00Z"),
        silent(3, "2024-05-09T00:00Z/2024-05-09T05:00Z"),
        silent(4, "2024-05-20T00:00Z/2024-05-21T00:00Z"),
        ship(5, "2024-05-01T00:00Z/2024-05-02T00:00Z", "Black Kite"),
    ]
    outcome = run("dark-periods", items)
    assert interval(outcome) == (2, 2, 2)
    assert set(outcome.roles) == {UUID(int=each) for each in (1, 2, 4)}


def test_a_silence_without_a_ship_or_an_end_may_be_one() -> None:
    items = [silent(1, "2024-05-01T00:00Z/.."), silent(2, "2024-05-01T00:00Z/2024-05-02T00:00Z", subject=None)]
    assert interval(run("dark-periods", items)) == (0, 0, 2)


def test_two_ships_that_fell_silent_near_one_another_may_have_met() -> None:
    far = {"lat": 41.0, "lon": 131.0}
    items = [
        silent(1, "2024-05-01T00:00Z/2024-05-03T00:00Z"),
        silent(2, "2024-05-02T00:00Z/2024-05-04T00:00Z", "Black Kite"),
        silent(3, "2024-05-02T00:00Z/2024-05-04T00:00Z", "Ibis", place=far),
        silent(4, "2024-06-02T00:00Z/2024-06-04T00:00Z", "Egret"),
    ]
    outcome = run("dark-periods", items)
    met = [step.items for step in outcome.steps if step.about == "check"]
    assert met == [(UUID(int=1), UUID(int=2))]


# --- origins ----------------------------------------------------------------------------------------------


def said_by(number: int, *names: str, **said: Any) -> Seen:
    roles = ["said", "relayed", "published"]
    chain = [{"name": name, "role": role} for name, role in zip(names, roles, strict=False)]
    return seen(number, kind="statement", attribution=chain, **said)


def test_five_links_that_lead_to_one_are_one_origin() -> None:
    items = [
        said_by(number, "Open Source Centre", paper) for number, paper in enumerate(["BBC", "CNN", "SBS", "NHK"], 1)
    ]
    items.append(seen(5, kind="statement", speaker={"name": "OPEN SOURCE  CENTRE"}))
    items.append(said_by(6, "Another", derived_from=[str(UUID(int=1))]))
    assert interval(run("origins", items)) == (1, 1, 1)
    assert interval(run("origins", [*items, said_by(7, "Seoul", "SBS")])) == (2, 2, 2)


def test_a_source_that_nobody_names_is_another_one_perhaps() -> None:
    items = [said_by(1, "Seoul"), said_by(2, "Officials", speaker={"anonymous": True}), seen(3, kind="statement")]
    assert interval(run("origins", items)) == (1, 1, 3)


def test_the_same_file_and_the_same_source_of_two_are_one_origin() -> None:
    file = {"file": {"sha256": "0" * 64}}
    items = [
        said_by(1, "A", **file),
        said_by(2, "B", **file),
        said_by(3, "C", derived_from=[str(UUID(int=9))]),
        said_by(4, "D", derived_from=[str(UUID(int=9))]),
    ]
    assert interval(run("origins", items)) == (2, 2, 2)
