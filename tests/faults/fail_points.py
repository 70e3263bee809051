"""Work that is killed before its n-th step: a statement sent to the database, or a file opened, renamed or removed."""

import os
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

from django.db import connection, connections

FILE_STEPS = {"open", "os.rename", "os.remove", "os.link", "os.truncate"}
LONGEST = 60
"""Seconds after which a process that hangs is ended."""


@dataclass(frozen=True)
class Outcome:
    """What the work had acknowledged, a line each, and whether it came to its end."""

    acknowledged: list[str]
    finished: bool


def killed_before_step(number: int, work: Callable[[Callable[[str], None]], None]) -> Outcome:
    """Run work in a process of its own that kills itself (SIGKILL) before its n-th step, counted from 1.

    `work` gets a function by which it acknowledges: what it said is known, whatever happens next.
    """
    # Neither process may use a connection of the other.
    connections.close_all()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _work_and_exit(number, work, writer)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as said:
        acknowledged = said.read().split()
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status):
        assert os.WEXITSTATUS(status) == 0, "the work failed by itself: see its trace"
        return Outcome(acknowledged, finished=True)
    assert os.WTERMSIG(status) == signal.SIGKILL, "the work hung"
    return Outcome(acknowledged, finished=False)


def _work_and_exit(number: int, work: Callable[[Callable[[str], None]], None], writer: int) -> None:
    """Never return: this process has a copy of all that the tests hold, and must not tidy it up."""
    try:
        signal.alarm(LONGEST)
        _kill_before_step(number)
        work(lambda line: _say(writer, line))
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _say(writer: int, line: str) -> None:
    os.write(writer, f"{line}\n".encode())


def _kill_before_step(number: int) -> None:
    steps = count(1)

    def step() -> None:
        if next(steps) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    def before_statement(carry_out: Any, sql: Any, values: Any, many: Any, context: Any) -> Any:
        step()
        return carry_out(sql, values, many, context)

    def before_file(event: str, arguments: Any) -> None:
        if event in FILE_STEPS:
            step()

    connection.execute_wrappers.append(before_statement)
    sys.addaudithook(before_file)
