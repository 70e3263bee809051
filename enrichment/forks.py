"""The worker's side of the fork-servers: each is started when it is first needed, and again when it has died.

A worker process has one for each kind of evidence, with the enrichers that accept it, so that no child inherits more
than it may need. They live as long as it does, and may be asked from several threads at once.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock

from enrichment import forkserver, registry

ENVIRONMENT = {
    "LANG": "C.UTF-8",
    # One thread: children may start none.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OMP_THREAD_LIMIT": "1",
    # Memory in pages of 2 MiB where the kernel has them, for a fork copies the table of the pages; and what was given
    # back is used again, for each page is made empty first.
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1:glibc.malloc.mmap_max=0",
}

LOOK_SECONDS = 0.25
"""How often whoever waits is called, and the child's folder is looked at."""

STARTS_WITHIN = 60
"""Seconds that the parsers may take to be imported, on a slow disk."""

DIES_WITHIN = 5
"""Seconds from the kill of a child to the news of its death."""


class NoServer(Exception):
    """There is no fork-server, or it did not do what it was asked for; the text says why, for a person."""

    def __init__(self, said: str, *, phase: str = "start") -> None:
        super().__init__(said)
        self.phase = phase


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a child ended: its exit code, or a signal's number below 0; processor seconds and bytes of memory it used."""

    code: int
    cpu_seconds: float
    peak_bytes: int


@dataclass(frozen=True, kw_only=True)
class Shut:
    """What kept the network out and other files shut, as the child found it before it read anything of the task."""

    network: str
    files: str


class Child:
    """One that runs; at the end of its block it has ended, of itself or by being killed with its group."""

    ended: Ended
    shut = Shut(network="none", files="none")

    def __init__(self, server: _Server, channel: socket.socket) -> None:
        self._server, self._channel = server, channel

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        with self._channel:
            if hasattr(self, "ended"):
                return
            with suppress(OSError):
                self._channel.shutdown(socket.SHUT_WR)
            if self.wait(DIES_WITHIN) is None:
                self._server.kill()
                raise NoServer(f"The process did not die within {DIES_WITHIN} seconds.", phase="read")

    def wait(self, seconds: float) -> Ended | None:
        """Wait for its end, so long at most.

        :raises NoServer: the server ended meanwhile, and the child with it, or it could not be started.
        """
        # Without any time the socket would not wait, and would say so in another way.
        self._channel.settimeout(max(seconds, 0.001))
        try:
            told = self._channel.recv(1024)
        except TimeoutError:
            return None
        except ConnectionResetError:
            told = b""
        if not told:
            raise NoServer(f"The process died with its fork-server, which {self._server.death()}.", phase="read")
        if told == forkserver.NO_ROOM:
            raise NoServer("The machine has no room for a further process.")
        values = json.loads(told)
        if "code" not in values:
            self.shut = Shut(**values)
            return self.wait(seconds)
        self.ended = Ended(**values)
        return self.ended


class _Server:
    def __init__(self, kind: str) -> None:
        modules = [registry.module_of(enricher) for enricher in registry.of_kind(kind)]
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 -- our own interpreter and our own file
                [sys.executable, "-I", "-B", forkserver.__file__, *modules],
                stdin=theirs,
                stdout=subprocess.DEVNULL,
                cwd="/",
                env=ENVIRONMENT,
                start_new_session=True,
            )

    def start(self, meanwhile: Callable[[], object]) -> None:
        """Wait until it has imported the parsers.

        :raises NoServer: it did not come to that.
        """
        until = time.monotonic() + STARTS_WITHIN
        self._control.settimeout(LOOK_SECONDS)
        while True:
            try:
                ready = self._control.recv(len(forkserver.READY))
            except TimeoutError:
                if time.monotonic() > until:
                    raise NoServer(f"The fork-server did not start within {STARTS_WITHIN} seconds.") from None
                meanwhile()
                continue
            if not ready:
                raise NoServer(f"The fork-server can not be started here: it {self.death()}.") from None
            return

    def fork(self, task: bytes) -> Child:
        """Have a child forked for a task.

        :raises OSError: the server has died.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, open(os.memfd_create("task"), "w+b") as memory:
            memory.write(task)
            memory.seek(0)
            try:
                socket.send_fds(self._control, [b"+"], [memory.fileno(), theirs.fileno()])
            except OSError:
                ours.close()
                raise
        return Child(self, ours)

    def death(self) -> str:
        """Say how it ended, for a person, once its end of a socket is closed: it is about to end, if it has not."""
        try:
            code = self._process.wait(DIES_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"stopped with exit code {code}"

    def kill(self) -> None:
        """End it at once; its children end with it."""
        self._process.kill()
        self.stop()

    def stop(self) -> None:
        """Let it end."""
        self.let_go()
        self._process.wait()

    def let_go(self) -> None:
        """Close this process's end of the socket; the server ends when nobody holds one any more."""
        self._control.close()


_lock = Lock()
_servers: dict[str, _Server] = {}
_of_others: list[_Server] = []
"""Servers of the process that this one was forked from: not ours to ask, nor to wait for."""


def fork(task: bytes, *, kind: str, meanwhile: Callable[[], object] = bool) -> Child:
    """Have a child forked that does a task on evidence of a kind, by a server of this process.

    :param meanwhile: called again and again while a server is being started.
    :raises NoServer: there is none, and none can be started.
    """
    with _lock:
        if server := _servers.get(kind):
            try:
                return server.fork(task)
            except OSError:
                # It died since it was last asked; nothing was lost.
                _servers.pop(kind).kill()
        server = _Server(kind)
        try:
            server.start(meanwhile)
        except BaseException:
            server.kill()
            raise
        _servers[kind] = server
        try:
            return server.fork(task)
        except OSError as error:
            raise NoServer(f"The fork-server can not be spoken to: it {server.death()}.") from error


def stop() -> None:
    """End the servers of this process; the next fork starts one again."""
    with _lock:
        while _servers:
            _servers.popitem()[1].stop()


def _leave_to_parent() -> None:
    global _lock
    _lock = Lock()
    while _servers:
        _of_others.append(_servers.popitem()[1])
        _of_others[-1].let_go()


os.register_at_fork(after_in_child=_leave_to_parent)
atexit.register(stop)
