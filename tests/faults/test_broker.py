"""The broker stops, dies, forgets: submissions are taken all the same, and no work is forgotten."""

from collections.abc import Iterator

import httpx
import psutil
import pytest
import redis

from osint.embedded import socket_path
from tests.api.bodies import STATEMENT
from tests.faults.submissions import enrichments, settled, submit
from tests.site import Site, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.slow]


@pytest.fixture
def stopped_broker(site: Site) -> Iterator[psutil.Process]:
    """The broker, there and deaf."""
    broker = site.part("valkey")
    broker.suspend()
    yield broker
    broker.resume()


def take_in(client: httpx.Client, case: str) -> list[str]:
    """Submit a few statements, each answered with 201 while the broker is as it is; return the items."""
    return [submit(client, case, {**STATEMENT, "text": f"Statement {number}."})["id"] for number in range(3)]


def assert_enriched(client: httpx.Client, case: str, items: list[str]) -> None:
    for item in items:
        assert {each["status"] for each in settled(client, case, item).values()} == {"done"}


def test_while_the_broker_hangs_submissions_are_taken_and_readiness_names_it(
    client: httpx.Client, case: str, stopped_broker: psutil.Process
) -> None:
    items = take_in(client, case)
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["status"] == "degraded"
    states = {name: part["status"] for name, part in ready.json().items() if name != "status"}
    assert states.pop("broker") == "degraded"
    assert set(states.values()) == {"ok"}
    assert {each["status"] for item in items for each in enrichments(client, case, item).values()} == {"waiting"}
    stopped_broker.resume()
    assert_enriched(client, case, items)
    assert client.get("/readyz").json()["status"] == "ok"


def test_while_the_broker_is_dead_submissions_are_taken_and_readiness_names_it(
    site: Site, client: httpx.Client, case: str
) -> None:
    # Valkey's supervisor is stopped, so that it stays dead for as long as this needs.
    watcher = psutil.Process(site.process.pid)
    broker = site.part("valkey")
    watcher.suspend()
    try:
        broker.kill()
        items = take_in(client, case)
        ready = client.get("/readyz").json()
        assert (ready["status"], ready["broker"]["status"]) == ("degraded", "degraded")
    finally:
        watcher.resume()
    assert_enriched(client, case, items)
    assert wait_until(lambda: client.get("/readyz").json()["status"] == "ok")


def test_what_the_broker_forgot_is_published_again(site: Site, client: httpx.Client, case: str) -> None:
    worker = site.part("worker --concurrency")
    worker.suspend()
    try:
        items = take_in(client, case)
        with redis.Redis(unix_socket_path=str(socket_path(site.data))) as broker:
            assert broker.dbsize() > 0
            broker.flushall()
    finally:
        worker.resume()
    assert_enriched(client, case, items)
