"""Letting others attest to the log's heads: when, and how it goes with each of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from ledger import timestamps, witnesses
from ledger.fetch import shown
from ledger.models import Attestor, SignedHead
from ledger.signer import published


def attest_newest() -> None:
    """Ask those whose turn it is to attest to the newest published head; whatever they do, nothing is raised."""
    head = published()
    if head is not None:
        witnesses.cosign_newest(head)
        timestamps.stamp_newest(head)


def attest_now(size: int) -> Iterator[str]:
    """Ask all of them now to attest to the published head of this size; yield who did not, and why."""
    head = SignedHead.objects.get(size=size)
    yield from timestamps.stamp_now(head)
    yield from witnesses.cosign_now(head)


@dataclass(frozen=True)
class Attesting:
    """How it goes with one who is set up: when it last did what it was asked for, and why it did not since.

    `name` is the one that its rows have: an address without its password, or a verifier key.
    """

    name: str
    shown: str
    kind: str
    done_at: datetime | None
    failure: str


def standings() -> list[Attesting]:
    """Tell how it goes with each authority and witness that is set up."""
    asked = {shown(url): ("authority", shown(url)) for url in settings.TSA_URLS}
    asked |= {each.name: ("witness", each.key.name) for each in witnesses.witnesses()}
    rows = {row.name: row for row in Attestor.objects.filter(name__in=asked)}
    return [
        Attesting(
            name=name,
            shown=text,
            kind=kind,
            done_at=rows[name].done_at if name in rows else None,
            failure=rows[name].failure if name in rows else "",
        )
        for name, (kind, text) in asked.items()
    ]
