"""Events that nobody of ours would write: each ends in a sentence, and however many there are, in good time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.envelope import digest
from tests.analysis.test_rules import AT, PLACE
from verifier import verify as verifier
from verifier.verify import Report, open_bundle

CASE = str(UUID(int=1))
ONE = str(UUID(int=2))
SURE = {"value": 1.0, "low": 1.0, "high": 1.0, "unit": "items"}
Event = tuple[str, str, dict[str, Any]]
Judged = Callable[[Iterable[Event]], Report]


@pytest.fixture
def judged(tmp_path: Path) -> Judged:
    """Let the verifier read events (type, item, fields) that are chained as they should be; give its report."""

    def judged(events: Iterable[Event]) -> Report:
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "bagit.txt").touch()
        with (tmp_path / "data" / "events.ndjson").open("w") as file:
            before = verifier.GENESIS
            for seq, (type_, item, said) in enumerate(events, 1):
                disclosures = [json.dumps([f"salt {seq}", name, value]) for name, value in said.items()]
                values = (1, event_id(seq), CASE, seq, item, type_, "", "", None, before)
                fields = sorted(map(digest, disclosures))
                envelope = json.dumps(dict(zip(verifier.ENVELOPE_KEYS, (*values, fields), strict=True)))
                before = sha256(envelope.encode()).hexdigest()
                file.write(f"{json.dumps({'envelope': envelope, 'disclosures': disclosures})}\n")
        report = Report()
        bundle = open_bundle(str(tmp_path))
        chain = verifier.check_events(bundle, report, None, {})
        assert report.fails == ["the last event is not an export of all that came before it: the end may be missing"]
        report = Report()
        verifier.check_findings(bundle, report, chain, {}, {})
        assert str(report)
        return report

    return judged


def event_id(seq: int) -> str:
    return str(UUID(int=10_000 + seq))


def finding(rule: Any = "count", parameters: Any = None, *, item: str = ONE, **said: Any) -> Iterator[Event]:
    """Yield the events of a finding, by default of a right count of no items."""
    asked = {"of": {}, "unit": "items"} if parameters is None else parameters
    yield "finding.stated/1", item, {"sentence": "So many.", "rule": rule, "version": 1, "parameters": asked}
    text = json.dumps(asked, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    lines = f"waterline-inputs/1\nrule {rule} 1\nparameters {text}\n"
    result = {"value": 0.0, "low": 0.0, "high": 0.0, "unit": "items"}
    usual = {"rule": rule, "version": 1, "parameters": asked, "as_of": 0, "digest": sha256(lines.encode()).hexdigest()}
    yield "finding.computed/1", item, {**usual, "result": result, **said}


def test_a_right_number_of_one_made_by_hand_is_the_same(judged: Judged) -> None:
    report = judged(finding())
    assert report.fails == []
    assert report.holds == [
        "event 2, the finding 'So many.': 0 items (0 to 0), the same as the evidence gives; it stands on 0 events"
    ]


@pytest.mark.parametrize(
    "parameters",
    [{}, [], {"of": []}, {"of": {"tags": 7}, "unit": "items"}, {"of": {"area": {"lat": 1e999}}, "unit": "items"}],
)
def test_parameters_that_mean_nothing_are_not_computed_with(judged: Judged, parameters: Any) -> None:
    report = judged(finding(parameters=parameters))
    assert report.fails == []
    assert any("are not what its rule reads" in each for each in report.unchecked)


@pytest.mark.parametrize("rule", ["spell", "count\n", 7, ["count"], None])
def test_a_rule_that_is_not_known_is_named(judged: Judged, rule: Any) -> None:
    report = judged(finding(rule))
    assert report.fails == []
    assert any("this verifier has no rule" in each for each in report.unchecked)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400, True, "1", {"a": 1}])
def test_a_number_that_is_none_is_a_fault(judged: Judged, value: Any) -> None:
    report = judged(finding(result={**SURE, "value": value}))
    assert report.fails == ["event 2, the finding 'So many.': its result can not be read"]


def test_findings_that_rest_on_one_another_in_a_circle_are_a_fault(judged: Judged) -> None:
    other = str(UUID(int=3))
    events = [*finding("sum", {"of": [other]}), *finding("sum", {"of": [ONE]}, item=other)]
    assert [each.partition("': ")[2] for each in judged(events).fails] == [
        "it rests on itself, or on others that do"
    ] * 2
    assert judged(finding("ratio", {"of": ONE, "over": None, "number": 1.0})).count == 1


def test_a_long_chain_of_findings_is_looked_at_from_its_end(judged: Judged) -> None:
    names = [str(UUID(int=100 + number)) for number in range(verifier.MOST_FINDINGS + 3)]
    events = [*finding(item=names[0])]
    for name, before in zip(names[1:], names, strict=False):
        result = {before: event_id(len(events))}
        events += finding("sum", {"of": [before]}, item=name, as_of=len(events), findings=result)
    report = judged(events)
    assert "3 findings: only 500 are looked at" in report.unchecked
    assert len([each for each in report.holds if "the same as the evidence gives" in each]) == verifier.MOST_FINDINGS


_ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 10**20)
    | st.floats()
    | st.sampled_from(["", "ship", ONE, "2024", "C3"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["of", "at", "lat", "lon", "tags", "kinds", "low", "item"]), inner, max_size=4
        )
    ),
    max_leaves=6,
)
_NAMES = ["of", "at", "by", "over", "number", "unit", "merge_hours", "activity", "least_hours", "water_density"]
_FIELDS = [
    "when",
    "place",
    "subject",
    "speaker",
    "attribution",
    "tags",
    "draught_m",
    "derived_from",
    "file",
    "observed",
]

_CHANGES = st.dictionaries(st.sampled_from(_FIELDS), _ANY, max_size=2)


@given(st.data())
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_events_say_nothing_but_an_answer_comes(judged: Judged, data: st.DataObject) -> None:
    rule = data.draw(st.sampled_from([*(name for name, _ in verifier.RULES)]))
    item = {"kind": "sighting", **data.draw(_CHANGES), **data.draw(_CHANGES)}
    said = data.draw(st.dictionaries(st.sampled_from(verifier.COMPUTED[3:]), _ANY, max_size=2))
    parameters = {"of": {}, **data.draw(st.dictionaries(st.sampled_from(_NAMES), _ANY, max_size=4))}
    report = judged(
        [
            ("evidence.submitted/1", CASE, item),
            ("evidence.corrected/1", CASE, {"changes": data.draw(_CHANGES | _ANY)}),
            ("evidence.tagged/1", CASE, {"tag": data.draw(st.just("a") | _ANY)}),
            *finding(rule, parameters, **{"as_of": 3, **said}),
        ]
    )
    assert report.fails or report.holds or report.unchecked


@pytest.mark.parametrize(
    "event",
    [("evidence.graded/2", ONE, {}), ("evidence.corrected/1", ONE, {"changes": 1}), ("evidence.tagged/1", ONE, {})],
)
def test_a_change_that_can_not_be_read_is_not_passed_over(judged: Judged, event: Event) -> None:
    report = judged([event, *finding(as_of=1)])
    assert any("this verifier can not read what event 1" in each for each in report.unchecked)
    assert not any("the same as the evidence gives" in each for each in report.holds)


@pytest.mark.parametrize("type_", ["finding.computed/2", "finding.merged/1"])
def test_a_finding_with_an_event_of_a_later_time_is_not_judged(judged: Judged, type_: str) -> None:
    report = judged([*finding(), (type_, ONE, {})])
    assert (report.holds, report.fails) == ([], [])
    assert any(f"this verifier can not read what event 3 ({type_}) says of it" in each for each in report.unchecked)


def test_thousands_of_sightings_of_one_ship_and_as_many_looks_are_no_burden(judged: Judged) -> None:
    """Each in the gap of two others: who compares every gap with every look is at it for minutes."""
    count = 5000
    place = {"place": PLACE, "subject": {"kind": "ship", "name": "Grey Heron"}}
    events: list[Event] = []
    for number in range(count):
        # Minutes of a year: an odd one for a look, an even one for a sighting.
        for minute, extra in ((2 * number, {}), (2 * number + 1, {"observed": False})):
            when = f"2024-05-{minute // 1440 + 1:02}T{minute // 60 % 24:02}:{minute % 60:02}Z"
            said = {"kind": "sighting", "when": when, **place, **extra}
            events.append(("evidence.submitted/1", str(UUID(int=100_000 + len(events))), said))
    asked = {"at": {**AT, "name": ""}, "of": {}, "merge_hours": 72.0}
    calls = {"value": 5000.0, "low": 5000.0, "high": 5000.0, "unit": "port calls"}
    report = judged([*events, *finding("port-calls", asked, as_of=2 * count, result=calls)])
    assert report.fails == []
    assert "5000 port calls (5000 to 5000), the same as the evidence gives" in report.holds[0]
