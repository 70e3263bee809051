"""What every command over HTTP has in common: read the request, call the command, answer with how things stand."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from rest_framework.request import Request
from rest_framework.views import APIView

from cases.serializers import ShapeSerializer

_ETAG = re.compile(r'(?:W/)?"(\d{1,15})"')


def etag(seq: int) -> str:
    """Write the ETag of something that stands as event `seq` left it."""
    return f'"{seq}"'


def seen(request: Request) -> int | None:
    """Read If-Match: the seq of the state that the caller last saw; None where they did not say, or said "*".

    An ETag that was never given matches nothing, so it reads as 0.
    """
    value = request.headers.get("If-Match", "").strip()
    if value in {"", "*"}:
        return None
    found = _ETAG.fullmatch(value)
    return int(found[1]) if found else 0


class CommandView(APIView):
    """A POST that carries out one command: the fields of the request are the command's arguments."""

    serializer_class: type[ShapeSerializer]

    def arguments(self, request: Request) -> dict[str, Any]:
        """Read the request's fields.

        :raises Invalid: one of them is unknown, missing or malformed.
        """
        asked = self.serializer_class.read(request.data)
        return {field.name: getattr(asked, field.name) for field in dataclasses.fields(asked)}
