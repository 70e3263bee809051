"""The content store: durable, content addressed, and never wrong bytes."""

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import store
from ledger.errors import DomainError

WORDS = b"How low she lies in the water"
DIGEST = hashlib.sha256(WORDS).hexdigest()
ABSENT = "0" * 64
REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def files(tmp_path: Path, settings: Any) -> Path:
    """An empty store in a folder of its own."""
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "files"},
        },
    }
    (tmp_path / "files").mkdir()
    return tmp_path / "files"


@pytest.fixture
def far(tmp_path: Path, settings: Any) -> Any:
    """An empty store that is not on this machine's file system."""
    from django.core.files.storage import storages

    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    }
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    return storages["default"]


@pytest.fixture(params=["files", "far"])
def either(request: pytest.FixtureRequest) -> Any:
    """Each kind of store in turn: what holds for one holds for the other."""
    return request.getfixturevalue(request.param)


def keep(*chunks: bytes) -> store.Stored:
    with store.incoming() as incoming:
        for chunk in chunks:
            incoming.write(chunk)
        return incoming.keep()


def place(files: Path, digest: str = DIGEST) -> Path:
    return files / digest[:2] / digest[2:4] / digest


def everything(files: Path) -> list[str]:
    return sorted(str(path.relative_to(files)) for path in files.rglob("*") if path.is_file())


# -- keeping ------------------------------------------------------------------------------------------


def test_what_was_kept_is_read_back_under_its_digest(either: Any) -> None:
    assert keep(WORDS[:7], WORDS[7:]) == store.Stored(DIGEST, len(WORDS))
    assert store.exists(DIGEST)
    with store.open_stored(DIGEST) as source:
        assert source.read() == WORDS
    with store.open_verified(DIGEST) as source:
        assert source.read() == WORDS
    with store.local_path(DIGEST) as path:
        assert path.read_bytes() == WORDS


def test_nothing_at_all_is_kept_too(either: Any) -> None:
    empty = keep()
    assert empty == store.Stored(hashlib.sha256(b"").hexdigest(), 0)
    assert store.check(empty.sha256, 0) is None


def test_the_path_is_made_of_the_digest_and_nothing_is_left_in_incoming(files: Path) -> None:
    keep(WORDS)
    assert everything(files) == [f"{DIGEST[:2]}/{DIGEST[2:4]}/{DIGEST}"]
    assert place(files).stat().st_mode & 0o077 == 0


def test_the_same_bytes_are_stored_once(either: Any) -> None:
    assert keep(WORDS) == keep(WORDS)
    assert list(store.foreign({DIGEST})) == []


def test_what_is_not_kept_is_gone_at_the_end_of_the_block(files: Path) -> None:
    with store.incoming() as incoming:
        incoming.write(WORDS)
    with pytest.raises(TypeError), store.incoming() as incoming:
        incoming.write("no bytes")  # type: ignore[arg-type]
    assert everything(files) == []
    assert not store.exists(DIGEST)


def test_keeping_twice_is_keeping_once_and_nothing_is_added_after(files: Path) -> None:
    with store.incoming() as incoming:
        incoming.write(WORDS)
        assert incoming.keep() == incoming.keep()
        with pytest.raises(ValueError, match="does not change"):
            incoming.write(b"!")
    assert place(files).read_bytes() == WORDS


