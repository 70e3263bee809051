"""Bodies as the web server hands them in: a large one is taken only where it belongs, from somebody known."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse

from cases import commands as cases
from evidence.models import ItemState
from evidence.uploads import most_of_an_upload
from ledger.actors import Actor
from ledger.ids import uuid7
from osint import handler, tokens
from osint.models import AccessToken

pytestmark = pytest.mark.django_db(transaction=True)

SMALL = 10_000
UPLOAD = 3_000_000
PIECE = 65_536
FORM = "multipart/form-data; boundary=frontier"


@dataclass
class Server:
    """What a web server does with one request: hand pieces in as they are asked for, and take the answer."""

    taken: int = 0
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    async def run(self, scope: dict[str, Any], body: bytes) -> None:
        pieces = [body[begin : begin + PIECE] for begin in range(0, len(body), PIECE)] or [b""]
        gone = asyncio.Event()

        async def receive() -> dict[str, Any]:
            if self.taken == len(pieces):
                await gone.wait()
                return {"type": "http.disconnect"}
            self.taken += 1
            more = self.taken < len(pieces)
            return {"type": "http.request", "body": pieces[self.taken - 1], "more_body": more}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                self.status = message["status"]
                self.headers = {name.decode().lower(): value.decode() for name, value in message["headers"]}
            else:
                self.body += message["body"]

        await handler.Handler()(scope, receive, send)


Send = Callable[..., Server]


@pytest.fixture
def send(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Send:
    """Send a request to the site, which has small limits here."""
    # As where a web server runs: each request has a thread of its own, and gives its connection back.
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)
    settings.MAX_JSON_BYTES = settings.DATA_UPLOAD_MAX_MEMORY_SIZE = SMALL
    settings.MAX_UPLOAD_BYTES = UPLOAD
    settings.MAX_BATCH_BYTES = 2 * SMALL

    def send(
        path: str,
        body: bytes,
        *,
        method: str = "POST",
        kind: str = "application/octet-stream",
        declared: int | None = None,
        says_length: bool = True,
        **headers: str,
    ) -> Server:
        given = {"host": "localhost", "content-type": kind, **headers}
        given |= {"content-length": str(len(body) if declared is None else declared)} if says_length else {}
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
            "client": ("127.0.0.1", 5000),
        }
        server = Server()
        asyncio.run(server.run(scope, body))
        return server

    return send


@pytest.fixture
def case(alice: Any) -> str:
    opened = cases.open_case(title="Tankers", by=Actor.person(alice.pk))
    return f"/api/v1/cases/{opened.stream}/"


@pytest.fixture
def token(alice: Any) -> str:
    return f"Bearer {tokens.issue(user=alice, scopes=tokens.SCOPES)[1]}"


def form(size: int, **metadata: Any) -> bytes:
    """An upload of a file of this size."""
    head = '--frontier\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n'
    head += json.dumps({"kind": "image", **metadata}) + "\r\n--frontier\r\n"
    head += 'Content-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
    return head.encode() + bytes(size) + b"\r\n--frontier--\r\n"


def assert_refused(answer: Server, *, taken: int = 0) -> None:
    assert (answer.status, answer.headers["content-type"]) == (413, "application/problem+json"), answer.body
    assert json.loads(answer.body)["code"] == "too-large"
    assert answer.taken == taken, "pieces that were taken in"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/api/v1/cases/", "/api/nowhere/", "<evidence>", "<batch>"])
@pytest.mark.parametrize("size", [SMALL + 1, 300_000_000, 10**30])
def test_a_large_body_of_a_stranger_is_not_even_begun(send: Send, case: str, path: str, size: int) -> None:
    path = path.replace("<evidence>", f"{case}evidence/").replace("<batch>", f"{case}evidence/batch/")
    assert_refused(send(path, b"", kind=FORM, declared=size))
    assert_refused(send(path, b"", kind=FORM, declared=size, cookie="sessionid=made-up"))


def test_a_body_that_does_not_say_its_length_is_counted(send: Send, case: str, token: str) -> None:
    body = bytes(10 * PIECE)
    assert_refused(send("/healthz", body, says_length=False), taken=1)
    assert_refused(send(f"{case}evidence/", body, kind=FORM, says_length=False, authorization=token), taken=1)
    assert send("/healthz", bytes(SMALL), method="GET", says_length=False).status == 200


def test_small_bodies_come_through_to_whoever_answers_them(send: Send, case: str, token: str) -> None:
    assert send("/healthz", bytes(SMALL), method="GET").status == 200
    assert send(f"{case}evidence/", bytes(SMALL)).status == 401
    opened = send("/api/v1/cases/", b'{"title":"New"}', kind="application/json", authorization=token)
    assert (opened.status, json.loads(opened.body)["title"]) == (201, "New")


def test_a_token_that_opens_nothing_is_told_so(send: Send, case: str, token: str) -> None:
    for wrong in (f"{token}x", "Bearer nothing"):
        answer = send(f"{case}evidence/", b"", kind=FORM, declared=UPLOAD, authorization=wrong)
        assert (answer.status, answer.taken) == (401, 0)
        assert answer.headers["www-authenticate"].startswith("Bearer")
    AccessToken.objects.all().delete()
    assert send(f"{case}evidence/", b"", kind=FORM, declared=UPLOAD, authorization=token).status == 401
    # Basic names nobody here.
    assert_refused(send(f"{case}evidence/", b"", kind=FORM, declared=UPLOAD, authorization="Basic YTpi"))


def test_somebody_known_sends_much_only_where_it_belongs(send: Send, case: str, token: str) -> None:
    for path, kind, method in (
        ("/api/v1/cases/", "application/json", "POST"),
        (f"{case}comment/", FORM, "POST"),
        (f"{case}evidence/", "application/json", "POST"),
        (f"{case}evidence/", FORM, "PUT"),
        ("/readyz", FORM, "POST"),
    ):
        assert_refused(send(path, b"", kind=kind, method=method, declared=SMALL + 1, authorization=token))
    batch = f"{case}evidence/batch/"
    assert_refused(send(batch, b"", declared=2 * SMALL + 1, authorization=token))
    assert send(batch, b"{}".ljust(2 * SMALL, b"\n"), authorization=token).status == 200
    assert_refused(send(f"{case}evidence/", b"", kind=FORM, declared=most_of_an_upload() + 1, authorization=token))


def test_an_upload_lies_in_the_folder_for_uploads_until_it_is_whole(
    send: Send, case: str, token: str, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in the system's folder for temporary files, which may be in memory, or small."""
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 1000
    answer = send(f"{case}evidence/", form(UPLOAD), kind=FORM, authorization=token)
    assert answer.status == 201, answer.body
    assert json.loads(answer.body)["sha256"] == sha256(bytes(UPLOAD)).hexdigest()
    assert list(tmp_path.iterdir()) == [], "nothing stays there"
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "absent"
    assert send(f"{case}evidence/", form(UPLOAD), kind=FORM, authorization=token).status == 500
    assert ItemState.objects.count() == 1


def test_somebody_signed_in_uploads_from_a_page(send: Send, case: str, alice: Any) -> None:
    browser = Client()
    browser.force_login(alice)
    page = f"/admin/cases/{case.split('/')[-2]}/evidence/new/image/"
    session = f"sessionid={browser.cookies['sessionid'].value}"
    answer = send(page, form(UPLOAD), kind=FORM, cookie=session)
    # The form lacks its token against forgery: it was taken in, and looked at.
    assert (answer.status, answer.taken > UPLOAD // PIECE) == (403, True)
    browser.logout()
    for cookie in (session, "other=1"):
        answer = send(page, b"", kind=FORM, declared=UPLOAD, cookie=cookie)
        assert (answer.status, answer.taken, answer.headers["content-type"]) == (413, 0, "text/plain; charset=utf-8")


def test_the_addresses_that_take_much_are_addresses() -> None:
    for name in handler.UPLOADS | handler.BATCHES:
        kind = {"kind": "image"} if name == "admin:evidence-new" else {}
        assert reverse(name, kwargs={"case_id": uuid7(), **kind})
