"""Sites for fault tests, with the sample, real parts and short periods; and the main job on one of them."""

import csv
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.bodies import SIGHTING, STATEMENT
from tests.faults.main_job import Job, Position, position_events
from tests.faults.submissions import open_case, settled, submit, upload
from tests.site import Site, running_site

# One line for each of thousands of requests would bury what a failed test has to say.
logging.getLogger("httpx").setLevel(logging.WARNING)
# A part that was killed is taken over in seconds, so that nobody waits for what is minutes in production.
IMPATIENT = {"OSINT_CLAIM_SECONDS": "8", "OSINT_SWEEP_SECONDS": "2", "OSINT_RETRY_SECONDS": "1"}


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site for many tests: a start takes seconds. Each test opens a case, and leaves the site running."""
    with running_site(tmp_path_factory.mktemp("site"), "--workers", "2", environment=IMPATIENT) as running:
        yield running


@pytest.fixture(scope="module")
def client(site: Site) -> Iterator[httpx.Client]:
    """A client that sends the token of the sample's owner."""
    with site.client() as client:
        yield client


@pytest.fixture
def case(client: httpx.Client) -> str:
    """The address of a case of this test's own."""
    return open_case(client)


@pytest.fixture(scope="session")
def photograph(shared: Path) -> Path:
    """A photograph with a position in its EXIF data."""
    return shared / "data/exif-samples/jpg/Kodak_CX7530.jpg"


@pytest.fixture(scope="session")
def position(shared: Path, photograph: Path) -> Position:
    """Where it was taken, as other readers of EXIF say."""
    with (shared / "data/exif-samples/expected.csv").open(newline="") as table:
        [row] = [row for row in csv.DictReader(table) if row["file"].endswith(f"/{photograph.name}")]
    return float(row["lat"]), float(row["lon"])


@pytest.fixture(scope="module")
def job(client: httpx.Client, photograph: Path) -> Job:
    """The main job, as far as a client does it."""
    case = open_case(client)
    sent = upload(client, case, photograph, title="Lake shore")
    assert sent.status_code == 201, sent.text
    return Job(
        client=client,
        case=case,
        photograph=sent.json(),
        statement=submit(client, case, STATEMENT),
        sighting=submit(client, case, SIGHTING),
    )


@pytest.fixture(scope="module")
def position_event(site: Site, job: Job) -> dict[str, Any]:
    """The event that says where the photograph was taken; the site is stopped once it is known."""
    for item in (job.photograph, job.statement):
        settled(job.client, job.case, item["id"])
    [event] = position_events(job)
    site.stop()
    return event


@pytest.fixture(scope="module")
def stopped(position_event: dict[str, Any]) -> None:
    """The site at rest, with the main job done."""
