"""Running an enricher where a hostile file can do no harm: a fresh child for each run, with limits on everything.

The child has no environment, no secrets, no database connection and no network; it reads its one original and
writes into a folder of its own. When its time is up the whole process group is killed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from enrichment import child
from enrichment.domain import Flag, Limits, Made

CODE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True)
class Done:
    """The enricher came to a result. Paths of what it made hold until the sandbox is left."""

    output: Mapping[str, Any]
    flags: tuple[Flag, ...]
    made: tuple[Made, ...]
    tool: str
    seconds: float
    network: str


@dataclass(frozen=True, kw_only=True)
class Failed:
    """It did not: why, where, whether trying again is useless, which limit it hit."""

    reason: str
    phase: str
    permanent: bool
    limit: str = ""


@contextmanager
def run(
    module: str, *, kind: str, fields: Mapping[str, Any], original: Path | None, limits: Limits
) -> Iterator[Done | Failed]:
    """Run the enricher of a module in a fresh child and yield its outcome."""
    with tempfile.TemporaryDirectory(prefix="waterline-sandbox-") as name:
        folder = Path(name).resolve()
        task = {
            "code": str(CODE),
            "module": module,
            "kind": kind,
            "fields": dict(fields),
            "original": str(original.resolve()) if original else None,
            "folder": str(folder),
            "limits": asdict(limits),
        }
        ended = _run_child(task, folder, limits)
        yield ended if isinstance(ended, Failed) else _answer(folder, limits)


def _run_child(task: Mapping[str, Any], folder: Path, limits: Limits) -> Failed | None:
    process = subprocess.Popen(  # noqa: S603 -- our own interpreter and our own file
        [sys.executable, "-I", "-B", child.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env={"LANG": "C.UTF-8", "TMPDIR": str(folder)},
        start_new_session=True,
    )
    try:
        process.communicate(json.dumps(task).encode(), timeout=limits.wall_seconds)
    except subprocess.TimeoutExpired:
        said = f"It took longer than {limits.wall_seconds} seconds."
        return Failed(reason=said, phase="read", permanent=False, limit="time")
    finally:
        # The group outlives its leader where the enricher left processes behind.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.returncode == 0:
        return None
    return _died(process.returncode, limits)


def _died(code: int, limits: Limits) -> Failed:
    if code == -signal.SIGXCPU:
        said = f"It used more than {limits.cpu_seconds} seconds of processor time."
        return Failed(reason=said, phase="read", permanent=False, limit="cpu")
    if code == -signal.SIGXFSZ:
        return Failed(reason="It wrote more than it may.", phase="write", permanent=False, limit="output")
    how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    return Failed(reason=f"The process died ({how}).", phase="read", permanent=False)


def _answer(folder: Path, limits: Limits) -> Done | Failed:
    path = folder / child.ANSWER
    try:
        if path.is_symlink() or path.stat().st_size > limits.output_bytes:
            said = f"Its output is larger than {limits.output_bytes:,} bytes."
            return Failed(reason=said, phase="write", permanent=True, limit="output")
        answer = json.loads(path.read_text())
    except FileNotFoundError:
        return Failed(reason="The process ended without an answer.", phase="read", permanent=False)
    except ValueError:
        return Failed(reason="The process left an answer that can not be read.", phase="write", permanent=False)
    if "failure" in answer:
        return Failed(**answer["failure"])
    made = tuple(Made(**{**each, "path": folder / Path(each["path"]).name}) for each in answer["made"])
    if any(each.path.is_symlink() or not each.path.is_file() for each in made):
        return Failed(reason="It names a file that it did not make.", phase="write", permanent=True)
    return Done(
        output=answer["output"],
        flags=tuple(Flag(**each) for each in answer["flags"]),
        made=made,
        tool=answer["tool"],
        seconds=answer["seconds"],
        network=answer["network"],
    )
