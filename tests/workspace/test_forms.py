"""What people do by form: each form is one command, its refusals stand where the form is, nothing typed is lost."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client

from cases import commands as cases
from cases.models import Case
from evidence import commands as evidence
from evidence.models import ItemState, Link
from evidence.projections import state_of
from ledger import keys, store
from ledger.read import read
from ledger.receipts import read_receipt
from tests.api.bodies import picture
from tests.workspace.conftest import Browser, World


@pytest.fixture
def client(browser: Browser, bob: Any) -> Client:
    """Bob's browser."""
    return browser(bob)


def said_of(item: Any) -> Any:
    return state_of(ItemState.objects.now().get(item=item)).said


def seen(item: Any) -> int:
    return ItemState.objects.now().get(item=item).from_seq


def newest(world: World) -> ItemState:
    return ItemState.objects.now().filter(case=world.case).order_by("-seq")[0]


# -- adding ---------------------------------------------------------------------------------------------------


def test_a_case_is_opened_by_form_and_its_opener_is_owner(browser: Browser, charlie: Any) -> None:
    client = browser(charlie)
    answer = client.post("/admin/cases/new/", {"title": "Grain ships", "description": "", "sensitivity": "red"})
    case = Case.objects.get(title="Grain ships")
    assert answer["Location"] == f"/admin/cases/{case.pk}/"
    assert case.sensitivity == "red"
    assert case.members.get().user == charlie
    assert case.members.get().role == "owner"


def test_a_picture_is_kept_byte_for_byte_under_its_own_name(client: Client, world: World) -> None:
    data = picture((7, 5))
    file = SimpleUploadedFile("schiff\u202egnp.png", data, content_type="image/png")
    declared = {"declared_sha256": sha256(data).hexdigest(), "declared_size": len(data)}
    sent = {"file": file, "title": "New scene", "sensitivity": "amber", **declared}
    answer = client.post(world.page("evidence/new/image/"), sent)
    assert answer.status_code == 302, answer.context["form"].errors
    said = said_of(newest(world).item)
    assert said.file.name == "schiff\u202egnp.png"
    with store.open_verified(said.file.sha256) as kept:
        assert kept.read() == data
    page = client.get(answer["Location"]).content.decode()
    assert "‹U+202E›" in page
    assert "\u202e" not in page


def test_a_picture_that_was_cut_on_its_way_is_refused_and_leaves_no_file(client: Client, world: World) -> None:
    data = picture((9, 9))
    declared = {"declared_sha256": sha256(data).hexdigest(), "declared_size": len(data)}
    file = SimpleUploadedFile("scene.png", data[:-10], content_type="image/png")
    answer = client.post(
        world.page("evidence/new/image/"), {"file": file, "title": "Cut", "sensitivity": "amber", **declared}
    )
    assert answer.status_code == 400
    assert "did not arrive whole" in answer.content.decode()
    assert 'value="Cut"' in answer.content.decode()
    assert not store.exists(sha256(data[:-10]).hexdigest())
    assert newest(world).item == world.sighting


def test_a_statement_comes_with_its_chain_of_attribution(client: Client, world: World) -> None:
    sent = {
        "title": "An adviser on air defence",
        "text": "Equipment was delivered.\r\nSoon after, more.",
        "language": "ko",
        "speaker_name": "An adviser",
        "attribution_0_role": "said",
        "attribution_0_name": "The adviser",
        "attribution_1_role": "published",
        "attribution_1_name": "SBS",
        "stated_at": "2024-11-22",
        "sensitivity": "green",
        "tags": "claim, air defence",
    }
    assert client.post(world.page("evidence/new/statement/"), sent).status_code == 302
    said = said_of(newest(world).item)
    assert said.text == "Equipment was delivered.\nSoon after, more."
    assert [(link.role, link.name) for link in said.attribution] == [("said", "The adviser"), ("published", "SBS")]
    assert said.tags == ("claim", "air defence")
    assert said.sensitivity == "green"


