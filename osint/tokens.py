"""Bearer tokens: making, reading and revoking them. The text is shown once and never kept."""

from __future__ import annotations

import secrets
import string
import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Q
from django.utils import timezone

from ledger.errors import DomainError
from ledger.rows import WrittenOnce
from osint.models import AccessToken, User

SCOPES = ("cases:read", "cases:write", "evidence:read", "evidence:write", "findings:write", "log:read")
PREFIX = "wl_"
LENGTH = 40
_LETTERS = string.digits + string.ascii_letters


class BadToken(DomainError):
    """The bearer token opens nothing."""

    code = "bad-token"
    title = "The token is not accepted"
    status = 401


def issue(
    *,
    user: User,
    scopes: Sequence[str],
    name: str = "",
    case_id: UUID | None = None,
    expires_at: datetime | None = None,
) -> tuple[AccessToken, str]:
    """Make a token, and return it with its text: the only time that anybody sees it.

    :raises ValueError: a scope is not known.
    """
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise ValueError(f"Unknown scopes: {', '.join(unknown) or 'none given'}. Known: {', '.join(SCOPES)}.")
    body = "".join(secrets.choice(_LETTERS) for _ in range(LENGTH))
    text = f"{PREFIX}{body}{_checksum(body)}"
    token = AccessToken.objects.create(
        user=user,
        name=name,
        prefix=text[:8],
        digest=_digest(text),
        scopes=sorted(set(scopes)),
        case_id=case_id,
        expires_at=expires_at,
    )
    return token, text


def read(text: str) -> AccessToken:
    """Find the token of this text.

    :raises BadToken: it is malformed, unknown, expired or revoked, or its person is no longer active.
    """
    body = text.removeprefix(PREFIX)
    if not text.startswith(PREFIX) or len(body) != LENGTH + 6 or _checksum(body[:LENGTH]) != body[LENGTH:]:
        raise BadToken("This is no token of this system: it may have been cut or mistyped.")
    token = _found(_digest(text))
    now = timezone.now()
    if token is None or token.revoked_at or not token.user.is_active:
        raise BadToken("This token is unknown or was revoked.")
    if token.expires_at and token.expires_at <= now:
        raise BadToken("This token has expired.")
    _used(token, now)
    return token


_OF_TOKEN = [field.attname for field in AccessToken._meta.concrete_fields]
_OF_USER = [field.attname for field in User._meta.concrete_fields]
_TOKENS = WrittenOnce(
    lambda digest: AccessToken.objects.filter(digest=digest).values_list(
        *_OF_TOKEN, *(f"user__{name}" for name in _OF_USER)
    ),
    str,
)


def _found(digest: str) -> AccessToken | None:
    rows = _TOKENS(digest)
    if not rows:
        return None
    values = rows[0]
    token = AccessToken.from_db(DEFAULT_DB_ALIAS, _OF_TOKEN, values[: len(_OF_TOKEN)])
    token.user = User.from_db(DEFAULT_DB_ALIAS, _OF_USER, values[len(_OF_TOKEN) :])
    return token


def _used(token: AccessToken, now: datetime) -> None:
    """Remember the use, to the minute: not one write for each request."""
    old = now - timedelta(minutes=1)
    if token.last_used_at is None or token.last_used_at < old:
        stale = Q(last_used_at__isnull=True) | Q(last_used_at__lt=old)
        AccessToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)


def _digest(text: str) -> str:
    # 238 random bits need no slow hash: there is nothing to guess.
    return sha256(text.encode()).hexdigest()


def _checksum(body: str) -> str:
    """Write six letters by which scanners tell a real token from a lookalike (CRC-32 in base 62)."""
    number, letters = zlib.crc32(body.encode()), ""
    for _ in range(6):
        number, rest = divmod(number, 62)
        letters = _LETTERS[rest] + letters
    return letters
