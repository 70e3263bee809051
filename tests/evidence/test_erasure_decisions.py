"""Who asks for an erasure and who agrees to it, and to what exactly."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.db import transaction

from cases import commands as cases
from cases.domain import Role
from evidence import commands as evidence
from evidence import domain
from evidence.erasure import commands
from evidence.erasure.rules import AlreadyDecided, NothingGoes, OtherList, SamePerson
from evidence.models import ErasedPart, ErasureRequest, SearchText
from ledger.actors import Actor
from ledger.errors import Forbidden, Invalid, NotFound
from ledger.ids import uuid7
from ledger.models import Payload
from ledger.read import read, recorded_by_ids
from tests.enrichment.jobs import work
from tests.evidence.erasures import erase, of_event, of_item, places_of, sound, submit

pytestmark = pytest.mark.django_db
WITNESS = "Ji-woo Zelenograd"


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
