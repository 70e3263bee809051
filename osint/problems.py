"""Every error body of the API is a problem document (RFC 9457): one handler for views, one middleware for the rest."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import structlog
from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response

from ledger.errors import DomainError
from ledger.ids import uuid7

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER = "5"
PATHS = ("/api/", "/healthz", "/readyz")

log = structlog.get_logger(__name__)

Problem = dict[str, Any]

_FULL = {errno.ENOSPC, errno.EDQUOT}


def problem(status: int, code: str, title: str, detail: str, errors: Mapping[str, Any] | None = None) -> Problem:
    """Write a problem document; `errors` maps dotted field paths to sentences."""
    document: Problem = {
        "type": f"/problems/{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": f"urn:uuid:{uuid7()}",
        "code": code,
    }
    if errors:
        document["errors"] = errors
    return document


def of(error: BaseException) -> tuple[Problem, dict[str, str]]:
    """Turn any exception into a problem document and the headers it needs; an unforeseen one is logged."""
    if isinstance(error, DomainError):
        return problem(error.status, error.code, error.title, error.detail, error.errors), _headers(error)
    if isinstance(error, exceptions.APIException):
        return _of_framework(error)
    for kinds, status, code, title, detail in _KNOWN:
        if isinstance(error, kinds):
            return problem(status, code, title, detail), {}
    if isinstance(error, OperationalError | InterfaceError):
        return _of_database(error)
    if isinstance(error, OSError) and error.errno in _FULL:
        return _full(), {}
    document = problem(500, "bug", "Something went wrong here", "This is a fault of the server; its log says more.")
    log.error("uncaught", instance=document["instance"], exc_info=error)
    return document, {}


def handle(error: Exception, context: Mapping[str, Any]) -> Response:
    """Answer a view's exception (Django REST framework's EXCEPTION_HANDLER)."""
    document, headers = of(error)
    return Response(document, status=document["status"], headers=headers, content_type=CONTENT_TYPE)


class ProblemMiddleware:
    """Turns what goes wrong outside of views, and Django's own HTML errors, into problem documents."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not request.path.startswith(PATHS):
            return response
        if response.status_code == HTTPStatus.MOVED_PERMANENTLY and request.method not in {"GET", "HEAD"}:
            # An address without its last slash: after a 301 clients come back with a GET, and think all went well.
            response.status_code = HTTPStatus.PERMANENT_REDIRECT
        if response.status_code < HTTPStatus.BAD_REQUEST:
            return response
        if response.get("Content-Type", "").startswith(("application/problem+json", "application/json")):
            return response
        status = HTTPStatus(response.status_code)
        headers = {name: response[name] for name in ("Allow", "Retry-After") if name in response}
        code = status.phrase.lower().replace(" ", "-")
        document = problem(status, code, status.phrase, status.description or status.phrase)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            # Django logged the trace; this line leads to it from the id that the client has.
            log.error("uncaught", instance=document["instance"], path=request.path)
        return answer(document, headers)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer what a view let through."""
        if not request.path.startswith(PATHS):
            return None
        return answer(*of(error))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer an address that leads nowhere (Django's handler404)."""
    return _answered(request, exception) or defaults.page_not_found(request, exception)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what Django itself refuses (handler400)."""
    return _answered(request, exception) or defaults.bad_request(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a fault outside of the views (handler500), while it is being handled."""
    return _answered(request, sys.exc_info()[1] or RuntimeError()) or defaults.server_error(request)


def _answered(request: HttpRequest, error: BaseException) -> HttpResponse | None:
    # No page is made for programs: its templates may be what is broken.
    return answer(*of(error)) if request.path.startswith(PATHS) else None


def answer(document: Problem, headers: Mapping[str, str]) -> HttpResponse:
    """Send a problem document from outside of a view."""
    return JsonResponse(document, status=document["status"], content_type=CONTENT_TYPE, headers=headers)


def _headers(error: DomainError) -> dict[str, str]:
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        return {"Retry-After": RETRY_AFTER}
    if error.status == HTTPStatus.UNAUTHORIZED:
        # RFC 9110, 15.5.2: a 401 always says how to do better; RFC 6750, 3.1 has the word for it.
        return {"WWW-Authenticate": 'Bearer realm="waterline", error="invalid_token"'}
    return {}


def _of_framework(error: exceptions.APIException) -> tuple[Problem, dict[str, str]]:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    status = HTTPStatus(error.status_code)
    if isinstance(error, exceptions.ValidationError):
        title = "The request is not valid"
        return problem(400, "invalid", title, "At least one field is not valid.", _flat(error.detail)), headers
    code = status.phrase.lower().replace(" ", "-")
    return problem(status, code, status.phrase, str(error.detail)), headers


def _flat(detail: Any, path: str = "") -> dict[str, list[str]]:
    """Bring the framework's nested errors to dotted paths."""
    if isinstance(detail, Mapping):
        found: dict[str, list[str]] = {}
        for name, inner in detail.items():
            found |= _flat(inner, f"{path}.{name}" if path else str(name))
        return found
    if isinstance(detail, list) and any(isinstance(each, Mapping | list) for each in detail):
        found = {}
        for number, inner in enumerate(detail):
            found |= _flat(inner, f"{path}.{number}" if path else str(number))
        return found
    return {path: [str(each) for each in detail] if isinstance(detail, list) else [str(detail)]}


def _of_database(error: Exception) -> tuple[Problem, dict[str, str]]:
    text = str(error).lower()
    if "disk is full" in text or "no space left" in text:
        return _full(), {}
    log.warning("database_unavailable", reason=str(error))
    detail = "The database is busy or restarting. Nothing was recorded; try again."
    return problem(503, "unavailable", "Temporarily unavailable", detail), {"Retry-After": RETRY_AFTER}


def _full() -> Problem:
    log.error("disk_full")
    detail = "The server's disk is full. Nothing was recorded; try again once there is room."
    return problem(507, "disk-full", "No room left", detail)


_KNOWN: tuple[tuple[tuple[type[BaseException], ...], int, str, str, str], ...] = (
    ((Http404,), 404, "not-found", "Not found", "There is nothing here that you may see."),
    ((PermissionDenied,), 403, "forbidden", "Not allowed", "You may not do this."),
    ((RequestDataTooBig,), 413, "too-large", "Too large", "The body is larger than the limit."),
    (
        (TooManyFieldsSent, TooManyFilesSent),
        413,
        "too-large",
        "Too large",
        "The body has more parts or fields than the limit.",
    ),
    (
        (UnreadablePostError,),
        408,
        "cut",
        "The body was cut",
        "The connection broke before the body was whole. Nothing was recorded; send it again.",
    ),
    (
        (MultiPartParserError,),
        400,
        "invalid",
        "The request is not valid",
        "The multipart body can not be read.",
    ),
    (
        (SuspiciousOperation, BadRequest),
        400,
        "invalid",
        "The request is not valid",
        "The request can not be read.",
    ),
)
