"""Asking somebody outside over HTTP: within a time, up to a size, and nowhere else than where the address says."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Timer
from typing import Any

import urllib3
from urllib3.connectionpool import connection_from_url
from urllib3.util import make_headers, parse_url


class Unanswered(Exception):
    """There was no answer that could be used; the text is ours and says why."""


@dataclass(frozen=True)
class Answer:
    """What came back: the status, the type without its parameters, the body."""

    status: int
    type: str
    body: bytes


def shown(url: str) -> str:
    """Write an address without the password that it may hold."""
    return parse_url(url)._replace(auth=None).url


def post(url: str, body: bytes, *, type: str, largest: int, seconds: float) -> Answer:
    """Send a body and read the answer. Nothing is sent on to where an answer points.

    :param largest: the most bytes of an answer.
    :param seconds: after which all of it is given up, however the other side lets it drip.
    :raises Unanswered: there was no whole answer.
    """
    over = Event()
    try:
        with _pool(url, seconds, over) as pool:
            parts = parse_url(url)
            headers = {"Content-Type": type, "User-Agent": "Waterline"}
            if parts.auth:
                headers |= make_headers(basic_auth=parts.auth)
            response = pool.urlopen(
                "POST", parts.request_uri, body, headers, retries=False, redirect=False, preload_content=False
            )
            try:
                data = b""
                # To its end: only that tells whether an answer was cut.
                while len(data) <= largest and (piece := response.read(largest + 1 - len(data), decode_content=False)):
                    data += piece
            finally:
                response.close()
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        # That nobody listens is one of its kinds of being late, too.
        refused = isinstance(error, urllib3.exceptions.NewConnectionError)
        late = over.is_set() or (isinstance(error, urllib3.exceptions.TimeoutError) and not refused)
        raise Unanswered(f"no answer within {seconds:g} s" if late else f"no answer ({_kind(error)})") from error
    if over.is_set():
        raise Unanswered(f"no answer within {seconds:g} s")
    if len(data) > largest:
        raise Unanswered(f"an answer of more than {largest} bytes")
    return Answer(response.status, response.headers.get("Content-Type", "").partition(";")[0].strip().lower(), data)


def _kind(error: Exception) -> str:
    return type(error.__cause__ or error).__name__


@contextmanager
def _pool(url: str, seconds: float, over: Event) -> Iterator[Any]:
    """Give a pool of one connection that is cut when the time is over: a read that waits then ends."""
    pool = connection_from_url(url, maxsize=1, timeout=urllib3.Timeout(connect=seconds, read=seconds))
    handles: list[socket.socket] = []

    class Watched(pool.ConnectionCls):  # type: ignore[name-defined,misc]
        def _new_conn(self) -> socket.socket:
            made: socket.socket = super()._new_conn()
            # A handle of its own: TLS takes the first one over.
            handles.append(socket.socket(fileno=os.dup(made.fileno())))
            return made

    def cut() -> None:
        over.set()
        for handle in handles:
            try:
                handle.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    pool.ConnectionCls = Watched
    timer = Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield pool
    finally:
        timer.cancel()
        timer.join()
        for handle in handles:
            handle.close()
        pool.close()
