"""How the API reads a body: strictly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.parsers import BaseParser

from cases.bodies import read_body
from ledger.strict_json import parse_strict


class StrictJSONParser(BaseParser):
    """application/json: one object, read by the strict reader."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        request = (parser_context or {})["request"]
        return parse_strict(read_body(stream, request, limit=settings.MAX_JSON_BYTES, what="A JSON body"))