def test_a_sighting_may_say_that_nothing_was_there(client: Client, world: World) -> None:
    sent = {
        "title": "No tanker at the berth",
        "observed": "no",
        "subject_kind": "ship",
        "when": "2024-05-04",
        "place_name": "Vostochny",
        "place_lat": "42.74",
        "place_lon": "133.08",
        "basis": [str(world.image)],
        "sensitivity": "amber",
    }
    assert client.post(world.page("evidence/new/sighting/"), sent).status_code == 302
    said = said_of(newest(world).item)
    assert said.observed is False
    assert said.place.lat == 42.74
    assert said.basis == (world.image,)


@pytest.mark.parametrize(
    ("kind", "fields", "complaint"),
    [
        ("statement", {"text": "Said.", "when": "yesterday"}, "id_when"),
        ("sighting", {"subject_kind": "ship", "observed": "yes", "place_lat": "91", "place_lon": "0"}, "place_lat"),
        ("statement", {"text": "  "}, "text"),
        ("sighting", {"observed": "yes"}, "subject"),
    ],
)
def test_what_is_impossible_is_refused_beside_its_field_and_what_was_typed_stays(
    client: Client, world: World, kind: str, fields: dict[str, str], complaint: str
) -> None:
    sent = {"title": "Typed with care", "sensitivity": "amber", **fields}
    answer = client.post(world.page(f"evidence/new/{kind}/"), sent)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert 'value="Typed with care"' in page
    assert "errorlist" in page
    assert complaint.removeprefix("id_") in page
    assert newest(world).item == world.sighting


def test_nothing_is_added_to_a_closed_case(client: Client, world: World) -> None:
    cases.close_case(case_id=world.case, reason="Published.", by=world.by)
    answer = client.post(world.page("evidence/new/statement/"), {"text": "Late.", "sensitivity": "amber"})
    assert answer.status_code == 409
    assert "evidence/new/" not in client.get(world.page()).content.decode()


def test_the_evidence_of_a_closed_case_is_commented_on_and_not_changed(client: Client, world: World) -> None:
    cases.close_case(case_id=world.case, reason="Published.", by=world.by)
    assert do(client, world, world.statement, "grade", grade="B2").status_code == 409
    assert do(client, world, world.statement, "tag", tag="late").status_code == 409
    assert do(client, world, world.statement, "retract", reason="Late.").status_code == 409
    assert do(client, world, world.statement, "comment", text="A reader wrote.").status_code == 302
    page = client.get(world.item(world.statement)).content.decode()
    assert 'value="comment"' in page
    assert not any(f'value="{name}"' in page for name in ("grade", "tag", "retract", "link"))


# -- on an item -----------------------------------------------------------------------------------------------


def do(client: Client, world: World, item: Any, what: str, **fields: Any) -> Any:
    return client.post(world.item(item), {"do": what, "seen": seen(item), **fields})


def test_an_item_is_graded_with_one_choice_of_the_matrix(client: Client, world: World) -> None:
    assert do(client, world, world.statement, "grade", grade="B2", reason="Known for care.").status_code == 302
    row = ItemState.objects.now().get(item=world.statement)
    assert (row.reliability, row.credibility) == ("B", "2")
    page = client.get(world.item(world.statement)).content.decode()
    assert "usually reliable" in page
    assert "probably true" in page


def test_a_correction_names_the_old_and_the_new_value_in_the_history(client: Client, world: World) -> None:
    form = client.get(world.item(world.sighting, "correct/")).context["form"]
    sent = {name: _typed(form[name].value()) for name in form.fields}
    sent |= {"draught_m": "7.5", "reason": "Read one mark deeper."}
    answer = client.post(world.item(world.sighting, "correct/"), sent)
    assert answer.status_code == 302, answer.context["form"].errors
    last = list(read(world.case))[-1]
    assert last.data.changes == {"draught_m": 7.5}
    page = client.get(world.item(world.sighting)).content.decode()
    assert "Read one mark deeper." in page
    assert "7.2" in page
    assert "7.5 m" in page


