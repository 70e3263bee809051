"""An erasure from asking to gone: the right persons, the exact list, what follows, and nothing left anywhere."""

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
from evidence.erasure.rules import AlreadyDecided, NothingGoes, OtherList, SamePerson
from evidence.models import ErasedPart, ErasureRequest, ItemState, SearchText
from evidence.projections import state_of
from evidence.search import matching
from ledger import store
from ledger.actors import Actor
from ledger.errors import Forbidden, Invalid, NotFound
from ledger.events import ERASED
from ledger.ids import uuid7
from ledger.leftovers import remove_files
from ledger.models import Leftover, Payload
from ledger.read import read, recorded_by_ids
from ledger.rebuild import differing
from ledger.verify import verify
from tests.enrichment.jobs import submit_picture, work
from tests.evidence.erasures import WHY, erase, of_event, of_item, places_of

pytestmark = pytest.mark.django_db
WITNESS = "Ji-woo Zelenograd"


@pytest.fixture
def owner(alice: Any) -> Actor:
    return Actor.person(alice.pk)


@pytest.fixture
def reviewer(bob: Any) -> Actor:
    return Actor.person(bob.pk)


@pytest.fixture
def case(owner: Actor, reviewer: Actor) -> UUID:
    case = cases.open_case(title="Tankers", by=owner).stream
    cases.add_member(case_id=case, user=reviewer.user, role=Role.REVIEWER, by=owner)  # type: ignore[arg-type]
    return case


def submit(case: UUID, by: Actor, **fields: Any) -> UUID:
    said = domain.EvidenceSubmitted(**({"kind": domain.Kind.STATEMENT, "text": "They docked."} | fields))
    item = evidence.submit_evidence(case_id=case, said=said, by=by).item
    assert item is not None
    return item


def shown(case: UUID, item: UUID, by: Actor) -> dict[str, Any]:
    return queries.represent([queries.item_row(case, item, by=by)], by=by)[0]


def sound(case: UUID) -> bool:
    return verify(stream=case).faults == [] and differing() == []


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


# -- who, and what exactly ----------------------------------------------------------------------------


@pytest.fixture
def item(case: UUID, owner: Actor) -> UUID:
    return submit(case, owner, speaker=domain.Speaker(name=WITNESS))


def test_nobody_confirms_their_own_request(case: UUID, owner: Actor, item: UUID) -> None:
    asked = commands.request_erasure(case_id=case, wanted=of_item(item, "speaker"), by=owner)
    seen = commands.preview_request(case_id=case, redaction=asked.id, by=owner)
    token = Actor(name=f"token:{uuid7()}", user=owner.user)
    for by in (owner, token):
        with pytest.raises(SamePerson):
            commands.confirm_erasure(case_id=case, redaction=asked.id, fingerprint=seen.plan.fingerprint, by=by)
    assert places_of(WITNESS)


def test_a_request_by_token_is_not_confirmed_by_its_person(case: UUID, owner: Actor, item: UUID) -> None:
    token = Actor(name=f"token:{uuid7()}", user=owner.user)
    asked = commands.request_erasure(case_id=case, wanted=of_item(item, "speaker"), by=token)
    seen = commands.preview_request(case_id=case, redaction=asked.id, by=owner)
    with pytest.raises(SamePerson):
        commands.confirm_erasure(case_id=case, redaction=asked.id, fingerprint=seen.plan.fingerprint, by=owner)


@pytest.mark.parametrize(
    ("role", "asks", "confirms"),
    [
        (Role.OWNER, True, True),
        (Role.REVIEWER, False, True),
        (Role.INVESTIGATOR, False, False),
        (Role.VIEWER, False, False),
        (Role.SUBMITTER, False, False),
    ],
)
def test_owners_ask_and_owners_and_reviewers_confirm(
    case: UUID, owner: Actor, item: UUID, charlie: Any, role: Role, asks: bool, confirms: bool
) -> None:
    cases.add_member(case_id=case, user=charlie.pk, role=role, by=owner)
    by = Actor.person(charlie.pk)
    asked = commands.request_erasure(case_id=case, wanted=of_item(item, "speaker"), by=owner)
    seen = commands.preview_request(case_id=case, redaction=asked.id, by=owner)
    wanted = of_item(item, "text")
    for may, act in (
        (asks, lambda: commands.request_erasure(case_id=case, wanted=wanted, by=by)),
        (asks, lambda: commands.preview_erasure(case_id=case, wanted=wanted, by=by)),
        (
            confirms,
            lambda: commands.confirm_erasure(
                case_id=case, redaction=asked.id, fingerprint=seen.plan.fingerprint, by=by
            ),
        ),
    ):
        if may:
            act()
        else:
            with pytest.raises(Forbidden):
                act()
    assert (places_of(WITNESS) == []) is confirms


