"""The inside of the sandbox: a fresh child of the fork-server gives up what it does not need, then runs one enricher.

It writes its answer into its own folder and says nothing elsewhere.
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
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from enrichment.domain import EnricherInput, PermanentFailure, TemporaryFailure
from enrichment.landlock import Fence, fence
from enrichment.parameters import read
from enrichment.printable import printable
from enrichment.syscalls import refuse_all_but_files

LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG = 1

ANSWER = "answer.json"
# What another machine, or a later hour, may do better.
PASSING = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ESTALE})


def main(task_descriptor: int, channel: socket.socket, *, server: int, namespace: bool) -> None:
    """Read the task, shut the doors and say which, run the enricher, write the answer.

    :param server: the number of the process that this one was forked from.
    :param namespace: whether that one has left the network.
    """
    os.setsid()
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != server:
        return
    with open(task_descriptor, "rb") as file:
        task = json.load(file)
    folder = Path(task["folder"])
    forget_the_server(folder, keep=channel.fileno())
    sys.path[:0] = [each for each in task["code"] if each not in sys.path]
    readable = [*task["readable"], *([task["original"]] if task["original"] else [])]
    fenced, filtered = shut_doors(task["limits"], readable=readable, own=task["folder"])
    kept_out = {"namespace": namespace, "landlock": fenced.network, "filter": filtered}
    shut = {
        "network": " and ".join(name for name, holds in kept_out.items() if holds),
        "files": "landlock" if fenced.files else "none",
    }
    # Said before anything of the file's is read: after that, whatever comes from here may be a lie.
    with channel:
        channel.send(json.dumps(shut).encode())
    if namespace or filtered:
        answer = attempt(task, folder)
    else:
        answer = _failure("The network can not be kept out of the sandbox on this machine.", "start", permanent=False)
    (folder / ANSWER).write_text(json.dumps(answer, allow_nan=False))


def forget_the_server(folder: Path, *, keep: int) -> None:
    """Leave what is the server's: its descriptors but one, its folder, where temporary files go."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nowhere, descriptor)
    os.closerange(3, keep)
    os.closerange(keep + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    os.chdir(folder)
    os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = str(folder)


def shut_doors(limits: dict[str, int], *, readable: Sequence[str], own: str) -> tuple[Fence, bool]:
    """Take on the limits, give up network, processes, programs and the files of others; what it may never do the server
    has given up for all.

    :returns: what the kernel's fence keeps shut, and whether the filter of system calls holds.
    """
    fenced = fence(LIBC, readable=readable, own=own)
    room = address_space(limits["memory_bytes"])
    # A second past the limit the kernel kills outright what ignores SIGXCPU.
    for kind, soft, hard in (
        (resource.RLIMIT_CPU, limits["cpu_seconds"], limits["cpu_seconds"] + 1),
        (resource.RLIMIT_AS, room, room),
        (resource.RLIMIT_FSIZE, limits["file_bytes"], limits["file_bytes"]),
        (resource.RLIMIT_NOFILE, limits["open_files"], limits["open_files"]),
        (resource.RLIMIT_NPROC, 1, 1),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        resource.setrlimit(kind, (soft, hard))
    return fenced, refuse_all_but_files(LIBC)


def address_space(resident: int) -> int:
    """Give the address space, in bytes, in which about `resident` bytes of memory at most can come to be used.

    Libraries reserve much that they never touch. What they have and have not touched yet may come on top: some 100 kB.
    """
    size, now = (int(pages) * resource.getpagesize() for pages in Path("/proc/self/statm").read_text().split()[:2])
    return size + max(0, resident - now)


@cache
def tool_of(module: str) -> str:
    """Ask an enricher what it works with: looked up in the folders of what is installed, so once and before a fork."""
    said: str = importlib.import_module(module).ENRICHER.tool()
    return said


def attempt(task: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Run the enricher; whatever it raises becomes a failure with a reason."""
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
                adjusted=read(enricher.adjustable, task["adjusted"] or {})[0],
            )
        )
        phase = "write"
        answer = {
            "output": printable(dataclasses.asdict(result.output)),
            "flags": printable([dataclasses.asdict(flag) for flag in result.flags]),
            "made": [{**dataclasses.asdict(made), "path": Path(made.path).name} for made in result.made],
            "tool": printable(tool_of(task["module"])),
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
        return _unexpected(error, phase)
    return answer


def _unexpected(error: Exception, phase: str) -> dict[str, Any]:
    said = printable(f"{type(error).__name__}: {error}"[:500])
    if isinstance(error, ModuleNotFoundError) and error.name:
        # Not the file's fault: a worker elsewhere may have it.
        lacks = printable(error.name)
        return _failure(f"The enricher can not work here; not installed: {lacks}.", phase, permanent=False)
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