def test_of_two_people_who_correct_at_once_neither_loses_anything(client: Client, world: World) -> None:
    form = client.get(world.item(world.sighting, "correct/")).context["form"]
    sent = {name: _typed(form[name].value()) for name in form.fields} | {"observer": "Bob", "reason": "Mine."}
    evidence.correct(case_id=world.case, item=world.sighting, changes={"draught_m": 8.1}, reason="Hers.", by=world.by)
    answer = client.post(world.item(world.sighting, "correct/"), sent)
    page = answer.content.decode()
    assert answer.status_code == 412
    assert "Changed meanwhile" in page
    again = answer.context["form"]
    assert again["observer"].value() == "Bob"
    assert again["draught_m"].value() == "8.1"
    sent = {name: _typed(again[name].value()) for name in again.fields}
    assert client.post(world.item(world.sighting, "correct/"), sent).status_code == 302
    said = said_of(world.sighting)
    assert (said.observer, said.draught_m) == ("Bob", 8.1)


def test_a_form_sent_on_an_old_state_says_changed_meanwhile_and_keeps_the_text(client: Client, world: World) -> None:
    old = seen(world.statement)
    evidence.tag(case_id=world.case, item=world.statement, tag="claim", by=world.by)
    sent = {"do": "retract", "seen": old, "reason": "It was a rumour."}
    answer = client.post(world.item(world.statement), sent)
    assert answer.status_code == 412
    assert "Changed meanwhile" in answer.content.decode()
    assert "It was a rumour." in answer.content.decode()
    assert ItemState.objects.now().get(item=world.statement).status == "submitted"


def test_a_retracted_item_stays_visible_as_retracted(client: Client, world: World) -> None:
    assert do(client, world, world.statement, "retract", reason="It was a rumour.").status_code == 302
    page = client.get(world.item(world.statement)).content.decode()
    assert "It was a rumour." in page
    assert "Retracted" in page
    assert "A dozen tankers docked 43 times." in page
    assert client.get(world.item(world.statement, "correct/")).status_code == 409


def test_items_are_linked_and_the_link_reads_from_both_ends(client: Client, world: World) -> None:
    sent = {"relation": "supports", "target": str(world.statement), "note": "The same week."}
    assert do(client, world, world.sighting, "link", **sent).status_code == 302
    assert Link.objects.get(item=world.sighting).target == world.statement
    assert "supports" in client.get(world.item(world.sighting)).content.decode()
    assert "is supported by" in client.get(world.item(world.statement)).content.decode()


def test_a_link_to_an_item_of_another_case_is_a_link_to_nothing(client: Client, world: World, charlie: Any) -> None:
    from evidence.domain import EvidenceSubmitted, Kind
    from ledger.actors import Actor

    by = Actor.person(charlie.pk)
    other = cases.open_case(title="Other", by=by).stream
    said = EvidenceSubmitted(kind=Kind.STATEMENT, text="Secret.")
    hidden = evidence.submit_evidence(case_id=other, said=said, by=by).item
    answers = [
        do(client, world, world.sighting, "link", relation="supports", target=str(target))
        for target in (hidden, world.case)
    ]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert "is not in the case" in answers[0].content.decode()
    assert not Link.objects.exists()


def test_tags_and_comments_are_events_too(client: Client, world: World) -> None:
    assert do(client, world, world.image, "tag", tag="harbour").status_code == 302
    assert do(client, world, world.image, "untag", tag="harbour").status_code == 302
    assert do(client, world, world.image, "comment", text="Look at the left edge.").status_code == 302
    names = [event.name for event in read(world.case, item=world.image)]
    assert names[-3:] == ["evidence.tagged", "evidence.untagged", "evidence.commented"]
    assert "Look at the left edge." in client.get(world.page("comments/")).content.decode()


# -- on the case ----------------------------------------------------------------------------------------------


