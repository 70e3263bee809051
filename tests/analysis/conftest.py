"""A case with sightings of ships at a terminal, and clients of those who work on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.api.conftest import api, case, client_of  # noqa: F401 -- fixtures

TERMINAL = {"lat": 42.74, "lon": 133.08, "radius_m": 5000, "name": "Vostochny"}


@pytest.fixture
def sight(api: APIClient, case: str) -> Callable[..., str]:  # noqa: F811
    """Submit a sighting at the terminal; give its address."""

    def sight(ship: str, when: str, **fields: Any) -> str:
        body = {
            "kind": "sighting",
            "when": when,
            "place": {"name": "Vostochny", "lat": 42.741, "lon": 133.081, "radius_m": 200},
            "subject": {"kind": "ship", "name": ship} if ship else None,
            **fields,
        }
        answer = api.post(f"{case}evidence/", {name: value for name, value in body.items() if value is not None})
        assert answer.status_code == 201, answer.content
        address: str = answer.headers["Location"]
        return address

    return sight


@pytest.fixture
def state(api: APIClient, case: str) -> Callable[..., str]:  # noqa: F811
    """State a finding; give its address."""

    def state(rule: str = "count", *, compute: bool = True, **parameters: Any) -> str:
        body = {"sentence": f"So many, by {rule}.", "rule": rule, "version": 1, "parameters": parameters}
        answer = api.post(f"{case}findings/", body)
        assert answer.status_code == 201, answer.content
        address: str = answer.headers["Location"]
        if compute:
            computed = api.post(f"{address}compute/")
            assert computed.status_code == 200, computed.content
        return address

    return state
