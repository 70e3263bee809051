"""Parts that are killed, or stopped in the middle of work: nothing acknowledged is lost, nothing is done twice."""

import json
import signal
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import psutil
import pytest
import redis

from osint.embedded import socket_path
from tests.api.bodies import SIGHTING, STATEMENT, picture
from tests.faults.submissions import enrichments, events, settled, submit
from tests.site import Site, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.slow]

SUBMISSIONS, THREADS = 200, 4


@dataclass(kw_only=True)
class Submission:
    """One request, sent until it is answered: with one key, as a client over a bad network does it."""

    number: int
    key: str = field(default_factory=lambda: str(uuid4()))
    sent: int = 0
    answer: httpx.Response | None = None

    @property
    def name(self) -> str:
        return f"submission-{self.number}"

    def request(self) -> dict[str, Any]:
        if self.number % 25 == 0:
            metadata = json.dumps({"kind": "image", "external_id": self.name})
            image = picture((40, 30 + self.number))
            return {"data": {"metadata": metadata}, "files": {"file": (f"{self.name}.png", image, "image/png")}}
        body = STATEMENT if self.number % 20 == 1 else SIGHTING
        return {"json": {**body, "external_id": self.name}}

    def send(self, client: httpx.Client, case: str) -> bool:
        """Send it once more; tell whether it was answered for good."""
        self.sent += 1
        try:
            answer = client.post(f"{case}evidence/", headers={"Idempotency-Key": self.key}, **self.request())
        except httpx.TransportError:
            return False
        # Still being worked on, or the database was busy: the client is asked to come again.
        if answer.status_code in {409, 503}:
            return False
        self.answer = answer
        return True

    @contextmanager
    def sent_and_not_answered(self, client: httpx.Client, case: str) -> Iterator[None]:
        """Send it from a client that goes away at the end of the block, without having read a byte."""
        self.sent += 1
        request = client.build_request(
            "POST", f"{case}evidence/", headers={"Idempotency-Key": self.key}, **self.request()
        )
        lines = [f"POST {request.url.path} HTTP/1.1", *(f"{name}: {value}" for name, value in request.headers.items())]
        with socket.create_connection((request.url.host, request.url.port)) as connection:
            connection.sendall("\r\n".join([*lines, "", ""]).encode() + request.read())
            yield

    @property
    def item(self) -> str:
        assert self.answer is not None, f"{self.name}: no answer after {self.sent} times"
        assert self.answer.status_code == 201, self.answer.text
        item: str = self.answer.json()["id"]
        return item


def worker(site: Site) -> psutil.Process:
    return site.part("worker --concurrency")


def kill_pool_process(site: Site) -> None:
    [first, *_] = [child for child in worker(site).children() if "celery" in " ".join(child.cmdline())]
    first.kill()


def forkservers(site: Site) -> list[psutil.Process]:
    """List the processes that sandboxes are forked from, and the sandboxes of this moment."""
    found = []
    for process in worker(site).children(recursive=True):
        try:
            if "enrichment/forkserver.py" in " ".join(process.cmdline()):
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found


def case_id(case: str) -> str:
    return case.rstrip("/").rpartition("/")[2]


def jobs(site: Site, case: str) -> Counter[str]:
    """Count the jobs of a case by their status."""
    found = site.rows("SELECT status FROM enrichment_job WHERE case_id = ?", case_id(case).replace("-", ""))
    return Counter(status for (status,) in found)


def backlog(site: Site) -> int:
    """Count the messages that the broker has, and those that a worker has and did not acknowledge."""
    with redis.Redis(unix_socket_path=str(socket_path(site.data))) as broker:
        queues = [name for name in broker.keys("celery*") if broker.type(name) == b"list"]
        return sum(broker.llen(name) for name in queues) + broker.hlen("unacked")


def results(client: httpx.Client, case: str) -> Counter[tuple[str, str]]:
    """Count the result events of a case by item and enricher."""
    kinds = ("evidence.enriched/", "evidence.enrichment_failed/")
    found = [event for event in events(client, case) if event["type"].startswith(kinds)]
    return Counter((event["item"], event["data"]["enricher"]) for event in found)


def test_kills_in_the_middle_of_submissions_lose_nothing_and_double_nothing(
    site: Site, client: httpx.Client, case: str, record_property: Callable[[str, object], None]
) -> None:
    submissions = [Submission(number=number) for number in range(SUBMISSIONS)]

    def send(submission: Submission) -> None:
        wait_until(lambda: submission.send(client, case), seconds=120)

    def answered() -> int:
        return sum(submission.answer is not None for submission in submissions)

    with ThreadPoolExecutor(THREADS) as pool:
        sending = [pool.submit(send, submission) for submission in submissions]
        for at, kill in (
            (20, lambda: kill_pool_process(site)),
            (50, lambda: worker(site).kill()),
            (90, lambda: site.part("uvicorn").kill()),
            (150, lambda: site.part("uvicorn").kill()),
        ):
            assert wait_until(lambda at=at: answered() >= at, seconds=120)  # type: ignore[misc]
            kill()
        for each in sending:
            each.result()

    # Each is there once, under the id that was answered.
    items = {submission.name: submission.item for submission in submissions}
    stored = site.rows(
        "SELECT external_id, item FROM evidence_itemstate WHERE case_id = ?", case_id(case).replace("-", "")
    )
    assert Counter(name for name, _ in stored) == Counter(list(items))
    submitted = [event for event in events(client, case) if event["type"].startswith("evidence.submitted/")]
    assert Counter(event["item"] for event in submitted) == Counter(items.values())
    replayed = [each for each in submissions if each.answer and "Idempotency-Replayed" in each.answer.headers]
    record_property("durable and unanswered", len(replayed))
    # Sent again, each has the same answer.
    for submission in submissions:
        before = submission.item
        assert submission.send(client, case)
        assert submission.item == before
        assert submission.answer is not None
        assert submission.answer.headers["Idempotency-Replayed"] == "true"

    # All work is done, and done once.
    assert wait_until(lambda: set(jobs(site, case)) == {"done"}, seconds=120), jobs(site, case)
    found = results(client, case)
    assert found.total() == jobs(site, case).total() > 0
    assert set(found.values()) == {1}
    done = site.manage("verify", "--files")
    assert done.returncode == 0, done.stderr


