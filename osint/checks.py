"""System checks: a wrong set-up is said at the start, with an id and a hint, not found out later."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections

from ledger.errors import DomainError
from ledger.timestamps import roots
from ledger.witnesses import witnesses

NEAR = frozenset({"localhost", "127.0.0.1", "[::1]", "testserver"})
OLDEST_POSTGRESQL = 15


@register(Tags.security)
def settings_are_safe(**_: Any) -> Iterable[CheckMessage]:
    """Refuse settings that would give the site away."""
    if len(settings.SECRET_KEY) < 50:
        yield Error(
            "OSINT_SECRET_KEY is shorter than 50 characters.",
            hint="Leave it empty: a good one is then made and kept in the data folder.",
            id="waterline.E001",
        )
    far = [host for host in settings.ALLOWED_HOSTS if host not in NEAR]
    if settings.DEBUG and far:
        yield Error(
            f"OSINT_DEBUG is on while the site answers to {', '.join(far)}: its error pages show secrets.",
            hint="Leave OSINT_DEBUG out, or OSINT_ALLOWED_HOSTS.",
            id="waterline.E002",
        )
    if "*" in settings.ALLOWED_HOSTS:
        yield Warning(
            "The site answers to any host name.",
            hint="List its names in OSINT_ALLOWED_HOSTS.",
            id="waterline.W001",
        )
    if Path(settings.DATA_DIR).stat().st_mode & 0o007:
        yield Warning(
            f"Every account of this machine may look into the data folder {settings.DATA_DIR}.",
            hint="chmod o-rwx it: it holds the evidence and the secret key.",
            id="waterline.W002",
        )


@register(Tags.compatibility)
def broker_can_be_reached_as_written(**_: Any) -> Iterable[CheckMessage]:
    """Refuse a broker's address that neither Celery nor the health page could read."""
    if not settings.REDIS_URL.startswith(("redis://", "rediss://", "unix://")):
        yield Error(
            "REDIS_URL must begin with redis://, rediss:// or unix://.",
            hint="Leave it empty for the embedded Valkey that `manage.py up` starts.",
            id="waterline.E003",
        )


@register(Tags.security)
def attestors_can_be_checked(**_: Any) -> Iterable[CheckMessage]:
    """Refuse roots that hold no certificate, and witnesses whose keys are none."""
    try:
        roots()
    except (OSError, ValueError) as error:
        yield Error(
            f"OSINT_TSA_ROOTS names no file of certificates: {error}",
            hint="A file in PEM with the root certificates that lead to the time stamp authorities.",
            id="waterline.E005",
        )
    try:
        witnesses()
    except DomainError as refusal:
        yield Error(
            f"OSINT_WITNESSES names a witness whose key is none. {refusal.detail}",
            hint="Each witness is its verifier key (name+hash+base64), a space, and its address.",
            id="waterline.E006",
        )


@register(Tags.database)
def database_is_new_enough(databases: Sequence[str] | None = None, **_: Any) -> Iterable[CheckMessage]:
    """Refuse a PostgreSQL that lacks what the ledger relies on."""
    for alias in databases or ():
        connection = connections[alias]
        if connection.vendor == "postgresql" and connection.pg_version < OLDEST_POSTGRESQL * 10000:  # type: ignore[attr-defined]
            yield Error(
                f"PostgreSQL {connection.pg_version // 10000} is too old.",  # type: ignore[attr-defined]
                hint=f"Use {OLDEST_POSTGRESQL} or newer.",
                id="waterline.E004",
            )
