"""The two bodies that only evidence has: an upload (metadata and a file), and a batch (JSON lines)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.parsers import BaseParser, MultiPartParser

from cases.bodies import read_body
from ledger.errors import TooLarge

LINES = 10_000
"""The most lines of one batch."""


class UploadParser(MultiPartParser):
    """multipart/form-data with a part `metadata` (JSON) and a part `file`."""


class LinesParser(BaseParser):
    """application/x-ndjson: one JSON object a line; blank lines do not count.

    :raises TooLarge: more bytes or lines than the limits.
    """

    media_type = "application/x-ndjson"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> list[bytes]:
        request = (parser_context or {})["request"]
        body = read_body(stream, request, limit=settings.MAX_BATCH_BYTES, what="A batch")
        lines = list(_lines(body))
        if len(lines) > LINES:
            raise TooLarge(f"A batch has at most {LINES:,} lines: send it in parts.")
        return lines


class BytesOfLinesParser(LinesParser):
    """The same from clients that can not name the type."""

    media_type = "application/octet-stream"


def _lines(body: bytes) -> Iterator[bytes]:
    # Only line feeds end a line: U+2028 and friends may stand in a text.
    for line in body.split(b"\n"):
        if line.strip():
            yield line
