"""A whole site for tests: `manage.py up` in a process of its own, on a data folder and a port of its own."""

import contextlib
import http.client
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg

from osint.embedded import free_port, socket_path

REPOSITORY = Path(__file__).resolve().parents[1]
SCOPES = "cases:read,cases:write,evidence:read,evidence:write"
# What would make the site another one than the test asked for.
NOT_INHERITED = {"DATABASE_URL", "REDIS_URL", "OSINT_STORAGE_URL", "OSINT_DATABASE_POOL"}


def wait_until(condition: Callable[[], Any], *, seconds: float = 60) -> bool:
    """Ask again and again until the condition holds; tell whether it did in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


class Site:
    """A running `manage.py up`; `environment` adds to that of the test, `options` to the command."""

    def __init__(self, data: Path, *options: str, environment: Mapping[str, str] | None = None) -> None:
        self.data = data
        self.port = free_port()
        self.options = options
        self.log = data.parent / "up.log"
        inherited = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
        # The data folder in the environment marks every process that belongs to this site.
        self.environment = {**inherited, "OSINT_DATA_DIR": str(data), **(environment or {})}
        self.start()

    # -- starting and ending --------------------------------------------------------------------------

    def start(self) -> None:
        """Start the site (again); `ready` tells when it answers."""
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(self.command(), env=self.environment, stdout=log, stderr=subprocess.STDOUT)

    def command(self) -> list[str]:
        options = ["--port", str(self.port), "--workers", "1", *self.options]
        return [sys.executable, str(REPOSITORY / "manage.py"), "up", *options]

    def ready(self) -> None:
        """Wait for the first answer."""
        wait_until(lambda: self.said("Waterline is at") or self.process.poll() is not None)
        assert self.said("Waterline is at"), self.log.read_text(errors="replace")

    def stop(self) -> None:
        """Ask for the end, as Ctrl-C does, and wait for it."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(timeout=60) == 0, self.log.read_text(errors="replace")[-4000:]

    def end(self) -> None:
        """Kill what is left, whatever state it is in."""
        for process in self.left():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait(timeout=10)

    # -- its processes --------------------------------------------------------------------------------

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
        [found] = self.parts(word)
        return found

    def parts(self, word: str) -> list[psutil.Process]:
        """List the parts whose command has this word: none while it waits for its next start."""
        found = []
        for process in psutil.Process(self.process.pid).children():
            with contextlib.suppress(psutil.NoSuchProcess):
                if word in " ".join(process.cmdline()):
                    found.append(process)
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

    # -- its commands, its API, its database ----------------------------------------------------------

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of manage.py on this site."""
        return self._run(str(REPOSITORY / "manage.py"), *words)

    def python(self, code: str) -> str:
        """Run code inside a process of this site's own, with Django set up, and return what it printed."""
        done = self._run("-c", f"import django\ndjango.setup()\n{code}", DJANGO_SETTINGS_MODULE="osint.settings")
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _run(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *words],
            env={**self.environment, **environment},
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
        )

    def client(self, *, user: str = "lead") -> httpx.Client:
        """Make a client with a token of this person, as `manage.py token` prints it: alone on the last line."""
        done = self.manage("token", user, "--scopes", SCOPES)
        assert done.returncode == 0, done.stderr
        token = done.stdout.splitlines()[-1]
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        )

    @property
    def database(self) -> Path:
        return self.data / "waterline.sqlite3"

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Read from the site's database, past the product; values are written as `?`."""
        if url := self.environment.get("DATABASE_URL"):
            with psycopg.connect(url) as connection:
                return connection.execute(query.replace("?", "%s"), values).fetchall()  # type: ignore[arg-type]
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=20)) as connection:
            return connection.execute(query, values).fetchall()


@contextmanager
def running_site(folder: Path, *options: str, environment: Mapping[str, str] | None = None) -> Iterator[Site]:
    """Run a site under this folder until the block ends; whatever happens, none of its processes outlives it."""
    site = Site(folder / "data", *options, environment=environment)
    try:
        site.ready()
        yield site
    finally:
        site.end()
