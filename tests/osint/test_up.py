"""`manage.py up`, with real processes: what it starts and restarts, and that it leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from osint.embedded import socket_path
from tests.site import REPOSITORY, Site, running_site, wait_until

pytestmark = pytest.mark.processes


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Site]:
    with running_site(tmp_path, "--no-sample") as site:
        yield site


def test_says_its_address_once_it_answers(up: Site) -> None:
    assert up.said(f"Waterline is at http://127.0.0.1:{up.port}/")
    assert up.alive()


def test_a_killed_web_server_or_broker_is_started_again(up: Site) -> None:
    # From then on it works; who takes its broker away while it still starts tests another thing.
    assert wait_until(lambda: up.said(" ready."))
    web, broker = up.part("uvicorn"), up.part("valkey")
    web.kill()
    broker.kill()
    assert wait_until(lambda: up.said("web was ended by SIGKILL") and up.alive())
    assert wait_until(lambda: up.said("valkey was ended by SIGKILL") and up.part("valkey").pid != broker.pid)
    # The worker finds the new broker by itself.
    assert wait_until(lambda: up.log.read_text(errors="replace").count("Connected to redis+socket") >= 2)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_polite_end_leaves_no_process_and_no_open_port(up: Site, number: signal.Signals) -> None:
    assert len(up.left()) >= 5
    up.process.send_signal(number)
    assert up.process.wait(timeout=40) == 0
    assert up.left() == []
    assert up.said("Stopped.")
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", up.port)) != 0


def test_killing_up_itself_leaves_nothing_either(up: Site) -> None:
    up.process.kill()
    up.process.wait()
    assert wait_until(lambda: up.left() == [], seconds=15), [p.cmdline() for p in up.left()]


def test_refuses_a_second_start_on_the_same_data_folder(up: Site) -> None:
    second = subprocess.run(up.command(), env=up.environment, capture_output=True, text=True, check=False)
    assert second.returncode == 1
    assert "already running on the data folder" in second.stderr
    assert "Traceback" not in second.stderr


def test_says_in_a_sentence_that_the_port_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, str(REPOSITORY / "manage.py"), "up", "--no-sample", "--port", port],
            env={**os.environ, "OSINT_DATA_DIR": str(tmp_path / "data")},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert f"Port {port} on 127.0.0.1 is taken" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_deep_data_folder_gets_a_short_socket_of_its_own(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a-folder-with-a-long-name"] * 6)
    assert len(str(socket_path(deep)).encode()) <= 107
    assert socket_path(deep) != socket_path(deep / "other")
    assert socket_path(deep) == socket_path(deep)
