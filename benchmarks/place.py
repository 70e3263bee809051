"""Where a benchmark runs: a process with a data folder, a database and settings of its own, thrown away after it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

OURS = ("REDIS_URL", "DATABASE_URL", "OSINT_STORAGE_URL", "OSINT_SECRET_KEY", "OSINT_ALLOWED_HOSTS", "OSINT_DEBUG")
"""Variables by which somebody's own installation could get into a measurement."""


@dataclass(frozen=True)
class Place:
    """An installation that stands ready, migrated and empty; Django is set up for it."""

    data: Path
    database: str


@contextmanager
def standing(database: str) -> Iterator[Place]:
    """Prepare an installation on `database` ("sqlite" or "postgresql", both as durable as in production).

    Settings are read once in a process: call it once.
    """
    from osint.embedded import running_postgresql

    with ExitStack() as stack:
        folder = tempfile.TemporaryDirectory(prefix="waterline-bench-", ignore_cleanup_errors=True)
        data = Path(stack.enter_context(folder))
        for name in OURS:
            os.environ.pop(name, None)
        os.environ |= {"DJANGO_SETTINGS_MODULE": "osint.settings", "OSINT_DATA_DIR": str(data)}
        os.environ |= {"OSINT_DATABASE_POOL": "0", "OSINT_LOG_LEVEL": "error", "OSINT_LOG_FORMAT": "json"}
        if database == "postgresql":
            os.environ["DATABASE_URL"] = stack.enter_context(running_postgresql(durable=True))

        import django
        from django.core.management import call_command
        from django.db import connections

        django.setup()
        call_command("migrate", interactive=False, verbosity=0)
        # Closed before the server stops, and before anybody forks.
        stack.callback(connections.close_all)
        yield Place(data, database)
