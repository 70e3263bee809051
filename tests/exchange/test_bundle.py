"""A case leaves whole: what is in the bundle, what the case says of it, and what an outsider makes of it."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from io import StringIO
from pathlib import Path
from typing import Any

import bagit
import pytest
from django.core.management import CommandError, call_command

from evidence.models import Custody
from exchange.bundle import write_bundle
from ledger import keys, store
from ledger.actors import Actor
from ledger.errors import NotFound
from ledger.ids import uuid7
from ledger.read import read
from ledger.store import DamagedFile
from ledger.verify import verify
from tests.exchange.conftest import Left, export, make_case
from tests.site import REPOSITORY
from verifier.verify import verify as verify_bundle

pytestmark = pytest.mark.django_db


def test_an_untouched_bundle_holds(left: Left) -> None:
    report = verify_bundle(str(left.path), left.key)
    assert report.fails == []
    assert report.withheld == []
    assert any("4 events are in the log of 4 entries whose head is signed" in each for each in report.holds)
    assert any("1 files are those that the events name" in each for each in report.holds)


def test_it_holds_for_one_who_has_nothing_but_python(left: Left, tmp_path: Path) -> None:
    with zipfile.ZipFile(left.path) as archive:
        archive.extractall(tmp_path / "out")
    [bag] = (tmp_path / "out").iterdir()
    for bundle in (left.path, tmp_path / "out", bag):
        command = [sys.executable, "-I", "-S", str(bag / "verify.py"), str(bundle), "--key", left.key]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", env={})
        assert done.returncode == 0, done.stdout + done.stderr
        assert "This bundle holds." in done.stdout
        assert "NOT CHECKED" in done.stdout


def test_others_read_it_as_a_bag(left: Left, tmp_path: Path) -> None:
    with zipfile.ZipFile(left.path) as archive:
        archive.extractall(tmp_path / "out")
    [bag] = (tmp_path / "out").iterdir()
    assert bagit.Bag(str(bag)).is_valid()


def test_the_export_is_an_event_that_names_the_head_before_it(left: Left) -> None:
    *_, before, last = read(left.case)
    assert last.type == "case.exported/1"
    assert (last.data.head_seq, last.data.head_hash) == (before.seq, before.hash)
    assert left.events()[-1]["envelope"] == last.envelope
    assert verify(stream=left.case).faults == []
    assert Custody.objects.filter(case=left.case, action="exported").count() == 2


def test_the_original_is_in_it_byte_for_byte(left: Left) -> None:
    said = json.loads(left.files()["data/bundle.json"])
    assert said["case"] == str(left.case)
    [(name, data)] = [(name, data) for name, data in left.files().items() if name.startswith("data/files/")]
    with store.open_verified(name.rsplit("/", 1)[1]) as kept:
        assert data == kept.read()


def test_a_second_export_holds_the_first(left: Left, tmp_path: Path) -> None:
    again = export(left.case, tmp_path / "again.zip")
    assert len(again.events()) == len(left.events()) + 1
    assert verify_bundle(str(again.path), again.key).fails == []


def test_a_case_beside_others_proves_its_places_among_theirs(alice: Any, left: Left, tmp_path: Path) -> None:
    for n in range(3):
        make_case(alice, title=f"Other {n}")
    again = export(left.case, tmp_path / "again.zip")
    positions = [event["position"] for event in again.events()]
    assert positions != list(range(len(positions)))
    assert verify_bundle(str(again.path), again.key).fails == []


def test_text_from_outside_is_inert_on_its_page(alice: Any, log_folder: Path, tmp_path: Path) -> None:
    keys.make()
    case = make_case(alice, title="<script>alert(1)</script>")
    page = export(case, tmp_path / "bundle.zip").files()["data/index.html"].decode()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "default-src &#x27;none&#x27;" in page or "default-src 'none'" in page


def test_a_damaged_original_stops_it_and_leaves_no_file(alice: Any, left: Left, tmp_path: Path) -> None:
    [digest] = [name.rsplit("/", 1)[1] for name in left.files() if name.startswith("data/files/")]
    with store.local_path(digest) as path:
        data = path.read_bytes()
        path.write_bytes(b"x" * len(data))
    try:
        with pytest.raises(DamagedFile):
            write_bundle(left.case, out=tmp_path / "broken.zip", by=Actor.worker("export", 1))
    finally:
        path.write_bytes(data)
    assert not list(tmp_path.glob("*broken*"))


def test_the_command_writes_it_and_says_how_to_check_it(left: Left, tmp_path: Path) -> None:
    out = StringIO()
    path = tmp_path / "command.zip"
    call_command("export", str(left.case), "--out", str(path), stdout=out, stderr=StringIO())
    assert "5 events, 1 files" in out.getvalue()
    assert "verifier/verify.py" in out.getvalue()
    assert (REPOSITORY / "verifier" / "verify.py").is_file()
    with pytest.raises(CommandError, match="is there already"):
        call_command("export", str(left.case), "--out", str(path))


def test_there_is_no_bundle_of_no_case_or_without_a_key(left: Left, log_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        write_bundle(uuid7(), out=tmp_path / "none.zip", by=Actor.worker("export", 1))
    for name in ("signing.key", "verifier.key"):
        (log_folder / "keys" / name).unlink()
    with pytest.raises(CommandError, match="keys init"):
        call_command("export", str(left.case), "--out", str(tmp_path / "none.zip"))
    assert not list(tmp_path.glob("*none*"))
