"""Time stamp authorities that are slow, broken or hostile: nothing of the log waits for them, and each is said."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from ledger import timestamps
from ledger.attest import attest_newest, attest_now
from ledger.models import Attestor, SignedHead, Timestamp
from ledger.recorded import Recorded
from ledger.sequence import sequence
from ledger.signer import published, sign
from ledger.verify_log import verify_log
from tests.ledger.authority import Authority, Handle, answer

pytestmark = pytest.mark.django_db
Note = Callable[..., Recorded]
Tamper = Callable[..., None]


def readiness() -> tuple[str, str]:
    found = Client().get("/readyz").json()["attestors"]
    return found["status"], found["detail"]


def html(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    answer(handler, b"<html><script>alert(1)</script></html>", "text/html")


def huge(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    answer(handler, b"\x30" + bytes(10 << 20), "application/timestamp-reply")


def endless(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"0" * 1000)


NEVER = Event()


def hangs(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    NEVER.wait(20)


def drips(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    """Each byte comes in time, and the whole never does."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for n in range(200):
        handler.wfile.write(f"X-{n}: x\r\n".encode())
        handler.wfile.flush()
        NEVER.wait(0.1)


def drips_a_body(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(1000):
        handler.wfile.write(b"\x30")
        handler.wfile.flush()
        NEVER.wait(0.1)


def cut(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"\x30\x82")


def error(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    answer(handler, b"\x30", "application/timestamp-reply", status=500)


def elsewhere(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    handler.send_response(302)
    handler.send_header("Location", "http://192.0.2.1/")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


@pytest.mark.parametrize(
    ("handle", "why"),
    [
        (html, "the answer is no time stamp reply"),
        (huge, "an answer of more than 65536 bytes"),
        (endless, "an answer of more than 65536 bytes"),
        (hangs, "no answer within 1 s"),
        (drips, "no answer within 1 s"),
        (drips_a_body, "no answer within 1 s"),
        (cut, "no answer (IncompleteRead)"),
        (error, "the answer has the status 500"),
        (elsewhere, "the answer has the status 302"),
    ],
)
def test_an_authority_that_does_not_answer_as_one_stops_nothing_and_is_said(
    head: SignedHead,
    note: Note,
    serve: Callable[[Handle], str],
    asks: Callable[..., None],
    settings: Any,
    handle: Handle,
    why: str,
) -> None:
    asks(serve(handle))
    settings.ATTEST_TIMEOUT = 1
    began = time.monotonic()
    attest_newest()
    assert time.monotonic() - began < 10
    assert not Timestamp.objects.exists()
    status, detail = readiness()
    assert status == "degraded"
    assert why in detail
    assert Client().get("/readyz").status_code == 200
    note("b")
    sequence()
    assert sign() is not None


def test_one_that_nobody_listens_for_is_asked_less_and_less_often(
    head: SignedHead, asks: Callable[..., None], settings: Any
) -> None:
    asks("http://secret:word@127.0.0.1:9/")
    settings.TSA_SECONDS = 60
    for failures, pause in ((1, 120), (2, 240), (3, 480)):
        attest_newest()
        attest_newest()
        row = Attestor.objects.get()
        assert row.failures == failures
        Attestor.objects.update(tried_at=timezone.now() - timedelta(seconds=pause - 5))
        attest_newest()
        assert Attestor.objects.get().failures == failures
        Attestor.objects.update(tried_at=timezone.now() - timedelta(seconds=pause + 1))
    assert row.name == "http://127.0.0.1:9/"
    assert readiness() == ("degraded", "http://127.0.0.1:9/: no answer (ConnectionRefusedError)")


def with_another_nonce(authority: Authority, body: bytes, note: str) -> bytes:
    return authority.reply(authority.query(note.encode()))


def without_a_nonce(authority: Authority, body: bytes, note: str) -> bytes:
    return authority.reply(authority.query(note.encode(), "-no_nonce"))


def of_something_else(authority: Authority, body: bytes, note: str) -> bytes:
    """The nonce is right: the digest in the query was exchanged."""
    from hashlib import sha256

    ours, other = sha256(note.encode()).digest(), sha256(b"something else").digest()
    assert ours in body
    return authority.reply(body.replace(ours, other))


def not_granted(authority: Authority, body: bytes, note: str) -> bytes:
    return authority.reply(b"no query")


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (with_another_nonce, "its nonce is not ours"),
        (without_a_nonce, "its nonce is not ours"),
        (of_something_else, "the reply stamps something else"),
        (not_granted, "nothing was stamped: the status of the reply is 2"),
    ],
)
def test_a_reply_that_is_no_stamp_of_what_was_asked_for_is_not_kept(
    head: SignedHead,
    authority: Authority,
    serve: Callable[[Handle], str],
    asks: Callable[..., None],
    reply: Callable[[Authority, bytes, str], bytes],
    why: str,
) -> None:
    def lie(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        answer(handler, reply(authority, body, head.note), "application/timestamp-reply")

    asks(serve(lie))
    attest_newest()
    assert not Timestamp.objects.exists()
    assert why in readiness()[1]


def test_a_stamp_by_somebody_else_s_certificate_is_kept_with_who_refused_it(
    head: SignedHead, serve: Callable[[Handle], str], asks: Callable[..., None], tmp_path: Path
) -> None:
    """Kept, because it may be the roots that are wrong: a stamp of that time can not be had again."""
    asks(serve(Authority(tmp_path / "other", "Other").serve))
    attest_newest()
    assert "rfc3161-client refuses it" in Timestamp.objects.get().doubt
    assert "rfc3161-client refuses it" in readiness()[1]
    report = verify_log()
    assert report.faults == []
    assert "rfc3161-client refuses it" in report.unchecked[0]


def test_a_reply_that_the_library_can_not_read_is_kept_with_its_name(
    head: SignedHead, serve: Callable[[Handle], str], asks: Callable[..., None]
) -> None:
    strange = b"\x30\x03\x02\x01\x00"

    def handle(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        answer(handler, strange, "application/timestamp-reply")

    asks(serve(handle))
    attest_newest()
    row = Timestamp.objects.get()
    assert (bytes(row.reply), row.gen_time) == (strange, None)
    assert "rfc3161-client can not read" in row.doubt
    report = verify_log()
    assert report.faults == []
    assert "rfc3161-client can not read" in report.unchecked[0]


def test_an_authority_whose_clock_is_wrong_is_doubted(
    head: SignedHead,
    authority: Authority,
    serve: Callable[[Handle], str],
    asks: Callable[..., None],
    time_machine: Any,
) -> None:
    url = serve(authority.serve)
    asks(url)
    time_machine.move_to(datetime.now(UTC) + timedelta(hours=1), tick=True)
    assert "its clock and ours differ" in timestamps.stamp(head, url)


def test_all_are_asked_at_once_where_a_person_waits_and_failures_are_told(
    head: SignedHead, authority: Authority, serve: Callable[[Handle], str], asks: Callable[..., None]
) -> None:
    good, bad = serve(authority.serve), serve(html)
    asks(bad, good)
    attest_newest()
    Timestamp.objects.all()
    assert list(attest_now(head.size)) == [f"{bad}: the answer is no time stamp reply"]
    assert Timestamp.objects.get().authority == good
    assert published() == head
