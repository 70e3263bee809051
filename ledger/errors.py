"""The error tree: a refusal is a sentence a person can act on, and a stable code a program can.

Everything that is a `DomainError` reaches a client as a 4xx/5xx problem (RFC 9457); anything else is a bug.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class DomainError(Exception):
    """A refusal that is safe to show: `detail` is a sentence, `code` never changes."""

    code = "refused"
    title = "The request was refused"
    status = 400

    def __init__(self, detail: str, *, errors: Mapping[str, Sequence[str]] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = {name: list(sentences) for name, sentences in (errors or {}).items()}


class Invalid(DomainError):
    """What was sent cannot be what was meant; `errors` names each field."""

    code = "invalid"
    title = "The request is not valid"


class Forbidden(DomainError):
    """The caller may see this, and may not do that."""

    code = "forbidden"
    title = "Not allowed"
    status = 403


class NotFound(DomainError):
    """It is not there, or the caller may not know that it is."""

    code = "not-found"
    title = "Not found"
    status = 404

    def __init__(self, detail: str = "There is nothing here that you may see.") -> None:
        super().__init__(detail)


class Conflict(DomainError):
    """What is stored already contradicts what was sent."""

    code = "conflict"
    title = "This contradicts what is already recorded"
    status = 409


class StaleStream(DomainError):
    """Somebody appended since the caller last looked."""

    code = "stale"
    title = "Changed meanwhile"
    status = 412


class PreconditionRequired(DomainError):
    """The change overwrites a value, so the caller must say which state it saw."""

    code = "precondition-required"
    title = "If-Match is required"
    status = 428


class TooLarge(DomainError):
    """More bytes, parts or lines than the limit."""

    code = "too-large"
    title = "Too large"
    status = 413


class Unprocessable(DomainError):
    """Well formed, and contradicting something else in the same request."""

    code = "unprocessable"
    title = "The request contradicts itself"
    status = 422


class Unavailable(DomainError):
    """A part the request needs does not answer; trying again later may work."""

    code = "unavailable"
    title = "Temporarily unavailable"
    status = 503
