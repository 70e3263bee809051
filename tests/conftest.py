"""What every test shares: its own data folder and database, no network, and three people.

The database is SQLite unless DATABASE_URL names another; `make test` runs everything on both.
The variables are set here, at import, because settings are read once, right after.
"""

import atexit
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import hypothesis
import pytest

# How long an example takes says nothing on a busy machine.
hypothesis.settings.register_profile("house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("house")

os.environ["DJANGO_SETTINGS_MODULE"] = "osint.settings"
os.environ["OSINT_DATA_DIR"] = DATA_DIR = tempfile.mkdtemp(prefix="waterline-tests-")
os.environ["OSINT_DATABASE_POOL"] = "0"
for name in ("REDIS_URL", "OSINT_STORAGE_URL", "OSINT_SECRET_KEY", "OSINT_ALLOWED_HOSTS", "OSINT_DEBUG"):
    os.environ.pop(name, None)
atexit.register(shutil.rmtree, DATA_DIR, ignore_errors=True)

import django  # noqa: E402 (the settings' variables are set above)

# Here, not in a hook: the conftest files of folders, which come right after, import models.
django.setup()
# A parallel worker inherits the environment: with this name in it, it would read the settings before it comes here, and
# all workers would share one data folder.
del os.environ["DJANGO_SETTINGS_MODULE"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--of-database",
        action="store_true",
        help="leave out what touches no database: another one changes nothing in it",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--of-database"):
        return
    kept, left = [], []
    for item in items:
        # pytest-django lets no other test near a database.
        touches = item.get_closest_marker("django_db") or {"db", "transactional_db"} & set(
            getattr(item, "fixturenames", ())
        )
        (kept if touches else left).append(item)
    items[:] = kept
    config.hook.pytest_deselected(items=left)


def pytest_report_header() -> str:
    address = os.environ.get("DATABASE_URL", "")
    return f"database: {'PostgreSQL' if address.startswith('postgres') else 'SQLite'}"


# -- no network ---------------------------------------------------------------------------------------


class NetworkBlocked(AssertionError):
    """A test reached for an address that is not on this machine."""


def _refuse_far(address: Any) -> None:
    if not isinstance(address, tuple) or address[0] in {"localhost", ""}:
        return
    try:
        near = ip_address(address[0]).is_loopback
    except ValueError:
        near = False
    if not near:
        raise NetworkBlocked(f"Tests use no network; this one reached for {address[0]}.")


@pytest.fixture(autouse=True, scope="session")
def network_blocked() -> Iterator[None]:
    """Refuse to connect to, send to or look up anything but this machine."""
    with pytest.MonkeyPatch.context() as patch:
        for method in ("connect", "connect_ex"):
            original = getattr(socket.socket, method)

            def guarded(self: socket.socket, address: Any, _original: Any = original) -> Any:
                _refuse_far(address)
                return _original(self, address)

            patch.setattr(socket.socket, method, guarded)
        look_up = socket.getaddrinfo

        def guarded_look_up(host: Any, *args: Any, **options: Any) -> Any:
            if host is not None:
                _refuse_far((host.decode() if isinstance(host, bytes) else host, 0))
            return look_up(host, *args, **options)

        patch.setattr(socket, "getaddrinfo", guarded_look_up)
        yield


@pytest.fixture(autouse=True, scope="session")
def static_files_by_their_own_names() -> Iterator[None]:
    """Let pages name their static files as they are: nothing has collected and hashed them here."""
    from django.conf import settings
    from django.test import override_settings

    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(STORAGES={**settings.STORAGES, "staticfiles": plain}):
        yield


# -- database -----------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Give SQLite a real file: tests with two threads need its locks, which a database in memory lacks."""
    from django.db import connection

    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(Path(DATA_DIR) / "test.sqlite3")
        # No test pulls the plug on this machine, and an fsync for each commit makes them three times slower.
        options = connection.settings_dict["OPTIONS"]
        options["init_command"] = options["init_command"].replace("synchronous=FULL", "synchronous=OFF")


@pytest.fixture(autouse=True, scope="session")
def ledger_flushed_after_transactional_tests() -> Iterator[None]:
    """Lift the append-only triggers while Django empties the tables after a test that committed."""
    from django.db import connection
    from django.test import TransactionTestCase

    from ledger.triggers import lifted

    flush = TransactionTestCase._fixture_teardown

    def flush_with_triggers_lifted(self: TransactionTestCase) -> None:
        with lifted(connection):
            flush(self)

    with pytest.MonkeyPatch.context() as patch:
        # TestCase has a tear-down of its own, a rollback: only tests that really commit come through here.
        patch.setattr(TransactionTestCase, "_fixture_teardown", flush_with_triggers_lifted)
        yield


# -- the shared world ---------------------------------------------------------------------------------


def _person(name: str) -> Any:
    from django.contrib.auth import get_user_model

    return get_user_model().objects.create_user(username=name, is_staff=True)


@pytest.fixture
def alice(db: None) -> Any:
    """The owner of the case."""
    return _person("alice")


@pytest.fixture
def bob(db: None) -> Any:
    """An investigator in Alice's case."""
    return _person("bob")


@pytest.fixture
def charlie(db: None) -> Any:
    """A stranger: has an account, and no role in the case."""
    return _person("charlie")


@pytest.fixture
def log_folder(tmp_path: Path, settings: Any) -> Path:
    """A folder of its own for the log's key and anchor; there is no key yet."""
    settings.DATA_DIR, settings.ANCHOR_FILE = tmp_path, tmp_path / "anchor" / "head"
    return tmp_path


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data that lies beside the repository."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not folder.is_dir():
        because = "the folder of real data, shared/ beside the repository, is not on this machine"
        if os.environ.get("CI") == "true":
            pytest.fail(because)
        pytest.skip(because)
    return folder


@pytest.fixture(scope="module")
def broker() -> Iterator[str]:
    """A real Valkey where the settings expect it, for one module: others count on publications that fail at once."""
    from django.conf import settings

    from osint.embedded import running_valkey

    with running_valkey(Path(settings.DATA_DIR)):
        yield settings.REDIS_URL
