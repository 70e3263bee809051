"""The fence in the file system, against an enricher that was taken over: its one original, its own folder, no more."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from enrichment import landlock, sandbox
from enrichment.sandbox import Done
from tests.enrichment.taking_over import HOSTILE, TIGHT, spoils, taken_over

pytestmark = pytest.mark.usefixtures("nothing_left")


@pytest.fixture
def canaries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A data folder with the log's key, the secret key, the database, an original; and the sandboxes in it."""
    data = tmp_path / "data"
    there = [data / "secret-key", data / "keys/signing.key", data / "db.sqlite3", data / "files/cd/ef/original"]
    for path in (*there, tmp_path / "elsewhere"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"canary")
    monkeypatch.setattr(sandbox, "FOLDERS", data / "run" / "sandbox")
    return [str(path) for path in (*there, tmp_path / "elsewhere")]


def test_it_says_what_keeps_other_files_shut() -> None:
    """Linux has had Landlock since 5.13; a machine without it would pass none of the tests below."""
    with taken_over("tell_imports") as outcome:
        assert isinstance(outcome, Done)
        assert outcome.files == "landlock"


def test_keys_database_and_the_originals_of_others_can_not_be_read(canaries: list[str]) -> None:
    others = [*canaries, f"/proc/{os.getpid()}/environ", "/etc/passwd", f"{sandbox.CODE}/manage.py"]
    assert spoils("read_files", paths=others) == dict.fromkeys(others, "EACCES")


def test_folders_of_others_can_not_be_listed(tmp_path: Path) -> None:
    folders = [str(tmp_path), str(sandbox.FOLDERS), str(sandbox.CODE), "/tmp", "/", "/proc"]
    assert spoils("list_folders", paths=folders) == dict.fromkeys(folders, "EACCES")


def test_the_one_original_is_read_and_no_other(canaries: list[str], tmp_path: Path) -> None:
    original = tmp_path / "original"
    original.write_bytes(b"its own")
    fields = {"do": "read_files", "paths": [str(original), *canaries]}
    with sandbox.run("takeover", kind="image", fields=fields, original=original, limits=TIGHT, code=HOSTILE) as outcome:
        assert isinstance(outcome, Done)
        assert outcome.output["got"] == {str(original): "its own", **dict.fromkeys(canaries, "EACCES")}


def test_no_file_outside_is_changed_not_even_the_original(tmp_path: Path) -> None:
    original = tmp_path / "original"
    original.write_bytes(b"its own")
    before = original.stat()
    fields = {"do": "change_files", "path": str(original)}
    with sandbox.run("takeover", kind="image", fields=fields, original=original, limits=TIGHT, code=HOSTILE) as outcome:
        assert isinstance(outcome, Done)
        assert {said for said in outcome.output["got"].values()} <= {"EACCES", "EPERM", "EXDEV"}
    after = original.stat()
    assert (after.st_mode, after.st_uid, after.st_mtime_ns) == (before.st_mode, before.st_uid, before.st_mtime_ns)
    assert original.read_bytes() == b"its own"
    assert list(tmp_path.iterdir()) == [original]


def test_in_its_own_folder_it_works_as_usual() -> None:
    assert sorted(spoils("work_in_its_own_folder")) == ["two"]


@pytest.mark.parametrize(
    ("version", "further"), [(1, 0), (2, 1 << 13), (3, 3 << 13), (4, 3 << 13), (5, 7 << 13), (7, 7 << 13)]
)
def test_each_version_of_the_kernels_fence_is_asked_for_what_it_knows(version: int, further: int) -> None:
    assert landlock.rights_of(version) == 0x1FFF | further


@pytest.mark.parametrize(
    ("version", "length", "last"), [(1, 8, 0x1FFF), (3, 8, 0x7FFF), (4, 16, 3), (5, 16, 3), (6, 24, 3), (8, 24, 3)]
)
def test_each_version_is_asked_for_the_network_and_signals_where_it_knows_them(
    version: int, length: int, last: int
) -> None:
    attributes = landlock.attributes_of(version)
    assert len(attributes) == length
    assert int.from_bytes(attributes[-8:], sys.byteorder) == last


def test_without_a_fence_in_the_kernel_nothing_is_shut() -> None:
    class Kernel:
        """One before 5.13: the call is not known."""

        def syscall(self, number: int, *_: Any) -> int:
            assert number == 444
            return -1

    fence = landlock.fence(Kernel(), readable=[], own="/nowhere")  # type: ignore[arg-type]
    assert (fence.files, fence.network) == (False, False)
