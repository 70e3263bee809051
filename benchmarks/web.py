"""Web servers as `manage.py up` runs them, and a client that costs next to nothing."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks.place import Place

OURS = "osint.asgi:application"
BARE = "benchmarks.bare.asgi:application"
STARTS_WITHIN = 30


@dataclass
class Client:
    """One connection that is kept open."""

    port: int
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)

    def reconnect(self) -> None:
        """Begin with a fresh connection: the server closes one that was silent for some seconds."""
        self.connection.close()
        self.connection.connect()

    def send(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> bytes:
        """Send a request and return the answer's body.

        :raises RuntimeError: it is no success.
        """
        self.connection.request(method, path, body, {**self.headers, **(headers or {})})
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path} was answered with {answer.status}: {content[:500]!r}")
        return content

    def get_json(self, path: str) -> Any:
        """Get a JSON value."""
        return json.loads(self.send("GET", path))

    def post_json(self, path: str, value: Any) -> Any:
        """Post a JSON value and read the answer."""
        return json.loads(self.send("POST", path, json.dumps(value), {"Content-Type": "application/json"}))

    def median_time(self, path: str, *, times: int) -> float:
        """Get a page several times; return the median in milliseconds."""
        found = []
        for _ in range(times):
            begin = perf_counter()
            self.send("GET", path)
            found.append(perf_counter() - begin)
        return median(found) * 1000


@dataclass(frozen=True)
class Server:
    port: int
    pid: int


@contextmanager
def serving(place: Place, application: str = OURS) -> Iterator[Server]:
    """Run the web server with the command and the settings that `manage.py up` gives it."""
    from osint.embedded import free_port
    from osint.management.commands.up import parts

    port = free_port()
    web = next(part for part in parts(data=place.data, host="127.0.0.1", port=port, workers=1) if part.name == "web")
    command = [application if word == OURS else word for word in web.command]
    environment = {**os.environ, **web.environment}
    # The pool that a web process has when nobody sets another one.
    environment.pop("OSINT_DATABASE_POOL", None)
    log = place.data / f"web-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    try:
        _wait(port, process)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextmanager
def broker(place: Place) -> Iterator[None]:
    """Run the embedded Valkey. No worker listens: what enrichers cost is not what a request costs."""
    from osint.embedded import running_valkey

    with running_valkey(place.data):
        yield


def sign_up(scopes: tuple[str, ...] = ("cases:write", "cases:read", "evidence:write", "evidence:read")) -> str:
    """Make a person, and return a token of theirs."""
    from ledger.ids import uuid7
    from osint import tokens
    from osint.models import User

    _, text = tokens.issue(user=User.objects.create(username=str(uuid7()), is_staff=True), scopes=scopes)
    return text


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"The web server did not answer within {STARTS_WITHIN} s.")
