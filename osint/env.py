"""Typed readers of environment variables; a value that cannot be read stops the start with a sentence.

Every variable can come from a file instead: `NAME_FILE` names the file whose content is the value,
so a secret need not stand in the environment.
"""

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off", ""})


def text(name: str, default: str = "") -> str:
    """Read a string, from `name` or from the file that `name_FILE` names."""
    file = os.environ.get(f"{name}_FILE", "")
    if not file:
        return os.environ.get(name, default).strip()
    if os.environ.get(name):
        raise ImproperlyConfigured(f"Set {name} or {name}_FILE, not both.")
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{name}_FILE names a file that cannot be read: {error}.") from error


def whole(name: str, default: int, *, least: int = 0) -> int:
    """Read a whole number of at least `least`."""
    value = text(name)
    if not value:
        return default
    if not (value.isascii() and value.isdigit()) or int(value) < least:
        raise ImproperlyConfigured(f"{name} must be a whole number of at least {least}, not {value!r}.")
    return int(value)


def switch(name: str, *, default: bool = False) -> bool:
    """Read a yes or no."""
    value = text(name, "yes" if default else "no").lower()
    if value not in TRUE | FALSE:
        raise ImproperlyConfigured(f"{name} must be yes or no, not {value!r}.")
    return value in TRUE


def words(name: str, default: str = "") -> list[str]:
    """Read a list separated by commas."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def addresses(name: str) -> list[str]:
    """Read a list of http and https addresses, separated by commas."""
    found = words(name)
    for each in found:
        if urlsplit(each).scheme not in {"http", "https"} or not urlsplit(each).hostname:
            raise ImproperlyConfigured(f"{name} must list http:// or https:// addresses, not {each!r}.")
    return found


def witnesses(name: str) -> list[tuple[str, str]]:
    """Read a list, separated by commas or line ends, each of a verifier key and an address."""
    found = []
    for each in ",".join(text(name).splitlines()).split(","):
        if not each.strip():
            continue
        key, _, address = each.strip().partition(" ")
        if key.count("+") < 2 or urlsplit(address.strip()).scheme not in {"http", "https"}:
            raise ImproperlyConfigured(f"{name} must list a verifier key and an address each, not {each.strip()!r}.")
        found.append((key, address.strip()))
    return found


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    """Read one of the allowed words."""
    value = text(name, default).lower()
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")
    return value


def folder(name: str, default: Path) -> Path:
    """Read a folder's path, and make the folder, for its owner only, where it is absent."""
    path = Path(text(name, str(default))).expanduser().absolute()
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ImproperlyConfigured(f"{name} names a folder that cannot be made: {error}.") from error
    return path


def database(name: str, *, embedded: Path, pool: int) -> dict[str, Any]:
    """Read a database's address: empty is the SQLite file `embedded`; `pool` is the most connections kept."""
    url = text(name) or f"sqlite:///{embedded}"
    scheme = urlsplit(url).scheme
    if scheme not in {"sqlite", "postgres", "postgresql"}:
        raise ImproperlyConfigured(f"{name} must begin with postgresql:// or sqlite:///, not {scheme!r}.")
    settings: dict[str, Any] = dict(environ.Env.db_url_config(url))
    if scheme == "sqlite":
        pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON"
        settings["OPTIONS"] = {"transaction_mode": "IMMEDIATE", "init_command": pragmas, "timeout": 20}
        # A file needs no look at whether it is still there, and to open it takes as long as a small transaction.
        return {**settings, "CONN_MAX_AGE": None}
    options = {**settings.get("OPTIONS", {}), "connect_timeout": 5}
    if pool:
        # A pool replaces CONN_MAX_AGE: under ASGI connections kept per thread would never be given back.
        options["pool"] = {"min_size": 1, "max_size": pool, "timeout": 10}
        return {**settings, "OPTIONS": options, "CONN_MAX_AGE": 0}
    return {**settings, "OPTIONS": options, "CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}


def storage(name: str, *, embedded: Path, prefix: str = "") -> dict[str, Any]:
    """Read where files are kept: empty is the folder `embedded`, else s3://key:secret@host:port/bucket.

    A port other than 443 means plain HTTP, as stores inside a private network speak it;
    `?tls=yes` and `?tls=no` say otherwise.
    """
    url = text(name)
    if not url:
        return {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": embedded, "file_permissions_mode": 0o600},
        }
    parts = urlsplit(url)
    bucket = parts.path.strip("/")
    if parts.scheme != "s3" or not (parts.hostname and bucket) or parts.query not in {"", "tls=yes", "tls=no"}:
        raise ImproperlyConfigured(f"{name} must read s3://key:secret@host:port/bucket, with ?tls=no or nothing.")
    secure = parts.query == "tls=yes" or (not parts.query and parts.port in {None, 443})
    port = f":{parts.port}" if parts.port else ""
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "endpoint_url": f"{'https' if secure else 'http'}://{parts.hostname}{port}",
            "bucket_name": bucket,
            "access_key": unquote(parts.username or ""),
            "secret_key": unquote(parts.password or ""),
            "location": prefix,
            "file_overwrite": False,
            "addressing_style": "path",
            "default_acl": None,
            # What is read lies on the disk from here on: a file of gigabytes would else stand in memory.
            "max_memory_size": 1 << 20,
        },
    }


def secret(name: str, *, kept_in: Path) -> str:
    """Read a secret, or the one kept in a file, or make one there (readable by its owner only)."""
    value = text(name)
    if value:
        return value
    if kept_in.exists():
        return _kept(kept_in)
    fresh = secrets.token_urlsafe(48)
    part = kept_in.with_name(f"{kept_in.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(fresh)
            file.flush()
            os.fsync(file.fileno())
        # link, not rename: of several processes that start at once the first one's secret stays.
        os.link(part, kept_in)
    except FileExistsError:
        return _kept(kept_in)
    finally:
        part.unlink(missing_ok=True)
    return fresh


def _kept(file: Path) -> str:
    value = file.read_text(encoding="ascii").strip()
    if len(value) < 50:
        raise ImproperlyConfigured(f"{file.name} in the data folder is too short to be a secret; remove it.")
    return value
