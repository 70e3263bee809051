"""Alive, and ready: each part by its name, and what its loss means."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from ledger import keys


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
