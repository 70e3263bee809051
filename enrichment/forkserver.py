"""The process that sandboxes are forked from: it has the parsers imported, and knows nothing else.

It is started with the standard library's isolation (`-I`), an environment that says nothing of the worker's, one end
of a socket pair as its standard input, and the modules of some enrichers as its arguments, so it has no secrets,
settings, database or network of the worker's to hand on. For each message with two descriptors it forks a child. What
the child is to do lies in the first, which is read by the child alone: nothing of one case's evidence is left here for
the child of another. By the second the child says which doors it has shut before it begins, and the server how it
ended; when the worker shuts its end of that, or dies, the child is killed with its whole group. One thread, so that
forking is safe.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import platform
import select
import signal
import socket
import struct
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

CODE = Path(__file__).resolve().parent.parent
PACKAGES = ("enrichment", "evidence", "cases", "ledger")
"""What enrichers may import of ours: theirs and the rooms below. Beside them may lie anything, the data folder too."""

CLONE_NEWUSER, CLONE_NEWIPC, CLONE_NEWNET = 0x10000000, 0x08000000, 0x40000000

PR_SET_NO_NEW_PRIVS = 38
CAPABILITY_VERSION = 0x20080522
"""_LINUX_CAPABILITY_VERSION_3 of linux/capability.h: three times two words of 32 bits."""

NICE = 10
"""How far sandboxes stand back for those whom somebody waits for; see nice(2)."""

READY, NO_ROOM = b"ready", b"no room"


@dataclass(frozen=True)
class Running:
    """A child: its number, what becomes readable when it has ended, and where that is told."""

    pid: int
    ended: int
    channel: socket.socket

    def kill(self) -> None:
        """Kill it with its group; it may not have come to have one yet."""
        os.kill(self.pid, signal.SIGKILL)
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)


class Server:
    """Forks a child for each message on `control`, until that is closed."""

    def __init__(self, control: socket.socket, *, namespace: bool) -> None:
        self.control, self.namespace = control, namespace
        self.running: dict[int, Running] = {}
        self.poll = select.poll()
        self.poll.register(control, select.POLLIN)

    def serve(self) -> None:
        """Work until the worker has gone; leave no child behind."""
        while True:
            # One at a time: what is told next may be of a descriptor that this one closes and the next opens anew.
            [*_, (descriptor, _)] = self.poll.poll()
            if descriptor != self.control.fileno():
                self.heard_of(self.running[descriptor], descriptor)
            elif descriptors := self.hear():
                self.fork(*descriptors)
            else:
                for child in self.running.values():
                    child.kill()
                return

    def hear(self) -> list[int]:
        """Take the two descriptors of the next task; none when the worker has gone."""
        try:
            return list(socket.recv_fds(self.control, 1, 2)[1])
        except ConnectionResetError:
            return []

    def fork(self, task: int, channel: int) -> None:
        """Start a child on a task, or say that the machine has no room for one."""
        heard = socket.socket(fileno=channel)
        server = os.getpid()
        try:
            pid = os.fork()
        except OSError:
            with heard, suppress(OSError):
                heard.send(NO_ROOM)
            return
        finally:
            if os.getpid() == server:
                os.close(task)
        if pid == 0:
            self.be_a_child(task, heard, server)
        child = Running(pid, os.pidfd_open(pid), heard)
        for descriptor, event in ((child.ended, select.POLLIN), (channel, select.POLLRDHUP)):
            self.running[descriptor] = child
            self.poll.register(descriptor, event)

    def be_a_child(self, task: int, channel: socket.socket, server: int) -> NoReturn:
        """Do the task and end, whatever happens: nothing of the server is run on in a child."""
        from enrichment import child

        try:
            child.main(task, channel, server=server, namespace=self.namespace)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)

    def heard_of(self, child: Running, descriptor: int) -> None:
        """Kill a child that is not wanted any more; tell how one ended."""
        child.kill()
        if descriptor != child.ended:
            self.poll.unregister(descriptor)
            return
        _, status, used = os.wait4(child.pid, 0)
        told = {
            "code": os.waitstatus_to_exitcode(status),
            "cpu_seconds": used.ru_utime + used.ru_stime,
            "peak_bytes": used.ru_maxrss << 10,
        }
        # Where nobody listens any more, nobody needs to know.
        with suppress(OSError):
            child.channel.send(json.dumps(told).encode())
        self.forget(child)

    def forget(self, child: Running) -> None:
        for descriptor in (child.ended, child.channel.fileno()):
            del self.running[descriptor]
            with suppress(KeyError):
                self.poll.unregister(descriptor)
        os.close(child.ended)
        child.channel.close()


def preload(modules: Sequence[str]) -> None:
    """Import what enrichers need, and let each make ready what it would else make ready in every child."""
    for package in PACKAGES:
        importlib.import_module(package)
    from enrichment import child, landlock, syscalls

    landlock.system()
    if platform.machine() in syscalls.ARCHITECTURES:
        syscalls.program_of(platform.machine())
    for module in modules:
        # Its runs will say the reason, and those of the others go on.
        try:
            importlib.import_module(module).ENRICHER.prepare()
            child.tool_of(module)
        except Exception:
            traceback.print_exc()
    gc.collect()
    # What is collected in a child would else be written to in each object's head, and so copied.
    gc.freeze()


def give_up() -> bool:
    """Give up, for itself and all children, what none of them needs; return whether the network is left behind."""
    # Where memory ends, whoever is beside them should outlive them.
    Path("/proc/self/oom_score_adj").write_text("1000")
    os.nice(NICE)
    os.umask(0o077)
    libc = ctypes.CDLL(None, use_errno=True)
    namespace: bool = libc.unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC) == 0
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.capset(struct.pack("=Ii", CAPABILITY_VERSION, 0), bytes(24))
    return namespace


def main() -> None:
    """Leave the worker's network, import the parsers, say that this is done, and serve."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Of a terminal: the worker ends its work first.
    control = socket.socket(fileno=os.dup(0))
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.close(nowhere)
    namespace = give_up()
    sys.path.insert(0, str(CODE))
    preload(sys.argv[1:])
    # A worker that has gone meanwhile needs nothing more.
    with suppress(BrokenPipeError):
        control.send(READY)
        Server(control, namespace=namespace).serve()


if __name__ == "__main__":
    main()
