"""Workers that are killed while they write a bundle: it is written all the same, and its event is there once."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psutil
import pytest

from exchange import commands, shelf
from exchange.domain import NewExport
from exchange.models import Export
from ledger import keys
from ledger.actors import Actor
from ledger.read import read
from ledger.verify import verify
from tests.exchange.conftest import make_case
from tests.faults.fail_points import killed_before_step
from tests.site import Site, wait_until
from verifier import verify as verifier

STRIDE = 4


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_killed_at_any_step_it_is_written_by_the_next_and_recorded_once(
    log_folder: Path, alice: Any, settings: Any
) -> None:
    # A claim ends at once, so that the next worker need not wait.
    settings.CLAIM_SECONDS = 0
    key = str(keys.make("waterline.example/killed").verifier)
    case, by = make_case(alice, title="Tankers"), Actor.person(alice.pk)
    step, finished, asked = 0, False, 0
    while not finished:
        step, asked = step + STRIDE, asked + 1
        export = commands.request_export(case_id=case, wanted=NewExport(), by=by)
        finished = killed_before_step(step, lambda _, pk=export.pk: _run(pk)).finished  # type: ignore[misc]
        assert commands.run_export(export_id=export.pk) == "done"
        export.refresh_from_db()
        events = [event.id for event in read(case) if event.type == "case.exported/1"]
        assert len(events) == asked
        assert events[-1] == export.event
        assert verifier.main([str(shelf.workshop() / export.name), "--key", key]) == 0
    assert asked > 10
    assert verify().faults == []
    # What the dead left is half written, or a whole bundle that no row names: nobody is ever handed it.
    named = set(Export.objects.values_list("name", flat=True))
    shelf.tidy(named, older_than=-commands.LEFT_AFTER)
    assert {path.name for path in shelf.workshop().iterdir()} == named


def _run(export: UUID) -> None:
    commands.run_export(export_id=export)


@pytest.mark.slow
@pytest.mark.processes
def test_a_worker_killed_in_the_middle_of_a_large_bundle_loses_and_doubles_nothing(
    site: Site, client: httpx.Client, case: str, tmp_path: Path
) -> None:
    files = {"file": ("large.bin", BytesIO(bytes(300 << 20)), "application/octet-stream")}
    sent = client.post(f"{case}evidence/", data={"metadata": '{"kind": "image"}'}, files=files)
    assert sent.status_code == 201, sent.text
    asked = client.post(f"{case}exports/", json={})
    assert asked.status_code == 202, asked.text
    address = asked.headers["Location"]

    def stands() -> dict[str, Any]:
        found: dict[str, Any] = client.get(address).json()
        return found

    assert wait_until(lambda: stands()["status"] == "running" and stands()["event"])
    for process in site.part("worker").children(recursive=True):
        process.kill()
    with_worker = psutil.Process(site.part("worker").pid)
    with_worker.kill()
    assert wait_until(lambda: stands()["status"] == "done", seconds=120), stands()
    done = stands()
    feed = client.get(f"{case}events/?page_size=1000").json()["results"]
    assert [each["id"] for each in feed if each["type"] == "case.exported/1"] == [done["event"]]
    bundle = tmp_path / "bundle.zip"
    with client.stream("GET", done["download"]) as answer:
        bundle.write_bytes(b"".join(answer.iter_bytes()))
    key = site.manage("keys", "show").stdout.splitlines()[-1]
    assert verifier.main([str(bundle), "--key", key]) == 0
