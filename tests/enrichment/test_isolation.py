"""What keeps sandboxes shut is known to whoever runs the site: on /readyz, in the admin, at the start."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from enrichment import checks, isolation, landlock
from enrichment.models import Machine
from ledger.actors import Actor
from osint.models import User
from tests.enrichment.jobs import submit_text, work

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def a_worker_that_said_nothing_yet() -> Iterator[None]:
    isolation._said = None
    yield
    isolation._said = None


def test_a_worker_says_what_kept_its_runs_shut(case: UUID, owner: Actor) -> None:
    submit_text(case, owner)
    work(case)
    [machine] = Machine.objects.all()
    assert machine.name == platform.node()
    assert (machine.network.split(" and ")[-1], machine.files) == ("filter", "landlock")


def test_it_does_not_say_the_same_at_each_run(case: UUID, owner: Actor) -> None:
    submit_text(case, owner)
    work(case)
    Machine.objects.all().delete()
    submit_text(case, owner, "Another one")
    work(case)
    assert not Machine.objects.exists()


def told(client: Client) -> tuple[str, str]:
    part = client.get("/readyz").json()["sandbox"]
    return part["status"], part["detail"]


def test_readyz_tells_of_each_machine(client: Client) -> None:
    assert told(client) == ("ok", "no worker has run one within a day")
    now = timezone.now()
    Machine.objects.create(name="one", network="namespace and filter", files="landlock", seen_at=now)
    long_ago = now - timedelta(days=2)
    Machine.objects.create(name="gone", network="filter", files="none", seen_at=long_ago)
    assert told(client) == ("ok", "one: network shut by namespace and filter, other files by landlock")
    Machine.objects.create(name="two", network="filter", files="none", seen_at=now)
    status, detail = told(client)
    assert status == "degraded"
    assert detail.endswith("two: network shut by filter, other files by none")


def test_the_admin_shows_superusers_the_same_and_lets_nobody_change_it(client: Client, alice: User) -> None:
    Machine.objects.create(name="one", network="filter", files="none", seen_at=timezone.now())
    address = "/admin/enrichment/machine/"
    alice.is_staff = True
    alice.save()
    client.force_login(alice)
    assert client.get(address).status_code == 403
    alice.is_superuser = True
    alice.save()
    page = client.get(address).content.decode()
    assert all(text in page for text in ("one", "filter", "none"))
    for change in ("add/", "one/delete/"):
        assert client.get(f"{address}{change}").status_code == 403
    assert client.post(f"{address}one/change/", {"files": "landlock"}).status_code == 403


def test_a_kernel_that_shuts_too_little_is_named_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(checks.sandboxes_are_shut()) == []
    monkeypatch.setattr(landlock, "version", lambda syscall: -1)
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    found: list[Any] = list(checks.sandboxes_are_shut())
    assert [each.id for each in found] == ["waterline.W003", "waterline.E007"]
    assert all(each.hint for each in found)
