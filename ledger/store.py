"""The content store: bytes kept for ever under their own SHA-256.

On this machine's file system the order is: temporary file, fsync, rename, fsync of the folders. Only then may
an event name the digest: no event ever points at missing bytes. Elsewhere (S3) Django's storage API does it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
import tempfile
import time
from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import IO, Any, BinaryIO, Literal, Self, cast

from django.conf import DEFAULT_STORAGE_ALIAS, settings
from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage, storages

from ledger.errors import DomainError

CHUNK = 1 << 20
"""Bytes read at a time: large enough that hashing, not the calls, takes the time."""

HAND_OVER = 4 << 20
"""Bytes after which the kernel is asked to begin to write what came."""

INCOMING = "incoming"
EXPORTS = "exports"
"""A prefix in a store elsewhere under which bundles lie that were written for somebody: no evidence, and kept apart."""

_DIGEST = re.compile(r"[0-9a-f]{64}")
_ABSENT = (FileNotFoundError, NotADirectoryError, IsADirectoryError)

Damage = Literal["missing", "cut", "changed"]


class MissingFile(DomainError):
    """An event names bytes that the store does not have."""

    code = "file-missing"
    title = "A stored file is missing"
    status = 500

    def __init__(self, sha256: str) -> None:
        super().__init__(f"The file with the SHA-256 {sha256} is not in the store.")
        self.sha256 = sha256


class DamagedFile(MissingFile):
    """The store has other bytes than those its events name; they are not handed out."""

    code = "file-damaged"
    title = "A stored file was changed"

    def __init__(self, sha256: str) -> None:
        super().__init__(sha256)
        self.detail = f"The stored file is no longer the one with the SHA-256 {sha256}."


@dataclass(frozen=True)
class Stored:
    """Bytes in the store: lowercase hex SHA-256, and size in bytes."""

    sha256: str
    size: int


# --- writing ----------------------------------------------------------------------------------------------


class Incoming:
    """Bytes on their way in, hashed as they are written; gone at the end of the `with` block unless kept."""

    def __init__(self) -> None:
        folder = _incoming_folder()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path = folder / secrets.token_hex(16)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        # Held until the file is closed or the process dies: the sweep takes only what nobody holds.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.file: BinaryIO = os.fdopen(descriptor, "w+b")
        self.size = self._handed_over = 0
        self._hash = hashlib.sha256()
        self._kept: Stored | None = None

    @property
    def sha256(self) -> str:
        """The digest of what was written so far."""
        return self._hash.hexdigest()

    def write(self, chunk: bytes | bytearray | memoryview) -> int:
        """Add bytes; return how many."""
        if self._kept:
            raise ValueError("What was kept does not change any more.")
        self._hash.update(chunk)
        written = self.file.write(chunk)
        self.size += written
        if self.size - self._handed_over >= HAND_OVER:
            self._hand_over()
        return written

    def _hand_over(self) -> None:
        """Let the kernel begin to write, so that little is left to wait for in the end.

        Pages that nobody needs any more are written first and dropped later; fresh ones are only written.
        """
        if hasattr(os, "posix_fadvise"):
            length = self.size - self._handed_over
            os.posix_fadvise(self.file.fileno(), self._handed_over, length, os.POSIX_FADV_DONTNEED)
        self._handed_over = self.size

    def keep(self) -> Stored:
        """Make the bytes durable under their digest; a second call changes nothing."""
        if self._kept is None:
            self.file.flush()
            stored = Stored(self.sha256, self.size)
            root = _root()
            if root is None:
                _upload(_storage(), self.path, stored)
                self.path.unlink()
            else:
                os.fsync(self.file.fileno())
                _move_in(self.path, root, _name(stored.sha256))
            self._kept = stored
        return self._kept

    def discard(self) -> None:
        """Close the file, and remove it unless it was kept."""
        self.file.close()
        if self._kept is None:
            self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()


def incoming() -> Incoming:
    """Begin to take bytes in."""
    return Incoming()


def sweep_incoming(*, older_than: timedelta) -> int:
    """Remove what killed processes left half written; return how many files that was."""
    removed = 0
    folder = _incoming_folder()
    for path in folder.iterdir() if folder.is_dir() else ():
        try:
            if time.time() - path.stat().st_mtime < older_than.total_seconds() or not path.is_file():
                continue
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
                removed += 1
        except (FileNotFoundError, BlockingIOError):
            # Kept or removed meanwhile, or still being written.
            continue
    return removed


def remove(sha256: str) -> None:
    """Remove a stored file for good; one that is not there is no fault."""
    if not _DIGEST.fullmatch(sha256):
        raise ValueError("A stored file is named by its SHA-256.")
    root = _root()
    if root is None:
        _storage().delete(_name(sha256))
        return
    path = root / _name(sha256)
    path.unlink(missing_ok=True)
    if path.parent.is_dir():
        _sync_folder(path.parent)


# --- reading ----------------------------------------------------------------------------------------------


def exists(sha256: str) -> bool:
    """Tell whether the store has a file of this name, without reading it."""
    if not _DIGEST.fullmatch(sha256):
        return False
    root = _root()
    return _storage().exists(_name(sha256)) if root is None else (root / _name(sha256)).is_file()


def open_stored(sha256: str) -> BinaryIO:
    """Open the stored file as it is, unchecked.

    :raises MissingFile: it is not there.
    """
    if not _DIGEST.fullmatch(sha256):
        raise MissingFile(sha256)
    root = _root()
    try:
        if root is None:
            return cast(BinaryIO, _storage().open(_name(sha256), "rb"))
        return (root / _name(sha256)).open("rb")
    except _ABSENT as error:
        raise MissingFile(sha256) from error


def open_verified(sha256: str) -> BinaryIO:
    """Open the stored file after its whole content was hashed, so that a reader never gets wrong bytes.

    :raises MissingFile: it is not there, or (`DamagedFile`) it is not what it was.
    """
    source = open_stored(sha256)
    if _root() is not None:
        if _hash(source)[0] != sha256:
            source.close()
            raise DamagedFile(sha256)
        source.seek(0)
        return source
    # What was fetched is what was hashed: a second fetch could bring something else.
    _incoming_folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    copy = tempfile.TemporaryFile(dir=_incoming_folder())  # noqa: SIM115 -- the caller closes it
    try:
        _fetch(source, sha256, into=copy)
    except BaseException:
        copy.close()
        raise
    copy.seek(0)
    return cast(BinaryIO, copy)


def _fetch(source: BinaryIO, sha256: str, *, into: IO[bytes]) -> None:
    """Copy what lies elsewhere, hashing it on the way, and close it.

    :raises DamagedFile: it is not what it was.
    """
    with source:
        if _hash(source, into=into)[0] != sha256:
            raise DamagedFile(sha256)
    into.flush()


@contextmanager
def local_path(sha256: str) -> Iterator[Path]:
    """Give a path, on this machine, to the stored bytes, which were hashed before; nobody may write to it.

    :raises MissingFile: it is not there, or (`DamagedFile`) it is not what it was.
    """
    root = _root()
    if root is not None:
        with open_verified(sha256):
            yield root / _name(sha256)
        return
    source = open_stored(sha256)
    _incoming_folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.NamedTemporaryFile(dir=_incoming_folder()) as copy:
        # The sweep takes only what nobody holds.
        fcntl.flock(copy, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _fetch(source, sha256, into=copy)
        yield Path(copy.name)


# --- checking ---------------------------------------------------------------------------------------------


def check(sha256: str, size: int | None = None) -> Damage | None:
    """Read the stored file; say what is wrong with it, or nothing.

    :param size: in bytes, where it is known: fewer bytes are `cut`, any other difference is `changed`.
    """
    try:
        with open_stored(sha256) as source:
            found, length = _hash(source)
    except MissingFile:
        return "missing"
    if found == sha256 and size in {None, length}:
        return None
    return "cut" if size is not None and length < size else "changed"


def foreign(known: Container[str] | None = None) -> Iterator[str]:
    """Name what lies in the store and is not content addressed; with `known`, also digests not in it."""
    for name in _walk(_storage(), ""):
        digest = name.rpartition("/")[2]
        own = bool(_DIGEST.fullmatch(digest)) and name == _name(digest)
        if not own or (known is not None and digest not in known):
            yield name


def _walk(storage: Storage, folder: str) -> Iterator[str]:
    folders, files = storage.listdir(folder)
    yield from (f"{folder}{file}" for file in sorted(files) if file)
    for each in sorted(folders):
        if folder or each not in {INCOMING, EXPORTS}:
            yield from _walk(storage, f"{folder}{each}/")


# --- where ------------------------------------------------------------------------------------------------


def _storage() -> Storage:
    return storages[DEFAULT_STORAGE_ALIAS]


def _root() -> Path | None:
    """The store's folder, or nothing where the files are kept elsewhere."""
    storage = _storage()
    return Path(storage.location) if isinstance(storage, FileSystemStorage) else None


