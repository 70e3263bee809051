"""The numbers travel: an outsider computes findings again from a bundle, and is told where the evidence says other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from analysis import commands as findings
from analysis.domain import FindingComputed, FindingRestated, FindingStated, Result
from cases import commands as cases
from cases.domain import Role
from evidence import commands as evidence
from evidence.domain import Credibility, EvidenceGraded, EvidenceSubmitted, Kind, Place, Reliability, Subject
from exchange.bundle import write_bundle
from exchange.profile import Profile
from ledger import keys
from ledger.actors import Actor
from ledger.append import Fact, append
from ledger.read import read
from tests.analysis.test_rules import AT
from tests.evidence.erasures import erase, of_event, of_item
from tests.exchange.conftest import Left
from verifier.verify import Report, main
from verifier.verify import verify as verify_bundle

pytestmark = pytest.mark.django_db
HERON = Subject(kind="ship", name="Grey Heron", length_m=100.0, beam_m=16.0, design_draught_m=6.5)
PORT = Place(lat=42.74, lon=133.08, radius_m=200.0, name="Port")


@pytest.fixture
def by(alice: Any) -> Actor:
    return Actor.person(alice.pk)


@pytest.fixture
def case(log_folder: Path, by: Actor) -> UUID:
    keys.make("waterline.example/numbers")
    return cases.open_case(title="Tankers", by=by).stream


Sight = Callable[..., UUID]


@pytest.fixture
def sight(case: UUID, by: Actor) -> Sight:
    """Submit a sighting, of one ship at the port unless told otherwise; give its id."""

    def sight(when: str, **fields: Any) -> UUID:
        said = EvidenceSubmitted(kind=Kind.SIGHTING, when=when, **{"place": PORT, "subject": HERON, **fields})
        item = evidence.submit_evidence(case_id=case, said=said, by=by).item
        assert item is not None
        return item

    return sight


State = Callable[..., UUID]


@pytest.fixture
def state(case: UUID, by: Actor) -> State:
    """State a finding and let it be computed; give its id."""

    def state(rule: str, sentence: str = "", **parameters: Any) -> UUID:
        stated = FindingStated(sentence=sentence or f"By {rule}.", rule=rule, version=1, parameters=parameters)
        finding = findings.state_finding(case_id=case, stated=stated, by=by).item
        assert finding is not None
        findings.compute_finding(case_id=case, finding=finding, by=by)
        return finding

    return state


@pytest.fixture
def leave(case: UUID, by: Actor, tmp_path: Path) -> Callable[..., Left]:
    def leave(**withheld: Any) -> Left:
        path = tmp_path / "bundle.zip"
        path.unlink(missing_ok=True)
        write_bundle(case, out=path, by=Actor.worker("export", 1), profile=Profile(**withheld))
        return Left(path=path, case=case, key=str(keys.load().verifier))

    return leave


def report_of(left: Left) -> Report:
    return verify_bundle(str(left.path), left.key)


def about(sentences: list[str]) -> list[str]:
    return [each.partition(", ")[2] for each in sentences if " finding" in each and each.startswith("event ")]


def last_result(case: UUID, finding: UUID) -> FindingComputed:
    results = [each.data for each in read(case) if each.item == finding and each.name == "finding.computed"]
    found: FindingComputed = results[-1]
    return found


def test_findings_and_what_rests_on_them_are_the_same(sight: Sight, state: State, leave: Callable[..., Left]) -> None:
    sight("2024-05-03T10:00Z", draught_m=4.0)
    sight("2024-05-05T10:00Z", draught_m=6.0, draught_error_m=0.2)
    sight("2024-06-05", subject=Subject(kind="ship"))
    calls = state("port-calls", at=AT)
    tonnes = state("cargo", at=AT, unit="tonnes")
    state("ratio", of=str(tonnes), over=str(state("sum", of=[str(tonnes)])))
    state("sum", of=[str(calls), str(calls)][:1])
    report = report_of(leave())
    assert (report.fails, report.warns) == ([], [])
    said = about(report.holds)
    assert len(said) == 5
    assert all("the same as the evidence gives; it stands on" in each for each in said)
    assert "the finding 'By port-calls.': 1 port calls (1 to 1), the same" in said[0]
    [drawn] = about(report.unchecked)
    assert "are drawn by chance, which is not done again; its ends to first order were compared" in drawn


def test_a_forged_result_fails_with_both_numbers(
    case: UUID, sight: Sight, state: State, leave: Callable[..., Left], capsys: pytest.CaptureFixture[str]
) -> None:
    sight("2024-05-03T10:00Z")
    finding = state("count", "One was there.\x1b[2J", of={"kinds": ["sighting"]})
    forged = replace(last_result(case, finding), result=Result(value=2.0, low=2.0, high=2.0, unit="items"))
    append(case, [Fact(forged, item=finding)], by=Actor.worker("forger", 1))
    left = leave()
    [fault] = report_of(left).fails
    assert fault.endswith("it says 2 items (2 to 2), and the evidence gives 1 items (1 to 1)")
    assert main([str(left.path), "--key", left.key]) == 1
    shown = capsys.readouterr().out
    assert "One was there." in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"digest": "0" * 64}, "the digest of its inputs is not that of the events that it stands on"),
        ({"uses": ()}, "the digest of its inputs is not that of the events that it stands on"),
        ({"as_of": 10_000}, "its result can not be read"),
        ({"parameters": {"of": {"kinds": []}, "unit": "items"}}, "with other parameters, than it was stated"),
        (
            {"result": Result(value=1.0, low=1.0, high=1.5, unit="items")},
            "it says 1 items (1 to 1.5), and the evidence",
        ),
        ({"result": Result(value=1.0, low=1.0, high=1.0, unit="ships")}, "it says 1 ships (1 to 1), and the evidence"),
    ],
)
def test_a_result_that_was_made_up_otherwise_fails(
    case: UUID, sight: Sight, state: State, leave: Callable[..., Left], change: dict[str, Any], said: str
) -> None:
    sight("2024-05-03T10:00Z")
    finding = state("count", of={"kinds": ["sighting"]})
    forged = replace(last_result(case, finding), **change)
    append(case, [Fact(forged, item=finding)], by=Actor.worker("forger", 1))
    assert any(said in each for each in report_of(leave()).fails)


def test_a_result_that_stands_on_an_event_of_something_else_fails(
    case: UUID, sight: Sight, state: State, leave: Callable[..., Left]
) -> None:
    sight("2024-05-03T10:00Z")
    finding = state("count", of={"kinds": ["sighting"]})
    real = last_result(case, finding)
    other = next(each.id for each in read(case) if each.name == "case.opened")
    forged = replace(real, uses=(replace(real.uses[0], events=(other,)),))
    append(case, [Fact(forged, item=finding)], by=Actor.worker("forger", 1))
    assert any("it stands on an event that is none of its item" in each for each in report_of(leave()).fails)


def test_a_result_of_another_than_the_last_number_of_what_it_rests_on_fails(
    case: UUID, sight: Sight, state: State, leave: Callable[..., Left], by: Actor
) -> None:
    part = state("count", of={"kinds": ["sighting"]})
    whole = state("sum", of=[str(part)])
    sight("2024-05-03T10:00Z")
    findings.compute_finding(case_id=case, finding=part, by=by)
    now = next(each.seq for each in reversed([*read(case)]))
    append(case, [Fact(replace(last_result(case, whole), as_of=now), item=whole)], by=Actor.worker("forger", 1))
    faults = about(report_of(leave()).fails)
    assert any("it rests on a result of another finding that was not the last one of then" in each for each in faults)
    assert any("it says 0 items (0 to 0), and the evidence gives 1 items (1 to 1)" in each for each in faults)


def test_what_was_withheld_is_named_and_the_rest_is_computed_again(
    sight: Sight, state: State, leave: Callable[..., Left]
) -> None:
    sight("2024-05-03T10:00Z", observer="A lookout")
    state("port-calls", at=AT)
    state("count", of={"kinds": ["sighting"]})
    everywhere = leave(fields=frozenset({"place"}))
    report = report_of(everywhere)
    assert report.fails == []
    [same] = [each for each in about(report.holds) if "the same" in each]
    assert "By count." in same
    [blocked] = [each for each in about(report.unchecked) if "By port-calls." in each]
    assert "1 port calls (1 to 1) was not computed again, for place of an item (" in blocked
    assert "is withheld or erased" in blocked
    # What no rule reads is in nobody's way; that it is this, and no other field, data/bundle.json says.
    report = report_of(leave(fields=frozenset({"observer"})))
    assert len([each for each in about(report.holds) if "the same" in each]) == 2
    assert any("are those that data/bundle.json names" in each for each in report.unchecked)


def test_a_withheld_field_that_is_handed_over_later_is_computed_with(
    case: UUID, sight: Sight, state: State, leave: Callable[..., Left]
) -> None:
    item = sight("2024-05-03T10:00Z")
    state("port-calls", at=AT)
    left = leave(fields=frozenset({"place"}))
    [event] = [each for each in read(case) if each.item == item]
    [place] = [each for each in event.disclosures if '"place"' in each]
    report = verify_bundle(str(left.path), left.key, [place])
    assert report.fails == []
    [same] = about(report.holds)
    assert "the same as the evidence gives" in same


def test_a_finding_that_is_withheld_is_said_to_be(sight: Sight, state: State, leave: Callable[..., Left]) -> None:
    item = sight("2024-05-03T10:00Z")
    state("count", of={"kinds": ["sighting"]})
    report = report_of(leave(items=frozenset({item})))
    assert report.fails == []
    assert about(report.unchecked) == ["a withheld finding: not computed again, for its result is withheld or erased"]


def test_what_was_erased_since_is_not_taken_for_never_given_until_then(
    case: UUID, sight: Sight, state: State, leave: Callable[..., Left], by: Actor, bob: Any
) -> None:
    first, second = sight("2024-05-03T10:00Z"), sight("2024-05-03T10:00Z", tags=("seen",))
    changes = {"subject": {"kind": "ship", "name": "Black Kite"}, "when": "2024-06-03"}
    evidence.correct(case_id=case, item=second, changes=changes, reason="x", by=by)
    evidence.tag(case_id=case, item=first, tag="seen", by=by)
    asked = [
        state("distinct", of={"kinds": ["sighting"]}, by="ship"),
        state("port-calls", at=AT, of={"when_from": "2024-06"}),
        state("count", of={"kinds": ["sighting"]}),
        state("count", "Seen.", of={"tags": ["seen"]}),
    ]
    cases.add_member(case_id=case, user=bob.pk, role=Role.REVIEWER, by=by)
    for item in (first, second):
        erase(case, of_item(item, "subject"), asks=by, agrees=Actor.person(bob.pk))
    [tagged] = [each for each in read(case) if each.name == "evidence.tagged"]
    erase(case, of_event(tagged.id, "tag"), asks=by, agrees=Actor.person(bob.pk))
    report = report_of(leave())
    assert report.fails == []
    assert [each for each in about(report.unchecked) if "By distinct." in each and "subject of an item" in each]
    assert [each for each in about(report.unchecked) if "Seen." in each and "tags of an item" in each]
    assert [each for each in about(report.holds) if "By count." in each and "the same" in each]
    for finding in asked:
        findings.compute_finding(case_id=case, finding=finding, by=by)
    report = report_of(leave())
    assert (report.fails, report.warns, about(report.unchecked)) == ([], [], [])
    said = [each.partition("': ")[2].partition(", the same")[0] for each in about(report.holds)]
    assert said == ["0 ships (0 to 0)", "0 port calls (0 to 0)", "2 items (2 to 2)", "1 items (1 to 1)"]


def test_evidence_that_changed_since_is_told_with_the_number_it_gives_now(
    case: UUID, sight: Sight, state: State, leave: Callable[..., Left], by: Actor
) -> None:
    kept, gone = sight("2024-05-03T10:00Z"), sight("2024-09-05T10:00Z")
    calls = state("port-calls", at=AT)
    twice = state("ratio", of=str(calls), number=1, because="One.")
    state("count", of={"kinds": ["sighting"], "tags": ["seen"]})
    evidence.correct(case_id=case, item=kept, changes={"title": "Another"}, reason="x", by=by)
    evidence.retract(case_id=case, item=gone, reason="Not a ship.", by=by)
    evidence.tag(case_id=case, item=kept, tag="seen", by=by)
    report = report_of(leave())
    assert report.fails == []
    assert len([each for each in about(report.holds) if "the same" in each]) == 3
    assert about(report.warns) == [
        "the finding 'By port-calls.': it says 2 port calls (2 to 2); the evidence in this bundle gives "
        "1 port calls (1 to 1) now",
        "the finding 'By count.': it says 0 items (0 to 0); the evidence in this bundle gives 1 items (1 to 1) now",
        "the finding 'By ratio.': it says 2 times (2 to 2); the evidence in this bundle gives 1 times (1 to 1) now",
    ]
    findings.compute_finding(case_id=case, finding=calls, by=by)
    findings.compute_finding(case_id=case, finding=twice, by=by)
    assert len(about(report_of(leave()).warns)) == 1


def test_every_change_of_an_item_is_followed(
    case: UUID, sight: Sight, state: State, leave: Callable[..., Left], by: Actor
) -> None:
    item, other = sight("2024-05-03T10:00Z", tags=("seen",)), sight("2024-05-04T10:00Z")

    def grade(item: UUID, code: str) -> None:
        graded = EvidenceGraded(reliability=Reliability(code[0]), credibility=Credibility(code[1]))
        evidence.grade(case_id=case, item=item, graded=graded, by=by)

    evidence.correct(case_id=case, item=other, changes={"when": "2024-07-01"}, reason="x", by=by)
    grade(item, "B2")
    of = {"tags": ["seen"], "grade_at_least": "C3", "when_to": "2024-06"}
    for change in (
        lambda: evidence.untag(case_id=case, item=item, tag="seen", by=by),
        lambda: evidence.tag(case_id=case, item=other, tag="seen", by=by),
        lambda: grade(other, "A1"),
        lambda: evidence.correct(case_id=case, item=other, changes={"when": "2024-06"}, reason="x", by=by),
        lambda: evidence.retract(case_id=case, item=other, reason="x", by=by),
    ):
        state("count", of=of)
        change()
    report = report_of(leave())
    assert report.fails == []
    said = [each.partition("': ")[2].partition(", the same")[0] for each in about(report.holds)]
    assert said == ["1 items (1 to 1)", "0 items (0 to 0)", "0 items (0 to 0)", "0 items (0 to 1)", "1 items (1 to 1)"]


def test_withdrawn_and_restated_findings_have_no_number_to_look_at(
    case: UUID, sight: Sight, state: State, leave: Callable[..., Left], by: Actor
) -> None:
    sight("2024-05-03T10:00Z")
    of = {"kinds": ["sighting"]}
    one, other = state("count", of=of), state("count", of=of)
    state("sum", of=[str(one)])
    findings.withdraw_finding(case_id=case, finding=one, reason="x", by=by)
    restated = FindingRestated(sentence="Another.", rule="count", version=1, parameters={"of": of}, reason="x")
    findings.restate_finding(case_id=case, finding=other, restated=restated, by=by)
    report = report_of(leave())
    assert [each.partition("'")[2].partition("'")[0] for each in about(report.holds)] == ["By sum."]
    assert "1 findings of which no number was computed since they were stated" in report.unchecked
    [warned] = about(report.warns)
    assert warned.endswith("a finding that it rests on has no present result, or was withdrawn")
