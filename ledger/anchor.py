"""The anchor: the last signed head of the log, in a file that is not part of the database.

Whoever restores an old copy of the database, or writes another history, does not change the anchor along with it:
before each signature the two are compared.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from ledger.errors import Invalid
from ledger.signed_note import Note, read_note


@contextmanager
def held() -> Iterator[None]:
    """Hold the anchor, so that nobody else signs meanwhile; the kernel lets go of it when this process dies."""
    path = _path().with_suffix(".lock")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def read() -> Note | None:
    """Read the anchored note; None where nothing was ever signed.

    :raises Invalid: the file is no signed note.
    """
    try:
        return read_note(_path().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (UnicodeDecodeError, OSError) as error:
        raise Invalid(f"The anchor can not be read ({type(error).__name__}).") from error


def write(note: Note) -> None:
    """Put a note in the place of the one before, durably; for one who holds the anchor."""
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8") as file:
        file.write(str(note))
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _path() -> Path:
    return Path(settings.ANCHOR_FILE)
