"""The files in an S3-compatible store of their own process, and a hand that changes them there."""

import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from osint.embedded import free_port
from tests.faults.submissions import open_case, settled, upload
from tests.site import Site, running_site, wait_until
from verifier import verify as verifier

pytestmark = [pytest.mark.processes, pytest.mark.slow]

BUCKET = "evidence"


@pytest.fixture(scope="module")
def bucket() -> Iterator[Any]:
    """A bucket in a moto server."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            assert wait_until(lambda: answers(address))
            store = boto3.resource(
                "s3",
                endpoint_url=address,
                region_name="us-east-1",
                aws_access_key_id="key",
                aws_secret_access_key="secret",
            )
            yield store.create_bucket(Bucket=BUCKET)
        finally:
            server.terminate()


def answers(address: str) -> bool:
    try:
        return httpx.get(address).is_success
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def site(bucket: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    endpoint = bucket.meta.client.meta.endpoint_url.removeprefix("http://")
    environment = {"OSINT_STORAGE_URL": f"s3://key:secret@{endpoint}/{BUCKET}?tls=no"}
    with running_site(tmp_path_factory.mktemp("site"), "--workers", "2", environment=environment) as running:
        yield running


@pytest.fixture(scope="module")
def item(client: httpx.Client, photograph: Path) -> dict[str, Any]:
    """A photograph that was taken in and read by every tool."""
    case = open_case(client)
    sent = upload(client, case, photograph)
    assert sent.status_code == 201, sent.text
    found: dict[str, Any] = {**sent.json(), "address": f"{case}evidence/{sent.json()['id']}/"}
    found["enriched"] = settled(client, case, found["id"])
    return found


def key_of(item: dict[str, Any]) -> str:
    digest = item["sha256"]
    return f"{digest[:2]}/{digest[2:4]}/{digest}"


def test_a_photograph_goes_into_the_bucket_and_is_enriched_from_there(
    site: Site, bucket: Any, item: dict[str, Any], photograph: Path
) -> None:
    assert {each["status"] for each in item["enriched"].values()} == {"done"}
    stored = bucket.Object(key_of(item)).get()["Body"].read()
    assert stored == photograph.read_bytes()
    previews = item["enriched"]["image"]["derivatives"]
    keys = {each.key.rpartition("/")[2] for each in bucket.objects.all()}
    assert {each["sha256"] for each in previews} <= keys
    # Nothing of it stays on this machine, once nobody reads it any more.
    assert wait_until(lambda: not [path for path in (site.data / "files").rglob("*") if path.is_file()])


def test_the_download_is_the_original(client: httpx.Client, item: dict[str, Any]) -> None:
    answer = client.get(f"{item['address']}file/")
    assert answer.status_code == 200
    assert sha256(answer.content).hexdigest() == item["sha256"]
    assert answer.headers["Content-Type"] == "application/octet-stream"


def test_the_store_is_ready_and_verify_holds(site: Site, client: httpx.Client, item: dict[str, Any]) -> None:
    assert client.get("/readyz").json()["storage"]["status"] == "ok"
    done = site.manage("verify", "--files")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("fault", "content"),
    [("missing", None), ("cut", b"a"), ("changed", b"?")],
)
def test_a_file_changed_behind_its_back_is_named_and_not_handed_out(
    site: Site, bucket: Any, client: httpx.Client, item: dict[str, Any], photograph: Path, fault: str, content: bytes
) -> None:
    stored = bucket.Object(key_of(item))
    whole = photograph.read_bytes()
    if fault == "missing":
        stored.delete()
    else:
        stored.put(Body=whole[:1000] if fault == "cut" else whole[:-1] + content)
    try:
        done = site.manage("verify", "--files")
        assert done.returncode == 1
        [line] = [line for line in done.stderr.splitlines() if line.startswith("FAULT")]
        assert item["sha256"] in line
        assert line.endswith(f": {fault}")
        refused = client.get(f"{item['address']}file/")
        assert refused.status_code == 500
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert client.get(item["address"]).status_code == 200
    finally:
        stored.put(Body=whole)


def test_a_foreign_object_is_named(site: Site, bucket: Any, item: dict[str, Any]) -> None:
    foreign = bucket.put_object(Key=f"ab/cd/abcd{'0' * 60}", Body=b"nobody submitted this")
    try:
        done = site.manage("verify", "--files")
        assert done.returncode == 1
        assert f"{foreign.key}: foreign" in done.stderr
    finally:
        foreign.delete()


def test_a_bundle_lies_in_the_bucket_apart_from_evidence_and_is_fetched_in_pieces(
    site: Site, bucket: Any, client: httpx.Client, item: dict[str, Any], tmp_path: Path
) -> None:
    case = item["address"].partition("evidence/")[0]
    asked = client.post(f"{case}exports/", json={})
    assert asked.status_code == 202, asked.text
    address = asked.headers["Location"]
    assert wait_until(lambda: client.get(address).json()["status"] == "done"), client.get(address).text
    export = client.get(address).json()
    [key] = [each.key for each in bucket.objects.filter(Prefix="exports/")]
    assert export["id"] in key
    half = export["size"] // 2
    pieces = [
        client.get(export["download"], headers={"Range": f"bytes={asked_for}", "If-Range": f'"{export["sha256"]}"'})
        for asked_for in (f"0-{half - 1}", f"{half}-")
    ]
    assert [each.status_code for each in pieces] == [206, 206]
    bundle = tmp_path / "bundle.zip"
    bundle.write_bytes(b"".join(each.content for each in pieces))
    verifier_key = site.manage("keys", "show").stdout.splitlines()[-1]
    assert verifier.main([str(bundle), "--key", verifier_key]) == 0
    # No evidence: verify does not take it for a foreign file. And nothing of it stays on this machine.
    done = site.manage("verify", "--files")
    assert (done.returncode, done.stderr) == (0, "")
    assert not list((site.data / "exports").iterdir())
    bucket.Object(key).delete()
    assert client.get(export["download"]).status_code == 410
