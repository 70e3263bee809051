"""The sandbox against enrichers that were taken over: each limit holds and is named, and the worker lives on."""

from __future__ import annotations

import errno
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.db import connection

from enrichment import forks, landlock, sandbox
from enrichment.domain import Limits
from enrichment.sandbox import Done, Failed

HOSTILE = Path(__file__).parent / "hostile"
# Wide enough that on a busy machine processor time runs out first.
TIGHT = Limits(cpu_seconds=1, wall_seconds=30, file_bytes=8 << 20, folder_bytes=32 << 20)


@contextmanager
def taken_over(do: str, *, limits: Limits = TIGHT, **fields: Any) -> Iterator[Done | Failed]:
    with sandbox.run(
        "takeover", kind="statement", fields={"do": do, **fields}, original=None, limits=limits, code=HOSTILE
    ) as outcome:
        yield outcome


def failure(do: str, *, limits: Limits = TIGHT, **fields: Any) -> Failed:
    with taken_over(do, limits=limits, **fields) as outcome:
        assert isinstance(outcome, Failed), outcome
        return outcome


def spoils(do: str, *, limits: Limits = TIGHT, **fields: Any) -> Any:
    with taken_over(do, limits=limits, **fields) as outcome:
        assert isinstance(outcome, Done), outcome
        return outcome.output["got"]


def servers(of: psutil.Process | None = None) -> list[psutil.Process]:
    """List the fork-servers of a process, this one unless told."""
    found = (of or psutil.Process()).children()
    return [each for each in found if each.status() != "zombie" and "forkserver.py" in " ".join(each.cmdline())]


