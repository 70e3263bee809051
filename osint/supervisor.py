"""Run several programs as one: start, watch, restart and stop them, and leave nothing behind.

One thread, one loop: output, deaths and signals are all events of a selector. That keeps the fork before
each start safe, and ties the children's lives to this process (the kernel ties them to the forking thread).
"""

import contextlib
import ctypes
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
# A part that lived this many seconds is healthy again, and its next pause is the first one.
HEALTHY_AFTER = 30.0
# Seconds between SIGTERM and SIGKILL.
GRACE = 10.0
# Deaths of one part, before everything was ready once, after which the start is given up.
TRIES_AT_START = 4

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
_prctl = getattr(ctypes.CDLL(None, use_errno=True), "prctl", None)


class GaveUp(RuntimeError):
    """The parts could not be started; the text says which and why, for a person."""


def die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent dies (Linux; elsewhere nothing happens)."""
    if _prctl is not None:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


@dataclass(kw_only=True)
class Part:
    """One program: its name in the output, how to run it, and how it fares."""

    name: str
    command: Sequence[str]
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = FIRST_PAUSE
    again_at: float = 0.0
    deaths: int = 0
    unfinished: bytes = b""


class Supervisor:
    """Watch over parts: `start` each, `run` until a signal comes, and `stop` in every case."""

    def __init__(self, *, say: Callable[[str], None], grace: float = GRACE) -> None:
        self.say = say
        self.grace = grace
        self.parts: list[Part] = []
        self.ready = False
        self._stopping = False
        self._selector = selectors.DefaultSelector()
        self._wake_in, self._wake_out = socket.socketpair()
        for end in (self._wake_in, self._wake_out):
            end.setblocking(False)
        self._selector.register(self._wake_in, selectors.EVENT_READ)

    def __enter__(self) -> "Supervisor":
        self._wake_before = signal.set_wakeup_fd(self._wake_out.fileno())
        heard = [signal.SIGINT, signal.SIGTERM, signal.SIGCHLD]
        # nohup asks that the closing of a terminal be ignored.
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            heard.append(signal.SIGHUP)
        self._handlers = {number: signal.signal(number, self._note) for number in heard}
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wake_before)
        self._selector.close()
        self._wake_in.close()
        self._wake_out.close()

    @property
    def stopping(self) -> bool:
        """Whether someone asked for the end."""
        return self._stopping

    def start(self, part: Part) -> None:
        """Start a part and watch over it from now on."""
        self.parts.append(part)
        self._launch(part)

    def run(self, *, is_ready: Callable[[], bool], when_ready: Callable[[], None]) -> None:
        """Watch until a signal asks for the end; call `when_ready` once, when `is_ready` first says so."""
        while not self._stopping:
            self._turn(0.1 if not self.ready else 1.0)
            if not self.ready and not self._stopping and is_ready():
                self.ready = True
                when_ready()

    def stop(self) -> None:
        """Stop the parts, the last started first; kill what has not ended after the grace."""
        self._stopping = True
        for part in reversed(self.parts):
            self._stop(part)

    def _note(self, number: int, _frame: object) -> None:
        if number != signal.SIGCHLD:
            self._stopping = True

    def _launch(self, part: Part) -> None:
        parent = os.getpid()

        def tie() -> None:
            die_with_parent()
            if os.getppid() != parent:
                os._exit(1)

        part.process = subprocess.Popen(
            part.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **part.environment},
            # A session of its own: Ctrl-C in the terminal reaches only us, and its whole group can be killed.
            start_new_session=True,
            preexec_fn=tie,
        )
        part.started = time.monotonic()
        assert part.process.stdout is not None  # noqa: S101 (for the type checker)
        os.set_blocking(part.process.stdout.fileno(), False)
        self._selector.register(part.process.stdout, selectors.EVENT_READ, part)

    def _turn(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            if key.data is None:
                self._drain_wake()
            else:
                self._relay(key.data)
        for part in self.parts:
            if part.process is not None and part.process.poll() is not None:
                self._bury(part)
            elif part.process is None and time.monotonic() >= part.again_at and not self._stopping:
                self._launch(part)

    def _drain_wake(self) -> None:
        try:
            while self._wake_in.recv(1024):
                pass
        except BlockingIOError:
            return

    def _bury(self, part: Part) -> None:
        """Note a death, end what the dead left running, and set the time of the next start."""
        process = self._forget(part)
        part.deaths += 1
        if not self.ready and part.deaths >= TRIES_AT_START:
            raise GaveUp(f"{part.name} stopped {part.deaths} times at its start; its last lines are above.")
        if time.monotonic() - part.started > HEALTHY_AFTER:
            part.pause = FIRST_PAUSE
        part.again_at = time.monotonic() + part.pause
        self.say(f"{part.name} {_how(process.returncode)}; it starts again in {part.pause:g} s.")
        part.pause = min(part.pause * 2, LONGEST_PAUSE)

    def _stop(self, part: Part) -> None:
        if part.process is None:
            return
        # The leader alone is asked: it ends its own children in its own order.
        part.process.terminate()
        deadline = time.monotonic() + self.grace
        while part.process.poll() is None and time.monotonic() < deadline:
            for key, _ in self._selector.select(0.05):
                self._drain_wake() if key.data is None else self._relay(key.data)
        self._forget(part)

    def _forget(self, part: Part) -> subprocess.Popen[bytes]:
        """Kill what is left of a part's group and close its pipe."""
        process = part.process
        assert process is not None and process.stdout is not None  # noqa: S101, PT018 (for the type checker)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self._relay(part)
        if part.process is not None:
            self._close_pipe(part)
        part.process = None
        return process

    def _relay(self, part: Part) -> None:
        """Print the whole lines that a part has written, with its name in front."""
        if part.process is None or part.process.stdout is None or part.process.stdout.closed:
            return
        while True:
            try:
                chunk = os.read(part.process.stdout.fileno(), 65536)
            except BlockingIOError:
                break
            if not chunk:
                self._close_pipe(part)
                break
            *lines, part.unfinished = (part.unfinished + chunk).split(b"\n")
            for line in lines:
                _print_line(part.name, line)

    def _close_pipe(self, part: Part) -> None:
        stdout = part.process.stdout if part.process else None
        if stdout is not None and not stdout.closed:
            self._selector.unregister(stdout)
            stdout.close()
        if part.unfinished:
            _print_line(part.name, part.unfinished)
            part.unfinished = b""


def _print_line(name: str, line: bytes) -> None:
    print(f"{name:<7}| {line.decode(errors='replace').rstrip()}", flush=True)


def _how(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"stopped with exit code {code}"


def python_module(*words: str) -> list[str]:
    """Return the command that runs a module with this very Python."""
    return [sys.executable, "-m", *words]


def hold(file: Path) -> int | None:
    """Take the lock on a file for as long as this process lives; None if another process has it."""
    import fcntl

    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    return descriptor
