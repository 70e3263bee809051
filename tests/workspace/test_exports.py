"""The page of exports: what would stay behind, what was asked for, and who may take it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cases import commands as cases
from cases.domain import Role
from exchange.commands import run_export
from exchange.models import Export
from ledger import keys
from ledger.ids import uuid7
from ledger.models import Event
from tests.workspace.conftest import Browser, World

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def key(log_folder: Path) -> str:
    return str(keys.make("waterline.example/pages").verifier)


def page_of(client: Any, world: World, **sent: Any) -> str:
    answer = client.post(world.page("exports/"), sent) if sent else client.get(world.page("exports/"))
    assert answer.status_code == 200, answer.content
    body: str = answer.content.decode()
    return body


def test_what_would_be_withheld_is_counted_and_nothing_is_recorded(world: World, browser: Browser, bob: Any) -> None:
    client, before = browser(bob), Event.objects.count()
    page = page_of(client, world, do="preview", persons="A researcher\r\n", fields_="draught_m")
    # The statement's title and its speaker, and the draught of the sighting.
    assert "3 fields in 2 of 5 events would be withheld" in page
    assert "\nA researcher" in page
    assert "Nothing would be withheld: all of 5 events would leave." in page_of(client, world, do="preview")
    assert "1 item whole" in page_of(client, world, do="preview", items_=str(world.image))
    assert Event.objects.count() == before
    assert not Export.objects.exists()


def test_an_item_of_nowhere_is_not_counted_among_those_withheld(world: World, browser: Browser, bob: Any) -> None:
    sent = {"do": "preview", "items_": f"{world.image} {uuid7()}"}
    answer = browser(bob).post(world.page("exports/"), sent)
    assert answer.status_code == 400
    assert "An item that this refers to is not in the case." in answer.content.decode()


def test_an_export_is_asked_for_followed_and_downloaded(world: World, browser: Browser, bob: Any, key: str) -> None:
    client = browser(bob)
    asked = client.post(world.page("exports/"), {"do": "export", "above": "green", "persons": "A researcher"})
    assert (asked.status_code, asked["Location"]) == (302, world.page("exports/"))
    export = Export.objects.get()
    assert export.asked_by == f"user:{bob.pk}"
    waits = page_of(client, world)
    assert "data-waits" in waits
    assert "It waits for a worker." in waits
    assert "A researcher" not in waits
    Export.objects.update(status="running", events_total=5, events_done=2)
    assert '<progress max="5" value="2">' in page_of(client, world)
    Export.objects.update(bytes_total=2000, bytes_done=1000, files_total=2, files_done=1)
    assert "1 of 2, 1.0 kB of 2.0 kB" in page_of(client, world)
    Export.objects.update(status="waiting")
    assert run_export(export_id=export.pk) == "done"
    page = page_of(client, world)
    assert "data-waits" not in page
    assert key in page
    assert "1 persons, above TLP:GREEN" in page
    export.refresh_from_db()
    assert export.sha256 in page
    answer = client.get(world.page(f"exports/{export.pk}/bundle/"))
    assert answer.getvalue()[:2] == b"PK"
    assert answer["Content-Disposition"].startswith("attachment")
    assert "took the bundle of an export away" in client.get(world.page("history/")).content.decode()


def test_what_can_not_be_withheld_is_said_at_its_field_and_what_was_typed_is_kept(
    world: World, browser: Browser, bob: Any
) -> None:
    client = browser(bob)
    for do in ("preview", "export"):
        answer = client.post(world.page("exports/"), {"do": do, "items_": "nonsense", "persons": "Somebody"})
        page = answer.content.decode()
        assert answer.status_code == 400
        assert "nonsense is no id of an item." in page
        assert "\nSomebody</textarea>" in page
    long = client.post(world.page("exports/"), {"do": "export", "persons": "x" * 501})
    assert "A name has 1 to 500 characters." in long.content.decode()
    assert not Export.objects.exists()


def test_a_viewer_sees_what_left_and_takes_nothing(world: World, browser: Browser, charlie: Any, bob: Any) -> None:
    cases.add_member(case_id=world.case, user=charlie.pk, role=Role.VIEWER, by=world.by)
    browser(bob).post(world.page("exports/"), {"do": "export"})
    export = Export.objects.get()
    run_export(export_id=export.pk)
    client = browser(charlie)
    page = page_of(client, world)
    export.refresh_from_db()
    assert export.sha256 in page
    assert "Download the bundle" not in page
    assert "Export the case" not in page
    assert client.get(world.page(f"exports/{export.pk}/bundle/")).status_code == 403
    for do in ("preview", "export"):
        assert client.post(world.page("exports/"), {"do": do}).status_code == 403


def test_a_stranger_does_not_learn_that_there_is_a_bundle(
    world: World, browser: Browser, charlie: Any, bob: Any
) -> None:
    browser(bob).post(world.page("exports/"), {"do": "export"})
    export = Export.objects.get()
    run_export(export_id=export.pk)
    client = browser(charlie)
    assert client.get(world.page("exports/")).status_code == 404
    assert client.get(world.page(f"exports/{export.pk}/bundle/")).status_code == 404
    assert client.post(world.page("exports/"), {"do": "export"}).status_code == 404


def test_a_failed_export_says_why(world: World, browser: Browser, bob: Any, log_folder: Path) -> None:
    for name in ("signing.key", "verifier.key"):
        (log_folder / "keys" / name).unlink()
    client = browser(bob)
    client.post(world.page("exports/"), {"do": "export"})
    run_export(export_id=Export.objects.get().pk)
    page = page_of(client, world)
    assert "Why it failed" in page
    assert "keys init" in page
