"""A case comes back out of its bundle: the same events, hashes and files, all of it or nothing."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client

from cases import commands as cases
from cases.domain import Role
from cases.models import Case, Member
from enrichment.models import Job
from evidence import commands as evidence
from evidence.domain import EvidenceEnriched, EvidenceLinked, EvidenceSubmitted, Kind, Relation
from evidence.models import ItemState
from exchange import restore as restoring
from exchange.bundle import write_bundle
from exchange.profile import Profile
from exchange.restore import CaseHere, DoesNotHold, NotWhole, import_bundle
from ledger import events, keys, store
from ledger.actors import Actor
from ledger.append import Fact, append
from ledger.errors import Invalid
from ledger.models import Entry, Event, Head, Pending
from ledger.read import read
from ledger.restore import Stored, replay, restore
from ledger.sequence import sequence
from ledger.verify import verify
from tests.exchange.conftest import Left, export, lose_everything, make_case, rebag
from tests.ledger.erasures import erase, target_of
from verifier.verify import Unreadable
from verifier.verify import verify as verify_bundle

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True)
class Elsewhere:
    """A bundle that left a system which is no more, and what it had of the case."""

    left: Left
    events: list[tuple[Any, ...]]
    states: list[dict[str, Any]]
    files: dict[str, bytes]


def events_of(case: UUID) -> list[tuple[Any, ...]]:
    return [
        (each.id, each.seq, each.hash, each.envelope, tuple(each.disclosures), each.at, each.actor)
        for each in read(case)
    ]


def states_of(case: UUID) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in row.items() if name != "id"}
        for row in ItemState.objects.filter(case=case).order_by("from_seq", "item").values()
    ]


@pytest.fixture
def elsewhere(alice: Any, bob: Any, log_folder: Path, tmp_path: Path) -> Elsewhere:
    """Export a case with something of every kind in it, and lose the whole system."""
    keys.make("waterline.example/lost")
    case, by = make_case(alice, title="Tankers"), Actor.person(alice.pk)
    cases.add_member(case_id=case, user=bob.pk, role=Role.INVESTIGATOR, by=by)
    cases.comment_on_case(case_id=case, text="Look at the cranes.", by=Actor.person(bob.pk))
    [image, statement] = ItemState.objects.now().filter(case=case).order_by("seq").values_list("item", flat=True)
    linked = EvidenceLinked(relation=Relation.CONTRADICTS, target=image, note="")
    evidence.link(case_id=case, item=statement, linked=linked, by=by)
    evidence.correct(case_id=case, item=statement, changes={"text": "44 times"}, reason="Counted again.", by=by)
    # A payload so large that it lies in a file.
    found = EvidenceEnriched(
        enricher="text", version=1, tool="t", input_digest="0" * 64, output={"words": "ж" * 200_000}, seconds=0.1
    )
    append(case, [Fact(found, item=statement)], by=Actor.worker("text", 1))
    left = export(case, tmp_path / "bundle.zip")
    files = {name[len("data/files/") :]: data for name, data in left.files().items() if name.startswith("data/files/")}
    elsewhere = Elsewhere(left=left, events=events_of(case), states=states_of(case), files=files)
    lose_everything(log_folder)
    return elsewhere


@pytest.fixture
def dana(elsewhere: Elsewhere) -> Any:
    """Somebody at the new system."""
    return get_user_model().objects.create_user(username="dana", is_staff=True)


def come_back(elsewhere: Elsewhere, **options: Any) -> Any:
    return import_bundle(elsewhere.left.path, key=elsewhere.left.key, **options)


def all_holds() -> None:
    while sequence():
        pass
    call_command("sequence", "--once")
    call_command("verify", "--files", stdout=StringIO(), stderr=StringIO())
    call_command("rebuild", "--check", stdout=StringIO(), stderr=StringIO())


def test_it_comes_back_with_the_same_ids_hashes_and_files(elsewhere: Elsewhere, dana: Any) -> None:
    case = elsewhere.left.case
    assert not Event.objects.exists()
    done = come_back(elsewhere, owner=dana.pk)
    assert (done.case, done.events, done.files) == (case, len(elsewhere.events), 1)
    back = events_of(case)
    assert back[: done.events] == elsewhere.events
    assert states_of(case) == elsewhere.states
    for sha256, data in elsewhere.files.items():
        with store.open_verified(sha256) as file:
            assert file.read() == data
    assert Case.objects.get(pk=case).title == "Tankers"
    assert Job.objects.count() == 0, "what tools found is in the events: nothing is read anew"
    all_holds()
    assert Entry.objects.count() == len(back)


def test_the_import_is_an_event_that_says_where_the_case_was_recorded(elsewhere: Elsewhere, dana: Any) -> None:
    done = come_back(elsewhere, owner=dana.pk)
    *_, imported, added = read(elsewhere.left.case)
    assert (imported.type, imported.seq) == ("case.imported/1", done.events + 1)
    assert (imported.data.head_seq, imported.data.head_hash) == (done.events, elsewhere.events[-1][2])
    assert imported.data.key == elsewhere.left.key
    assert imported.data.checkpoint == elsewhere.left.files()["data/log/checkpoint"].decode()
    assert (added.type, added.data.user, added.data.role) == ("case.member_added/1", dana.pk, Role.OWNER)
    assert {imported.actor, added.actor} == {"worker:import@1"}


def test_what_came_back_leaves_again_and_is_proved_by_the_new_log(
    elsewhere: Elsewhere, dana: Any, tmp_path: Path
) -> None:
    come_back(elsewhere, owner=dana.pk)
    again = export(elsewhere.left.case, tmp_path / "again.zip")
    assert again.key != elsewhere.left.key
    assert verify_bundle(str(again.path), again.key).fails == []
    lines, before = again.events(), elsewhere.left.events()
    assert [each["envelope"] for each in lines[: len(before)]] == [each["envelope"] for each in before]


def test_pages_name_people_of_another_system_as_such(elsewhere: Elsewhere, dana: Any) -> None:
    come_back(elsewhere, owner=dana.pk)
    assert list(Member.objects.values_list("user", "role")) == [(dana.pk, "owner")]
    browser = Client()
    browser.force_login(dana)
    page = f"/admin/cases/{elsewhere.left.case}/"
    for rest in ("", "team/", "comments/", "history/", "settings/", "ledger/", "exports/"):
        answer = browser.get(page + rest)
        assert answer.status_code == 200, rest
        if rest in {"comments/", "history/", "settings/"}:
            assert "a person of another system (…" in answer.content.decode(), rest
    item = ItemState.objects.now().first()
    assert item is not None
    assert "a person of another system (…" in browser.get(f"{page}evidence/{item.item}/").content.decode()


def test_without_an_owner_nobody_sees_it_but_by_breaking_the_glass(elsewhere: Elsewhere, dana: Any) -> None:
    come_back(elsewhere)
    assert not Member.objects.exists()
    browser = Client()
    browser.force_login(dana)
    assert browser.get(f"/admin/cases/{elsewhere.left.case}/").status_code == 404
    dana.is_superuser = True
    dana.save()
    cases.take_emergency_access(case_id=elsewhere.left.case, reason="It came back.", by=Actor.person(dana.pk))
    assert browser.get(f"/admin/cases/{elsewhere.left.case}/").status_code == 200
    all_holds()


def test_work_goes_on_in_what_came_back(elsewhere: Elsewhere, dana: Any) -> None:
    come_back(elsewhere, owner=dana.pk)
    by = Actor.person(dana.pk)
    said = EvidenceSubmitted(kind=Kind.STATEMENT, text="And once more.")
    evidence.submit_evidence(case_id=elsewhere.left.case, said=said, by=by)
    cases.rename_case(case_id=elsewhere.left.case, title="Tankers, again", by=by)
    all_holds()


def test_a_case_that_is_here_is_not_brought_again(elsewhere: Elsewhere, dana: Any) -> None:
    come_back(elsewhere)
    count = Event.objects.count()
    with pytest.raises(CaseHere, match=r"is here already: all \d+ events of the bundle, and 1 more events"):
        come_back(elsewhere)
    assert Event.objects.count() == count
    all_holds()


def test_another_history_or_a_longer_one_of_a_case_that_is_here_is_refused(
    alice: Any, log_folder: Path, tmp_path: Path
) -> None:
    keys.make("waterline.example/forked")
    case, by = make_case(alice, title="Tankers"), Actor.person(alice.pk)
    short = export(case, tmp_path / "short.zip")
    cases.comment_on_case(case_id=case, text="More.", by=by)
    long = export(case, tmp_path / "long.zip")
    lose_everything(log_folder)
    # As after a restored backup, which has no event of an import: the very events, and no more.
    with transaction.atomic():
        restore(case, (Stored(each["envelope"], each["disclosures"]) for each in short.events()))
        replay(case)
    with pytest.raises(CaseHere, match="is here up to event 4, and the bundle goes on to 6"):
        import_bundle(long.path, key=long.key)
    append(case, [Fact(cases.domain.CaseCommented(text="Otherwise."))], by=Actor.worker("test", 1))
    with pytest.raises(CaseHere, match="Another history"):
        import_bundle(long.path, key=long.key)
    with pytest.raises(CaseHere, match="is here already: all 4 events of the bundle, and 1 more"):
        import_bundle(short.path, key=short.key)


def test_what_withholds_is_refused_with_the_number_until_it_is_handed_over(
    alice: Any, log_folder: Path, tmp_path: Path
) -> None:
    keys.make("waterline.example/withheld")
    case = make_case(alice, title="Tankers")
    path, key = tmp_path / "part.zip", str(keys.load().verifier)
    write_bundle(case, out=path, by=Actor.worker("export", 1), profile=Profile(fields=frozenset({"speaker", "title"})))
    withheld = [each for event in read(case) for each in event.disclosures if '"speaker"' in each or '"title"' in each]
    handed = [each for each in withheld if "Tankers" not in each]
    lose_everything(log_folder)
    with pytest.raises(NotWhole, match=r"\d fields of \d events are withheld, the first of event 1"):
        import_bundle(path, key=key)
    with pytest.raises(NotWhole, match="1 fields of 1 events"):
        import_bundle(path, key=key, disclosures=handed)
    assert not Event.objects.exists()
    assert import_bundle(path, key=key, disclosures=withheld).events == 4
    all_holds()


def test_a_bundle_without_one_of_its_files_is_refused_and_leaves_nothing(elsewhere: Elsewhere, tmp_path: Path) -> None:
    files = {name: data for name, data in elsewhere.left.files().items() if not name.startswith("data/files/")}
    with pytest.raises(DoesNotHold, match="is not in the bundle"):
        import_bundle(rebag(tmp_path / "less.zip", files), key=elsewhere.left.key)
    nothing_is_here()


def test_a_bundle_that_does_not_hold_is_refused_and_leaves_nothing(elsewhere: Elsewhere, tmp_path: Path) -> None:
    lines = elsewhere.left.events()
    for changed in (lines[1:], [*lines[:3], lines[4], lines[3], *lines[5:]]):
        path = rebag(tmp_path / "forged.zip", {**elsewhere.left.files(), "data/events.ndjson": ndjson(changed)})
        with pytest.raises(DoesNotHold, match="does not hold"):
            import_bundle(path, key=elsewhere.left.key)
    with pytest.raises(DoesNotHold, match="not signed by the key"):
        import_bundle(elsewhere.left.path, key=str(keys.load().verifier))
    nothing_is_here()


def test_an_event_that_this_version_does_not_know_is_refused_and_leaves_nothing(
    elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(events._by_type, "evidence.linked/1")
    with pytest.raises(Invalid, match=r"No code here knows the event type evidence\.linked/1"):
        come_back(elsewhere)
    nothing_is_here()


def test_what_is_exchanged_after_it_was_verified_is_not_taken(
    elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    take = restoring._take_files

    def exchanged(bundle: Any, fresh: list[str], watch: Any) -> list[str]:
        taken = take(bundle, fresh, watch)
        lines = elsewhere.left.events()
        lines[4] = {**lines[4], "disclosures": lines[2]["disclosures"]}
        path = rebag(tmp_path / "exchanged.zip", {**elsewhere.left.files(), "data/events.ndjson": ndjson(lines)})
        bundle.__init__(str(path))
        return taken

    monkeypatch.setattr(restoring, "_take_files", exchanged)
    with pytest.raises(Invalid):
        come_back(elsewhere)
    nothing_is_here()


def ndjson(lines: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in lines).encode()


def nothing_is_here() -> None:
    for model in (Event, Head, Pending, Entry, Case, ItemState):
        assert not model.objects.exists(), model
    assert list(store.foreign(())) == []


@contextmanager
def unpacked(path: Path, folder: Path) -> Iterator[Path]:
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    yield folder


def test_the_command_brings_it_from_a_file_or_a_folder_and_says_what_it_did(
    elsewhere: Elsewhere, dana: Any, tmp_path: Path
) -> None:
    with unpacked(elsewhere.left.path, tmp_path / "out") as folder:
        out = StringIO()
        call_command("import", str(folder), "--key", elsewhere.left.key, "--owner", "dana", stdout=out)
    assert f"Case {elsewhere.left.case}: {len(elsewhere.events)} events, 1 files; dana owns it." in out.getvalue()
    with pytest.raises(CommandError, match="is here already") as refused:
        call_command("import", str(elsewhere.left.path), "--key", elsewhere.left.key)
    assert refused.value.returncode == 1


def test_the_command_says_what_is_no_bundle_and_who_is_no_owner(elsewhere: Elsewhere, tmp_path: Path) -> None:
    (tmp_path / "none.zip").write_bytes(b"PK" * 1000)
    for path, key in ((tmp_path / "none.zip", elsewhere.left.key), (elsewhere.left.path, "no key")):
        with pytest.raises(CommandError) as refused:
            call_command("import", str(path), "--key", key)
        assert refused.value.returncode == 2
    with pytest.raises(CommandError, match="No active person signs in as nobody") as refused:
        call_command("import", str(elsewhere.left.path), "--key", elsewhere.left.key, "--owner", "nobody")
    assert refused.value.returncode == 1
    with pytest.raises(Unreadable):
        import_bundle(tmp_path / "absent.zip", key=elsewhere.left.key)
    nothing_is_here()


def test_what_was_erased_stays_erased(alice: Any, log_folder: Path, tmp_path: Path) -> None:
    """As events and payloads alone: what a bundle says of it is the exporter's and the verifier's business."""
    case = make_case(alice, title="Tankers")
    [spoken] = [event for event in read(case) if getattr(event.data, "speaker", None)]
    erase(case, target_of(spoken, "speaker"))
    stored = [Stored(each.envelope, each.disclosures) for each in read(case)]
    was = events_of(case)
    lose_everything(log_folder)
    with transaction.atomic():
        assert restore(case, stored) == len(was)
        replay(case)
    assert events_of(case) == was
    assert "A witness" not in str(states_of(case))
    [back] = [event for event in read(case) if event.id == spoken.id]
    assert set(back.erased) == {"speaker"}
    assert verify(stream=case).faults == []
