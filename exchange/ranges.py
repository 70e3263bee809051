"""Ranges of bytes (RFC 9110, section 14): what lets a long download go on where it broke off."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ledger.errors import DomainError

_RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))", re.IGNORECASE)


class NoSuchRange(DomainError):
    """The bytes that are asked for are past the end."""

    code = "no-such-range"
    title = "There are no such bytes"
    status = 416

    def __init__(self, size: int) -> None:
        super().__init__(f"The file has {size:,} bytes, and those that were asked for are not among them.")
        self.size = size


@dataclass(frozen=True)
class Span:
    """Some bytes of a file: the number of the first, and how many."""

    first: int
    length: int


def span_of(asked: str | None, *, size: int, if_range: str | None, etag: str) -> Span | None:
    """Read the Range of a request; None where all of the file is to be sent.

    More than one range, another unit, or what can not be read asks for the whole, as the standard allows; so does an
    If-Range that is not this file's strong ETag.

    :raises NoSuchRange: no byte that is asked for is there.
    """
    found = _RANGE.fullmatch(asked.strip()) if asked else None
    if found is None or (if_range is not None and if_range.strip() != etag):
        return None
    if found[3] is not None:
        length = min(int(found[3]), size)
        if not length:
            raise NoSuchRange(size)
        return Span(size - length, length)
    first, last = int(found[1]), int(found[2]) if found[2] else size - 1
    if found[2] and last < first:
        return None
    if first >= size:
        raise NoSuchRange(size)
    return Span(first, min(last, size - 1) - first + 1)