def test_the_owner_changes_the_case_its_status_and_its_team(
    browser: Browser, world: World, alice: Any, charlie: Any
) -> None:
    client = browser(alice)

    def change(page: str, what: str, **fields: Any) -> None:
        case = Case.objects.get(pk=world.case)
        answer = client.post(world.page(page), {"do": what, "seen": case.seq, **fields})
        assert answer.status_code == 302, answer.content.decode()

    change("settings/", "rename", title="Tankers in the east")
    change("settings/", "describe", description="How much?")
    change("settings/", "sensitivity", sensitivity="red", reason="A source asked.")
    change("settings/", "tag", tag="oil")
    change("settings/", "status", change="review", reason="Ready.")
    change("team/", "add", user="charlie", role="viewer")
    change("team/", "role", user=str(charlie.pk), role="reviewer")
    case = Case.objects.get(pk=world.case)
    assert (case.title, case.description, case.sensitivity, case.status, case.tags) == (
        "Tankers in the east", "How much?", "red", "in_review", ["oil"],
    )  # fmt: skip
    assert case.members.get(user=charlie).role == "reviewer"
    change("team/", "remove", user=str(charlie.pk), reason="Moved on.")
    assert not case.members.filter(user=charlie).exists()


def test_a_case_keeps_an_owner(browser: Browser, world: World, alice: Any) -> None:
    sent = {"do": "remove", "seen": Case.objects.get(pk=world.case).seq, "user": str(alice.pk)}
    answer = browser(alice).post(world.page("team/"), sent)
    assert answer.status_code == 409
    assert "A case needs an owner" in answer.content.decode()


def test_the_ledger_panel_says_whether_the_chain_holds(client: Client, world: World) -> None:
    assert "Not checked yet" in client.get(world.page("ledger/")).content.decode()
    assert client.post(world.page("ledger/")).status_code == 302
    assert "events hold." in client.get(world.page("ledger/")).content.decode()


def test_the_ledger_panel_says_how_the_log_stands(client: Client, world: World, log_folder: Path) -> None:
    assert "manage.py keys init" in client.get(world.page("ledger/")).content.decode()
    keys.make()
    call_command("sequence", "--once")
    page = client.get(world.page("ledger/")).content.decode()
    assert "its last event is under the signed head" in page
    assert str(keys.load().verifier).replace("+", "&#x2B;") in page or str(keys.load().verifier) in page


def test_every_event_has_a_receipt_that_proves_it(
    client: Client, world: World, log_folder: Path, browser: Browser, charlie: Any
) -> None:
    keys.make()
    call_command("sequence", "--once")
    event = next(iter(read(world.case)))
    address = world.page(f"receipts/{event.id}/")
    assert address in client.get(world.page("history/")).content.decode()
    answer = client.get(address)
    assert answer["Content-Disposition"] == 'attachment; filename="event-1.tlog-proof"'
    assert read_receipt(answer.content.decode()).holds(event.envelope, keys.load().verifier)
    assert browser(charlie).get(address).status_code == 404
    assert client.get(world.page(f"receipts/{world.image}/")).status_code == 404


def test_the_ledger_panel_names_the_first_event_that_was_changed(client: Client, world: World) -> None:
    from django.db import connection

    from ledger.models import Event
    from ledger.triggers import lifted

    with lifted(connection):
        event = Event.objects.get(stream=world.case, seq=3)
        Event.objects.filter(pk=event.pk).update(envelope=event.envelope.replace('"seq":3', '"seq":4'))
    client.post(world.page("ledger/"))
    page = client.get(world.page("ledger/")).content.decode()
    assert "Event 3 does not hold" in page
    assert str(event.pk) in page


def test_a_form_without_its_token_is_refused(world: World, bob: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(bob)
    answer = client.post(world.item(world.statement), {"do": "comment", "text": "Forged."})
    assert answer.status_code == 403
    assert not [event for event in read(world.case) if event.name == "evidence.commented"]


def _typed(value: Any) -> Any:
    return "" if value is None else value
