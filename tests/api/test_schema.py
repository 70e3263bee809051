"""The schema says what the API does: valid OpenAPI 3.1, and Schemathesis finds nothing that it does not say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import hypothesis
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck
from openapi_spec_validator import OpenAPIV31SpecValidator
from rest_framework.test import APIClient
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from osint import tokens
from tests.api.bodies import picture, submit, upload
from tests.api.conftest import EVERYTHING
from tests.api.test_access import OPEN, TABLE

SEED = 20241124
EXAMPLES = 6
"""Requests of each kind for each operation."""

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.unsupported_method,
    checks.missing_required_header,
]


@pytest.fixture
def documented(db: None) -> dict[str, Any]:
    """The schema as a client gets it."""
    answer = APIClient().get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi+json"})
    assert answer.status_code == 200
    schema: dict[str, Any] = answer.json()
    return schema


def operations(documented: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for path in documented["paths"].values() for each in path.values()]


def test_it_is_valid_openapi_3_1(documented: dict[str, Any]) -> None:
    assert documented["openapi"].startswith("3.1")
    assert [str(error) for error in OpenAPIV31SpecValidator(documented).iter_errors()] == []


def test_every_address_of_the_api_is_in_it_once(documented: dict[str, Any]) -> None:
    assert len(operations(documented)) == len(set(TABLE) - OPEN)
    names = [each["operationId"] for each in operations(documented)]
    assert len(set(names)) == len(names)
    assert all(each["summary"] for each in operations(documented))


def test_each_operation_says_how_to_sign_in_and_how_errors_look(documented: dict[str, Any]) -> None:
    assert documented["components"]["securitySchemes"]["token"] == {"type": "http", "scheme": "bearer"}
    for each in operations(documented):
        assert {"token": []} in each["security"]
        assert {"4XX", "5XX"} <= set(each["responses"])
    problem = documented["components"]["responses"]["Refused"]["content"]
    assert list(problem) == ["application/problem+json"]


def test_every_filter_and_every_repeatable_request_is_in_it(documented: dict[str, Any]) -> None:
    listed = documented["paths"]["/api/v1/cases/{case_id}/evidence/"]["get"]
    assert {
        "kind",
        "tag",
        "grade",
        "when_from",
        "when_to",
        "bbox",
        "source",
        "text",
        "enrichment",
        "as_of",
        "cursor",
    } <= {each["name"] for each in listed["parameters"]}
    key = {"$ref": "#/components/parameters/IdempotencyKey"}
    posts = [path["post"] for path in documented["paths"].values() if "post" in path]
    assert all(key in each["parameters"] for each in posts)


def test_what_requests_are_made_of_takes_no_field_that_it_does_not_name(documented: dict[str, Any]) -> None:
    schemas = documented["components"]["schemas"]
    strict = [name for name, each in schemas.items() if each.get("additionalProperties") is False]
    assert {"NewItemRequest", "PlaceRequest", "NewCaseRequest", "EvidenceCorrectedRequest"} <= set(strict)


@contextmanager
def connection_kept() -> Iterator[None]:
    """Keep the test's database connection over the requests of a server's handler, as Django's own client does."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.mark.slow
# Schemathesis reads a downloaded file to its end, and leaves the response open.
@pytest.mark.filterwarnings("ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning")
def test_schemathesis_finds_nothing_that_the_schema_does_not_say(api: APIClient, case: str, alice: Any) -> None:
    submit(api, case)
    item = upload(api, case, picture()).headers["Location"]
    export = api.post(f"{case}exports/", {}).headers["Location"]
    ids = {"case_id": case.split("/")[-2], "item": item.split("/")[-2], "export": export.split("/")[-2]}
    headers = {"Authorization": f"Bearer {tokens.issue(user=alice, scopes=EVERYTHING)[1]}"}
    with connection_kept():
        tested = _compared(ids, headers)
    assert len(tested) == len(set(TABLE) - OPEN)


def _compared(ids: dict[str, str], headers: dict[str, str]) -> set[str]:
    schema = schemathesis.openapi.from_wsgi("/api/schema/", get_wsgi_application())
    tested: set[str] = set()
    for found in schema.get_all_operations():
        operation = found.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

            @hypothesis.seed(SEED)
            @hypothesis.settings(
                max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck)
            )
            @hypothesis.given(sent=operation.as_strategy(generation_mode=mode))
            def answers_as_documented(sent: Any) -> None:
                # What it makes up is of no case: these ids lead further in.
                sent.path_parameters = {**(sent.path_parameters or {}), **_given(sent, ids)}
                with transaction.atomic():
                    answer = sent.call(headers=headers)
                    transaction.set_rollback(True)
                sent.validate_response(answer, checks=CHECKS, headers=headers)
                tested.add(sent.operation.label)

            answers_as_documented()
    return tested


def _given(sent: Any, ids: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in ids.items() if name in (sent.path_parameters or {})}
