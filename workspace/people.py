"""Names for the opaque actors of events: people by name, tokens by their person, tools by name and version."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.contrib.auth import get_user_model

ELSEWHERE = "a person of another system"
"""Accounts are never deleted: one that is not here was never here, and came with a case out of a bundle."""


def names_of(actors: Iterable[str]) -> dict[str, str]:
    """Find a display name for each actor, in at most two queries."""
    wanted = set(actors)
    users = get_user_model().objects
    ids = {kind: [id_ for name in wanted if (id_ := _id(name, kind))] for kind in ("user", "token")}
    known: dict[str, str] = {}
    if ids["user"]:
        known = {f"user:{user.pk}": display_name(user) for user in users.filter(pk__in=ids["user"])}
    if ids["token"]:
        held = users.filter(tokens__pk__in=ids["token"]).values_list("tokens__pk", "username")
        known |= {f"token:{token}": f"{username} (API token)" for token, username in held}
    return {name: known.get(name) or _tool(name) for name in wanted}


def display_name(user: object) -> str:
    """Write a person's full name where they gave one, else the name they sign in with."""
    return user.get_full_name() or user.get_username()  # type: ignore[attr-defined, no-any-return]


def _id(actor: str, wanted: str) -> UUID | None:
    kind, _, rest = actor.partition(":")
    try:
        return UUID(rest) if kind == wanted else None
    except ValueError:
        return None


def _tool(actor: str) -> str:
    kind, _, rest = actor.partition(":")
    # The end of the id, which is drawn at random, tells two of them apart.
    return rest if kind == "worker" else f"{ELSEWHERE} (…{rest[-6:]})"
