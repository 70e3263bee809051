"""How the web server's entry answers: in one thread, before workers are told, and for as long as somebody listens."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from redis import Redis

from cases import commands as cases
from enrichment.models import Job
from ledger.actors import Actor
from osint import tokens
from osint.handler import Handler

pytestmark = pytest.mark.django_db(transaction=True)

STATEMENT = {"kind": "statement", "text": "At 60.10, 24.90, said the pilot."}


@pytest.fixture(autouse=True)
def connections_are_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a pool keeps them: the database of the tests is removed while the threads still wait."""
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)


@pytest.fixture
def path(alice: Any) -> str:
    return f"/api/v1/cases/{cases.open_case(title='Tankers', by=Actor.person(alice.pk)).stream}/evidence/"


@pytest.fixture
def token(alice: Any) -> str:
    return tokens.issue(user=alice, scopes=tokens.SCOPES)[1]


@pytest.fixture
def queue(broker: str) -> Iterator[Redis]:
    with Redis.from_url(configured.REDIS_URL) as client:
        client.flushall()
        yield client
        client.flushall()


def waiting(queue: Redis) -> int:
    return sum(queue.llen(key) for key in queue.keys("celery*"))


def answering(answer: Callable[[HttpRequest], HttpResponseBase]) -> Handler:
    """A handler that has this in the place of all middleware and views."""
    handler = Handler()
    handler._middleware_chain = answer  # type: ignore[attr-defined]
    return handler


def run(handler: Handler, path: str, token: str, *, on_start: Any = lambda: None) -> list[Mapping[str, Any]]:
    """Post a statement; return the messages that went out."""
    body = json.dumps(STATEMENT).encode()
    headers = {"host": "localhost", "content-type": "application/json", "content-length": str(len(body))}
    headers["authorization"] = f"Bearer {token}"
    scope = {
        "type": "http", "method": "POST", "path": path, "query_string": b"", "client": ("127.0.0.1", 5000),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    sent: list[Mapping[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            on_start()
        sent.append(message)

    asyncio.run(handler(scope, receive, send))
    return sent


def test_workers_hear_of_a_job_once_its_submission_was_answered(path: str, token: str, queue: Redis) -> None:
    before: list[int] = []
    sent = run(Handler(), path, token, on_start=lambda: before.append(waiting(queue)))
    assert sent[0]["status"] == 201
    assert (before, waiting(queue)) == ([0], 1)


def test_workers_hear_of_it_although_the_client_went_away(path: str, token: str, queue: Redis) -> None:
    def gone() -> None:
        raise OSError("nobody is there")

    with pytest.raises(OSError, match="nobody is there"):
        run(Handler(), path, token, on_start=gone)
    assert Job.objects.filter(published_at__isnull=False).count() == waiting(queue) == 1


def test_the_thread_of_a_request_answers_the_next_one(path: str, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Of several, any one that is free may be next.
    monkeypatch.setattr("osint.handler.THREADS", 1)
    threads = []

    def answer(request: HttpRequest) -> HttpResponse:
        threads.append(threading.current_thread())
        return HttpResponse(status=204)

    handler = answering(answer)
    for _ in range(3):
        assert run(handler, path, token)[0]["status"] == 204
    assert len(set(threads)) == 1
    assert threads[0] is not threading.current_thread()


def test_a_stream_ends_when_nobody_receives_it_any_more() -> None:
    closed: list[str] = []

    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x"
                await asyncio.sleep(0)
        finally:
            closed.append("pieces")

    response = StreamingHttpResponse(endless())
    response._resource_closers.append(lambda: closed.append("response"))  # type: ignore[attr-defined]
    # The body is asked for once; whoever asks again learns that the client is gone.
    asked = 0

    async def receive() -> dict[str, Any]:
        nonlocal asked
        asked += 1
        return {"type": "http.request" if asked == 1 else "http.disconnect", "body": b"", "more_body": False}

    sent: list[Mapping[str, Any]] = []

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": [(b"host", b"localhost")]}
    asyncio.run(asyncio.wait_for(answering(lambda request: response)(scope, receive, send), timeout=20))
    assert sent[0]["status"] == 200
    assert closed == ["pieces", "response"]
