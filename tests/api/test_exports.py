"""Bundles over the API: asked for, followed, downloaded in pieces, on record, and gone after a while."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from cases import commands as cases
from cases.domain import Role
from exchange.commands import MOST_OPEN, run_export, throw_away
from exchange.models import Export
from ledger import keys
from ledger.actors import Actor
from ledger.ids import uuid7
from ledger.read import read
from ledger.verify import verify
from tests.api.bodies import picture, submit, upload
from verifier.verify import verify as verify_bundle

pytestmark = pytest.mark.django_db


@pytest.fixture
def full(api: APIClient, case: str, log_folder: Path) -> str:
    """A case with an image and a statement; heads of the log are signed."""
    call_command("keys", "init", stdout=StringIO())
    upload(api, case, picture(), title="A scene")
    submit(api, case)
    return case


def ask(api: APIClient, case: str, body: dict[str, Any] | None = None, **headers: str) -> Any:
    return api.post(f"{case}exports/", body or {}, headers=headers)


def exported(api: APIClient, case: str, **body: Any) -> dict[str, Any]:
    """Ask for a bundle, let a worker write it, and read how it stands."""
    answer = ask(api, case, body)
    assert answer.status_code == 202, answer.content
    assert run_export(export_id=UUID(answer.json()["id"])) == "done"
    found: dict[str, Any] = api.get(answer.headers["Location"]).json()
    return found


def whole(answer: Any) -> bytes:
    return b"".join(answer) if answer.streaming else answer.content


def downloads(case: str) -> list[str]:
    return [each.actor for each in read(UUID(case.split("/")[-2])) if each.type == "case.bundle_downloaded/1"]


def test_a_case_is_asked_for_followed_and_downloaded(api: APIClient, full: str, tmp_path: Path) -> None:
    answer = ask(api, full)
    assert answer.status_code == 202
    export = answer.json()
    assert answer.headers["Location"] == f"{full}exports/{export['id']}/"
    assert (export["status"], export["download"], export["sha256"]) == ("waiting", None, None)
    assert api.get(f"{full}exports/{export['id']}/download/").json()["code"] == "not-written-yet"

    assert run_export(export_id=UUID(export["id"])) == "done"
    done = api.get(answer.headers["Location"]).json()
    assert done["status"] == "done"
    assert done["progress"]["events"] == {"done": done["seq"], "total": done["seq"]}
    assert done["progress"]["files"] == {"done": 1, "total": 1}
    assert done["progress"]["bytes"] == {"done": len(picture()), "total": len(picture())}

    got = api.get(done["download"])
    data = whole(got)
    assert (len(data), sha256(data).hexdigest()) == (done["size"], done["sha256"])
    assert got.headers["ETag"] == f'"{done["sha256"]}"'
    bundle = tmp_path / "bundle.zip"
    bundle.write_bytes(data)
    assert verify_bundle(str(bundle), str(keys.load().verifier)).fails == []
    assert [each["id"] for each in api.get(f"{full}exports/").json()["results"]] == [export["id"]]


def test_a_bundle_leaves_as_an_attachment_that_no_browser_shows(api: APIClient, full: str) -> None:
    done = exported(api, full)
    answer = api.get(done["download"])
    whole(answer)
    assert answer.headers["Content-Disposition"] == f'attachment; filename="waterline-{done["case"]}-{done["seq"]}.zip"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Accept-Ranges"] == "bytes"


def test_a_download_goes_on_where_it_broke_off(api: APIClient, full: str) -> None:
    done = exported(api, full)
    size, etag = done["size"], f'"{done["sha256"]}"'
    data = whole(api.get(done["download"]))
    pieces = b""
    for first in range(0, size, size // 3):
        headers = {"Range": f"bytes={first}-{first + size // 3 - 1}", "If-Range": etag}
        piece = api.get(done["download"], headers=headers)
        assert piece.status_code == 206
        body = whole(piece)
        assert piece.headers["Content-Length"] == str(len(body))
        assert piece.headers["Content-Range"] == f"bytes {first}-{first + len(body) - 1}/{size}"
        pieces += body
    assert pieces == data
    other = api.get(done["download"], headers={"Range": "bytes=5-", "If-Range": '"another"'})
    assert (other.status_code, whole(other)) == (200, data)


def test_bytes_past_the_end_are_refused_and_the_size_is_told(api: APIClient, full: str) -> None:
    done = exported(api, full)
    answer = api.get(done["download"], headers={"Range": f"bytes={done['size']}-"})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{done['size']}"
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert downloads(full) == []


def test_who_has_it_already_or_wants_another_one_gets_no_bytes(api: APIClient, full: str) -> None:
    done = exported(api, full)
    etag = f'"{done["sha256"]}"'
    assert api.get(done["download"], headers={"If-None-Match": etag}).status_code == 304
    assert api.get(done["download"], headers={"If-Match": '"another"'}).status_code == 412
    head = api.head(done["download"])
    assert (head.status_code, head.headers["Content-Length"], head.headers["ETag"]) == (200, str(done["size"]), etag)
    part = api.head(done["download"], headers={"Range": "bytes=0-9"})
    assert (part.status_code, part.headers["Content-Length"]) == (206, "10")
    assert downloads(full) == []


def test_each_download_is_on_record_once_however_often_it_broke_off(
    api: APIClient, full: str, client_of: Callable[..., APIClient], bob: Any, alice: Any
) -> None:
    done = exported(api, full)
    cases.add_member(case_id=UUID(done["case"]), user=bob.pk, role=Role.REVIEWER, by=Actor.person(alice.pk))
    whole(api.get(done["download"], headers={"Range": "bytes=0-99"}))
    whole(api.get(done["download"], headers={"Range": "bytes=100-"}))
    assert len(downloads(full)) == 1
    whole(api.get(done["download"]))
    assert len(downloads(full)) == 2
    theirs = client_of(bob)
    # Whoever never began is recorded wherever they begin.
    whole(theirs.get(done["download"], headers={"Range": "bytes=1-"}))
    whole(theirs.get(done["download"], headers={"Range": "bytes=1-"}))
    assert len(downloads(full)) == 3
    *_, last = (each for each in read(UUID(done["case"])) if each.type == "case.bundle_downloaded/1")
    assert (str(last.cause), last.data.sha256, last.data.size) == (done["event"], done["sha256"], done["size"])
    [item] = [each for each in api.get(f"{full}evidence/?kind=image").json()["results"]]
    custody = api.get(f"{full}evidence/{item['id']}/custody/").json()["results"]
    assert [each["action"] for each in custody] == ["received", "exported", *["downloaded"] * 3]
    assert verify(stream=UUID(done["case"])).faults == []


def test_somebody_who_left_the_team_downloads_nothing(
    api: APIClient, full: str, client_of: Callable[..., APIClient], bob: Any, alice: Any
) -> None:
    case_id, by = UUID(full.split("/")[-2]), Actor.person(alice.pk)
    cases.add_member(case_id=case_id, user=bob.pk, role=Role.INVESTIGATOR, by=by)
    theirs = client_of(bob)
    done = exported(theirs, full)
    waiting = ask(theirs, full).json()
    cases.remove_member(case_id=case_id, user=bob.pk, by=by)
    assert theirs.get(done["download"]).status_code == 404
    assert theirs.get(f"{full}exports/{waiting['id']}/").status_code == 404
    # What they had asked for is not written any more.
    assert run_export(export_id=UUID(waiting["id"])) == "failed"
    assert Export.objects.get(pk=waiting["id"]).event is None


def test_an_export_of_another_case_is_not_found_in_this_one(api: APIClient, full: str) -> None:
    done = exported(api, full)
    other = api.post("/api/v1/cases/", {"title": "Other"}).headers["Location"]
    for rest in ("", "download/"):
        assert api.get(f"{other}exports/{done['id']}/{rest}").status_code == 404
        assert api.get(f"{full}exports/{uuid7()}/{rest}").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"fields": ["speakers"]}, "fields"),
        ({"fields": ["kind"]}, "fields"),
        ({"fields": "speaker"}, "fields"),
        ({"persons": ["  "]}, "persons"),
        ({"persons": ["x" * 501]}, "persons"),
        ({"items": ["nonsense"]}, "items.0"),
        ({"above": "purple"}, "above"),
        ({"everything": True}, "everything"),
    ],
)
def test_what_can_not_be_withheld_is_refused(api: APIClient, full: str, body: dict[str, Any], field: str) -> None:
    answer = ask(api, full, body)
    assert answer.status_code == 400, answer.content
    assert field in answer.json()["errors"]
    assert not Export.objects.exists()


def test_an_item_that_is_none_of_the_case_can_not_be_withheld(api: APIClient, full: str) -> None:
    assert ask(api, full, {"items": [str(uuid7())]}).status_code == 404


def test_what_is_withheld_stays_behind_and_whom_it_named_is_forgotten(
    api: APIClient, full: str, tmp_path: Path
) -> None:
    answer = ask(api, full, {"persons": [" A researcher "], "fields": ["tags"], "above": "amber"})
    assert "A researcher" not in answer.content.decode()
    assert answer.json()["withheld"] == ["field tags", "1 persons", "above TLP:AMBER"]
    export = Export.objects.get(pk=answer.json()["id"])
    assert export.profile["persons"] == [" A researcher "]
    assert run_export(export_id=export.pk) == "done"
    export.refresh_from_db()
    assert export.profile is None
    data = whole(api.get(f"{answer.headers['Location']}download/"))
    bundle = tmp_path / "bundle.zip"
    bundle.write_bytes(data)
    report = verify_bundle(str(bundle), str(keys.load().verifier))
    assert report.fails == []
    assert report.withheld


def test_the_same_key_asks_for_one_bundle(api: APIClient, full: str) -> None:
    first = ask(api, full, {"above": "red"}, **{"Idempotency-Key": "once"})
    again = ask(api, full, {"above": "red"}, **{"Idempotency-Key": "once"})
    assert first.json() == again.json()
    assert again.headers["Location"] == first.headers["Location"]
    assert Export.objects.count() == 1
    assert ask(api, full, {"above": "green"}, **{"Idempotency-Key": "once"}).status_code == 422


def test_no_more_than_a_few_bundles_of_a_case_are_in_work(api: APIClient, full: str) -> None:
    for _ in range(MOST_OPEN):
        assert ask(api, full).status_code == 202
    refused = ask(api, full)
    assert (refused.status_code, refused.json()["code"]) == (409, "too-many-exports")


def test_a_bundle_is_thrown_away_after_its_time(api: APIClient, full: str) -> None:
    done = exported(api, full)
    row = Export.objects.get(pk=done["id"])
    assert row.expires_at - row.ended_at == timedelta(days=7)
    assert throw_away() == 0
    Export.objects.filter(pk=row.pk).update(expires_at=timezone.now())
    # Its time is over, and nobody has come by yet.
    assert api.get(done["download"]).status_code == 410
    assert throw_away() == 1
    answer = api.get(done["download"])
    assert (answer.status_code, answer.json()["code"]) == (410, "bundle-gone")
    stands = api.get(f"{full}exports/{done['id']}/").json()
    assert (stands["status"], stands["download"], stands["sha256"]) == ("done", None, done["sha256"])


def test_anybody_gets_the_verifier_that_lies_in_each_bundle() -> None:
    answer = Client().get("/verify.py")
    assert answer.status_code == 200
    assert answer.content == (Path(__file__).parents[2] / "verifier" / "verify.py").read_bytes()
    assert answer["Content-Disposition"] == 'attachment; filename="verify.py"'
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_a_problem_of_an_export_is_a_problem_document(api: APIClient, full: str) -> None:
    answer = api.generic("POST", f"{full}exports/", "[1]", content_type="application/json")
    assert answer.status_code == 400
    assert json.loads(answer.content)["code"] == "invalid"
