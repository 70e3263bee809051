"""Uploads that are cut, or are not what they claim: no evidence, and no file that nobody speaks of."""

import json
import secrets
import socket
import struct
from hashlib import sha256
from pathlib import Path

import httpx
import psutil
import pytest

from tests.faults.submissions import upload
from tests.site import Site, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.slow]

BOUNDARY = "a-boundary"


def left(site: Site, content: bytes) -> list[Path]:
    """List what is in the store of this content, and what came in half."""
    folder = site.data / "files"
    return [*folder.rglob(sha256(content).hexdigest()), *(folder / "incoming").iterdir()]


@pytest.fixture
def picture(photograph: Path, tmp_path: Path) -> Path:
    """A photograph that the store does not have."""
    picture = tmp_path / photograph.name
    picture.write_bytes(photograph.read_bytes() + secrets.token_bytes(16))
    return picture


def begin_upload(site: Site, client: httpx.Client, case: str, content: bytes, *, missing: int) -> socket.socket:
    """Send an upload of which the last `missing` bytes never come."""
    head = (
        f"--{BOUNDARY}\r\n"
        'Content-Disposition: form-data; name="metadata"\r\n\r\n'
        f"{json.dumps({'kind': 'image', 'title': 'Cut'})}\r\n"
        f"--{BOUNDARY}\r\n"
        'Content-Disposition: form-data; name="file"; filename="cut.jpg"\r\n\r\n'
    )
    body = head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()
    request = (
        f"POST {case}evidence/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: {client.headers['Authorization']}\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection = socket.create_connection(("127.0.0.1", site.port), timeout=30)
    connection.sendall(request.encode() + body[: len(body) - missing])
    return connection


def nobody_connected(site: Site, port: int) -> bool:
    """Tell whether the web server has let go of the connection from this port."""
    connections = psutil.Process(site.part("uvicorn").pid).net_connections("tcp")
    return not any(each.raddr and each.raddr.port == port for each in connections)


@pytest.mark.parametrize("missing", [1, 20, 1_000_000], ids=["the last byte", "the end of the form", "half the file"])
@pytest.mark.parametrize("broken", [False, True], ids=["closed", "reset"])
def test_a_connection_cut_in_the_middle_of_an_upload_leaves_nothing(
    site: Site, client: httpx.Client, case: str, missing: int, broken: bool
) -> None:
    content = b"\xff\xd8\xff" + secrets.token_bytes(2_000_000)
    connection = begin_upload(site, client, case, content, missing=missing)
    port = connection.getsockname()[1]
    if broken:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    assert wait_until(lambda: nobody_connected(site, port))
    assert wait_until(lambda: left(site, content) == [], seconds=10), left(site, content)
    assert client.get(f"{case}evidence/").json()["results"] == []


@pytest.mark.parametrize(
    ("metadata", "status", "field"),
    [
        ({"sha256": "0" * 64}, 400, "sha256"),
        ({"size": 1}, 400, "size"),
        ({"no_such_field": 1}, 400, "no_such_field"),
        ({"when": "the day before"}, 400, "when"),
        ({"derived_from": ["01a20000-0000-7000-8000-000000000000"]}, 404, None),
    ],
    ids=["other digest", "other size", "unknown field", "impossible time", "unknown item"],
)
def test_an_upload_that_is_refused_leaves_no_file(
    site: Site,
    client: httpx.Client,
    case: str,
    picture: Path,
    metadata: dict[str, object],
    status: int,
    field: str | None,
) -> None:
    refused = upload(client, case, picture, **metadata)
    assert refused.status_code == status, refused.text
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert field is None or field in refused.json()["errors"]
    assert wait_until(lambda: left(site, picture.read_bytes()) == [], seconds=10)
    assert client.get(f"{case}evidence/").json()["results"] == []


def test_an_upload_to_a_closed_case_leaves_no_file(site: Site, client: httpx.Client, case: str, picture: Path) -> None:
    assert client.post(f"{case}close/", json={"reason": "done"}).status_code == 200
    assert upload(client, case, picture).status_code == 409
    assert wait_until(lambda: left(site, picture.read_bytes()) == [], seconds=10)


def test_the_digest_that_was_declared_rightly_is_taken(
    site: Site, client: httpx.Client, case: str, picture: Path
) -> None:
    digest = sha256(picture.read_bytes()).hexdigest()
    assert upload(client, case, picture, sha256=digest).json()["sha256"] == digest
    assert len(list((site.data / "files").rglob(digest))) == 1
    assert site.manage("verify", "--files").returncode == 0