def test_one_of_another_case_neither_asks_nor_confirms_nor_learns_of_it(
    case: UUID, owner: Actor, item: UUID, charlie: Any
) -> None:
    """Charlie owns a case of his own, and names this one's item, event and request in it."""
    by = Actor.person(charlie.pk)
    own = cases.open_case(title="Own", by=by).stream
    [submitted] = read(case, item=item)
    asked = commands.request_erasure(case_id=case, wanted=of_item(item, "speaker"), by=owner)
    for wanted in (of_item(item, "speaker"), of_event(submitted.id, "speaker"), of_event(uuid7(), "speaker")):
        for target in (case, own):
            with pytest.raises(NotFound):
                commands.request_erasure(case_id=target, wanted=wanted, by=by)
    for target in (case, own):
        with pytest.raises(NotFound):
            commands.confirm_erasure(case_id=target, redaction=asked.id, fingerprint="", by=by)
        with pytest.raises(NotFound):
            commands.decline_erasure(case_id=target, redaction=asked.id, reason="x", by=by)


@pytest.mark.parametrize("name", ["kind", "observed", "submitter", "nothing", "changes.title"])
def test_what_may_not_go_is_refused_with_the_names_of_what_may(case: UUID, owner: Actor, item: UUID, name: str) -> None:
    [submitted] = read(case, item=item)
    for wanted in (of_item(item, name), of_event(submitted.id, name)):
        with pytest.raises(Invalid) as refusal:
            commands.request_erasure(case_id=case, wanted=wanted, by=owner)
        assert any("speaker" in said for each in refusal.value.errors.values() for said in each)


def test_the_relation_of_two_items_is_never_erased(case: UUID, owner: Actor, item: UUID) -> None:
    linked = domain.EvidenceLinked(relation=domain.Relation.CONTRADICTS, target=submit(case, owner))
    event = evidence.link(case_id=case, item=item, linked=linked, by=owner)
    for name in ("relation", "target"):
        with pytest.raises(Invalid):
            commands.request_erasure(case_id=case, wanted=of_event(event.id, name), by=owner)


def test_what_came_in_between_is_not_erased_unseen(case: UUID, owner: Actor, reviewer: Actor) -> None:
    item = submit(case, owner, text="IMO 9074729 at the pier")
    asked = commands.request_erasure(case_id=case, wanted=of_item(item, "text"), by=owner)
    seen = commands.preview_request(case_id=case, redaction=asked.id, by=reviewer)
    work(case)
    evidence.correct(case_id=case, item=item, changes={"text": "IMO 9074729, later"}, reason="x", by=owner)
    with pytest.raises(OtherList), transaction.atomic():
        commands.confirm_erasure(case_id=case, redaction=asked.id, fingerprint=seen.plan.fingerprint, by=reviewer)
    assert places_of("9074729")
    again = commands.preview_request(case_id=case, redaction=asked.id, by=reviewer)
    assert len(again.plan.lines) > len(seen.plan.lines)
    commands.confirm_erasure(case_id=case, redaction=asked.id, fingerprint=again.plan.fingerprint, by=reviewer)
    assert places_of("9074729") == []
    assert sound(case)


def test_it_is_decided_once(case: UUID, owner: Actor, reviewer: Actor, item: UUID) -> None:
    redacted = erase(case, of_item(item, "speaker"), asks=owner, agrees=reviewer)
    request = redacted.data.request
    with pytest.raises(AlreadyDecided):
        commands.confirm_erasure(case_id=case, redaction=request, fingerprint="", by=reviewer)
    with pytest.raises(AlreadyDecided):
        commands.decline_erasure(case_id=case, redaction=request, reason="x", by=reviewer)
    with pytest.raises(NothingGoes):
        commands.request_erasure(case_id=case, wanted=of_item(item, "speaker"), by=owner)


def test_what_is_declined_stays_and_is_not_confirmed_afterwards(
    case: UUID, owner: Actor, reviewer: Actor, item: UUID
) -> None:
    asked = commands.request_erasure(case_id=case, wanted=of_item(item, "speaker"), by=owner)
    commands.decline_erasure(case_id=case, redaction=asked.id, reason="It is needed.", by=reviewer)
    row = ErasureRequest.objects.get(pk=asked.id)
    assert (row.status, row.declined_because) == ("declined", "It is needed.")
    with pytest.raises(AlreadyDecided):
        commands.confirm_erasure(case_id=case, redaction=asked.id, fingerprint="", by=reviewer)
    assert places_of(WITNESS)


