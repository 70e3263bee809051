"""The main job on a real PostgreSQL, and what it refuses to a hand on it."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from osint.embedded import running_postgresql
from tests.faults.main_job import MainJob
from tests.site import Site, running_site

pytestmark = [pytest.mark.processes, pytest.mark.slow]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_postgresql() as url:
        folder = tmp_path_factory.mktemp("site")
        with running_site(folder, environment={"DATABASE_URL": url}) as running:
            yield running


class TestMainJob(MainJob):
    @pytest.mark.parametrize("table", ["ledger_event", "ledger_payload"])
    @pytest.mark.parametrize(
        "statement",
        ["UPDATE {table} SET {key} = {key}", "DELETE FROM {table}", "TRUNCATE {table} CASCADE"],
    )
    def test_the_ledger_refuses_a_change_by_hand(
        self, site: Site, position_event: dict[str, Any], table: str, statement: str
    ) -> None:
        key = "id" if table == "ledger_event" else "event_id"
        before = site.rows(f"SELECT count(*) FROM {table}")  # noqa: S608
        with (
            psycopg.connect(site.environment["DATABASE_URL"]) as connection,
            pytest.raises(psycopg.errors.IntegrityError, match="append-only"),
        ):
            connection.execute(statement.format(table=table, key=key))  # type: ignore[arg-type]
        assert site.rows(f"SELECT count(*) FROM {table}") == before  # noqa: S608
