"""`manage.py up`: the whole product on one machine."""

import errno
import http.client
import os
import socket
import sys
from argparse import ArgumentParser
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import connections

from enrichment import sandbox
from ledger import store
from osint import embedded
from osint.supervisor import GaveUp, Part, Supervisor, hold, python_module

# An address that means "every interface" is reached on this machine's own.
NEAR = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (asked about, never listened on by default)


class Command(BaseCommand):
    help = "Start every part (embedded broker, worker, scheduler, web), watch them, and stop them together."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=os.environ.get("PORT") or "8000", metavar="N")
        parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default 127.0.0.1)")
        parser.add_argument("--no-sample", action="store_true", help="do not load the sample case")
        parser.add_argument("--workers", type=int, default=2, metavar="N", help="task processes (default 2)")

    def handle(self, *_: Any, port: int, host: str, no_sample: bool, workers: int, **__: Any) -> None:
        data = Path(settings.DATA_DIR)
        if not 0 < port < 65536:
            raise CommandError(f"--port must be from 1 to 65535, not {port}.")
        if workers < 1:
            raise CommandError("--workers must be at least 1.")
        lock = hold(data / "run" / "up.lock")
        if lock is None:
            raise CommandError(f"Waterline is already running on the data folder {data}; stop that one first.")
        refuse_taken_port(host=host, port=port)
        try:
            with Supervisor(say=self.say) as supervisor:
                self.start(supervisor, data=data, host=host, port=port, sample=not no_sample, workers=workers)
        except (GaveUp, embedded.CannotStart) as error:
            raise CommandError(str(error)) from error
        finally:
            self.tidy()
            os.close(lock)
        self.say("Stopped.")

    def start(self, supervisor: Supervisor, *, data: Path, host: str, port: int, sample: bool, workers: int) -> None:
        """Prepare the data folder, start the parts and watch them to the end."""
        if f"unix://{embedded.socket_path(data)}" == settings.REDIS_URL:
            valkey = Part(name="valkey", command=embedded.valkey_command(data))
            supervisor.start(valkey)
            assert valkey.process is not None  # noqa: S101 (for the type checker)
            embedded.wait_for_valkey(embedded.socket_path(data), valkey.process)
        steps = [self.tidy, self.migrate, self.make_key, self.order, self.collect]
        for prepare in [*steps, self.load_sample] if sample else steps:
            if not supervisor.stopping:
                prepare()
        connections.close_all()
        if supervisor.stopping:
            return
        for part in parts(data=data, host=host, port=port, workers=workers):
            supervisor.start(part)
        address = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
        supervisor.run(
            is_ready=lambda: answers(host=host, port=port),
            when_ready=lambda: self.say(f"Waterline is at {address}"),
        )
        self.say("Stopping.")

    def say(self, sentence: str) -> None:
        self.stdout.write(sentence)
        self.stdout.flush()

    def tidy(self) -> None:
        """Remove what parts that were killed left half done; none of them runs now."""
        store.sweep_incoming(older_than=timedelta(0))
        sandbox.sweep(older_than=timedelta(0))

    def migrate(self) -> None:
        call_command("migrate", interactive=False, verbosity=0)

    def make_key(self) -> None:
        call_command("keys", "init", "--unless-there", stdout=StringIO())

    def order(self) -> None:
        """Give events of an older version, which had no log, their places before new ones come."""
        call_command("sequence", "--once")

    def collect(self) -> None:
        call_command("collectstatic", interactive=False, verbosity=0)

    def load_sample(self) -> None:
        call_command("sample", stdout=self.stdout)


def parts(*, data: Path, host: str, port: int, workers: int) -> list[Part]:
    """Name the programs that make up a running site, the broker apart."""
    # Lines for people: what they print goes through our pipe, which they would take for a machine.
    environment = {
        "DJANGO_SETTINGS_MODULE": "osint.settings",
        "PYTHONUNBUFFERED": "1",
        "OSINT_LOG_FORMAT": os.environ.get("OSINT_LOG_FORMAT", "console"),
    }
    one_connection = {**environment, "OSINT_DATABASE_POOL": "0"}
    web = ["uvicorn", "osint.asgi:application", "--host", host, "--port", str(port)]
    web += ["--lifespan", "off", "--no-access-log", "--no-server-header", "--no-proxy-headers"]
    web += ["--timeout-graceful-shutdown", "5"]
    celery = ["celery", "--app", "osint", "--quiet"]
    worker = [*celery, "worker", "--concurrency", str(workers), "--loglevel", "info"]
    worker += ["--without-gossip", "--without-mingle"]
    beat = [
        *celery,
        "beat",
        "--schedule",
        str(data / "run" / "beat"),
        "--pidfile",
        "",
        "--loglevel",
        "warning",
    ]
    manage = [sys.executable, str(settings.BASE_DIR / "manage.py")]
    return [
        Part(name="sequence", command=[*manage, "sequence"], environment=one_connection),
        Part(name="worker", command=python_module(*worker), environment=one_connection),
        Part(name="beat", command=python_module(*beat), environment=one_connection),
        Part(name="web", command=python_module(*web), environment=environment),
    ]


def refuse_taken_port(*, host: str, port: int) -> None:
    """Say at once, in a sentence, that the port cannot be had, instead of a web server that dies and dies."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            # As the web server does: connections of a server that just ended are no hindrance.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CommandError(f"Port {port} on {host} is taken; choose another one with --port.") from error
        raise CommandError(f"Cannot listen on {host}, port {port}: {error.strerror}.") from error


def answers(*, host: str, port: int) -> bool:
    """Tell whether the web server says that it is alive."""
    name = (settings.ALLOWED_HOSTS or ["localhost"])[0].removeprefix(".").replace("*", "localhost")
    connection = http.client.HTTPConnection(NEAR.get(host, host), port, timeout=1)
    try:
        connection.request("GET", "/healthz", headers={"Host": name})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
