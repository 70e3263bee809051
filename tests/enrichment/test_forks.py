"""The fork-server: it or its worker may die, several may ask at once; nothing is lost and nothing stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from enrichment import forks, sandbox
from enrichment.domain import Limits
from enrichment.sandbox import Done, Failed
from tests.site import REPOSITORY

HOSTILE = Path(__file__).parent / "hostile"


def outcome_of(do: str, *, limits: Limits | None = None, **fields: object) -> Done | Failed:
    given = {"do": do, **fields}
    with sandbox.run(
        "takeover", kind="statement", fields=given, original=None, limits=limits or Limits(), code=HOSTILE
    ) as outcome:
        return outcome


def server() -> psutil.Process:
    [found] = [each for each in psutil.Process().children() if "forkserver.py" in " ".join(each.cmdline())]
    return found


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    forks.stop()
    monkeypatch.setattr(sandbox, "FOLDERS", tmp_path / "sandboxes")
    yield tmp_path / "sandboxes"
    assert list((tmp_path / "sandboxes").glob("*")) == []


def test_the_parsers_are_imported_once_for_many_runs() -> None:
    assert isinstance(outcome_of("make_files"), Done)
    first = server()
    assert all(isinstance(outcome_of("make_files"), Done) for _ in range(3))
    assert server() == first
    assert first.num_threads() == 1, "only so it is safe to fork"


def test_a_server_that_died_between_two_runs_is_not_noticed() -> None:
    assert isinstance(outcome_of("make_files"), Done)
    killed = server()
    killed.kill()
    psutil.wait_procs([killed], timeout=10)
    assert isinstance(outcome_of("make_files"), Done)
    assert server() != killed


def test_a_run_whose_server_dies_has_failed_for_the_time_being() -> None:
    assert isinstance(outcome_of("make_files"), Done)
    killed = server()

    def kill_both() -> None:
        # Called once the child is at work.
        killed.kill()

    with sandbox.run(
        "takeover", kind="statement", fields={"do": "idle"}, original=None, limits=Limits(), code=HOSTILE,
        meanwhile=kill_both,
    ) as failed:  # fmt: skip
        assert isinstance(failed, Failed)
        assert failed.reason == "The process died with its fork-server, which was ended by SIGKILL."
        assert (failed.permanent, failed.limit) == (False, "")
    assert isinstance(outcome_of("make_files"), Done)


def test_a_server_that_does_not_answer_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forks, "DIES_WITHIN", 0.5)
    assert isinstance(outcome_of("make_files"), Done)
    stuck = server()
    stuck.suspend()
    failed = outcome_of("make_files", limits=Limits(wall_seconds=1))
    assert isinstance(failed, Failed)
    assert failed.permanent is False
    assert isinstance(outcome_of("make_files"), Done)
    assert not stuck.is_running()


def test_a_server_that_can_not_start_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    forks.stop()
    monkeypatch.setattr(forks.forkserver, "__file__", "/nowhere/forkserver.py")
    failed = outcome_of("make_files")
    assert isinstance(failed, Failed)
    assert (failed.phase, failed.permanent) == ("start", False)
    assert failed.reason == "The fork-server can not be started here: it stopped with exit code 2."


def test_several_threads_may_ask_at_once() -> None:
    together = threading.Barrier(4)

    def ask(number: int) -> dict[str, str]:
        together.wait()
        outcome = outcome_of("read_files", paths=[f"/nowhere/{number}"])
        assert isinstance(outcome, Done)
        got: dict[str, str] = outcome.output["got"]
        return got

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(ask, range(4)))
    assert [list(each) for each in found] == [[f"/nowhere/{number}"] for number in range(4)]
    assert server().children() == []


WORKER = f"""
import os, sys
import django
django.setup()
from pathlib import Path
from enrichment import forks, sandbox
from enrichment.domain import Limits
sandbox.FOLDERS = Path(sys.argv[1])

def run(do, meanwhile=bool):
    return sandbox.run(
        "takeover", kind="statement", fields={{"do": do}}, original=None, limits=Limits(), code=Path({str(HOSTILE)!r}),
        meanwhile=meanwhile,
    )
"""


def worker(code: str, folder: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "osint.settings", "PYTHONWARNINGS": "error"}
    command = [sys.executable, "-c", WORKER + code, str(folder)]
    return subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True)


def test_a_worker_that_is_killed_leaves_no_process(folder: Path) -> None:
    code = """
with run('tell_imports'): pass
with run('idle', lambda: print("working", flush=True)): pass
"""
    with worker(code, folder) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "working\n"
        below = psutil.Process(killed.pid).children(recursive=True)
        assert len(below) == 2, "the server and the child"
        killed.send_signal(signal.SIGKILL)
        _, alive = psutil.wait_procs(below, timeout=10)
        assert alive == []
    assert sandbox.sweep(older_than=timedelta(0)) == 1


def test_a_process_that_is_forked_from_a_worker_has_a_server_of_its_own(folder: Path) -> None:
    code = """
with run('tell_imports') as first: pass
if os.fork() == 0:
    with run('tell_imports') as second: pass
    print(type(second).__name__, flush=True)
    forks.stop()
    os._exit(0)
os.wait()
with run('tell_imports') as third: pass
print(type(first).__name__, type(third).__name__, flush=True)
"""
    with worker(code, folder) as done:
        assert done.stdout is not None
        assert done.stdout.read() == "Done\nDone Done\n"
    assert done.returncode == 0
