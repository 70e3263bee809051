"""Who read what is on record: custody events, gathered from the reads."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from evidence import tasks
from evidence.models import Custody, Look
from ledger.models import Event
from tests.api.bodies import picture, submit, upload


def test_reads_and_downloads_become_one_event(api: APIClient, case: str) -> None:
    item = upload(api, case, picture()).headers["Location"]
    for _ in range(3):
        api.get(item)
    b"".join(api.get(f"{item}file/"))
    api.get(f"{case}evidence/")
    assert api.get(f"{item}?as_of=1").status_code == 404, "what was not shown is not a look"
    tasks.record_custody()
    assert not Look.objects.exists()
    rows = Custody.objects.values_list("action", "times", "actor")
    assert [(action, times) for action, times, _ in rows] == [("received", 1), ("viewed", 3), ("downloaded", 1)]
    assert len({actor for _, _, actor in rows}) == 1
    assert Event.objects.filter(type="custody.recorded/1").count() == 1
    tasks.record_custody()
    assert Event.objects.filter(type="custody.recorded/1").count() == 1, "nothing new, no event"


def test_more_looks_than_one_event_takes_are_all_recorded(
    api: APIClient, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "LOOKS", 4)
    item = submit(api, case)
    for _ in range(9):
        api.get(item)
    tasks.record_custody(unknown_to_this_version=1)
    assert not Look.objects.exists()
    viewed = Custody.objects.filter(action="viewed").values_list("times", flat=True)
    assert list(viewed) == [4, 4, 1]
    assert Event.objects.filter(type="custody.recorded/1").count() == 3
