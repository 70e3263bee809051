"""The main job and its proof, as tests that each database's module runs on a site of its own."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from ledger.subscriptions import projections
from tests.faults.hands import overwrite, read
from tests.faults.submissions import events, settled
from tests.site import Site

Position = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a client did and got: a case, and an item of each kind in it."""

    client: httpx.Client
    case: str
    photograph: dict[str, Any]
    statement: dict[str, Any]
    sighting: dict[str, Any]


def position_events(job: Job) -> list[dict[str, Any]]:
    """Find in the feed the events by which the EXIF reader says where the photograph was taken."""
    found = [event for event in events(job.client, job.case) if event["type"].startswith("evidence.enriched/")]
    return [event for event in found if event["data"]["enricher"] == "exif"]


def assert_named(site: Site, event: dict[str, Any]) -> None:
    """Fail unless `verify` ends with 1 and names this event, and no other: what went before was undone."""
    done = site.manage("verify")
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stderr, done.stderr
    faults = [line for line in done.stderr.splitlines() if line.startswith("FAULT")]
    assert len(faults) == 1, done.stderr
    assert f"event {event['seq']} ({event['id']})" in faults[0]


def read_rows(site: Site) -> dict[str, list[str]]:
    """Dump every table that projections own, without keys that merely count."""
    dumped = {}
    for table in (table for projection in projections() for table in projection.tables):
        counted = [field for field in table._meta.fields if field.get_internal_type() == "BigAutoField"]
        stored = [field for field in table._meta.local_concrete_fields if field not in counted]
        columns = ", ".join(f'"{field.column}"' for field in stored)
        name = table._meta.db_table
        dumped[name] = sorted(map(repr, site.rows(f"SELECT {columns} FROM {name}")))  # noqa: S608
    return dumped


class MainJob:
    """The tests; those from `stopped` on find the site at rest."""

    def test_the_position_in_a_photograph_comes_back_within_ten_seconds(self, job: Job, position: Position) -> None:
        found = settled(job.client, job.case, job.photograph["id"], seconds=10)
        assert found["exif"]["status"] == "done"
        gps = found["exif"]["output"]["gps"]
        assert (gps["lat"], gps["lon"]) == pytest.approx(position, abs=1e-6)
        assert found["exif"]["version"] >= 1
        assert found["exif"]["tool"]

    def test_the_position_is_an_event_in_the_feed(self, job: Job, position: Position) -> None:
        [event] = position_events(job)
        gps = event["data"]["output"]["gps"]
        assert (gps["lat"], gps["lon"]) == pytest.approx(position, abs=1e-6)
        assert event["actor"].startswith("worker:exif@")
        assert event["item"] == job.photograph["id"]

    def test_an_item_of_each_kind_stands_in_the_list(self, job: Job) -> None:
        listed = job.client.get(f"{job.case}evidence/").json()["results"]
        assert {item["id"]: item["kind"] for item in listed} == {
            job.photograph["id"]: "image",
            job.statement["id"]: "statement",
            job.sighting["id"]: "sighting",
        }

    def test_verify_says_that_all_holds(self, site: Site, stopped: None) -> None:
        done = site.manage("verify", "--files")
        assert (done.returncode, done.stderr) == (0, "")
        assert "all hold" in done.stdout

    def test_rebuild_gives_equal_rows(self, site: Site, stopped: None) -> None:
        before = read_rows(site)
        written = ("cases_case", "cases_member", "evidence_itemstate", "evidence_itemtag", "evidence_enrichment")
        assert all(before[table] for table in written)
        done = site.manage("rebuild")
        assert done.returncode == 0, done.stderr
        assert read_rows(site) == before

    @pytest.mark.parametrize(
        ("table", "column", "old", "new"),
        [
            ("ledger_payload", "body", '"lat":-0', '"lat":-1'),
            ("ledger_event", "envelope", "worker:exif", "worker:exit"),
            ("ledger_event", "actor", "worker:exif", "worker:exit"),
            ("ledger_event", "type", "enriched", "enrichet"),
        ],
    )
    def test_one_byte_of_the_event_changed_past_the_triggers_is_named(
        self, site: Site, position_event: dict[str, Any], table: str, column: str, old: str, new: str
    ) -> None:
        before = read(site, table, column, position_event["id"])
        assert old in before
        overwrite(site, table, column, before.replace(old, new), position_event["id"])
        try:
            assert_named(site, position_event)
        finally:
            overwrite(site, table, column, before, position_event["id"])

    def test_files_that_are_cut_changed_missing_or_foreign_are_named(
        self, site: Site, stopped: None, photograph: Path
    ) -> None:
        store = site.data / "files"
        named = {path.name: path for path in store.glob("??/??/*")}
        by_size = sorted(named, key=lambda name: named[name].stat().st_size)
        cut, changed, missing = by_size[-3:]
        with named[cut].open("r+b") as file:
            file.truncate(100)
        with named[changed].open("r+b") as file:
            file.seek(50)
            file.write(b"?")
        named[missing].unlink()
        foreign = store / "ab" / "cd" / ("abcd" + "0" * 60)
        foreign.parent.mkdir(parents=True, exist_ok=True)
        foreign.write_bytes(b"nobody submitted this")
        done = site.manage("verify", "--files")
        assert done.returncode == 1, done.stdout
        faults = {line.split()[2].rstrip(":"): line for line in done.stderr.splitlines() if line.startswith("FAULT")}
        assert faults.pop(cut).endswith(": cut")
        assert faults.pop(changed).endswith(": changed")
        assert faults.pop(missing).endswith(": missing")
        [line] = faults.values()
        assert foreign.name in line
        assert "foreign" in line
