"""Bodies of requests: whole or not at all. Parsers import this, so it imports nothing of the framework's."""

from __future__ import annotations

from typing import IO

from django.http import HttpRequest

from ledger.errors import DomainError, TooLarge


class LengthRequired(DomainError):
    """A body that does not say how long it is, looks whole when it was cut."""

    code = "length-required"
    title = "Content-Length is required"
    status = 411


class BodyCut(DomainError):
    """Fewer bytes came than were declared."""

    code = "cut"
    title = "The body was cut"
    status = 408


def read_body(stream: IO[bytes], request: HttpRequest, *, limit: int, what: str) -> bytes:
    """Read a whole body into memory.

    :raises TooLarge: it has more than `limit` bytes.
    :raises BodyCut: it ended early. Under WSGI it then simply ends, and a batch cut between two lines looks whole.
    """
    body = stream.read(limit + 1)
    if len(body) > limit:
        raise TooLarge(f"{what} has at most {limit:,} bytes: send less, or send it in parts.")
    declared = request.META.get("CONTENT_LENGTH") or "0"
    if declared.isdigit() and len(body) < int(declared):
        raise BodyCut(f"{len(body):,} of {int(declared):,} bytes came. Nothing was recorded; send it again.")
    return body
