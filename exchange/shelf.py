"""Where bundles lie until they are fetched: in a folder beside the files, or under a prefix of its own in their store.

They are no evidence and are thrown away after a while, so the content store does not know them.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Container
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from pathlib import Path
from typing import IO, BinaryIO, cast

from django.conf import settings
from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.utils import timezone

from ledger.errors import DomainError, NotFound

SHELF = "exports"
PATIENCE = 1.0
"""Seconds between two looks at an upload."""


class BundleGone(DomainError):
    """There was a bundle, and it is not kept any more."""

    code = "bundle-gone"
    title = "The bundle is not kept any more"
    status = 410

    def __init__(self) -> None:
        super().__init__("This bundle is not kept any more. Export the case again.")


class NotWrittenYet(NotFound):
    """The bundle was asked for, and is not written, or could not be."""

    code = "not-written-yet"
    title = "There is no bundle yet"

    def __init__(self) -> None:
        super().__init__("There is no bundle of this export: see its status.")


def workshop() -> Path:
    """Give the folder, on this machine, in which bundles are written."""
    folder = Path(settings.EXPORTS_DIR)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def put(path: Path, *, meanwhile: Callable[[], None]) -> None:
    """Put a bundle on the shelf under its own name; `meanwhile` is called while that takes time."""
    storage = _storage()
    if isinstance(storage, FileSystemStorage):
        # It was written there.
        return
    # The thread knows nothing of the database: this one keeps telling that the work goes on.
    with path.open("rb") as file, ThreadPoolExecutor(1) as pool:
        sent = pool.submit(storage.save, path.name, File(file))
        while not sent.done():
            wait([sent], timeout=PATIENCE)
            meanwhile()
        sent.result()
    path.unlink()


def remove(name: str) -> None:
    """Throw a bundle away; one that is not there is no fault."""
    _storage().delete(name)


def open_at(name: str, *, first: int, size: int) -> BinaryIO:
    """Open a bundle at a byte; nothing before it is read.

    :param size: that of the whole bundle, in bytes.
    :raises BundleGone: it is not there, or not whole.
    """
    storage = _storage()
    try:
        if storage.size(name) != size:
            raise BundleGone
        source = storage.open(name, "rb")
    except FileNotFoundError:
        raise BundleGone from None
    if isinstance(storage, FileSystemStorage):
        source.seek(first)
        return cast(BinaryIO, source)
    # Read as any other file, all of it would be fetched before its first byte is there.
    return cast(BinaryIO, source.obj.get(Range=f"bytes={first}-")["Body"])  # type: ignore[attr-defined]


class Part:
    """A file that ends after so many bytes."""

    def __init__(self, source: IO[bytes], length: int) -> None:
        self._source, self._left = source, length

    def read(self, size: int) -> bytes:
        data = self._source.read(min(size, self._left))
        self._left -= len(data)
        return data

    def close(self) -> None:
        self._source.close()


def tidy(known: Container[str], *, older_than: timedelta) -> int:
    """Throw away what dead workers left: half a bundle, or a whole one that no row names; return how many."""
    removed, storage = 0, _storage()
    for path in workshop().iterdir():
        half = path.suffix == ".part" and _nobodys(path)
        if (half or path.name not in known) and _old(path, older_than):
            path.unlink(missing_ok=True)
            removed += 1
    for name in storage.listdir("")[1]:
        if name not in known and timezone.now() - storage.get_modified_time(name) > older_than:
            storage.delete(name)
            removed += 1
    return removed


def _old(path: Path, age: timedelta) -> bool:
    try:
        return time.time() - path.stat().st_mtime > age.total_seconds()
    except FileNotFoundError:
        return False


def _nobodys(path: Path) -> bool:
    """Say whether no living process writes this file: each holds a lock on its own."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (FileNotFoundError, BlockingIOError):
        return False
    return True


def _storage() -> Storage:
    return storages[SHELF]
