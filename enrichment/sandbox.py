"""Running an enricher where a hostile file can do little harm: a fresh child for each run, with limits.

The child is forked from a process that has the parsers imported and nothing else (see `forkserver`). It has no secrets
in its environment or memory, no database connection, no network, no further processes, threads and programs; of files
it opens what Python and its libraries lie in, our own code and its one original, and writes into a folder of
its own (see `landlock`; where the kernel has none, the outcome says that `files` are kept shut by nothing, and code
that takes over the child may open what the worker's account may). When its time is up the whole process group is
killed. What it answers is judged like any other input from outside.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import signal
import stat
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from django.conf import settings

from enrichment import child, forks
from enrichment.domain import Flag, Limits, Made
from enrichment.forkserver import CODE, PACKAGES
from ledger import codec
from ledger.errors import Invalid
from ledger.strict_json import parse_strict

FOLDERS = Path(settings.DATA_DIR) / "run" / "sandbox"
"""Where each run has its folder: not among everybody's temporary files, so what a killed worker leaves is found."""

MOST_MADE = 16
"""How many files one run may make to be kept."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """The enricher came to a result. Paths of what it made hold until the sandbox is left.

    `network` and `files` name what kept the network out and other files shut; `cpu_seconds` and `peak_bytes` are what
    the child used of processor time and memory.
    """

    output: Mapping[str, Any]
    flags: tuple[Flag, ...]
    made: tuple[Made, ...]
    tool: str
    seconds: float
    network: str
    files: str
    cpu_seconds: float = 0.0
    peak_bytes: int = 0


@dataclass(frozen=True, kw_only=True)
class Failed:
    """It did not: why, where, whether trying again is useless, which limit it hit, what it used."""

    reason: str
    phase: str
    permanent: bool
    limit: str = ""
    cpu_seconds: float = 0.0
    peak_bytes: int = 0


@dataclass(frozen=True, kw_only=True)
class _Made:
    name: str
    path: str
    media_type: str
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, kw_only=True)
class _Answer:
    output: Mapping[str, Any]
    flags: tuple[Flag, ...]
    made: tuple[_Made, ...]
    tool: str
    seconds: float


def sweep(*, older_than: timedelta) -> int:
    """Remove the folders that killed workers left; return how many that was. A living one holds its folder."""
    oldest = time.time() - older_than.total_seconds()
    removed = 0
    for folder in FOLDERS.iterdir() if FOLDERS.is_dir() else ():
        with suppress(FileNotFoundError, BlockingIOError):
            if folder.stat().st_mtime <= oldest:
                with _held(folder):
                    _empty(folder)
                    folder.rmdir()
                    removed += 1
    return removed


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold a folder until the block is over or the process dies.

    :raises BlockingIOError: somebody else does.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _empty(folder: Path) -> None:
    """Remove everything in a folder, however deep: each folder in it is brought to the top before it is emptied.

    Going down instead would end at the depth that Python recurses to, and at the longest path.
    """
    mark, numbers = secrets.token_hex(8), count()
    while found := list(os.scandir(folder)):
        for entry in found:
            if not entry.is_dir(follow_symlinks=False):
                os.unlink(entry)
                continue
            os.chmod(entry, 0o700)
            for inner in list(os.scandir(entry)):
                if inner.is_dir(follow_symlinks=False):
                    os.chmod(inner, 0o700)
                    os.rename(inner, folder / f"{mark}-{next(numbers)}")
                else:
                    os.unlink(inner)
            os.rmdir(entry)


@contextmanager
def run(
    module: str,
    *,
    kind: str,
    fields: Mapping[str, Any],
    original: Path | None,
    limits: Limits,
    adjusted: Mapping[str, Any] | None = None,
    code: Path = CODE,
    meanwhile: Callable[[], object] = bool,
) -> Iterator[Done | Failed]:
    """Run the enricher of a module in a fresh child and yield its outcome.

    :param adjusted: parameters that people set, already judged; the others are at their defaults.
    :param meanwhile: called again and again while it runs.
    :param code: the folder that the module is found in, besides what is installed.
    """
    FOLDERS.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _folder() as folder:
        task = {
            "code": list(dict.fromkeys([str(code), str(CODE)])),
            "readable": [str(CODE / name) for name in PACKAGES] + ([str(code)] if code != CODE else []),
            "module": module,
            "kind": kind,
            "fields": dict(fields),
            "adjusted": dict(adjusted or {}),
            "original": str(original.resolve()) if original else None,
            "folder": str(folder),
            "limits": asdict(limits),
        }
        yield _outcome(task, folder, limits, meanwhile)


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(dir=FOLDERS)).resolve()
    with _held(folder):
        try:
            yield folder
        finally:
            # A child that is being killed may still write; then the sweep takes what is left.
            with suppress(OSError):
                _empty(folder)
                folder.rmdir()


def _outcome(task: Mapping[str, Any], folder: Path, limits: Limits, meanwhile: Callable[[], object]) -> Done | Failed:
    try:
        with forks.fork(json.dumps(task).encode(), kind=task["kind"], meanwhile=meanwhile) as running:
            stopped = _watch(running, folder, limits, meanwhile)
    except forks.NoServer as error:
        return Failed(reason=str(error), phase=error.phase, permanent=False)
    ended = running.ended
    outcome = stopped or (_died(ended, limits) if ended.code else _answer(folder, limits, running.shut))
    return replace(outcome, cpu_seconds=ended.cpu_seconds, peak_bytes=ended.peak_bytes)


def _watch(running: forks.Child, folder: Path, limits: Limits, meanwhile: Callable[[], object]) -> Failed | None:
    """Wait for the child; say why it must be stopped, if it must."""
    until = time.monotonic() + limits.wall_seconds
    while running.wait(min(forks.LOOK_SECONDS, until - time.monotonic())) is None:
        meanwhile()
        if _bytes_in(folder, limits.folder_bytes) > limits.folder_bytes:
            said = f"It wrote more than {limits.folder_bytes:,} bytes."
            return Failed(reason=said, phase="write", permanent=False, limit="output")
        if time.monotonic() > until:
            said = f"It took longer than {limits.wall_seconds} seconds."
            return Failed(reason=said, phase="read", permanent=False, limit="time")
    return None


def _bytes_in(folder: Path, enough: int) -> int:
    """Add up what a folder takes on the disk, a block at least for each entry, no further than is enough."""
    total, folders = 0, [folder]
    while folders and total <= enough:
        # What vanishes, is locked or lies too deep meanwhile is not counted.
        with suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                total += max(4096, entry.stat(follow_symlinks=False).st_blocks * 512)
                if entry.is_dir(follow_symlinks=False):
                    folders.append(Path(entry.path))
    return total


def _died(ended: forks.Ended, limits: Limits) -> Failed:
    code = ended.code
    # Whoever ignores SIGXCPU is killed outright a second later.
    if code == -signal.SIGXCPU or (code == -signal.SIGKILL and ended.cpu_seconds >= limits.cpu_seconds):
        said = f"It used more than {limits.cpu_seconds} seconds of processor time."
        return Failed(reason=said, phase="read", permanent=False, limit="cpu")
    if code == -signal.SIGXFSZ:
        return Failed(reason="It wrote a larger file than it may.", phase="write", permanent=True, limit="output")
    how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    return Failed(reason=f"The process died ({how}).", phase="read", permanent=False)


def _answer(folder: Path, limits: Limits, shut: forks.Shut) -> Done | Failed:
    path = folder / child.ANSWER
    size = _size_of(path)
    if size is None:
        return Failed(reason="The process ended without an answer.", phase="read", permanent=False)
    if size > limits.output_bytes:
        said = f"Its output is larger than {limits.output_bytes:,} bytes."
        return Failed(reason=said, phase="write", permanent=True, limit="output")
    try:
        said_values = parse_strict(path.read_bytes())
        if "failure" in said_values:
            return codec.from_values(Failed, said_values["failure"])
        answer = codec.from_values(_Answer, said_values)
    except (Invalid, codec.ShapeError):
        said = "The process left an answer that can not be read."
        return Failed(reason=said, phase="write", permanent=False)
    return _checked(answer, folder, limits, shut)


def _checked(answer: _Answer, folder: Path, limits: Limits, shut: forks.Shut) -> Done | Failed:
    made = tuple(Made(**{**vars(each), "path": folder / Path(each.path).name}) for each in answer.made)
    sizes = [_size_of(each.path) for each in made]
    if None in sizes:
        return Failed(reason="It names a file that it did not make.", phase="write", permanent=True)
    if len(made) > MOST_MADE or sum(size or 0 for size in sizes) > limits.made_bytes:
        said = f"It made more than {MOST_MADE} files or {limits.made_bytes:,} bytes to be kept."
        return Failed(reason=said, phase="write", permanent=True, limit="output")
    return Done(
        output=answer.output,
        flags=answer.flags,
        made=made,
        tool=answer.tool,
        seconds=answer.seconds,
        network=shut.network,
        files=shut.files,
    )


def _size_of(path: Path) -> int | None:
    """Measure a file of the child's own, in bytes: no link to another file, no pipe that never ends."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) and found.st_nlink == 1 else None