@pytest.fixture(autouse=True)
def nothing_left(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Look, after each test, that the sandbox left neither a process nor a folder behind, and one server at most."""
    folder = tmp_path_factory.mktemp("sandboxes")
    monkeypatch.setattr(sandbox, "FOLDERS", folder)
    yield
    assert len(servers()) <= 1
    assert [child for server in servers() for child in server.children()] == []
    assert list(folder.iterdir()) == []


@pytest.fixture
def without_server() -> None:
    """Let the test's own run start the fork-server."""
    forks.stop()


# --- limits -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("do", ["spin", "spin_deaf"])
def test_a_busy_loop_ends_at_the_limit_of_processor_time(do: str) -> None:
    failed = failure(do)
    assert (failed.limit, failed.permanent) == ("cpu", False)
    assert failed.reason == "It used more than 1 seconds of processor time."


def test_an_idle_one_ends_at_the_limit_of_time() -> None:
    failed = failure("idle", limits=Limits(wall_seconds=1))
    assert (failed.limit, failed.permanent) == ("time", False)
    assert failed.reason == "It took longer than 1 seconds."


@pytest.mark.parametrize("do", ["take_memory", "map_memory"])
def test_who_takes_too_much_memory_is_refused_it(do: str) -> None:
    failed = failure(do)
    assert (failed.limit, failed.permanent) == ("memory", False)


def test_what_it_may_use_holds_for_all_that_is_in_memory_with_what_was_there_before() -> None:
    failed = failure("fill_memory", limits=Limits())
    assert (failed.limit, failed.permanent) == ("memory", False)
    assert 256_000_000 < failed.peak_bytes < 512_000_000


def test_a_file_ends_at_its_limit() -> None:
    failed = failure("write_one_large_file")
    assert (failed.limit, failed.phase) == ("output", "read")
    assert failed.reason == "It wrote a larger file than it may."


def test_many_files_end_at_the_limit_of_the_folder() -> None:
    failed = failure("write_many_files", limits=Limits(cpu_seconds=10, wall_seconds=20, folder_bytes=32 << 20))
    assert (failed.limit, failed.reason) == ("output", "It wrote more than 33,554,432 bytes.")


def test_folders_deeper_than_any_path_are_removed_too() -> None:
    assert spoils("dig", limits=Limits()) == 3000


def test_what_a_killed_worker_left_is_removed_in_time() -> None:
    left = sandbox.FOLDERS / "left"
    (left / "a" / "b").mkdir(parents=True)
    (left / "a" / "picture").write_bytes(b"x")
    (left / "a" / "link").symlink_to("/etc")
    assert sandbox.sweep(older_than=timedelta(minutes=10)) == 0
    assert left.is_dir()
    assert sandbox.sweep(older_than=timedelta(0)) == 1
    assert not left.exists()
    assert Path("/etc").is_dir()


def test_the_folder_of_a_run_that_goes_on_is_not_swept_however_old() -> None:
    with taken_over("make_files") as outcome:
        assert isinstance(outcome, Done)
        assert sandbox.sweep(older_than=timedelta(0)) == 0
        assert outcome.made[0].path.read_text() == "made here"


def test_whoever_waits_is_called_again_and_again_meanwhile() -> None:
    called: list[int] = []
    with sandbox.run(
        "takeover", kind="statement", fields={"do": "idle"}, original=None, limits=Limits(wall_seconds=1), code=HOSTILE,
        meanwhile=lambda: called.append(1),
    ):  # fmt: skip
        assert len(called) > 1


def test_a_large_original_has_the_seconds_that_reading_it_takes() -> None:
    small = Limits(cpu_seconds=10, wall_seconds=20)
    assert small.for_original(0) == small
    one = small.for_original(1)
    assert (one.cpu_seconds, one.wall_seconds) == (11, 21), "a part of a second is one"
    large = small.for_original(8 << 30)
    assert (large.cpu_seconds, large.wall_seconds) == (10 + 8 * 8, 20 + 8 * 30)
    assert large.memory_bytes == small.memory_bytes


def test_an_answer_that_is_too_large_is_not_read() -> None:
    failed = failure("say_too_much", limits=Limits())
    assert (failed.limit, failed.permanent) == ("output", True)


# --- dying ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("do", "how"), [("crash", "SIGSEGV"), ("abort", "SIGABRT")])
def test_a_crash_is_a_failure_with_its_signal(do: str, how: str) -> None:
    failed = failure(do)
    assert (failed.reason, failed.permanent, failed.limit) == (f"The process died ({how}).", False, "")


@pytest.mark.parametrize("do", ["leave", "answer_never", "answer_with_a_folder"])
def test_who_leaves_without_an_answer_has_failed(do: str) -> None:
    assert failure(do).reason == "The process ended without an answer."


# --- doors ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("do", ["fork", "start_a_program", "kill_the_server", "kill_all_of_the_account"])
def test_there_are_no_further_processes_programs_or_signals_to_others(do: str) -> None:
    assert "Operation not permitted" in failure(do).reason


def test_the_kernel_itself_refuses_a_further_process() -> None:
    assert spoils("fork_by_the_kernel") == [-1, errno.EPERM]


def test_there_are_no_threads_for_nothing_else_would_count_them() -> None:
    assert spoils("start_a_thread") == "refused"


@pytest.mark.parametrize("do", ["trace_the_server", "share_memory"])
def test_nothing_is_shared_with_other_processes_of_the_account(do: str) -> None:
    assert spoils(do) == [-1, errno.EPERM]


def test_it_may_do_nothing_special_stands_back_and_is_the_first_to_go_where_memory_ends() -> None:
    standing = spoils("tell_standing")
    assert (standing["capabilities"], standing["first_to_go"]) == (0, 1000)
    assert standing["nice"] >= 10


@pytest.mark.usefixtures("without_server")
def test_the_environment_holds_nothing_of_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OSINT_SECRET_KEY", "DATABASE_URL", "REDIS_URL", "CANARY"):
        monkeypatch.setenv(name, "canary")
    found = spoils("tell_environment")
    assert set(found) == {*forks.ENVIRONMENT, "TMPDIR"} | ({"LC_CTYPE"} & set(found))
    assert "canary" not in str(found)


def test_nothing_of_an_earlier_task_is_left_in_its_memory() -> None:
    assert failure("refuse", note="yellow canary of case one").reason
    assert spoils("search_memory", drow="eno esac fo yranac wolley") == 0
    assert spoils("search_memory", drow="ecidujerP", note="Prejudice") > 0, "it does find what is there"


def test_neither_settings_nor_a_database_are_loaded() -> None:
    assert spoils("tell_imports") == []


@pytest.mark.usefixtures("without_server")
def test_no_file_or_socket_of_the_worker_stays_open_in_it(tmp_path: Path) -> None:
    with (tmp_path / "canary").open("w") as file, socket.create_server(("127.0.0.1", 0)) as server:
        os.set_inheritable(file.fileno(), True)
        os.set_inheritable(server.fileno(), True)
        found = spoils("tell_open_files")
    assert {name for name in found if int(name) > 2 and not found[name].startswith("/proc")} == set()


def test_a_listener_on_this_machine_can_not_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert "Operation not permitted" in failure("connect", port=server.getsockname()[1]).reason
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()


@pytest.mark.django_db
def test_the_database_can_not_be_reached() -> None:
    at = connection.settings_dict
    if connection.vendor == "sqlite":
        assert spoils("read_files", paths=[str(at["NAME"])]) == {str(at["NAME"]): "EACCES"}
    else:
        assert "Operation not permitted" in failure("connect", port=int(at["PORT"])).reason


def test_the_kernel_itself_refuses_a_socket() -> None:
    assert spoils("connect_below_python") == [-1, errno.EPERM]


def test_a_socket_in_the_file_system_can_not_be_reached(tmp_path: Path) -> None:
    path = str(tmp_path / "broker")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        assert "Operation not permitted" in failure("connect_in_the_file_system", path=path).reason


def test_it_says_what_keeps_the_network_out() -> None:
    with taken_over("tell_imports") as outcome:
        assert isinstance(outcome, Done)
        assert outcome.network.split(" and ")[-1] == "filter"
        assert set(outcome.network.split(" and ")) <= {"namespace", "landlock", "filter"}


# --- files ---


@pytest.fixture
def canaries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A data folder with the log's key, the secret key, the database, an original; and the sandboxes in it."""
    data = tmp_path / "data"
    there = [data / "secret-key", data / "keys/signing.key", data / "db.sqlite3", data / "files/cd/ef/original"]
    for path in (*there, tmp_path / "elsewhere"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"canary")
    monkeypatch.setattr(sandbox, "FOLDERS", data / "run" / "sandbox")
    return [str(path) for path in (*there, tmp_path / "elsewhere")]


def test_it_says_what_keeps_other_files_shut() -> None:
    """Linux has had Landlock since 5.13; a machine without it would pass none of the tests below."""
    with taken_over("tell_imports") as outcome:
        assert isinstance(outcome, Done)
        assert outcome.files == "landlock"


def test_keys_database_and_the_originals_of_others_can_not_be_read(canaries: list[str]) -> None:
    others = [*canaries, f"/proc/{os.getpid()}/environ", "/etc/passwd", f"{sandbox.CODE}/manage.py"]
    assert spoils("read_files", paths=others) == dict.fromkeys(others, "EACCES")


def test_folders_of_others_can_not_be_listed(tmp_path: Path) -> None:
    folders = [str(tmp_path), str(sandbox.FOLDERS), str(sandbox.CODE), "/tmp", "/", "/proc"]
    assert spoils("list_folders", paths=folders) == dict.fromkeys(folders, "EACCES")


def test_the_one_original_is_read_and_no_other(canaries: list[str], tmp_path: Path) -> None:
    original = tmp_path / "original"
    original.write_bytes(b"its own")
    fields = {"do": "read_files", "paths": [str(original), *canaries]}
    with sandbox.run("takeover", kind="image", fields=fields, original=original, limits=TIGHT, code=HOSTILE) as outcome:
        assert isinstance(outcome, Done)
        assert outcome.output["got"] == {str(original): "its own", **dict.fromkeys(canaries, "EACCES")}


def test_no_file_outside_is_changed_not_even_the_original(tmp_path: Path) -> None:
    original = tmp_path / "original"
    original.write_bytes(b"its own")
    before = original.stat()
    fields = {"do": "change_files", "path": str(original)}
    with sandbox.run("takeover", kind="image", fields=fields, original=original, limits=TIGHT, code=HOSTILE) as outcome:
        assert isinstance(outcome, Done)
        assert {said for said in outcome.output["got"].values()} <= {"EACCES", "EPERM", "EXDEV"}
    after = original.stat()
    assert (after.st_mode, after.st_uid, after.st_mtime_ns) == (before.st_mode, before.st_uid, before.st_mtime_ns)
    assert original.read_bytes() == b"its own"
    assert list(tmp_path.iterdir()) == [original]


def test_in_its_own_folder_it_works_as_usual() -> None:
    assert sorted(spoils("work_in_its_own_folder")) == ["two"]


@pytest.mark.parametrize(
    ("version", "further"), [(1, 0), (2, 1 << 13), (3, 3 << 13), (4, 3 << 13), (5, 7 << 13), (7, 7 << 13)]
)
def test_each_version_of_the_kernels_fence_is_asked_for_what_it_knows(version: int, further: int) -> None:
    assert landlock.rights_of(version) == 0x1FFF | further


@pytest.mark.parametrize(
    ("version", "length", "last"), [(1, 8, 0x1FFF), (3, 8, 0x7FFF), (4, 16, 3), (5, 16, 3), (6, 24, 3), (8, 24, 3)]
)
def test_each_version_is_asked_for_the_network_and_signals_where_it_knows_them(
    version: int, length: int, last: int
) -> None:
    attributes = landlock.attributes_of(version)
    assert len(attributes) == length
    assert int.from_bytes(attributes[-8:], sys.byteorder) == last


def test_without_a_fence_in_the_kernel_nothing_is_shut() -> None:
    class Kernel:
        """One before 5.13: the call is not known."""

        def syscall(self, number: int, *_: Any) -> int:
            assert number == 444
            return -1

    fence = landlock.fence(Kernel(), readable=[], own="/nowhere")  # type: ignore[arg-type]
    assert (fence.files, fence.network) == (False, False)


# --- answers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        "", "[]", "no JSON", '{"output": NaN}', '{"output": {}, "output": {}}', '{"failure": {"reason": 1}}',
        '{"output": {"a": "\\u0000"}, "flags": [], "made": [], "tool": "", "seconds": 1.0, "network": "", "files": ""}',
        '{"output": {"a": "\\ud800"}, "flags": [], "made": [], "tool": "", "seconds": 1.0, "network": "", "files": ""}',
        '{"output": [], "flags": [], "made": [], "tool": "", "seconds": 1.0, "network": "", "files": ""}',
        '{"output": {}, "flags": [{"flag": 1}], "made": [], "tool": "", "seconds": 1.0, "network": "", "files": ""}',
        '{"output": {}, "flags": [], "made": [], "tool": "", "seconds": "soon", "network": "", "files": ""}',
    ],
)  # fmt: skip
def test_an_answer_is_read_as_strictly_as_any_input(answer: str) -> None:
    failed = failure("answer_itself", answer=answer)
    assert (failed.reason, failed.phase) == ("The process left an answer that can not be read.", "write")