def _incoming_folder() -> Path:
    # A rename needs one file system, so beside the files; where they go elsewhere, wherever uploads may lie.
    root = _root()
    return Path(settings.FILE_UPLOAD_TEMP_DIR or tempfile.gettempdir()) if root is None else root / INCOMING


def _name(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


def _hash(source: IO[bytes], *, into: IO[Any] | None = None) -> tuple[str, int]:
    digest = hashlib.sha256()
    size = 0
    while chunk := source.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
        if into is not None:
            into.write(chunk)
    return digest.hexdigest(), size


def _move_in(path: Path, root: Path, name: str) -> None:
    """Rename a synced file to its place, durably.

    A file that is there already has the same digest in its name: the fresh bytes replace it in one step, so a
    damaged one is whole again, and readers of either see one or the other.
    """
    target = root / name
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.rename(path, target)
    # The file's entry, then its folders': another process may have made them and died before it came to this.
    for folder in (target.parent, target.parent.parent, root):
        _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _upload(storage: Storage, path: Path, stored: Stored) -> None:
    name = _name(stored.sha256)
    if storage.exists(name):
        # Read to its end each time the same bytes come again: size alone would leave damage where it is.
        if storage.size(name) == stored.size and check(stored.sha256, stored.size) is None:
            return
        # Not the bytes that its name says: these are.
        storage.delete(name)
    with path.open("rb") as source:
        saved = storage.save(name, File(source))
    if saved != name:
        # Another process stored the same bytes first; the storage, which overwrites nothing, made up a name.
        storage.delete(saved)
