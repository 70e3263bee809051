"""What is read often, in a case of many events against one of few: evidence list, item (API and page), event feed.

Both cases lie in one database, and their requests take turns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from benchmarks.figures import Figure, in_turns
from benchmarks.fill import fill, new_case
from benchmarks.place import Place
from benchmarks.web import Client, broker, serving

DATABASES = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Size:
    """Events of the two cases, and requests in a round."""

    few: int
    many: int
    requests: int
    rounds: int


FULL = Size(few=1000, many=100_000, requests=20, rounds=9)
QUICK = Size(few=1000, many=10_000, requests=10, rounds=3)
TINY = Size(few=60, many=120, requests=2, rounds=1)

PAGES: dict[str, Callable[[UUID, int], str]] = {
    "evidence list, first page": lambda case, events: f"/api/v1/cases/{case}/evidence/",
    "evidence list, one kind": lambda case, events: f"/api/v1/cases/{case}/evidence/?kind=statement",
    "event feed, from the middle": lambda case, events: f"/api/v1/cases/{case}/events/?after={events // 2}",
    "event feed, the end": lambda case, events: f"/api/v1/cases/{case}/events/?after={events - 50}",
}


def run(place: Place, size: Size) -> list[Figure]:
    """Measure the milliseconds of a request."""
    from django.core.management import call_command

    from osint import tokens
    from osint.models import User

    reader = User.objects.create(username="reader", is_staff=True)
    _, token = tokens.issue(user=reader, scopes=("cases:read", "evidence:read"))
    few, many = new_case(reader.pk), new_case(reader.pk)
    with ExitStack() as stack:
        stack.enter_context(broker(place))
        fill(few, events=size.few)
        fill(many, events=size.many)
        _analyze()
        call_command("collectstatic", interactive=False, verbosity=0)
        port = stack.enter_context(serving(place)).port
        api = Client(port, {"Authorization": f"Bearer {token}"})
        pages = Client(port, {"Cookie": _signed_in(reader)})
        asked: dict[str, tuple[Client, Callable[[UUID, int], str]]] = {
            **{what: (api, path) for what, path in PAGES.items()},
            "item, API": (api, lambda case, events: f"/api/v1/cases/{case}/evidence/{_an_item(case, events)}/"),
            "item, page": (pages, lambda case, events: _page("evidence-item", case, _an_item(case, events))),
            "board, page": (pages, lambda case, events: _page("case", case)),
        }
        sizes = {few: size.few, many: size.many}
        return [_figure(what, client, path, sizes, size, place) for what, (client, path) in asked.items()]


def _figure(
    what: str, client: Client, path: Callable[[UUID, int], str], cases: Mapping[UUID, int], size: Size, place: Place
) -> Figure:
    few, many = (path(case, events) for case, events in cases.items())
    client.reconnect()
    times = in_turns(
        partial(client.median_time, many, times=size.requests),
        partial(client.median_time, few, times=size.requests),
        rounds=size.rounds,
    )
    what = f"{what}, {size.many:,} events against {size.few:,}, {place.database}"
    return Figure(what=what, ours=times[0], control=times[1], unit="ms", most=1.5)


def _an_item(case: UUID, events: int) -> UUID:
    from ledger.models import Event

    found = Event.objects.get(stream=case, seq=events // 2).item
    assert found is not None
    return found


def _page(name: str, *ids: UUID) -> str:
    from django.urls import reverse

    return reverse(f"admin:{name}", args=ids)


def _analyze() -> None:
    """Let PostgreSQL see how its tables look now, as autovacuum does a minute later. Nobody does so for SQLite."""
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def _signed_in(user: Any) -> str:
    """Sign in and return the cookie."""
    from django.conf import settings
    from django.test import Client as Browser

    browser = Browser()
    browser.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"
