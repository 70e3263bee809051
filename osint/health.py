"""Is it alive (`/healthz`), and is each part it needs there (`/readyz`)?"""

from __future__ import annotations

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, NamedTuple

import redis
from django.conf import DEFAULT_STORAGE_ALIAS, settings
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages
from django.db import Error, connection
from django.http import HttpRequest, JsonResponse

from enrichment import isolation
from ledger.attest import standings
from ledger.errors import DomainError
from ledger.ids import uuid7
from ledger.sequence import backlog
from ledger.signer import compare
from ledger.store import INCOMING

PATIENCE = 1.0
"""Seconds that a part has to answer."""

LATE = 10
"""Seconds after which an event that has no place in the log is late."""

PROBED_EVERY = 5.0
"""Seconds for which an answer about the store holds."""

State = tuple[str, str]


class Probed(NamedTuple):
    """What was found of a store, and when."""

    storage: Storage
    at: float
    state: State


_probed: Probed | None = None


def healthz(request: HttpRequest) -> JsonResponse:
    """Say that this process answers."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """Say of each part by name whether it is there; 503 where nothing can be recorded without it."""
    parts: dict[str, Any] = {}
    for name, check in _CHECKS.items():
        status, detail = check()
        parts[name] = {"status": status, "detail": detail}
    states = {part["status"] for part in parts.values()}
    overall = "down" if "down" in states else "degraded" if "degraded" in states else "ok"
    status_code = HTTPStatus.SERVICE_UNAVAILABLE if overall == "down" else HTTPStatus.OK
    return JsonResponse({"status": overall, **parts}, status=status_code)


def _database() -> State:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return "down", "The database does not answer: nothing can be recorded."
    return "ok", connection.vendor


def _broker() -> State:
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=PATIENCE, socket_timeout=PATIENCE
        ) as client:
            client.ping()
    except (redis.RedisError, OSError):
        return (
            "degraded",
            "The broker does not answer: evidence is recorded, enrichment waits until it is back.",
        )
    return "ok", "answers"


def _storage() -> State:
    """Write to the store and read it back; of one store at most every few seconds, whoever asks."""
    global _probed
    storage, now = storages[DEFAULT_STORAGE_ALIAS], time.monotonic()
    if _probed is None or _probed.storage is not storage or now - _probed.at >= PROBED_EVERY:
        _probed = Probed(storage, now, _probe(storage))
    return _probed.state


def _probe(storage: Storage) -> State:
    # Among what comes in: if this process is killed here, the sweep of that folder takes what it left.
    name = f"{INCOMING}/probe-{uuid7()}"
    try:
        saved = storage.save(name, ContentFile(b"probe"))
        with storage.open(saved) as probe:
            whole = probe.read() == b"probe"
        storage.delete(saved)
    # The storage behind it may be any: whatever it raises means that it can not be used.
    except Exception as error:
        return "down", f"The file store can not be written ({type(error).__name__})."
    return ("ok", "written and read back") if whole else ("down", "The file store gives back other bytes.")


def _sequencer() -> State:
    try:
        waiting, age = backlog()
    except Error:
        return "down", "The database does not answer."
    seconds = round(age.total_seconds())
    if seconds > LATE:
        return "degraded", f"{waiting} events wait for their place in the log, the oldest for {seconds} s."
    return "ok", f"{waiting} events wait for their place in the log"


def _signer() -> State:
    try:
        standing = compare()
    except Error:
        return "down", "The database does not answer."
    except DomainError as refusal:
        return "degraded", refusal.detail
    return ("ok" if standing.is_sound else "degraded"), standing.state.value


def _attestors() -> State:
    try:
        found = standings()
    except Error:
        return "down", "The database does not answer."
    except DomainError as refusal:
        return "degraded", refusal.detail
    failing = [f"{each.shown}: {each.failure}" for each in found if each.failure]
    if failing:
        return "degraded", "; ".join(failing)
    return "ok", f"{len(found)} attest to the log's heads" if found else "none are set up"


def _sandbox() -> State:
    try:
        is_shut, told = isolation.standing()
    except Error:
        return "down", "The database does not answer."
    return "ok" if is_shut else "degraded", told


_CHECKS: dict[str, Callable[[], State]] = {
    "database": _database,
    "broker": _broker,
    "storage": _storage,
    "sequencer": _sequencer,
    "signer": _signer,
    "attestors": _attestors,
    "sandbox": _sandbox,
}