def test_a_submission_that_was_durable_and_unanswered_has_its_answer_at_the_retry(
    site: Site, client: httpx.Client, case: str
) -> None:
    submission = Submission(number=1)
    where = case_id(case).replace("-", "")

    def durable() -> list[tuple[Any, ...]]:
        return site.rows("SELECT item FROM evidence_itemstate WHERE case_id = ?", where)

    # While the broker does not answer, the news of a job stays in the web server for a moment after the commit.
    broker = site.part("valkey")
    broker.suspend()
    try:
        with submission.sent_and_not_answered(client, case):
            assert wait_until(durable, seconds=20)
        site.part("uvicorn").kill()
    finally:
        broker.resume()
    [(item,)] = durable()

    assert wait_until(lambda: submission.send(client, case))
    assert submission.item.replace("-", "") == item
    assert submission.answer is not None
    assert submission.answer.headers["Idempotency-Replayed"] == "true"
    assert len(durable()) == 1
    # The news of its job died with the web server; the sweep finds it.
    assert {each["status"] for each in settled(client, case, submission.item).values()} == {"done"}


def test_a_task_delivered_five_times_gives_one_result(site: Site, client: httpx.Client, case: str) -> None:
    paused = worker(site)
    paused.suspend()
    try:
        # A worker that was killed left messages that nobody has acknowledged yet; from now on nobody does.
        before = backlog(site)
        item = submit(client, case, STATEMENT)["id"]
        [(job,)] = site.rows("SELECT id FROM enrichment_job WHERE case_id = ?", case_id(case).replace("-", ""))
        site.python(f"from enrichment.publish import publish\npublish(['{job}'] * 4)")
        # A worker that waits for its next message has one already, on the wire, where nobody counts it.
        assert backlog(site) >= before + 4
    finally:
        paused.resume()
    # All five come to an end.
    settled(client, case, item)
    assert wait_until(lambda: backlog(site) <= before)
    assert results(client, case) == {(item, "text"): 1}


def test_an_enricher_that_dies_three_times_is_parked_and_a_retry_finishes_it(
    site: Site, client: httpx.Client, case: str
) -> None:
    # What else there is to do would die with it.
    open_jobs = "SELECT id FROM enrichment_job WHERE status IN ('waiting', 'running')"
    assert wait_until(lambda: site.rows(open_jobs) == [])
    item = submit(client, case, STATEMENT)["id"]

    def parked() -> bool:
        # Again and again while they import their parsers.
        for forkserver in forkservers(site):
            forkserver.kill()
        return set(jobs(site, case)) == {"parked"}

    assert wait_until(parked), jobs(site, case)
    failed = enrichments(client, case, item)["text"]
    assert failed["status"] == "failed"
    assert "SIGKILL" in failed["reason"]

    # Others go on meanwhile.
    other = submit(client, case, {**STATEMENT, "text": "Another one."})["id"]
    assert settled(client, case, other)["text"]["status"] == "done"
    [(job,)] = site.rows("SELECT id FROM enrichment_job WHERE status = 'parked'")
    site.python(
        "from uuid import UUID\n"
        "from enrichment.commands import retry\n"
        "from ledger.actors import Actor\n"
        "from osint.models import User\n"
        "lead = Actor.person(User.objects.get(username='lead').pk)\n"
        f"retry(case_id=UUID('{case_id(case)}'), job_id=UUID('{job}'), by=lead)"
    )
    assert wait_until(lambda: enrichments(client, case, item)["text"]["status"] == "done")
    assert results(client, case) == {(item, "text"): 2, (other, "text"): 1}


def test_ctrl_c_in_the_middle_of_work_leaves_nothing_and_the_next_start_finishes_it(
    site: Site, client: httpx.Client, case: str
) -> None:
    for forkserver in forkservers(site):
        forkserver.kill()
    items = [submit(client, case, {**STATEMENT, "text": f"Statement {number}."})["id"] for number in range(8)]
    # While new ones import their parsers, work waits for them.
    assert wait_until(lambda: forkservers(site), seconds=30)
    site.process.send_signal(signal.SIGINT)
    assert site.process.wait(timeout=60) == 0
    assert site.left() == []
    for folder in ("files/incoming", "run/sandbox"):
        assert list((site.data / folder).iterdir()) == []
    assert jobs(site, case)["done"] < len(items)

    site.start()
    site.ready()
    for item in items:
        assert {each["status"] for each in settled(client, case, item).values()} == {"done"}
    assert set(results(client, case).values()) == {1}
    assert site.manage("verify", "--files").returncode == 0
