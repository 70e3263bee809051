"""Django's ASGI handler, with two changes: how a body is taken in, and in which thread a request is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, Any, TypeVar, cast

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, ASGIRequest, get_script_prefix
from django.core.signals import request_started
from django.db import close_old_connections, connections
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve, set_script_prefix

from enrichment.publish import News, held_back, tell
from evidence.uploads import most_of_an_upload
from ledger.errors import TooLarge
from osint import problems
from osint.authentication import caller

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
T = TypeVar("T")

UPLOADS = frozenset({"evidence-list", "admin:evidence-new"})
"""The addresses that take a file."""

BATCHES = frozenset({"evidence-batch"})
"""The addresses that take many items at once."""


THREADS = 40
"""Requests that one process answers at the same time; further ones wait. A thread keeps what is slow to make anew."""


class Handler(ASGIHandler):
    """Django's handler, with bodies bounded, and one change of threads for each request.

    Django writes a whole body to the disk before it looks at the address, at who sends it or how much it is. Here a
    body that is more than any command needs is taken in only where one belongs, and from somebody known.

    All our middleware and all our views are synchronous. Django would make a thread for each request, with a database
    connection of its own, and go there and back for each signal and for each middleware that could be asynchronous.
    """

    def __init__(self) -> None:
        super().__init__()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="request")

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def handle(self, scope: Scope, receive: Receive, send: Any) -> None:
        """Take the body in, or refuse it; answer in a thread; once the answer is sent, do what could wait for that."""
        try:
            body = await _take(scope, receive)
        except RequestAborted:
            return
        # What comes here was raised before there was a request: a limit, the token, the database, a full disk.
        except Exception as error:
            await self.send_response(_refusal(scope, error), send)
            return
        response, news = await self._in_thread(self._answer, scope, body)
        try:
            if response.streaming:
                await self._stream(response, receive, send)
            else:
                await self.send_response(response, send)
        finally:
            if news:
                await self._in_thread(_tell, news)

    async def _in_thread(self, work: Callable[..., T], *arguments: Any) -> T:
        run = partial(copy_context().run, work, *arguments)
        return await asyncio.get_running_loop().run_in_executor(self._threads, run)

    def _answer(self, scope: Scope, body: IO[bytes]) -> tuple[HttpResponseBase, list[News]]:
        """Answer a request from first to last; return the news, too, that workers are told once it is sent."""
        set_script_prefix(get_script_prefix(scope))
        request_started.send(sender=type(self), scope=scope)
        request, refusal = self.create_request(scope, body)
        with held_back() as news:
            response: Any = self.get_response(request) if request else refusal
        response._handler_class = type(self)
        if isinstance(response, FileResponse):
            response.block_size = self.chunk_size
        if response.streaming:
            # What is streamed is a file, and may take hours: the connection is for others meanwhile.
            close_old_connections()
        else:
            # Here, because this thread has the connection that the end of a request gives back.
            response.close()
            body.close()
        return response, news

    async def _stream(self, response: HttpResponseBase, receive: Receive, send: Any) -> None:
        """Send a stream for as long as somebody receives it."""
        sent = asyncio.ensure_future(self.send_response(response, send))
        gone = asyncio.ensure_future(receive())
        try:
            await asyncio.wait([sent, gone], return_when=asyncio.FIRST_COMPLETED)
            if sent.done():
                sent.result()
        finally:
            sent.cancel()
            gone.cancel()
            await asyncio.wait([sent, gone])
            await sync_to_async(response.close)()


def _tell(news: list[News]) -> None:
    try:
        tell(news)
    finally:
        close_old_connections()


async def _take(scope: Scope, receive: Receive) -> IO[bytes]:
    """Take a body in: a small one to memory, a larger one to the folder for uploads, where it has no name.

    :raises TooLarge: it is, or says it will be, more than is taken here.
    :raises RequestAborted: the client went away.
    """
    declared, most = _declared(scope), settings.MAX_JSON_BYTES
    if declared is not None and declared > most:
        most = await sync_to_async(_most)(scope)
        if declared > most:
            raise TooLarge(f"A body has at most {most:,} bytes here.")
    # Closed below where it is not whole, else at the end of the request.
    body = SpooledTemporaryFile(settings.FILE_UPLOAD_MAX_MEMORY_SIZE, dir=str(settings.FILE_UPLOAD_TEMP_DIR))  # noqa: SIM115
    try:
        more, size = True, 0
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise RequestAborted
            piece = message.get("body", b"")
            size += len(piece)
            if size > most:
                raise TooLarge(f"A body that does not say how long it is has at most {most:,} bytes.")
            body.write(piece)
            more = message.get("more_body", False)
        body.seek(0)
    except BaseException:
        body.close()
        raise
    return cast(IO[bytes], body)


def _declared(scope: Scope) -> int | None:
    for name, value in scope["headers"]:
        if name.lower() == b"content-length":
            return int(value) if value.isdigit() else None
    return None


def _most(scope: Scope) -> int:
    """Tell how many bytes of a large body are taken: it must come to where one belongs, from somebody known.

    :raises BadToken: it comes with a token that opens nothing.
    """
    least: int = settings.MAX_JSON_BYTES
    try:
        request = ASGIRequest(scope, BytesIO())
        name = resolve(request.path_info).view_name
    except (UnicodeDecodeError, Resolver404):
        return least
    if request.method != "POST" or not (name in BATCHES or name in UPLOADS):
        return least
    if not _is_known(request):
        return least
    if name in BATCHES:
        return max(least, settings.MAX_BATCH_BYTES)
    return most_of_an_upload() if request.content_type == "multipart/form-data" else least


def _is_known(request: ASGIRequest) -> bool:
    # Whoever gives a connection back at the end of a request does not know of this one.
    try:
        request.session = SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
        request.user = get_user(request)
        return caller(request) is not None
    finally:
        connections.close_all()


def _refusal(scope: Scope, error: Exception) -> HttpResponse:
    document, headers = problems.of(error)
    if scope["path"].startswith(problems.PATHS):
        return problems.answer(document, headers)
    # To a browser, which shows what it gets.
    text = f"{document['title']}: {document['detail']}"
    return HttpResponse(text, status=document["status"], headers=headers, content_type="text/plain; charset=utf-8")
