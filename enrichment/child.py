"""The inside of the sandbox: a fresh process that gives up what it does not need, then runs one enricher.

It is started with the standard library's isolation (`-I`), an empty environment and a task on standard input. It
writes its answer into its own folder and says nothing elsewhere.
"""

from __future__ import annotations

import ctypes
import dataclasses
import errno
import importlib
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
ANSWER = "answer.json"
# What another machine, or a later hour, may do better.
PASSING = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ESTALE})


def main() -> None:
    """Read the task, shut the doors, run the enricher, write the answer."""
    task = json.load(sys.stdin)
    sys.path[:0] = task["code"]
    # They are found by listing the folder that they are in, which may hold anything and is shut below.
    for package in task["packages"]:
        importlib.import_module(package)
    folder = Path(task["folder"])
    readable = [*task["readable"], *([task["original"]] if task["original"] else [])]
    kept_out, fenced = shut_doors(task["limits"], readable=readable, own=task["folder"])
    if kept_out:
        answer = attempt(task, folder)
    else:
        answer = _failure("The network can not be kept out of the sandbox on this machine.", "start", permanent=False)
    if "failure" not in answer:
        answer["network"] = " and ".join(kept_out)
        answer["files"] = "landlock" if fenced else "none"
    (folder / ANSWER).write_text(json.dumps(answer, allow_nan=False))


def shut_doors(limits: dict[str, int], *, readable: list[str], own: str) -> tuple[list[str], bool]:
    """Take on the limits, give up network, processes, programs and the files of others.

    :returns: what keeps the network out, and whether the kernel keeps other files shut.
    """
    from enrichment.landlock import fence
    from enrichment.syscalls import refuse_all_but_files

    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    kept_out = ["namespace"] if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 else []
    fenced = fence(libc, readable=readable, own=own)
    # A second past the limit the kernel kills outright what ignores SIGXCPU.
    for kind, soft, hard in (
        (resource.RLIMIT_CPU, limits["cpu_seconds"], limits["cpu_seconds"] + 1),
        (resource.RLIMIT_AS, limits["memory_bytes"], limits["memory_bytes"]),
        (resource.RLIMIT_FSIZE, limits["file_bytes"], limits["file_bytes"]),
        (resource.RLIMIT_NOFILE, limits["open_files"], limits["open_files"]),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        resource.setrlimit(kind, (soft, hard))
    os.umask(0o077)
    if refuse_all_but_files(libc):
        kept_out.append("filter")
    return kept_out, fenced


def attempt(task: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Run the enricher; whatever it raises becomes a failure with a reason."""
    from enrichment.domain import EnricherInput, PermanentFailure, TemporaryFailure
    from enrichment.printable import printable

    phase, began = "start", time.monotonic()
    try:
        enricher = importlib.import_module(task["module"]).ENRICHER
        phase = "read"
        result = enricher.run(
            EnricherInput(
                kind=task["kind"],
                fields=task["fields"],
                original=Path(task["original"]) if task["original"] else None,
                folder=folder,
            )
        )
        phase = "write"
        answer = {
            "output": printable(dataclasses.asdict(result.output)),
            "flags": printable([dataclasses.asdict(flag) for flag in result.flags]),
            "made": [{**dataclasses.asdict(made), "path": Path(made.path).name} for made in result.made],
            "tool": printable(enricher.tool()),
            "seconds": time.monotonic() - began,
        }
    except PermanentFailure as error:
        return _failure(printable(str(error)), phase, permanent=True)
    except TemporaryFailure as error:
        return _failure(printable(str(error)), phase, permanent=False)
    except MemoryError:
        return _failure("It needed more memory than it may use.", phase, permanent=False, limit="memory")
    # Whatever else an enricher's libraries raise over a file that they did not expect is a result too.
    except Exception as error:
        return _unexpected(error, phase, printable)
    return answer


def _unexpected(error: Exception, phase: str, printable: Callable[[Any], Any]) -> dict[str, Any]:
    said = printable(f"{type(error).__name__}: {error}"[:500])
    if phase == "start":
        return _failure(f"The enricher can not be started here: {said}", phase, permanent=False)
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EFBIG:
        return _failure("It wrote a larger file than it may.", phase, permanent=True, limit="output")
    if number == errno.ENOMEM:
        return _failure("It needed more memory than it may use.", phase, permanent=False, limit="memory")
    return _failure(f"The file can not be read: {said}", phase, permanent=number not in PASSING)


def _failure(reason: str, phase: str, *, permanent: bool, limit: str = "") -> dict[str, Any]:
    return {"failure": {"reason": reason, "phase": phase, "permanent": permanent, "limit": limit}}


if __name__ == "__main__":
    main()