def test_the_bytes_are_synced_before_the_rename_and_the_folders_after(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    sync, rename = os.fsync, os.rename

    def synced(descriptor: int) -> None:
        done.append(f"sync {Path(os.readlink(f'/proc/self/fd/{descriptor}')).name}")
        sync(descriptor)

    def renamed(source: Path, target: Path) -> None:
        assert source.read_bytes() == WORDS, "renamed before all bytes were written"
        done.append(f"rename {target.name}")
        rename(source, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "rename", renamed)
    with store.incoming() as incoming:
        incoming.write(WORDS)
        name = incoming.path.name
        incoming.keep()
    assert done == [
        f"sync {name}",
        f"rename {DIGEST}",
        f"sync {DIGEST[2:4]}",
        f"sync {DIGEST[:2]}",
        "sync files",
    ]


def test_a_full_disk_leaves_nothing_behind(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        keep(WORDS)
    assert everything(files) == []


@pytest.mark.parametrize(("content", "found"), [(WORDS[:5], "cut"), (WORDS[::-1], "changed")])
def test_bytes_that_were_damaged_are_whole_again_when_they_come_again(either: Any, content: bytes, found: str) -> None:
    keep(WORDS)
    damage(either, content)
    assert store.check(DIGEST, len(WORDS)) == found
    keep(WORDS)
    assert store.check(DIGEST, len(WORDS)) is None


def damage(either: Any, content: bytes) -> None:
    if isinstance(either, Path):
        place(either).write_bytes(content)
        return
    from django.core.files.base import ContentFile

    name = f"{DIGEST[:2]}/{DIGEST[2:4]}/{DIGEST}"
    either.delete(name)
    either.save(name, ContentFile(content))


@given(chunks=st.lists(st.binary(max_size=2000), max_size=8))
def test_however_the_bytes_are_cut_the_digest_is_that_of_the_whole(chunks: list[bytes]) -> None:
    with store.incoming() as incoming:
        for chunk in chunks:
            incoming.write(chunk)
        whole = b"".join(chunks)
        assert (incoming.sha256, incoming.size) == (hashlib.sha256(whole).hexdigest(), len(whole))


# -- wrong bytes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [ABSENT, "", "../../etc/passwd", DIGEST.upper(), DIGEST[:-1], f"{DIGEST}\n"])
def test_a_file_that_is_not_there_is_missing_and_the_sentence_names_it(either: Any, name: str) -> None:
    keep(WORDS)
    assert not store.exists(name)
    assert store.check(name, 1) == "missing"
    for read in (store.open_stored, store.open_verified):
        with pytest.raises(store.MissingFile) as refused:
            read(name)
        assert name in refused.value.detail
        assert isinstance(refused.value, DomainError)
    with pytest.raises(store.MissingFile), store.local_path(name):
        pass


@pytest.mark.parametrize(
    ("content", "size", "found"),
    [
        (WORDS[:-1], len(WORDS), "cut"),
        (b"", len(WORDS), "cut"),
        (WORDS[:-1], None, "changed"),
        (WORDS + b"!", len(WORDS), "changed"),
        (b"h" + WORDS[1:], len(WORDS), "changed"),
        (WORDS, len(WORDS) + 1, "cut"),
        (WORDS, len(WORDS) - 1, "changed"),
        (WORDS, len(WORDS), None),
        (WORDS, None, None),
    ],
)
def test_a_check_says_what_is_wrong(either: Any, content: bytes, size: int | None, found: str | None) -> None:
    keep(WORDS)
    damage(either, content)
    assert store.check(DIGEST, size) == found


def test_any_changed_byte_is_noticed_and_never_handed_out(files: Path) -> None:
    keep(WORDS)
    for n in range(len(WORDS)):
        changed = bytearray(WORDS)
        changed[n] ^= 1
        place(files).write_bytes(changed)
        with pytest.raises(store.DamagedFile):
            store.open_verified(DIGEST)
        with pytest.raises(store.DamagedFile), store.local_path(DIGEST):
            pass


def test_changed_bytes_are_not_handed_out_from_afar_either(far: Any) -> None:
    keep(WORDS)
    damage(far, WORDS[::-1])
    with pytest.raises(store.DamagedFile, match=DIGEST):
        store.open_verified(DIGEST)
    with pytest.raises(store.DamagedFile), store.local_path(DIGEST):
        pass


def test_a_local_copy_of_a_far_file_goes_when_it_was_used(far: Any, tmp_path: Path) -> None:
    keep(WORDS)
    with store.local_path(DIGEST) as path:
        assert path.is_relative_to(tmp_path)
    assert everything(tmp_path) == []


def test_a_far_file_is_copied_once_and_held(far: Any, tmp_path: Path) -> None:
    keep(WORDS)
    with store.local_path(DIGEST) as path:
        links = [os.path.realpath(f"/proc/self/fd/{each}") for each in os.listdir("/proc/self/fd")]
        assert [each for each in links if each.startswith(str(tmp_path))] == [str(path)]
        assert store.sweep_incoming(older_than=timedelta(0)) == 0
        assert path.read_bytes() == WORDS


# -- foreign ------------------------------------------------------------------------------------------


def test_what_is_not_content_addressed_is_foreign(files: Path) -> None:
    keep(WORDS)
    keep(b"derivative")
    derivative = hashlib.sha256(b"derivative").hexdigest()
    (files / "readme.txt").write_text("put here by hand")
    (files / DIGEST).write_bytes(WORDS)
    (files / "ab").mkdir(exist_ok=True)
    (files / "ab" / "incoming").mkdir()
    (files / "ab" / "incoming" / "x").write_bytes(b"")
    with store.incoming() as unfinished:
        unfinished.write(b"still being written")
        strangers = {"readme.txt", DIGEST, "ab/incoming/x"}
        assert set(store.foreign()) == strangers
        assert set(store.foreign({DIGEST, derivative})) == strangers
        assert set(store.foreign({DIGEST})) == {*strangers, str(place(files, derivative).relative_to(files))}


def test_what_is_foreign_far_away_is_named(far: Any) -> None:
    from django.core.files.base import ContentFile

    keep(WORDS)
    far.save("notes/readme.txt", ContentFile(b"put here by hand"))
    assert list(store.foreign({DIGEST})) == ["notes/readme.txt"]


# -- killed processes ---------------------------------------------------------------------------------

WRITER = """
import sys, time
import django
django.setup()
from ledger import store
with store.incoming() as incoming:
    incoming.write(b"half of it")
    incoming.file.flush()
    print(incoming.path, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A process in the middle of writing, and the path of what it writes."""
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "osint.settings",
        "OSINT_DATA_DIR": str(tmp_path),
    }
    command = [sys.executable, "-c", WRITER]
    with subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process, Path(process.stdout.readline().strip())
        process.kill()


@pytest.mark.processes
def test_what_a_killed_process_left_is_swept_and_what_a_living_one_writes_is_not(
    files: Path, writer: tuple[subprocess.Popen[str], Path]
) -> None:
    process, path = writer
    assert path.parent == files / "incoming"
    assert store.sweep_incoming(older_than=timedelta(0)) == 0
    assert path.read_bytes() == b"half of it"
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert path.exists()
    assert list(store.foreign()) == []
    assert store.sweep_incoming(older_than=timedelta(hours=1)) == 0
    assert store.sweep_incoming(older_than=timedelta(0)) == 1
    assert everything(files) == []


def test_sweeping_a_store_that_nobody_wrote_to_finds_nothing(files: Path) -> None:
    assert store.sweep_incoming(older_than=timedelta(0)) == 0