def test_a_deeply_nested_answer_harms_nobody() -> None:
    assert failure("answer_deeply").reason == "The process left an answer that can not be read."


@pytest.mark.parametrize("do", ["make_a_link", "make_a_second_name"])
def test_a_file_of_somebody_elses_is_not_taken_for_one_that_was_made(do: str, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    canary.write_text("secret")
    assert failure(do, path=str(canary)).reason == "It names a file that it did not make."


def test_what_is_made_to_be_kept_has_a_limit() -> None:
    failed = failure("make_too_much", limits=Limits())
    assert (failed.limit, failed.permanent) == ("output", True)


def test_what_it_made_can_be_read_until_the_sandbox_is_left() -> None:
    with taken_over("make_files") as outcome:
        assert isinstance(outcome, Done)
        [made] = outcome.made
        assert made.path.read_text() == "made here"
    assert not made.path.exists()


# --- reasons ----------------------------------------------------------------------------------------------


def test_an_enricher_says_whether_trying_again_may_help() -> None:
    refused, postponed = failure("refuse"), failure("postpone")
    assert (refused.permanent, refused.reason) == (True, "No \x1b[31mpicture␀.")
    assert (postponed.permanent, postponed.reason) == (False, "Not now.")


def test_a_full_disk_is_not_the_files_fault() -> None:
    assert failure("find_the_disk_full").permanent is False


def test_an_enricher_that_is_not_whole_here_may_be_elsewhere() -> None:
    with sandbox.run("no_such", kind="statement", fields={}, original=None, limits=TIGHT) as failed:
        assert isinstance(failed, Failed)
        assert (failed.phase, failed.permanent) == ("start", False)
        assert "can not be started here" in failed.reason
