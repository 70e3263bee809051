"""An erasure from asking to gone: what follows goes too, and nothing is left anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction

from cases import commands as cases
from cases.domain import Role
from cases.models import Case, Comment
from enrichment.models import Job
from evidence import commands as evidence
from evidence import domain, queries
from evidence.erased import FileErased
from evidence.erasure import commands
from evidence.erasure.domain import NewErasure, WhatGoes
from evidence.models import ItemState
from evidence.projections import state_of
from evidence.search import matching
from ledger import store
from ledger.actors import Actor
from ledger.events import ERASED
from ledger.leftovers import remove_files
from ledger.models import Leftover
from ledger.read import read
from tests.enrichment.jobs import submit_picture, work
from tests.evidence.erasures import WHY, erase, of_event, of_item, places_of, shown, sound, submit

pytestmark = pytest.mark.django_db
WITNESS = "Ji-woo Zelenograd"


# -- what goes ----------------------------------------------------------------------------------------


def test_a_speaker_is_erased_and_everything_else_stands(case: UUID, owner: Actor, reviewer: Actor) -> None:
    item = submit(case, owner, title="A witness", speaker=domain.Speaker(name=WITNESS), tags=("claim",))
    assert places_of(WITNESS)
    redacted = erase(case, of_item(item, "speaker"), asks=owner, agrees=reviewer)
    assert places_of(WITNESS) == []
    now = shown(case, item, owner)
    assert now["speaker"] is None
    assert (now["title"], now["text"], now["tags"]) == ("A witness", "They docked.", ["claim"])
    [erased] = now["erased"]
    assert (erased["field"], erased["by"], erased["ground"]) == ("speaker", str(redacted.id), "data_subject")
    assert sound(case)


def test_what_a_tool_read_out_of_an_erased_text_goes_with_it(case: UUID, owner: Actor, reviewer: Actor) -> None:
    item = submit(case, owner, text=f"{WITNESS} stood at 42.7400, 133.0800 by the pier")
    work(case)
    assert shown(case, item, owner)["enrichments"][0]["output"]
    digests = set(Job.objects.values_list("input_digest", flat=True))
    erase(case, of_item(item, "text"), asks=owner, agrees=reviewer)
    for text in (WITNESS, "133.08", *digests):
        assert places_of(text) == [], text
    assert {event.name for event in read(case, item=item) if event.erased} == {
        "evidence.submitted",
        "evidence.enriched",
    }
    assert sound(case)


def test_work_that_was_begun_before_records_nothing_afterwards(
    case: UUID, owner: Actor, reviewer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from enrichment import commands as enrichment

    item = submit(case, owner, text="IMO 9074729 at the pier")
    run = enrichment._outcome
    begun: list[Any] = []

    def meanwhile(*args: Any, **options: Any) -> Any:
        found = run(*args, **options)
        begun.append(found)
        erase(case, of_item(item, "text"), asks=owner, agrees=reviewer)
        return found

    monkeypatch.setattr(enrichment, "_outcome", meanwhile)
    work(case)
    assert begun
    assert places_of("9074729") == []
    assert [event.name for event in read(case, item=item)] == ["evidence.submitted"]
    assert sound(case)


def test_corrections_that_set_the_field_go_and_what_else_they_said_is_said_again(
    case: UUID, owner: Actor, reviewer: Actor
) -> None:
    item = submit(case, owner, title="A witness")
    changes = {"speaker": {"name": WITNESS}, "when": "2024-05", "title": "The witness"}
    evidence.correct(case_id=case, item=item, changes=changes, reason="Known now.", by=owner)
    erase(case, of_item(item, "speaker"), asks=owner, agrees=reviewer)
    assert places_of(WITNESS) == []
    now = shown(case, item, owner)
    assert (now["speaker"], now["when"], now["title"]) == (None, "2024-05", "The witness")
    assert state_of(ItemState.objects.now().get(item=item)).erased == ("speaker",)
    corrections = [event for event in read(case, item=item) if event.name == "evidence.corrected"]
    gone = corrections[0].erased["changes"]
    assert (list(gone.parts), list(gone.others)) == (["speaker"], ["title", "when"])
    assert corrections[1].data.changes == {"when": "2024-05", "title": "The witness"}
    assert sound(case)


def test_a_field_can_be_said_anew_after_its_erasure(case: UUID, owner: Actor, reviewer: Actor) -> None:
    item = submit(case, owner, text=f"{WITNESS} said so")
    erase(case, of_item(item, "text"), asks=owner, agrees=reviewer)
    assert str(ItemState.objects.now().get(item=item)) == "erased statement"
    evidence.correct(case_id=case, item=item, changes={"title": "Without a text"}, reason="It had one.", by=owner)
    evidence.correct(case_id=case, item=item, changes={"text": "A witness said so"}, reason="No name.", by=owner)
    now = ItemState.objects.now().get(item=item)
    assert (state_of(now).said.text, state_of(now).erased) == ("A witness said so", ())
    assert sound(case)


def test_a_name_is_erased_wherever_it_stands(case: UUID, owner: Actor, reviewer: Actor) -> None:
    cases.rename_case(case_id=case, title=f"What {WITNESS.upper()} saw", by=owner)
    cases.comment_on_case(case_id=case, text=f"I called {WITNESS}.", by=owner)
    one = submit(case, owner, speaker=domain.Speaker(name=WITNESS))
    other = submit(case, owner, text="Nothing of that.", tags=("claim", WITNESS))
    evidence.comment(case_id=case, item=one, text=f"{WITNESS} again", by=owner)
    evidence.tag(case_id=case, item=one, tag=WITNESS, by=owner)
    evidence.grade(
        case_id=case,
        item=one,
        graded=domain.EvidenceGraded(
            reliability=domain.Reliability.B,
            credibility=domain.Credibility.PROBABLE,
            reason=f"We know {WITNESS}",
        ),
        by=owner,
    )
    linked = domain.EvidenceLinked(relation=domain.Relation.SUPPORTS, target=one, note=f"as {WITNESS} says")
    evidence.link(case_id=case, item=other, linked=linked, by=owner)
    evidence.retract(case_id=case, item=other, reason=f"{WITNESS} took it back", by=owner)
    erase(case, NewErasure(texts=(WITNESS,), **WHY), asks=owner, agrees=reviewer)
    assert places_of(WITNESS) == []
    row = Case.objects.get(pk=case)
    assert (row.title, row.erased) == (ERASED, ["title"])
    assert set(Comment.objects.filter(case=case).values_list("text", flat=True)) == {ERASED}
    now = ItemState.objects.now().get(item=one)
    assert (state_of(now).erased, state_of(now).grade.reason) == (("speaker", "tags"), "")  # type: ignore[union-attr]
    assert state_of(ItemState.objects.now().get(item=other)).retracted_because == ERASED
    assert not matching("zelenograd").exists()
    assert sound(case)


def test_custody_of_a_reader_can_go(case: UUID, owner: Actor, reviewer: Actor) -> None:
    item = submit(case, owner)
    evidence.look(case_id=case, items=[item], action="viewed", by=reviewer)
    evidence.record_custody(case_id=case)
    [event] = [each for each in read(case) if each.name == "custody.recorded"]
    erase(case, of_event(event.id, "handlings"), asks=owner, agrees=reviewer)
    assert sound(case)


def test_states_of_the_past_do_not_show_it_either(case: UUID, owner: Actor, reviewer: Actor) -> None:
    item = submit(case, owner, title=f"{WITNESS} speaks")
    before = ItemState.objects.get(item=item).from_seq
    evidence.correct(case_id=case, item=item, changes={"title": "Somebody speaks"}, reason="No names.", by=owner)
    [first] = [each for each in read(case, item=item) if each.name == "evidence.submitted"]
    erase(case, of_event(first.id, "title"), asks=owner, agrees=reviewer)
    then = queries.represent([queries.item_row(case, item, by=owner, as_of=before)], as_of=before, by=owner)[0]
    assert (then["title"], then["erased"][0]["field"]) == ("", "title")
    assert shown(case, item, owner)["title"] == ""
    assert sound(case)


# -- files --------------------------------------------------------------------------------------------


@pytest.fixture
def photograph(tmp_path: Path) -> Path:
    from tests.api.bodies import picture

    path = tmp_path / "scene.png"
    path.write_bytes(picture((64, 48)))
    return path


def files_of(case: UUID, item: UUID, by: Actor) -> set[str]:
    now = shown(case, item, by)
    made = {each["sha256"] for one in now["enrichments"] for each in one.get("derivatives") or []}
    return made | ({now["sha256"]} if now["sha256"] else set())


def test_the_bytes_of_a_file_and_of_all_that_was_made_of_it_go(
    case: UUID, owner: Actor, reviewer: Actor, photograph: Path, django_capture_on_commit_callbacks: Any
) -> None:
    item = submit_picture(case, owner, photograph, title="A scene")
    work(case)
    files = files_of(case, item, owner)
    assert len(files) > 1
    [original] = [each["sha256"] for each in shown(case, item, owner)["files"]]
    with django_capture_on_commit_callbacks(execute=True):
        erase(case, NewErasure(files=(original,), **WHY), asks=owner, agrees=reviewer)
    assert not any(map(store.exists, files))
    now = shown(case, item, owner)
    # That there was one, and which, is not erased with its bytes.
    assert now["sha256"] == original
    assert {each["file"] for each in now["erased"] if each["field"] == "file"} == {original}
    with pytest.raises(FileErased):
        queries.original_of(case, item, by=owner)
    assert not Job.objects.open().exists()
    assert sound(case)


def test_a_file_whose_name_is_erased_goes_with_it(
    case: UUID, owner: Actor, reviewer: Actor, photograph: Path, django_capture_on_commit_callbacks: Any
) -> None:
    item = submit_picture(case, owner, photograph)
    [original] = files_of(case, item, owner)
    with django_capture_on_commit_callbacks(execute=True):
        erase(case, of_item(item, "file"), asks=owner, agrees=reviewer)
    assert not store.exists(original)
    assert places_of("scene.png") == []
    assert sound(case)


def test_bytes_that_another_item_names_stay_and_are_not_handed_out_for_this_one(
    case: UUID, owner: Actor, reviewer: Actor, photograph: Path, django_capture_on_commit_callbacks: Any
) -> None:
    elsewhere = cases.open_case(title="Another case", by=reviewer).stream
    other = submit_picture(elsewhere, reviewer, photograph)
    item = submit_picture(case, owner, photograph)
    [original] = files_of(case, item, owner)
    seen = commands.preview_erasure(case_id=case, wanted=WhatGoes(files=(original,)), by=owner)
    assert seen.named_too == {}, "the other case is none of the owner's business"
    with django_capture_on_commit_callbacks(execute=True):
        redacted = erase(case, NewErasure(files=(original,), **WHY), asks=owner, agrees=reviewer)
    assert store.exists(original)
    assert Leftover.objects.get(what=original).kept
    with pytest.raises(FileErased):
        queries.original_of(case, item, by=owner)
    assert queries.original_of(elsewhere, other, by=reviewer).sha256 == original
    seen = commands.preview_request(case_id=case, redaction=redacted.data.request, by=reviewer)
    assert sound(case)
    assert sound(elsewhere)
    # Once that one goes too, nobody names them any more.
    cases.add_member(case_id=elsewhere, user=owner.user, role=Role.REVIEWER, by=reviewer)  # type: ignore[arg-type]
    with django_capture_on_commit_callbacks(execute=True):
        erase(elsewhere, of_item(other, "file"), asks=reviewer, agrees=owner)
    assert not store.exists(original)


def test_the_same_bytes_may_come_again_after_their_erasure(
    case: UUID, owner: Actor, reviewer: Actor, photograph: Path, django_capture_on_commit_callbacks: Any
) -> None:
    item = submit_picture(case, owner, photograph)
    [original] = files_of(case, item, owner)
    with django_capture_on_commit_callbacks(execute=True):
        erase(case, NewErasure(files=(original,), **WHY), asks=owner, agrees=reviewer)
    again = submit_picture(case, owner, photograph)
    remove_files()
    assert queries.original_of(case, again, by=owner).sha256 == original
    assert store.check(original) is None


def test_bytes_that_were_removed_a_moment_ago_are_not_named_by_a_new_item(
    case: UUID, owner: Actor, reviewer: Actor, photograph: Path, django_capture_on_commit_callbacks: Any
) -> None:
    from ledger.errors import Unavailable

    item = submit_picture(case, owner, photograph)
    [file] = [domain.FileReference(**each) for each in shown(case, item, owner)["files"]]
    with django_capture_on_commit_callbacks(execute=True):
        erase(case, NewErasure(files=(file.sha256,), **WHY), asks=owner, agrees=reviewer)
    said = domain.EvidenceSubmitted(kind=domain.Kind.IMAGE, file=file)
    with pytest.raises(Unavailable), transaction.atomic():
        evidence.submit_evidence(case_id=case, said=said, by=owner)


@pytest.mark.parametrize(
    ("stored", "asked"),
    [('Ivan "Vanya" Petrov', 'ivan "vanya" petrov'), ("Zoe\u0308 C\u030capek", "Zoë Čapek"), ("Ji\n  Woo", "ji woo")],
)
def test_a_name_is_found_in_whatever_spelling_of_its_characters(
    case: UUID, owner: Actor, stored: str, asked: str
) -> None:
    item = submit(case, owner, text=f"So said {stored}.", speaker=domain.Speaker(name=stored))
    found = commands.preview_erasure(case_id=case, wanted=WhatGoes(texts=(asked,)), by=owner)
    going = {(line.event.item, line.field.name) for line in found.plan.lines}
    assert going == {(item, "text"), (item, "speaker")}
