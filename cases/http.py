"""What requests over HTTP have in common: nothing in them is ignored, and a command answers with how things stand."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.views import APIView

from cases.bodies import LengthRequired
from cases.serializers import ShapeSerializer
from ledger.errors import Invalid

_ETAG = re.compile(r'(?:W/)?"(\d{1,15})"')


def etag(seq: int) -> str:
    """Write the ETag of something that stands as event `seq` left it."""
    return f'"{seq}"'


def whole(given: Mapping[str, str], name: str, *, least: int, most: int, default: int | None) -> int:
    """Read a parameter that is a whole number; without a default it must be there.

    :raises Invalid: it is missing, no number, or out of range.
    """
    value = given.get(name, "" if default is None else str(default))
    digits = value.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 17 and least <= int(value) <= most):
        raise Invalid(f"{name} can not be read.", errors={name: [f"A whole number from {least} to {most}."]})
    return int(value)


def seen(request: Request) -> int | None:
    """Read If-Match: the seq of the state that the caller last saw; None where they did not say, or said "*".

    An ETag that was never given matches nothing, so it reads as 0.
    """
    value = request.headers.get("If-Match", "").strip()
    if value in {"", "*"}:
        return None
    found = _ETAG.fullmatch(value)
    return int(found[1]) if found else 0


class StrictView(APIView):
    """A view that refuses what it would otherwise not look at: unknown parameters, a body without its length.

    `parameters` names those of its own; a list adds those of its filters and its pages.
    """

    parameters: frozenset[str] = frozenset()
    repeatable: frozenset[str] = frozenset()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Look at the whole request, once it is known who asks.

        :raises Invalid: a parameter is unknown, or stands twice.
        :raises LengthRequired: a body comes without its length.
        """
        super().initial(request, *args, **kwargs)
        if "Transfer-Encoding" in request.headers and "Content-Length" not in request.headers:
            raise LengthRequired("Send Content-Length: without it a body that was cut looks whole.")
        if request.method == "OPTIONS" or not hasattr(self, (request.method or "").lower()):
            # Answered by 405, whatever else it says.
            return
        given, known = request.query_params, self._known(request.method in {"GET", "HEAD"})
        errors = {name: ["This parameter is not known here."] for name in given if name not in known}
        for name in known - self.repeatable:
            if len(given.getlist(name)) > 1:
                errors[name] = ["This parameter is given once at most."]
        if errors:
            raise Invalid("A parameter can not be used.", errors=errors)

    def _known(self, reads: bool) -> frozenset[str]:
        if not reads:
            return self.parameters
        filters = getattr(getattr(self, "filterset_class", None), "base_filters", {})
        page = getattr(self, "paginator", None)
        pages = {page.cursor_query_param, page.page_size_query_param} if page else set()
        return self.parameters | frozenset(filters) | pages


class OneFormat(DefaultContentNegotiation):
    """For addresses that answer in one format of their own, whatever the request would accept."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class CommandView(StrictView):
    """A POST that carries out one command: the fields of the request are the command's arguments."""

    serializer_class: type[ShapeSerializer]

    def arguments(self, request: Request) -> dict[str, Any]:
        """Read the request's fields.

        :raises Invalid: one of them is unknown, missing or malformed.
        """
        asked = self.serializer_class.read(request.data)
        return {field.name: getattr(asked, field.name) for field in dataclasses.fields(asked)}
