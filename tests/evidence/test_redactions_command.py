"""What operators do about erasures: learn what backups must drop, and see that nothing is left in their own files."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections

from cases import commands as cases
from cases.domain import Role
from evidence import commands as evidence
from evidence import domain
from evidence.erasure import commands
from evidence.erasure.domain import NewErasure
from ledger import store
from ledger.actors import Actor
from ledger.leftovers import finish
from ledger.read import read
from ledger.tasks import remove_erased_files
from ledger.verify import verify
from tests.evidence.erasures import WHY, erase, of_item, places_of

pytestmark = pytest.mark.django_db
WITNESS = "Quuxilda"


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path, settings: Any) -> None:
    """Keep files where no other test has left any."""
    backend = {**settings.STORAGES["default"], "OPTIONS": {"location": tmp_path / "files"}}
    settings.STORAGES = {**settings.STORAGES, "default": backend}


def submit(case: UUID, by: Actor, **fields: Any) -> UUID:
    said = domain.EvidenceSubmitted(kind=domain.Kind.STATEMENT, text=f"{WITNESS} saw it", **fields)
    item = evidence.submit_evidence(case_id=case, said=said, by=by).item
    assert item is not None
    return item


def submit_file(case: UUID, by: Actor) -> tuple[UUID, str]:
    with store.incoming() as incoming:
        incoming.write(f"a picture of {case}".encode())
        kept = incoming.keep()
    file = domain.FileReference(sha256=kept.sha256, size=kept.size, name="scene.png")
    said = domain.EvidenceSubmitted(kind=domain.Kind.IMAGE, file=file)
    item = evidence.submit_evidence(case_id=case, said=said, by=by).item
    assert item is not None
    return item, kept.sha256


def told(*options: str) -> dict[str, Any]:
    out = StringIO()
    call_command("redactions", "--json", *options, stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def test_each_erasure_names_what_backups_must_drop(case: UUID, owner: Actor, reviewer: Actor) -> None:
    item = submit(case, owner)
    exported = cases.record_export(case_id=case, format="waterline-bundle/1", by=owner)
    redacted = erase(case, of_item(item, "text"), asks=owner, agrees=reviewer)
    [one] = told("--case", str(case))["erasures"]
    assert (one["case"], one["event"], one["seq"]) == (str(case), str(redacted.id), redacted.seq)
    assert (one["ground"], one["requested_by"], one["approver"]) == (
        "data_subject",
        str(owner.user),
        str(reviewer.user),
    )
    [field] = one["fields"]
    [target] = redacted.data.targets
    assert (field["event"], field["seq"], field["name"]) == (str(target.event), target.seq, "text")
    assert field["digest"] == target.fields[0].digest
    assert [each["seq"] for each in one["left_before"]] == [exported.seq]
    out = StringIO()
    call_command("redactions", stdout=out)
    for said in (target.fields[0].digest, str(redacted.id), "field text of event", "backups", "--finish"):
        assert said in out.getvalue()
    assert WITNESS not in out.getvalue()


def test_the_list_is_narrowed_by_case_and_by_time(case: UUID, owner: Actor, reviewer: Actor) -> None:
    redacted = erase(case, of_item(submit(case, owner), "text"), asks=owner, agrees=reviewer)
    assert told("--case", "00000000-0000-0000-0000-000000000000")["erasures"] == []
    assert told("--since", "2999-01-01")["erasures"] == []
    assert len(told("--since", redacted.at.isoformat())["erasures"]) == 1
    with pytest.raises(CommandError, match="2026-11-23"):
        call_command("redactions", "--since", "yesterday")


def test_where_nothing_was_erased_the_list_says_so(db: None) -> None:
    out = StringIO()
    call_command("redactions", stdout=out)
    assert out.getvalue() == "Nothing was erased.\n"


# -- between the commit and the removal ---------------------------------------------------------------


@pytest.fixture
def killed(case: UUID, owner: Actor, reviewer: Actor) -> str:
    """An erasure whose process was killed right after its commit: nothing that follows the commit was done."""
    _, sha256 = submit_file(case, owner)
    erase(case, NewErasure(files=(sha256,), **WHY), asks=owner, agrees=reviewer)
    assert store.exists(sha256)
    return sha256


def files_hold() -> tuple[bool, str]:
    out, error = StringIO(), StringIO()
    try:
        call_command("verify", "--files", stdout=out, stderr=error)
    except SystemExit:
        return False, error.getvalue()
    return True, out.getvalue()


def test_what_a_kill_left_is_named_and_removed_by_the_next_look(killed: str) -> None:
    [one] = told()["erasures"]
    assert one["files"][0]["bytes"] == "still to be removed"
    holds, said = files_hold()
    assert not holds
    assert f"{killed}: it was erased and is still there" in said
    remove_erased_files()
    assert not store.exists(killed)
    assert told()["erasures"][0]["files"][0]["bytes"] == "removed"
    assert files_hold()[0]


@pytest.mark.django_db(transaction=True)
def test_what_a_kill_left_is_removed_by_the_command(
    case: UUID, owner: Actor, reviewer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ledger import leftovers

    _, sha256 = submit_file(case, owner)
    with monkeypatch.context() as patch:
        patch.setattr(leftovers, "remove_files", lambda: 0)
        erase(case, NewErasure(files=(sha256,), **WHY), asks=owner, agrees=reviewer)
    assert store.exists(sha256)
    assert told()["left"] == {"files": [sha256], "pages": True}
    call_command("redactions", "--finish", stdout=StringIO(), stderr=StringIO())
    assert not store.exists(sha256)
    assert told()["left"] == {"files": [], "pages": False}


# -- the database's own files -------------------------------------------------------------------------

if connection.vendor == "sqlite":

    @pytest.mark.django_db(transaction=True)
    def test_the_files_of_the_database_do_not_hold_it_any_more(case: UUID, owner: Actor, reviewer: Actor) -> None:
        from tests.enrichment.jobs import work

        item = submit(case, owner, title=f"What {WITNESS} saw", tags=(WITNESS,))
        evidence.correct(
            case_id=case, item=item, changes={"text": f"{WITNESS} saw it twice"}, reason="Misheard.", by=owner
        )
        evidence.comment(case_id=case, item=item, text=f"I called {WITNESS}", by=owner)
        work(case)
        assert WITNESS.lower().encode() in files_of_database()
        erase(case, NewErasure(texts=(WITNESS,), **WHY), asks=owner, agrees=reviewer)
        assert places_of(WITNESS) == []
        assert finish().clean
        assert WITNESS.lower().encode() not in files_of_database()
        assert verify(stream=case).faults == []

    def files_of_database() -> bytes:
        name = Path(connection.settings_dict["NAME"])
        return b"".join(path.read_bytes() for path in name.parent.glob(f"{name.name}*")).lower()


# -- two at a time ------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_two_who_confirm_at_once_one_does_it(case: UUID, owner: Actor, reviewer: Actor, charlie: Any) -> None:
    cases.add_member(case_id=case, user=charlie.pk, role=Role.OWNER, by=owner)
    item = submit(case, owner)
    asked = commands.request_erasure(case_id=case, wanted=of_item(item, "text"), by=owner)
    seen = commands.preview_request(case_id=case, redaction=asked.id, by=reviewer).plan.fingerprint

    def confirm(by: Actor) -> str:
        try:
            commands.confirm_erasure(case_id=case, redaction=asked.id, fingerprint=seen, by=by)
        except Exception as error:
            return getattr(error, "code", repr(error))
        finally:
            connections.close_all()
        return "done"

    people = [reviewer, Actor.person(charlie.pk)] * 2
    with ThreadPoolExecutor(len(people)) as pool:
        came = sorted(pool.map(confirm, people))
    assert came == [*["already-decided"] * 3, "done"]
    assert [event.name for event in read(case)].count("event.redacted") == 1
    assert verify(stream=case).faults == []
