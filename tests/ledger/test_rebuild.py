"""Read rows follow from events alone: dropped and replayed, they come out equal."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command

from cases import commands as cases
from cases.domain import Role
from cases.models import Case, Member
from evidence import commands as evidence
from evidence import domain
from ledger.actors import Actor
from ledger.rebuild import rebuild
from ledger.subscriptions import projections


def rows() -> dict[str, list[dict[str, Any]]]:
    """Dump every read table, without keys that merely count."""
    found = {}
    for table in (table for projection in projections() for table in projection.tables):
        counted = {field.name for field in table._meta.fields if field.get_internal_type() == "BigAutoField"}
        dumped = [{k: v for k, v in row.items() if k not in counted} for row in table.objects.values()]
        found[table.__name__] = sorted(dumped, key=repr)
    return found


@pytest.fixture
def a_busy_case(alice: Any, bob: Any) -> Any:
    by = Actor.person(alice.id)
    case = cases.open_case(title="Tankers", by=by).stream
    cases.add_member(case_id=case, user=bob.id, role=Role.REVIEWER, by=by)
    cases.change_role(case_id=case, user=bob.id, role=Role.INVESTIGATOR, by=by)
    cases.comment_on_case(case_id=case, text="Begin", by=by)
    cases.tag_case(case_id=case, tag="oil", by=by)
    first = evidence.submit_evidence(
        case_id=case,
        said=domain.EvidenceSubmitted(
            kind=domain.Kind.STATEMENT,
            title="Claim",
            text="Forty-three calls",
            tags=("claim", "osc"),
            when="2024-11",
            place=domain.Place(name="Null", lat=0.0, lon=0.0),
        ),
        by=by,
    ).item
    second = evidence.submit_evidence(
        case_id=case,
        said=domain.EvidenceSubmitted(
            kind=domain.Kind.SIGHTING, subject=domain.Subject(name="Grey Heron"), derived_from=(first,)
        ),
        by=by,
    ).item
    graded = domain.EvidenceGraded(reliability=domain.Reliability.B, credibility=domain.Credibility.PROBABLE)
    evidence.grade(case_id=case, item=first, graded=graded, by=by)
    evidence.correct(case_id=case, item=first, changes={"title": "The claim"}, reason="clearer", by=by)
    evidence.untag(case_id=case, item=first, tag="osc", by=by)
    evidence.tag(case_id=case, item=second, tag="heron", by=by)
    third = evidence.submit_evidence(
        case_id=case, said=domain.EvidenceSubmitted(kind=domain.Kind.STATEMENT, text="More"), by=by
    ).item
    for origins in ([third], [third, first], [first]):
        changes = {"derived_from": list(map(str, origins))}
        evidence.correct(case_id=case, item=second, changes=changes, reason="the other one", by=by)
    evidence.comment(case_id=case, item=second, text="Is it?", by=by)
    linked = domain.EvidenceLinked(relation=domain.Relation.SUPPORTS, target=first)
    evidence.link(case_id=case, item=second, linked=linked, by=by)
    evidence.look(case_id=case, items=[first, second], action="viewed", by=by)
    evidence.record_custody(case_id=case)
    evidence.retract(case_id=case, item=second, reason="Wrong ship", by=by)
    cases.close_case(case_id=case, reason="Done", by=by)
    return case


def test_rebuilt_rows_are_equal_to_the_ones_before(a_busy_case: Any) -> None:
    before = rows()
    assert all(before[name] for name in ("Case", "Member", "Comment", "ItemState", "ItemTag", "Link", "Custody"))
    rebuild()
    assert rows() == before


def test_a_forged_read_row_does_not_survive_a_rebuild(a_busy_case: Any) -> None:
    before = rows()
    Case.objects.update(title="Forged")
    Member.objects.all().delete()
    call_command("rebuild")
    assert rows() == before


def test_read_rows_that_somebody_changed_are_named_and_left(
    a_busy_case: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("rebuild", "--check")
    assert "Every read table follows" in capsys.readouterr().out
    Case.objects.filter(pk=a_busy_case).update(title="Forged")
    Member.objects.filter(case=a_busy_case, role="investigator").update(role="owner")
    with pytest.raises(SystemExit):
        call_command("rebuild", "--check")
    said = capsys.readouterr().err
    assert "cases_case, cases_member" in said
    assert Case.objects.get(pk=a_busy_case).title == "Forged"
    call_command("rebuild")
    call_command("rebuild", "--check")
    assert Case.objects.get(pk=a_busy_case).title == "Tankers"
