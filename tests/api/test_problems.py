"""Every error of the API is a problem document (RFC 9457), wherever in the house it comes from."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import UnreadablePostError
from django.test import Client, override_settings
from django.urls import include, path
from rest_framework.test import APIClient
from rest_framework.views import APIView

from ledger.models import Event
from tests.api.bodies import STATEMENT, picture, upload

BOUNDARY = "frontier"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"


def problem(answer: Any, status: int) -> dict[str, Any]:
    """Check all that a problem document must be, and return it."""
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "instance"} <= set(body)
    assert body["status"] == status
    assert body["type"].startswith("/problems/")
    UUID(body["instance"].removeprefix("urn:uuid:"))
    assert all(isinstance(body[name], str) and body[name] for name in ("type", "title", "detail"))
    assert "Traceback" not in answer.content.decode()
    return body


@pytest.fixture
def files(tmp_path: Path, settings: Any) -> Path:
    """An empty store in a folder of its own."""
    backend = {**settings.STORAGES["default"], "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = {**settings.STORAGES, "default": backend}
    return tmp_path


def left(files: Path) -> list[Path]:
    return [each for each in files.rglob("*") if each.is_file()]


# --- what the framework answers by itself ---


@pytest.mark.parametrize("address", ["/api/", "/api/v1/", "/api/v1/nothing/", "/api/v1/cases/7/", "/api/v2/cases/"])
def test_an_unknown_address_is_a_problem(api: APIClient, address: str) -> None:
    problem(api.get(address), 404)
    problem(api.post(address, {}), 404)


def test_a_method_that_an_address_does_not_have_is_a_problem_and_names_those_it_has(api: APIClient, case: str) -> None:
    for method in (api.put, api.patch, api.delete):
        answer = method(case)
        problem(answer, 405)
        assert answer.headers["Allow"].split(", ")[0] == "GET"
    problem(api.get(f"{case}close/"), 405)
    problem(api.options(case), 405)
    problem(api.options(f"{case}evidence/"), 405)
    problem(api.delete(f"{case}evidence/01a20b63-99ee-79e6-a074-2ef713a1f328/"), 405)


def test_a_format_that_is_not_spoken_is_a_problem(api: APIClient, case: str) -> None:
    problem(api.get(case, headers={"Accept": "text/html"}), 406)
    problem(api.get(f"{case}?format=json"), 400)


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "a/b"])
def test_a_body_of_another_type_is_a_problem(api: APIClient, case: str, kind: str) -> None:
    problem(api.generic("POST", f"{case}evidence/", "title=x", content_type=kind), 415)
    problem(api.generic("POST", f"{case}evidence/batch/", "title=x", content_type=kind), 415)
    problem(api.generic("POST", f"{case}rename/", "title=x", content_type=kind, headers={"If-Match": '"1"'}), 415)


def test_a_token_that_opens_nothing_is_a_problem_with_a_challenge(db: None) -> None:
    for value in ("Bearer", "Bearer x", f"Bearer wl_{'0' * 46}", "Bearer \u00e9", "Basic eDp5", "nonsense"):
        for headers in ({}, {"Idempotency-Key": "k"}):
            answer = APIClient().post("/api/v1/cases/", {}, headers={"Authorization": value, **headers})
            problem(answer, 401)
            assert answer.headers["WWW-Authenticate"].startswith("Bearer"), value


def test_an_address_without_its_last_slash_keeps_method_and_body(api: APIClient) -> None:
    answer = api.post("/api/v1/cases", {"title": "Tankers"})
    assert (answer.status_code, answer.headers["Location"]) == (308, "/api/v1/cases/")
    assert api.post("/api/v1/cases", {"title": "Tankers"}, follow=True).status_code == 201


def test_a_page_that_can_not_be_made_is_in_nobodys_way(api: APIClient, settings: Any, tmp_path: Path) -> None:
    """Before the static files were collected every page fails; programs need none."""
    settings.STATIC_ROOT = tmp_path
    manifest = {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": manifest}
    problem(api.get("/api/v1/nothing/"), 404)
    problem(api.post("/api/v1/nothing/", {}, headers={"Idempotency-Key": "k"}), 404)
    problem(api.get("/api/v1/cases/", headers={"Host": "evil.example"}), 400)


def test_a_host_that_is_not_ours_is_a_problem(api: APIClient) -> None:
    problem(api.get("/api/v1/cases/", headers={"Host": "evil.example"}), 400)


# --- bodies that are too much, or not whole ---


def test_json_over_the_limit_is_a_problem(api: APIClient, case: str) -> None:
    body = json.dumps({**STATEMENT, "text": "x" * settings.MAX_JSON_BYTES})
    for headers in ({}, {"Idempotency-Key": "k"}):
        answer = api.generic("POST", f"{case}evidence/", body, content_type="application/json", headers=headers)
        assert problem(answer, 413)["code"] == "too-large"
    assert Event.objects.count() == 1


def multipart(*parts: tuple[str, str]) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="'
    return "".join(f'{head}{name}"\r\n\r\n{text}\r\n' for name, text in parts).encode() + f"--{BOUNDARY}--\r\n".encode()


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "k"}])
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (multipart(*[("a", "1")] * (settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 1)), 413),
        (multipart(*[('a"; filename="b', "1")] * (settings.DATA_UPLOAD_MAX_NUMBER_FILES + 1)), 413),
        (multipart(("metadata", "x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1))), 413),
        (b"no boundary at all", 400),
        (multipart(("metadata", "{}"))[:40], 400),
        (multipart(("metadata", "{}")), 400),
        (multipart(("metadata", '{"kind":"image"}'), ('file"; filename="x', "1"), ('file"; filename="y', "2")), 400),
        (multipart(("metadata", '{"kind":"image"}'), ("more", "1"), ('file"; filename="x', "1")), 400),
        (multipart(("metadata", '{"kind":"image","title":"\\ud800"}'), ('file"; filename="x', "1")), 400),
        (multipart(("metadata", '{"kind":"statement","text":"x"}'), ('file"; filename="x', "1")), 400),
        (multipart(('metadata"; filename="x', '{"kind":"image"}'), ('file"; filename="x', "1")), 400),
    ],
)
def test_a_multipart_body_that_is_too_much_or_not_whole_is_a_problem_and_leaves_nothing(
    api: APIClient, case: str, files: Path, body: bytes, status: int, headers: dict[str, str]
) -> None:
    answer = api.generic("POST", f"{case}evidence/", body, content_type=MULTIPART, headers=headers)
    problem(answer, status)
    assert Event.objects.count() == 1
    assert left(files) == []


def test_a_body_without_its_length_is_a_problem(api: APIClient, case: str) -> None:
    """Read as it is, it would be empty, and an empty batch looks like one that was recorded."""
    for name, kind in (("evidence", "application/json"), ("evidence/batch", "application/x-ndjson")):
        answer = api.generic("POST", f"{case}{name}/", content_type=kind, headers={"Transfer-Encoding": "chunked"})
        problem(answer, 411)


class Cut:
    """A connection that breaks after the first bytes."""

    def __init__(self) -> None:
        self._left = [b'{"kind":"statement",']

    def read(self, *_: Any) -> bytes:
        if self._left:
            return self._left.pop()
        raise OSError("the peer is gone")

    readline = read


@pytest.mark.parametrize("headers", [{}, {"HTTP_IDEMPOTENCY_KEY": "k"}])
@pytest.mark.parametrize("kind", ["application/json", "application/x-ndjson", MULTIPART])
def test_a_connection_that_breaks_in_the_body_is_a_problem(
    api: APIClient, case: str, kind: str, headers: dict[str, str]
) -> None:
    address = f"{case}evidence/batch/" if kind == "application/x-ndjson" else f"{case}evidence/"
    environ = {"CONTENT_TYPE": kind, "CONTENT_LENGTH": "400", "wsgi.input": Cut(), **headers}
    problem(api.post(address, **environ), 408)
    assert Event.objects.count() == 1


# --- what goes wrong inside ---


class Crash(APIView):
    """Raises what the test says."""

    permission_classes = ()
    error: Exception = RuntimeError()

    def get(self, request: Any) -> Any:
        raise self.error

    post = get


def plain_crash(request: Any) -> Any:
    raise Crash.error


urlpatterns = [
    path("api/v1/crash/", Crash.as_view()),
    path("api/v1/plain-crash/", plain_crash),
    path("", include("osint.urls")),
]


@pytest.fixture
def crash(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[Exception, str], Any]]:
    """Let a view raise an error, and return what a client sees."""
    caplog.set_level(logging.WARNING)

    def crash(error: Exception, address: str) -> Any:
        Crash.error = error
        with override_settings(ROOT_URLCONF=__name__):
            return Client(raise_request_exception=False).get(address)

    yield crash
    Crash.error = RuntimeError()


CRASHES = pytest.mark.parametrize("address", ["/api/v1/crash/", "/api/v1/plain-crash/"])


@CRASHES
def test_a_crash_is_a_problem_whose_id_is_in_the_log_and_whose_trace_is_not_in_the_answer(
    db: None, crash: Callable[[Exception, str], Any], caplog: pytest.LogCaptureFixture, address: str
) -> None:
    answer = crash(RuntimeError("the secret of the house"), address)
    body = problem(answer, 500)
    assert "secret" not in answer.content.decode()
    (line,) = [each for each in caplog.records if body["instance"] in each.getMessage()]
    assert "the secret of the house" in str(line.msg)


@CRASHES
@pytest.mark.parametrize(
    ("error", "status", "retry"),
    [
        (OperationalError("database is locked"), 503, "5"),
        (OperationalError("the database system is starting up"), 503, "5"),
        (OperationalError("database or disk is full"), 507, None),
        (OSError(28, "No space left on device"), 507, None),
        (RequestDataTooBig("x"), 413, None),
        (SuspiciousOperation("x"), 400, None),
        (UnreadablePostError("x"), 408, None),
    ],
)
def test_what_can_be_foreseen_has_a_status_of_its_own(
    db: None, crash: Callable[[Exception, str], Any], address: str, error: Exception, status: int, retry: str | None
) -> None:
    answer = crash(error, address)
    problem(answer, status)
    assert answer.headers.get("Retry-After") == retry


def test_a_crash_around_the_views_is_a_problem_too(api: APIClient, case: str, caplog: pytest.LogCaptureFixture) -> None:
    """Where the answers to repeatable requests are kept can not be written: no view is to blame."""
    with override_settings(MAX_BATCH_BYTES="a fault of the set-up"):
        body = problem(api.post(f"{case}evidence/", STATEMENT, headers={"Idempotency-Key": "k"}), 500)
    assert body["instance"] in caplog.text
    assert Event.objects.count() == 1


def test_a_stored_file_that_was_changed_is_a_problem_and_never_other_bytes(
    api: APIClient, case: str, files: Path
) -> None:
    item = upload(api, case, picture()).headers["Location"]
    (stored,) = left(files)
    stored.write_bytes(b"other bytes")
    problem(api.get(f"{item}file/"), 500)
    stored.unlink()
    problem(api.get(f"{item}file/"), 500)
    assert api.get(item).status_code == 200
