"""Clients of the API: each with a token of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from rest_framework.test import APIClient

EVERYTHING = ("cases:read", "cases:write", "evidence:read", "evidence:write", "findings:write", "log:read")


@pytest.fixture
def client_of(db: None) -> Callable[..., APIClient]:
    """Make a client that sends a person's token."""
    from osint import tokens

    def client_of(user: Any, *scopes: str, case_id: UUID | None = None) -> APIClient:
        _, text = tokens.issue(user=user, scopes=scopes or EVERYTHING, case_id=case_id)
        client = APIClient(raise_request_exception=False)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
        return client

    return client_of


@pytest.fixture
def api(client_of: Callable[..., APIClient], alice: Any) -> APIClient:
    """Alice's client."""
    return client_of(alice)


@pytest.fixture
def case(api: APIClient) -> str:
    """The address of a case that Alice opened."""
    opened = api.post("/api/v1/cases/", {"title": "Tankers"})
    assert opened.status_code == 201, opened.content
    address: str = opened.headers["Location"]
    return address
