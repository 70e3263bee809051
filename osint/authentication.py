"""Who calls, and whether their token is good for this: authentication and scopes of the API."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from ledger.actors import Actor
from osint import tokens
from osint.models import AccessToken, User

CHALLENGE = 'Bearer realm="waterline"'


def bearer(request: HttpRequest) -> AccessToken | None:
    """Find the token that a request carries; asked twice, it is looked up once.

    :raises BadToken: it carries one that opens nothing.
    """
    if not hasattr(request, "bearer"):
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        request.bearer = tokens.read(text.strip()) if scheme.lower() == "bearer" else None  # type: ignore[attr-defined]
    found: AccessToken | None = request.bearer  # type: ignore[attr-defined]
    return found


def caller(request: HttpRequest) -> Actor | None:
    """Find who calls, before any view runs; None for a stranger.

    :raises BadToken: the request carries a token that opens nothing.
    """
    if token := bearer(request):
        return _holder(token)
    user = getattr(request, "user", None)
    return Actor.person(user.pk) if user is not None and user.is_authenticated else None


def client_address(request: HttpRequest) -> str:
    """Tell the address that a request came from, by which guesses of passwords are counted.

    Behind a proxy that is the last one forwarded, which the proxy itself wrote. What stands before it came with the
    request: whoever guesses could write another one there each time.
    """
    address: str = request.META.get("REMOTE_ADDR", "")
    if not settings.BEHIND_TLS:
        return address
    last = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    try:
        return str(ip_address(last))
    except ValueError:
        return address


def _holder(token: AccessToken) -> Actor:
    return Actor(name=f"token:{token.pk}", user=token.user.pk, case=token.case_id)


class TokenAuthentication(BaseAuthentication):
    """A bearer token."""

    def authenticate(self, request: Request) -> tuple[User, AccessToken] | None:
        """Set `request.actor`, who acts from here on."""
        token = bearer(request._request)
        if token is None:
            return None
        request._request.actor = _holder(token)  # type: ignore[attr-defined]
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


class BrowserAuthentication(SessionAuthentication):
    """A person who is signed in to the web admin; what changes anything needs the CSRF token."""

    def authenticate(self, request: Request) -> Any:
        found = super().authenticate(request)
        if found:
            request._request.actor = Actor.person(found[0].pk)  # type: ignore[attr-defined]
        return found


class HasScope(BasePermission):
    """The token has the scopes that the view names for the method. A view that names none is open to nobody."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user or not request.user.is_authenticated:
            raise exceptions.NotAuthenticated("Send a token: Authorization: Bearer <token>.")
        needed = getattr(view, "required_scopes", {}).get(request.method)
        if request.method == "HEAD":
            needed = getattr(view, "required_scopes", {}).get("GET")
        if needed is None:
            # A method that the view does not have is answered by 405, after this.
            if request.method == "OPTIONS" or not hasattr(view, (request.method or "").lower()):
                return True
            raise exceptions.PermissionDenied("This address is not open to tokens.")
        if isinstance(request.auth, AccessToken):
            for scope in (needed,) if isinstance(needed, str) else needed:
                if scope not in request.auth.scopes:
                    raise exceptions.PermissionDenied(f"The token lacks the scope {scope}.")
        return True
