"""The sandbox against enrichers that were taken over: each limit holds and is named, and the worker lives on."""

from __future__ import annotations

import errno
import os
import socket
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection

from enrichment import forks, sandbox
from enrichment.domain import Limits
from enrichment.sandbox import Done, Failed
from tests.enrichment.taking_over import HOSTILE, TIGHT, failure, spoils, taken_over

pytestmark = pytest.mark.usefixtures("nothing_left")


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


def test_what_keeps_it_shut_is_not_for_the_enricher_to_say() -> None:
    """The takeover's answer could name anything."""
    answer = '{"output": {}, "flags": [], "made": [], "tool": "", "seconds": 1.0, "network": "wide open", "files": ""}'
    assert failure("answer_itself", answer=answer).reason == "The process left an answer that can not be read."
    with taken_over("answer_itself", answer=answer.split(', "network"')[0] + "}") as outcome:
        assert isinstance(outcome, Done)
        assert outcome.network.endswith("filter")


# --- answers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        "", "[]", "no JSON", '{"output": NaN}', '{"output": {}, "output": {}}', '{"failure": {"reason": 1}}',
        '{"output": {"a": "\\u0000"}, "flags": [], "made": [], "tool": "", "seconds": 1.0}',
        '{"output": {"a": "\\ud800"}, "flags": [], "made": [], "tool": "", "seconds": 1.0}',
        '{"output": [], "flags": [], "made": [], "tool": "", "seconds": 1.0}',
        '{"output": {}, "flags": [{"flag": 1}], "made": [], "tool": "", "seconds": 1.0}',
        '{"output": {}, "flags": [], "made": [], "tool": "", "seconds": "soon"}',
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
        assert failed.reason == "The enricher can not work here; not installed: no_such."
