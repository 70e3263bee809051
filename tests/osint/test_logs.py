"""What reaches the log: no secret, and no value that forges a line or moves a cursor."""

import json
import logging

import pytest

from osint import logs


@pytest.fixture
def formatter() -> logging.Formatter:
    shape = logs.configure(form="json", level="INFO")["formatters"]["structured"]
    return shape["()"](foreign_pre_chain=shape["foreign_pre_chain"], processors=shape["processors"])


def line(formatter: logging.Formatter, message: str, **extra: object) -> str:
    record = logging.LogRecord("waterline", logging.INFO, __file__, 1, message, (), None)
    vars(record).update(extra)
    return formatter.format(record)


@pytest.mark.parametrize(
    "leak",
    [
        "Authorization: Bearer wl_8d7a6f5e4c3b2a19",
        "{'authorization': 'Basic dXNlcjpodW50ZXIyMg=='}",
        "connecting to postgresql://waterline:hunter22@database:5432/waterline",
        "connecting to redis://:hunter22@broker:6379/0",
        "got token wl_8d7a6f5e4c3b2a19",
        "Cookie: sessionid=hunter22; csrftoken=hunter22",
    ],
)
def test_credentials_inside_a_message_are_hidden(formatter: logging.Formatter, leak: str) -> None:
    written = line(formatter, leak)
    assert "[hidden]" in written
    for secret in ("hunter22", "wl_8d7a", "dXNlcjpo"):
        assert secret not in written


@pytest.mark.parametrize("name", ["Authorization", "cookie", "password", "OSINT_SECRET_KEY", "api_key", "token"])
def test_values_under_a_secret_name_are_hidden_at_any_depth(formatter: logging.Formatter, name: str) -> None:
    assert "hunter22" not in line(formatter, "request", **{name: "hunter22"})
    assert "hunter22" not in line(formatter, "request", headers=[{"inner": {name: "hunter22"}}])


@pytest.mark.parametrize(
    "value",
    ["a\r\nlevel=error forged", "\x1b[2J\x1b[31mred", "a\u2028b", "\u202egnp.exe", "\x9b31m", "a\x00b"],
)
def test_no_value_breaks_out_of_its_line(formatter: logging.Formatter, value: str) -> None:
    written = line(formatter, value, filename_given=value)
    assert json.loads(written)["event"].isprintable()
    assert json.loads(written)["filename_given"].isprintable()
    assert written.isprintable()


def test_the_request_that_django_attaches_is_left_out(formatter: logging.Formatter) -> None:
    assert "request" not in json.loads(line(formatter, "Not Found", request=object()))