def test_who_asked_may_take_it_back(case: UUID, owner: Actor, item: UUID) -> None:
    asked = commands.request_erasure(case_id=case, wanted=of_item(item, "speaker"), by=owner)
    commands.decline_erasure(case_id=case, redaction=asked.id, reason="Not after all.", by=owner)
    assert ErasureRequest.objects.get(pk=asked.id).status == "declined"


def test_of_two_requests_for_the_same_the_second_finds_nothing(
    case: UUID, owner: Actor, reviewer: Actor, item: UUID
) -> None:
    first, second = (
        commands.request_erasure(case_id=case, wanted=of_item(item, "speaker"), by=owner) for _ in range(2)
    )
    seen = commands.preview_request(case_id=case, redaction=first.id, by=reviewer)
    fingerprint = seen.plan.fingerprint
    commands.confirm_erasure(case_id=case, redaction=first.id, fingerprint=fingerprint, by=reviewer)
    with pytest.raises(NothingGoes):
        commands.confirm_erasure(case_id=case, redaction=second.id, fingerprint=fingerprint, by=reviewer)


def test_the_law_does_not_wait_for_a_case_to_be_reopened(case: UUID, owner: Actor, reviewer: Actor, item: UUID) -> None:
    cases.close_case(case_id=case, reason="Done", by=owner)
    cases.archive_case(case_id=case, reason="Done", by=owner)
    erase(case, of_item(item, "speaker"), asks=owner, agrees=reviewer)
    assert places_of(WITNESS) == []


def test_a_reason_does_not_repeat_what_it_is_the_reason_for(case: UUID, owner: Actor, item: UUID) -> None:
    with pytest.raises(Invalid) as refusal:
        commands.request_erasure(
            case_id=case, wanted=of_item(item, "speaker", reason="Mr. Zelenograd wrote to us"), by=owner
        )
    assert "reason" in refusal.value.errors
    assert "Zelenograd" not in str(refusal.value.errors)


def test_a_reason_that_slipped_through_can_be_erased_itself(
    case: UUID, owner: Actor, reviewer: Actor, item: UUID
) -> None:
    other = submit(case, owner, text="x y z")
    wanted = of_item(other, "text", reason="Zelenograd wrote to us")
    redacted = erase(case, wanted, asks=owner, agrees=reviewer)
    erase(case, of_event(redacted.data.request, "reason"), asks=owner, agrees=reviewer)
    erase(case, of_item(item, "speaker"), asks=owner, agrees=reviewer)
    assert places_of("zelenograd") == []
    assert sound(case)


def test_a_forged_request_takes_nothing_that_the_rules_do_not_let_go(
    case: UUID, owner: Actor, reviewer: Actor, item: UUID
) -> None:
    """Appended by hand, past the rules: it names the kind of an item."""
    from dataclasses import replace

    from ledger.append import Fact, append
    from ledger.envelope import digest

    [submitted] = read(case, item=item)
    [kind] = [each for each in submitted.disclosures if '"kind"' in each]
    asked = commands.request_erasure(case_id=case, wanted=of_item(item, "speaker"), by=owner)
    [target] = asked.data.targets
    field = replace(target.fields[0], name="kind", digest=digest(kind))
    forged = replace(asked.data, targets=(replace(target, fields=(field,)),), items=())
    [request] = append(case, [Fact(forged)], by=owner)
    with pytest.raises(NothingGoes):
        commands.confirm_erasure(case_id=case, redaction=request.id, fingerprint="", by=reviewer)


def test_a_preview_names_what_else_speaks_of_it(case: UUID, owner: Actor, item: UUID) -> None:
    comment = evidence.comment(case_id=case, item=item, text=f"I called {WITNESS}.", by=owner)
    seen = commands.preview_erasure(case_id=case, wanted=of_item(item, "speaker"), by=owner)
    assert [(event.id, name) for event, name in seen.mentions] == [(comment.id, "text")]
    assert [line.field.name for line in seen.plan.lines] == ["speaker"]


def test_every_erased_part_says_by_which_event_and_on_what_ground(
    case: UUID, owner: Actor, reviewer: Actor, item: UUID
) -> None:
    redacted = erase(case, of_item(item, "speaker"), asks=owner, agrees=reviewer)
    part = ErasedPart.objects.get()
    assert (part.item, part.redacted_by, part.seq) == (item, redacted.id, redacted.seq)
    assert redacted.data.requested_by == owner.user
    assert redacted.data.approver == reviewer.user
    [event] = [each for each in recorded_by_ids([part.event])]
    assert event.erased["speaker"].by == redacted.id
    assert Payload.objects.get(pk=part.event).body.count("\n") == len(event.disclosures) - 1
    assert SearchText.objects.get(item=item).words == "they docked"
