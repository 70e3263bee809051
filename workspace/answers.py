"""Between a request and a page: who asks, what is answered, how a refusal reads."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from ledger.actors import Actor
from ledger.errors import DomainError

View = Callable[..., HttpResponseBase]


def actor(request: HttpRequest) -> Actor:
    """Name the person who is signed in."""
    return Actor.person(request.user.pk)


def before(request: HttpRequest) -> int | None:
    """Read where a page of a list begins: at what came before this seq. What is no seq asks for the first page."""
    text = request.GET.get("before", "")
    # No seq is longer; Python refuses to read a number of thousands of digits, and a database one of twenty.
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def show(request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """Answer with a page; none of them is kept by a cache."""
    response = render(request, f"workspace/{template}.html", context, status=status)
    response["Cache-Control"] = "private, no-store"
    return response


def refusals_shown(view: View) -> View:
    """Answer a refusal that the view did not show itself with a page that says why."""

    @wraps(view)
    def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except DomainError as refusal:
            return show(request, "refused", {"refusal": refusal}, status=refusal.status)

    return shown
