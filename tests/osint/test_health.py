"""Alive, and ready: each part by its name, and what its loss means."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage
from django.db import connection
from django.test import Client

from ledger import keys, store
from osint import health


def test_a_process_that_answers_is_alive(client: Client) -> None:
    """Without a database: who asks every second must not load it."""
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.usefixtures("db", "broker", "log_folder")
def test_with_all_parts_there_it_is_ready_and_names_each(client: Client) -> None:
    keys.make()
    body = client.get("/readyz").json()
    assert {name: part["status"] for name, part in body.items() if name != "status"} == {
        "database": "ok",
        "broker": "ok",
        "storage": "ok",
        "sequencer": "ok",
        "signer": "ok",
        "attestors": "ok",
        "sandbox": "ok",
    }
    assert body["status"] == "ok"
    assert body["database"]["detail"] == connection.vendor


@pytest.mark.usefixtures("db")
def test_without_its_broker_it_is_degraded_and_goes_on(client: Client, settings: Any, tmp_path: Path) -> None:
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["broker"]["status"] == "degraded"
    assert answer.json()["storage"]["status"] == "ok"


@pytest.mark.usefixtures("db", "broker")
def test_without_its_storage_it_is_down(client: Client, settings: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("where a folder should be")
    backend = {**settings.STORAGES["default"], "OPTIONS": {"location": tmp_path / "file"}}
    settings.STORAGES = {**settings.STORAGES, "default": backend}
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "down")
    assert answer.json()["storage"]["status"] == "down"
    assert str(tmp_path) not in answer.content.decode(), "what is inside stays inside"


@pytest.mark.usefixtures("db", "broker")
def test_the_probe_of_the_storage_leaves_nothing(client: Client, settings: Any, tmp_path: Path) -> None:
    backend = {**settings.STORAGES["default"], "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = {**settings.STORAGES, "default": backend}
    assert client.get("/readyz").json()["storage"]["status"] == "ok"
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == []


class Counted(FileSystemStorage):
    """Counts what is written to it; `killed` once stops it before it removes anything."""

    written = 0
    killed = False

    def save(self, *args: Any, **kwargs: Any) -> str:
        Counted.written += 1
        return super().save(*args, **kwargs)

    def delete(self, name: str) -> None:
        if Counted.killed:
            raise SystemExit
        super().delete(name)


@pytest.fixture
def counted(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of its own that counts; return its folder."""
    monkeypatch.setattr(Counted, "written", 0)
    backend = {"BACKEND": f"{__name__}.Counted", "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = {**settings.STORAGES, "default": backend}
    return tmp_path


@pytest.mark.usefixtures("db", "broker")
def test_the_storage_is_not_written_for_everybody_who_asks(
    client: Client, counted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "PROBED_EVERY", 10_000.0)
    for _ in range(5):
        assert client.get("/readyz").json()["storage"]["status"] == "ok"
    assert Counted.written == 1
    monkeypatch.setattr(health, "PROBED_EVERY", 0.0)
    client.get("/readyz")
    assert Counted.written == 2, "after a while it is asked again"


@pytest.mark.usefixtures("db", "broker")
def test_a_probe_whose_process_was_killed_is_no_damage_and_is_swept(
    client: Client, counted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Counted, "killed", True)
    with pytest.raises(SystemExit):
        client.get("/readyz")
    assert len([path for path in counted.rglob("*") if path.is_file()]) == 1
    assert list(store.foreign()) == []
    assert store.sweep_incoming(older_than=timedelta(0)) == 1
    assert [path for path in counted.rglob("*") if path.is_file()] == []


@pytest.mark.usefixtures("broker")
@pytest.mark.django_db(transaction=True)
def test_without_its_database_it_is_down(client: Client) -> None:
    held = connection.connection
    name, connection.settings_dict["NAME"] = connection.settings_dict["NAME"], "/nowhere/at/all"
    connection.connection = None
    try:
        answer = client.get("/readyz")
    finally:
        connection.settings_dict["NAME"] = name
        connection.connection = held
    assert (answer.status_code, answer.json()["status"]) == (503, "down")
    assert answer.json()["database"]["status"] == "down"
    assert answer.json()["broker"]["status"] == "ok"
