"""`verify` over many events, against SHA-256 and JSON parsing over the same bytes, which lie in memory already."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from time import perf_counter

from benchmarks.figures import Figure, in_turns
from benchmarks.fill import fill, new_case
from benchmarks.place import Place
from benchmarks.web import broker

DATABASES = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Size:
    events: int
    rounds: int


FULL = Size(events=100_000, rounds=3)
QUICK = Size(events=10_000, rounds=3)
TINY = Size(events=100, rounds=1)


def run(place: Place, size: Size) -> list[Figure]:
    """Measure events a second."""
    from ledger.ids import uuid7
    from ledger.models import Payload
    from osint.models import User

    with broker(place):
        fill(new_case(User.objects.create(username=str(uuid7())).pk), events=size.events)
    texts = [
        (text.encode(), text)
        for envelope, body in Payload.objects.values_list("event__envelope", "body").iterator()
        for text in (envelope, *body.split("\n"))
    ]
    rates = in_turns(partial(_verify, size.events), partial(_hash_and_parse, texts, size.events), rounds=size.rounds)
    what = f"verify of {size.events:,} events, {place.database}"
    return [Figure(what=what, ours=rates[0], control=rates[1], unit="events/s", least=0.4)]


def _verify(events: int) -> float:
    from ledger.verify import verify

    begin = perf_counter()
    report = verify()
    assert (report.events, report.faults) == (events, [])
    return events / (perf_counter() - begin)


def _hash_and_parse(texts: list[tuple[bytes, str]], events: int) -> float:
    begin = perf_counter()
    for raw, text in texts:
        sha256(raw).hexdigest()
        json.loads(text)
    return events / (perf_counter() - begin)
