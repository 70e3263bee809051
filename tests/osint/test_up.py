"""`manage.py up`, with real processes: what it starts and restarts, and that it leaves nothing behind."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from osint.embedded import free_port, socket_path

REPOSITORY = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.processes


def wait_until(condition: Callable[[], bool], *, seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


class Up:
    """A running `manage.py up` on a data folder and a port of its own."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port = free_port()
        self.log = data.parent / "up.log"
        # The data folder in the environment marks every process that belongs to this site.
        self.environment = {
            **{name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}},
            "OSINT_DATA_DIR": str(data),
        }
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(self.command(), env=self.environment, stdout=log, stderr=subprocess.STDOUT)

    def command(self) -> list[str]:
        options = ["--port", str(self.port), "--no-sample", "--workers", "1"]
        return [sys.executable, str(REPOSITORY / "manage.py"), "up", *options]

    def said(self, text: str) -> bool:
        return text in self.log.read_text(errors="replace")

    def alive(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def part(self, word: str) -> psutil.Process:
        """Find the one part that `up` itself started whose command has this word."""
        [found] = [p for p in psutil.Process(self.process.pid).children() if word in " ".join(p.cmdline())]
        return found

    def left(self) -> list[psutil.Process]:
        """List the processes of this site that still run."""
        socket_file, found = str(socket_path(self.data)), []
        for process in psutil.process_iter():
            try:
                # Valkey writes its title, which names its socket, over the environment it was given.
                marked = process.environ().get("OSINT_DATA_DIR") == str(self.data)
                if marked or socket_file in " ".join(process.cmdline()):
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return found

    def end(self) -> None:
        for process in self.left():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait(timeout=10)


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    site = Up(tmp_path / "data")
    try:
        assert wait_until(lambda: site.said("Waterline is at") or site.process.poll() is not None)
        assert site.process.poll() is None, site.log.read_text()
        yield site
    finally:
        site.end()


def test_says_its_address_once_it_answers(up: Up) -> None:
    assert up.said(f"Waterline is at http://127.0.0.1:{up.port}/")
    assert up.alive()


def test_a_killed_web_server_or_broker_is_started_again(up: Up) -> None:
    assert wait_until(lambda: up.said("Connected to redis+socket"))
    web, broker = up.part("uvicorn"), up.part("valkey")
    web.kill()
    broker.kill()
    assert wait_until(lambda: up.said("web was ended by SIGKILL") and up.alive())
    assert wait_until(lambda: up.said("valkey was ended by SIGKILL") and up.part("valkey").pid != broker.pid)
    # The worker finds the new broker by itself.
    assert wait_until(lambda: up.log.read_text(errors="replace").count("Connected to redis+socket") >= 2)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_polite_end_leaves_no_process_and_no_open_port(up: Up, number: signal.Signals) -> None:
    assert len(up.left()) >= 5
    up.process.send_signal(number)
    assert up.process.wait(timeout=40) == 0
    assert up.left() == []
    assert up.said("Stopped.")
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", up.port)) != 0


def test_killing_up_itself_leaves_nothing_either(up: Up) -> None:
    up.process.kill()
    up.process.wait()
    assert wait_until(lambda: up.left() == [], seconds=15), [p.cmdline() for p in up.left()]


def test_refuses_a_second_start_on_the_same_data_folder(up: Up) -> None:
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
