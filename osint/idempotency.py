"""POST requests that are safe to repeat: with an Idempotency-Key, the same request has the same answer.

The answer's row is written in the transaction that appended the events, so a server that is killed at any moment
leaves either both or neither; a client that got no answer sends the request again and learns what happened.
"""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import IntegerField, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils import timezone

from cases.access import role_in
from cases.bodies import read_body
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, Unprocessable
from osint import problems
from osint.authentication import caller
from osint.models import IdempotencyRecord

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_KEPT_HEADERS = ("Content-Type", "Location", "ETag")
KEPT_FOR = timedelta(days=7)
GONE = b'{"detail":"It was done. What was answered is not kept any more, because something of it was erased."}'
LEFT_OVER = timedelta(hours=1)
"""Since a lock file was made: requests are shorter than this."""


class InProgress(Conflict):
    """The same request is being worked on at this moment."""

    code = "in-progress"
    title = "The same request is being worked on"


class IdempotencyMiddleware:
    """Answers repeated POST requests under /api/ that carry an Idempotency-Key."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        key = request.headers.get("Idempotency-Key")
        if request.method != "POST" or key is None or not request.path.startswith("/api/"):
            return self.get_response(request)
        try:
            if not _KEY.fullmatch(key):
                raise Invalid("An Idempotency-Key has 1 to 255 visible ASCII characters.")
            by = caller(request)
            if by is None:
                return self.get_response(request)
            return self._once(request, by, key, fingerprint(request))
        # Views have their own handler. What comes here was raised around them: by the body, the token, the commit.
        except Exception as error:
            document, headers = problems.of(error)
            if isinstance(error, InProgress):
                headers["Retry-After"] = "1"
            return problems.answer(document, headers)

    def _once(self, request: HttpRequest, by: Actor, key: str, body: str) -> HttpResponse:
        who = by.name
        with held(f"{who} {key}"), transaction.atomic():
            known = IdempotencyRecord.objects.filter(caller=who, key=key).first()
            if known is not None:
                _require_access(request, known, by=by)
                return _replay(known, body)
            response = self.get_response(request)
            if response.status_code >= 400:
                # Each command undid its own work; this undoes what stood around it.
                transaction.set_rollback(True)
            elif not response.streaming:
                _remember(response, who, key, body)
            return response


def fingerprint(request: HttpRequest) -> str:
    """Hash what a request asks: method, address, type and body; an uploaded file by its name and SHA-256.

    :raises TooLarge: the body is over the limit.
    """
    kind = (request.content_type or "").lower()
    digest = sha256(f"{request.method} {request.get_full_path()} {kind}\n".encode())
    if kind == "multipart/form-data":
        for name, texts in sorted(request.POST.lists()):
            digest.update(repr((name, texts)).encode())
        for name, files in sorted(request.FILES.lists()):
            digest.update(repr((name, [(file.name, file.sha256) for file in files])).encode())
    else:
        digest.update(_body(request))
    return digest.hexdigest()


def _body(request: HttpRequest) -> bytes:
    limit = max(settings.MAX_BATCH_BYTES, settings.MAX_JSON_BYTES)
    body = read_body(request, request, limit=limit, what="A body")
    # Views read it again from here.
    request._body = body  # type: ignore[attr-defined]
    return body


def forget(*, items: Iterable[UUID], cases: Iterable[UUID]) -> None:
    """Forget what was answered about items and cases of which something was erased; that it was answered stays known.

    The digest of the request goes too: it has no salt, and would prove a guess at what was sent. A result for each line
    of a batch says nothing of what was in it.
    """
    lines = Q(**{"headers__Content-Type": "application/x-ndjson"})
    # What is answered about an item names its case as well, and says nothing of it.
    of_items = Q(headers__Location__icontains="/evidence/")
    found = [_holding(item) for item in items] + [_holding(case).exclude(of_items | lines) for case in cases]
    for answers in found:
        answers.exclude(lines).update(body=GONE, fingerprint="")
        answers.filter(lines).update(fingerprint="")


def _holding(id_: UUID) -> QuerySet[IdempotencyRecord]:
    """Select the kept answers in which an id stands."""
    expression = "position(%s::bytea in body)" if connection.vendor == "postgresql" else "instr(body, %s)"
    place = RawSQL(expression, [str(id_).encode()], output_field=IntegerField())  # noqa: S611 -- a bound value
    return IdempotencyRecord.objects.annotate(place=place).filter(place__gt=0)


def prune() -> int:
    """Forget answers that nobody will ask for again; return how many."""
    return IdempotencyRecord.objects.filter(at__lt=timezone.now() - KEPT_FOR).delete()[0]


def prune_locks() -> int:
    """Remove the lock files of processes that were killed, and return how many; what is held stays, however old."""
    removed, folder = 0, _lock_folder()
    for path in folder.iterdir() if folder.is_dir() else ():
        try:
            if time.time() - path.stat().st_mtime < LEFT_OVER.total_seconds():
                continue
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
                removed += 1
        except (FileNotFoundError, BlockingIOError):
            # Removed by its holder meanwhile, or still held.
            continue
    return removed


@contextmanager
def held(name: str) -> Iterator[None]:
    """Hold a name while working; the database's server, or the kernel, lets go of it when this process dies.

    :raises InProgress: somebody else holds it.
    """
    if connection.vendor == "postgresql":
        with transaction.atomic():
            number = int.from_bytes(sha256(name.encode()).digest()[:8], signed=True)
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
                (got,) = cursor.fetchone()
            if not got:
                raise InProgress("The same request is being worked on: ask again in a moment.")
            yield
        return
    with _lock_file(name):
        yield


@contextmanager
def _lock_file(name: str) -> Iterator[None]:
    # SQLite means one machine: a lock on a file does.
    folder = _lock_folder()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / sha256(name.encode()).hexdigest()
    handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InProgress("The same request is being worked on: ask again in a moment.") from None
        # Removed by its holder just before this one took it: the lock would be on a file that nobody else finds.
        if not path.exists() or path.stat().st_ino != os.fstat(handle).st_ino:
            raise InProgress("The same request was being worked on: ask again in a moment.")
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
    finally:
        os.close(handle)


def _lock_folder() -> Path:
    return Path(settings.DATA_DIR) / "run" / "idempotency"


def _require_access(request: HttpRequest, known: IdempotencyRecord, *, by: Actor) -> None:
    """Refuse an answer about a case whose team the caller has left since: no view looks at who asks for it again.

    :raises NotFound: the case of the address, or the one that was opened, does not exist for this caller.
    """
    for address in (request.path_info, known.headers.get("Location", "")):
        try:
            case_id = resolve(address).kwargs.get("case_id")
        except Resolver404:
            continue
        if case_id is not None:
            role_in(case_id, by=by)


def _replay(known: IdempotencyRecord, body: str) -> HttpResponse:
    # Where it was forgotten with what it is the digest of, the key alone says that it is the same request.
    if known.fingerprint and known.fingerprint != body:
        raise Unprocessable("This Idempotency-Key was used for another request: take a new one.")
    headers = {**known.headers, "Idempotency-Replayed": "true"}
    return HttpResponse(bytes(known.body), status=known.status, headers=headers)


def _remember(response: HttpResponse, who: str, key: str, body: str) -> None:
    if hasattr(response, "render"):
        response.render()
    IdempotencyRecord.objects.create(
        caller=who,
        key=key,
        fingerprint=body,
        status=response.status_code,
        headers={name: response[name] for name in _KEPT_HEADERS if name in response},
        body=response.content,
    )
