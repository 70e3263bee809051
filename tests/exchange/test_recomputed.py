"""The verifier's own arithmetic against ours: times, distances, names, and every rule over whatever evidence."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import registry
from analysis.deadweight import stored
from analysis.decisions import parameters_of
from analysis.domain import CHANGES_FINDING, About, Result
from analysis.projections import ITEM_CHANGES
from analysis.rule import Given, Outcome
from enrichment.geodesy import geodesic_m
from enrichment.identifiers import imo_is_valid
from enrichment.states import folded_name
from evidence.domain import EvidenceSubmitted
from evidence.when import InvalidWhen, parse
from ledger import codec
from ledger.events import shape_of
from tests.analysis.test_rules import AT, PLACE, seen
from verifier import verify as verifier
from verifier.verify import Blocked, Number, read_when

START = datetime.min  # noqa: DTZ901 -- naive, as what is measured from it

# --- times ------------------------------------------------------------------------------------------------


def instants(text: str) -> tuple[int | None, int | None]:
    when = parse(text)
    first, last = (
        None if each is None else (each.replace(tzinfo=None) - START) // timedelta(microseconds=1)
        for each in (when.earliest, when.latest)
    )
    return first, last


USUAL = [
    *("2024", "0001", "9999", "2024-02", "2023-02", "2024-02-29", "2024-05-03?", "2024-05~", "2024%", "~2024-05-03"),
    *("2024-05-03T10", "2024-05-03T10:00", "2024-05-03T10:00:59", "2016-12-31T23:59:60Z", "2024-05-03T24:00"),
    *("2024-05-03T10:00Z", "2024-05-03T10:00+09:00", "2024-05-03T10:00-0330", "2024-05-03T10+09", "2024-05-03T10:00Z"),
    *("2024-05-03T10:00:00.5Z", "2024-05-03T10:00:00,123456789Z", "2024-05-03T10:00:00.1234567", "9999-12-31T24:00Z"),
    *("0001-01-01", "0001-01-01T05:00", "0001-01-01T05:00+09:00", "9999-12-31", "9999-12-31T20:00-12:00"),
    *("2024-05-01/2024-05-03", "2024-05/2024-06-03T10:00Z", "../2024", "2024/..", "2024-05-03?/", "/2024-05-03T10:00"),
    *("2024-05-03T10:00Z/2024-05-03T22:00+09:00", "2024-05-03T23:00Z/2024-05-03", "2024-05-03/2024-05-03"),
]


@pytest.mark.parametrize("text", USUAL)
def test_usual_times_are_read_as_the_same_instants(text: str) -> None:
    assert read_when(text) == instants(text)


@pytest.mark.parametrize(
    "text", ["2024-21", "202X", "2024-0X", "[2024,2025]", "Y17E7", "-0044", "0000", "2024S2", ".."]
)
def test_a_time_of_another_form_is_not_guessed_at(text: str) -> None:
    with pytest.raises(Blocked, match="is of a form that is not read here"):
        read_when(text)


# Pieces that make times of all forms, right and wrong.
_PIECES = st.sampled_from(
    [
        *("2024", "0001", "9999", "0000", "-0044", "-05", "-02", "-29", "-31", "-13", "-00", "-22", "-0X", "X", "?"),
        *("T10", "T24", "T23", ":00", ":59", ":60", ".5", ",1234567", "Z", "+14", "-12:00", "+0930", "+16:00", "/"),
        *(
            "~",
            "%",
            "..",
            "2024-05-03",
            "2024-05-04",
            "2024-05-03T10:00Z",
            "[",
            "]",
            "{",
            ",",
            "Y12345",
            "S2",
            "\u0663",
        ),
    ]
)


@given(st.lists(_PIECES, max_size=8).map("".join))
@settings(max_examples=400)
def test_whatever_the_verifier_reads_is_a_time_and_means_the_same(text: str) -> None:
    try:
        found = read_when(text)
    except Blocked:
        return
    assert found == instants(text)


def test_what_is_no_time_is_not_read() -> None:
    for text in (
        "2023-02-29",
        "2024-05-03T25:00",
        "2024-05-04/2024-05-03",
        "/",
        "2024//2025",
        "2024-05-03T10:00+16:00",
    ):
        with pytest.raises(InvalidWhen):
            parse(text)
        with pytest.raises(Blocked):
            read_when(text)


# --- distances, numbers, names ----------------------------------------------------------------------------

_LAT, _LON = st.floats(-90, 90), st.floats(-180, 180)


@given(_LAT, _LON, _LAT, _LON)
@settings(max_examples=200)
def test_distances_are_equal(lat1: float, lon1: float, lat2: float, lon2: float) -> None:
    near = (lat1, lon1, max(-90.0, min(90.0, lat1 + lat2 / 1e4)), lon1 + lon2 / 1e4)
    for points in ((lat1, lon1, lat2, lon2), near, (lat1, lon1, -lat1, lon1 + 180)):
        assert verifier.geodesic_m(*points) == pytest.approx(geodesic_m(*points), rel=1e-12)


def test_ship_numbers_and_the_deadweight_relation_are_the_same() -> None:
    for number in ("9074729", "9074728", "0000000", "907472", "٩٠٧٤٧٢٩", "", *map(str, range(9_000_000, 9_000_100))):
        assert verifier.imo_is_valid(number) == imo_is_valid(number)
    relation = stored()
    assert relation.coefficients == verifier.DEADWEIGHT
    assert relation.high == verifier.DEADWEIGHT_HIGH


@given(
    st.one_of(
        st.text(), st.lists(st.sampled_from(["St.", "The", "Is", "É", "&", "Herz", "O’Neill", "İ"])).map(" ".join)
    )
)
@settings(max_examples=200)
def test_names_are_folded_alike(text: str) -> None:
    try:
        found = verifier.folded_name(text)
    except Blocked:
        return
    assert found == folded_name(text)


# --- rules ------------------------------------------------------------------------------------------------

MOMENTS = [f"2024-05-{day:02}T10:00Z" for day in range(1, 15)]
ANY: dict[str, list[Any]] = {
    "kind": ["sighting", "sighting", "sighting", "statement"],
    "when": [
        *MOMENTS,
        *MOMENTS,
        "2024-05-04",
        "2024-05-03T10Z/2024-05-07",
        "2024-05",
        "2024-05-09T01:00",
        "2024-06/..",
    ],
    "place": [
        *[PLACE] * 5,
        {**PLACE, "radius_m": 9000.0, "name": "Port"},
        {"name": "the Port"},
        {"lat": 1.0, "lon": 2.0},
    ],
    "observed": [True, True, True, False],
    "activity": ["tracker silent", ""],
    "tags": [["a"], ["a", "b"], []],
    "draught_m": [4.0, 4.5, 6.0, 6.4, 9.0],
    "draught_error_m": [0.1, 0.3, None],
    "source": [{"name": "A paper"}, {"name": "Á Paper"}, {"name": "Another"}],
    "speaker": [{"name": "One"}, {"name": "Two"}, {"name": "One", "anonymous": True}, None],
    "attribution": [[{"name": "Two", "role": "said"}, {"name": "x", "role": "published"}], []],
    "derived_from": [[str(UUID(int=1))], [str(UUID(int=3))], [], []],
    "file": [{"sha256": "ab" * 32}, None, None],
    "status": ["submitted", "submitted", "submitted", "retracted"],
    "grade": [{"reliability": "B", "credibility": "2"}, {"reliability": "F", "credibility": "1"}, None],
}
ANY_SHIP: dict[str, list[Any]] = {
    "kind": ["ship"],
    "name": ["Grey Heron", "grey-heron", "Kite", "Kite", ""],
    "imo": ["9074729", "IMO 9074729", "9074728", "", "", ""],
    "mmsi": ["273111111", "273 111 112", "", "", ""],
    "length_m": [100.0, 120.0],
    "beam_m": [16.0],
    "design_draught_m": [6.5, 5.0, None],
    "deadweight_t": [5000.0, 900.0, None],
}
ANY_OF: dict[str, list[Any]] = {
    "tags": [["a"]],
    "when_from": ["2024-05-04", "2024-05"],
    "when_to": ["2024-05-08"],
    "grade_at_least": ["C3"],
    "without": [[str(UUID(int=2))]],
    "subject_kinds": [["ship"]],
}
ASKED: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "count": lambda of: {"of": {**of, "area": AT, "observed": True}},
    "distinct": lambda of: {"of": {**of, "kinds": ["sighting"]}},
    "port-calls": lambda of: {"at": AT, "of": of, "merge_hours": 49.5},
    "dark-periods": lambda of: {"of": of, "least_hours": 5.0},
    "origins": lambda of: {"of": {**of, "activities": []}},
    "cargo": lambda of: {"at": AT, "of": of},
}


@pytest.mark.parametrize("rule", ASKED)
def test_a_rule_gives_the_same_here_and_there(rule: str) -> None:
    gave: set[float | None] = set()
    for seed in range(100):
        chance = Random(seed)
        items = [some(ANY, 0.9, chance) | {"subject": some(ANY_SHIP, 0.9, chance)} for _ in range(chance.randrange(30))]
        asked = ASKED[rule](some(ANY_OF, 0.2, chance))
        if rule == "distinct":
            asked["by"] = chance.choice(["ship", "source", "speaker", "place"])
        ours, theirs = both(rule, items, asked)
        gave.add(ours.value)
        assert theirs.with_ends().is_as(ours, verifier.RULES[rule, 1].within), f"{theirs} instead of {ours}: {items}"
    assert len(gave) > 2


def some(values: dict[str, list[Any]], often: float, chance: Random) -> dict[str, Any]:
    """Choose values for some fields; None for not given."""
    found = {name: chance.choice(of) for name, of in values.items() if chance.random() < often}
    return {name: value for name, value in found.items() if value is not None}


def both(rule: str, items: list[dict[str, Any]], asked: dict[str, Any]) -> tuple[Number, Number]:
    """Let both compute: ours, and the verifier, which has the parameters and the items as events hold them."""
    found = registry.installed()[rule]
    parameters = parameters_of(found, asked)
    ours = found.run(parameters, Given(items=[seen(number, **each) for number, each in enumerate(items)]))
    asked = json.loads(json.dumps(codec.to_plain(parameters)))
    return to_first_order(ours), verifier.RULES[rule, 1].run(
        asked, verifier.Given(list(as_events_hold(items)), _no_result)
    )


def as_events_hold(items: list[dict[str, Any]]) -> Iterator[verifier.Seen]:
    for number, each in enumerate(items):
        said = {"kind": "sighting", **{name: value for name, value in each.items() if name not in ("status", "grade")}}
        item = verifier.Seen(str(UUID(int=number)), number + 1, said, frozenset())
        item.retracted, item.grade = each.get("status") == "retracted", each.get("grade")
        yield item


def to_first_order(outcome: Outcome) -> Number:
    """Give the result; where its ends are drawn by chance those to first order, which its steps hold."""
    result = outcome.result
    checks = [step.value for step in outcome.steps if step.about is About.CHECK and step.value is not None]
    low, high = checks or (result.low, result.high)
    return Number(result.value, low, high, result.unit)


def _no_result(finding: str) -> Number:
    raise KeyError(finding)


_END = st.one_of(st.none(), st.floats(-1e9, 1e9))
_RESULT = st.builds(Result, value=_END, low=_END, high=_END, unit=st.sampled_from(["barrels", "barrels", "tonnes"]))


@given(st.lists(_RESULT, min_size=1, max_size=4), st.booleans())
@settings(max_examples=100)
def test_sums_and_ratios_are_the_same(results: list[Result], over_number: bool) -> None:
    findings = {UUID(int=number): each for number, each in enumerate(results)}
    names = [str(each) for each in findings]
    over = {"number": 500.0, "because": "A cap."} if over_number else {"over": names[-1]}

    def result(part: str) -> Number:
        each = findings[UUID(part)]
        return Number(each.value, each.low, each.high, each.unit)

    for rule, asked in (("sum", {"of": names}), ("ratio", {"of": names[0], **over})):
        found = registry.installed()[rule]
        parameters = parameters_of(found, asked)
        ours = found.run(parameters, Given(findings=findings)).result
        theirs = verifier.RULES[rule, 1].run(codec.to_plain(parameters), verifier.Given([], result))
        # A sum that comes near nothing has lost the digits that it is compared by.
        near = {"rel": 1e-9, "abs": 1e-6}
        assert theirs.unit == ours.unit
        assert theirs.value == (ours.value if ours.value is None else pytest.approx(ours.value, **near))
        assert theirs.low == (ours.low if ours.low is None else pytest.approx(ours.low, **near))
        assert theirs.high == (ours.high if ours.high is None else pytest.approx(ours.high, **near))


def test_the_verifier_has_every_rule_that_is_installed() -> None:
    assert set(verifier.RULES) == {(rule.name, rule.version) for rule in registry.installed().values()}


def test_the_verifier_knows_every_event_that_a_number_can_follow_from() -> None:
    assert {shape_of(each).name for each in CHANGES_FINDING} == verifier._OF_FINDINGS
    assert {shape_of(each).name for each in (EvidenceSubmitted, *ITEM_CHANGES)} == set(verifier._CHANGES)
    assert {shape_of(each).version for each in (*CHANGES_FINDING, EvidenceSubmitted, *ITEM_CHANGES)} == {1}
    assert set().union(*(rule.reads for rule in registry.installed().values())) <= {*verifier.READ}
