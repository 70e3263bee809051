"""Bundles of a case of which something was erased: they say so, they hold, and those from before hold still."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from cases import commands as cases
from cases.domain import Role
from evidence.erasure.domain import NewErasure
from evidence.models import ItemState
from exchange import shelf
from exchange.commands import request_export, run_export
from exchange.domain import NewExport
from exchange.models import Export
from ledger import keys
from ledger.actors import Actor
from ledger.read import read
from tests.evidence.erasures import WHY, erase, of_item
from tests.exchange.conftest import Left, export, make_case, rebag
from verifier.verify import verify as verify_bundle

pytestmark = pytest.mark.django_db
WITNESS = "A witness"


@pytest.fixture
def owner(alice: Any) -> Actor:
    return Actor.person(alice.pk)


@pytest.fixture
def reviewer(bob: Any) -> Actor:
    return Actor.person(bob.pk)


@pytest.fixture
def case(alice: Any, bob: Any, owner: Actor, log_folder: Path) -> UUID:
    keys.make("waterline.example/erased")
    case = make_case(alice, title="Tankers")
    cases.add_member(case_id=case, user=bob.pk, role=Role.REVIEWER, by=owner)
    return case


@pytest.fixture
def spoken(case: UUID) -> UUID:
    return ItemState.objects.get(case=case, kind="statement").item


def whole_text(left: Left) -> str:
    return "\n".join(data.decode("utf-8", "ignore") for data in left.files().values())


def holds(left: Left) -> list[str]:
    report = verify_bundle(str(left.path), left.key)
    assert report.fails == []
    return report.erased


def test_a_bundle_says_what_was_erased_why_and_by_which_event(
    case: UUID, spoken: UUID, owner: Actor, reviewer: Actor, tmp_path: Path
) -> None:
    redacted = erase(case, of_item(spoken, "speaker"), asks=owner, agrees=reviewer)
    left = export(case, tmp_path / "bundle.zip")
    assert WITNESS not in whole_text(left)
    [sentence] = holds(left)
    assert sentence.startswith(f"event {redacted.seq}: 1 fields of 1 events and the bytes of 0 files")
    assert "data_subject" in sentence
    page = left.files()["data/index.html"].decode()
    assert f"Erased for good by event {redacted.seq}" in page
    assert "(erased: speaker)" in page
    [line] = [each for each in left.events() if each.get("redacted")]
    assert line["redacted"] == [each.digest for each in redacted.data.targets[0].fields]
    assert line["withheld"] == []


def test_a_bundle_from_before_the_erasure_holds_still(
    case: UUID, spoken: UUID, owner: Actor, reviewer: Actor, tmp_path: Path
) -> None:
    left = export(case, tmp_path / "before.zip")
    erase(case, of_item(spoken, "speaker"), asks=owner, agrees=reviewer)
    assert holds(left) == []
    assert WITNESS in whole_text(left)


def test_the_bytes_of_an_erased_file_are_in_no_bundle(
    case: UUID, owner: Actor, reviewer: Actor, tmp_path: Path, django_capture_on_commit_callbacks: Any
) -> None:
    [sha256] = ItemState.objects.filter(case=case, kind="image").values_list("sha256", flat=True)
    with django_capture_on_commit_callbacks(execute=True):
        erase(case, NewErasure(files=(sha256,), **WHY), asks=owner, agrees=reviewer)
    left = export(case, tmp_path / "bundle.zip")
    assert f"data/files/{sha256}" not in left.files()
    [sentence] = holds(left)
    assert "0 fields of 0 events and the bytes of 1 files" in sentence


def _events(left: Left, tmp_path: Path, change: Callable[[list[dict[str, Any]]], None]) -> list[str]:
    events = left.events()
    change(events)
    lines = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in events)
    forged = rebag(tmp_path / "forged.zip", {**left.files(), "data/events.ndjson": lines.encode()})
    return verify_bundle(str(forged), left.key).fails


def test_what_is_left_out_and_called_erased_is_named(case: UUID, tmp_path: Path) -> None:
    left = export(case, tmp_path / "bundle.zip")

    def leave_out(events: list[dict[str, Any]]) -> None:
        from ledger.envelope import digest

        [event] = [each for each in events if '"speaker"' in "".join(each["disclosures"])]
        [speaker] = [each for each in event["disclosures"] if '"speaker"' in each]
        event["disclosures"].remove(speaker)
        event["redacted"] = [digest(speaker)]

    [fault] = _events(left, tmp_path, leave_out)
    assert fault.endswith("a field is said to be erased, and no later event of the case erased it")


def test_what_was_erased_and_is_called_withheld_is_named(
    case: UUID, spoken: UUID, owner: Actor, reviewer: Actor, tmp_path: Path
) -> None:
    erase(case, of_item(spoken, "speaker"), asks=owner, agrees=reviewer)
    left = export(case, tmp_path / "bundle.zip")

    def call_it_withheld(events: list[dict[str, Any]]) -> None:
        [event] = [each for each in events if each.get("redacted")]
        event["withheld"] = event.pop("redacted")

    [fault] = _events(left, tmp_path, call_it_withheld)
    assert fault.endswith("that it erased is not gone, or never was")


def test_what_was_erased_and_is_handed_out_is_named(
    case: UUID, spoken: UUID, owner: Actor, reviewer: Actor, tmp_path: Path
) -> None:
    [event] = [each for each in read(case, item=spoken) if each.name == "evidence.submitted"]
    [speaker] = [each for each in event.disclosures if '"speaker"' in each]
    erase(case, of_item(spoken, "speaker"), asks=owner, agrees=reviewer)
    left = export(case, tmp_path / "bundle.zip")

    def bring_it_back(events: list[dict[str, Any]]) -> None:
        [event] = [each for each in events if each.get("redacted")]
        event["disclosures"].append(speaker)
        del event["redacted"]

    [fault] = _events(left, tmp_path, bring_it_back)
    assert fault.endswith("that it erased is not gone, or never was")


@pytest.mark.parametrize(
    "targets", ["x", {}, [1], [{}], [{"event": 1, "fields": [{}]}], [{"event": [], "fields": [{"digest": []}]}], None]
)
def test_an_erasure_that_can_not_be_read_is_a_fault_and_no_trace(
    case: UUID, spoken: UUID, owner: Actor, reviewer: Actor, tmp_path: Path, targets: Any
) -> None:
    erase(case, of_item(spoken, "speaker"), asks=owner, agrees=reviewer)
    left = export(case, tmp_path / "bundle.zip")

    def garble(events: list[dict[str, Any]]) -> None:
        from ledger.envelope import digest

        [event] = [each for each in events if '"event.redacted/1"' in each["envelope"]]
        garbled = json.dumps(["AAAAAAAAAAAAAAAAAAAAAA", "targets", targets])
        event["disclosures"] = [garbled if '"targets"' in each else each for each in event["disclosures"]]
        envelope = json.loads(event["envelope"])
        envelope["fields"] = sorted(map(digest, event["disclosures"]))
        event["envelope"] = json.dumps(envelope, separators=(",", ":"))

    assert any("what it erased can not be read" in each for each in _events(left, tmp_path, garble))


# -- exports that are kept ----------------------------------------------------------------------------


def test_a_bundle_on_the_shelf_is_thrown_away(
    case: UUID, spoken: UUID, owner: Actor, reviewer: Actor, django_capture_on_commit_callbacks: Any
) -> None:
    wanted = request_export(case_id=case, wanted=NewExport(), by=owner).pk
    assert run_export(export_id=wanted) == "done"
    name = Export.objects.get(pk=wanted).name
    assert (shelf.workshop() / name).exists()
    with django_capture_on_commit_callbacks(execute=True):
        erase(case, of_item(spoken, "speaker"), asks=owner, agrees=reviewer)
    assert not (shelf.workshop() / name).exists()
    assert not Export.objects.get(pk=wanted).there


def test_an_export_that_was_recorded_before_an_erasure_leaves_without_it_and_holds(
    case: UUID, spoken: UUID, owner: Actor, reviewer: Actor, tmp_path: Path
) -> None:
    """The bundle ends with the event of its export, so the erasure is not in it: the field counts as withheld."""
    from cases.commands import record_export
    from exchange.bundle import EVERYTHING, write_exported

    exported = record_export(case_id=case, format="waterline-bundle/1", by=owner)
    erase(case, of_item(spoken, "speaker"), asks=owner, agrees=reviewer)
    path = tmp_path / "bundle.zip"
    write_exported(exported, out=path, profile=EVERYTHING)
    left = Left(path=path, case=case, key=str(keys.load().verifier))
    assert WITNESS not in whole_text(left)
    report = verify_bundle(str(path), left.key)
    assert report.fails == []
    assert len(report.withheld) == 1
