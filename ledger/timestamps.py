"""Trusted timestamps of the log's heads (RFC 3161): that a head, and all events under it, existed at a time.

What is stamped are the bytes of the published note, as it was signed. The reply is kept byte for byte, whoever can or
can not read it; it is checked as of its own time, because the certificate of an authority ends long before it matters.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import new as digest
from pathlib import Path
from typing import TYPE_CHECKING

import rfc3161_client
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509 import Certificate, load_der_x509_certificate, load_pem_x509_certificates
from django.conf import settings
from django.utils import timezone

from ledger import attestors, fetch
from ledger.der import with_sorted_certificates
from ledger.fetch import Unanswered, shown
from ledger.models import SignedHead, Timestamp

if TYPE_CHECKING:
    from rfc3161_client.tsp import TimeStampRequest, TimeStampResponse

LARGEST = 65_536
"""Bytes of a reply; one with three certificates has about 6,000."""

FAR = timedelta(minutes=10)
"""Between an authority's clock and ours, past which one of them is wrong."""

_DIGESTS = {"2.16.840.1.101.3.4.2.1": "sha256", "2.16.840.1.101.3.4.2.2": "sha384", "2.16.840.1.101.3.4.2.3": "sha512"}
_GRANTED = {0: "granted", 1: "granted with modifications"}


class NoTimestamp(Exception):
    """A reply is no timestamp of what was asked for; the text says why."""


class Unreadable(NoTimestamp):
    """The reply may be one, and rfc3161-client can not read it."""


@dataclass(frozen=True)
class Token:
    """What a reply says: when, and over which digest of which kind."""

    gen_time: datetime
    imprint: bytes
    kind: str
    nonce: int | None

    def is_of(self, data: bytes) -> bool:
        """Tell whether it is over these bytes."""
        return digest(self.kind, data).digest() == self.imprint


def stamp_newest(head: SignedHead) -> None:
    """Ask each authority whose turn it is to stamp a head that it did not stamp yet."""
    for url in settings.TSA_URLS:
        if not _is_stamped(head, url) and attestors.claim(shown(url), every=timedelta(seconds=settings.TSA_SECONDS)):
            stamp(head, url)


def stamp_now(head: SignedHead) -> Iterator[str]:
    """Ask every authority now; yield why, where one did not stamp it."""
    for url in settings.TSA_URLS:
        if not _is_stamped(head, url) and (why := stamp(head, url)):
            yield f"{shown(url)}: {why}"


def stamp(head: SignedHead, url: str) -> str:
    """Let one authority stamp a head's note, keep its reply, and return why not, if it did not. Nothing is raised."""
    note, name = head.note.encode(), shown(url)
    try:
        request = _request(note)
        reply = _ask(url, request)
        gen_time, doubt = _judge(reply, note, request)
    except (Unanswered, NoTimestamp) as why:
        attestors.failed(name, str(why))
        return str(why)
    Timestamp.objects.get_or_create(
        size=head.size,
        authority=name,
        defaults={"reply": reply, "gen_time": gen_time, "doubt": doubt, "at": timezone.now()},
    )
    attestors.failed(name, doubt) if doubt else attestors.did(name)
    return doubt


def read_token(reply: bytes) -> Token:
    """Read what a reply says; its signature is not looked at.

    :raises NoTimestamp: it says that nothing was stamped.
    :raises Unreadable: it can not be read.
    """
    found = _decoded(reply)
    try:
        info = found.tst_info
        kind = _DIGESTS.get(info.message_imprint.hash_algorithm.dotted_string, "")
        token = Token(info.gen_time, info.message_imprint.message, kind, info.nonce)
    except ValueError as error:
        raise Unreadable(f"rfc3161-client can not read the token ({_short(error)})") from error
    if not kind:
        raise NoTimestamp("its digest is of a kind that is not known here")
    return token


def refusal(reply: bytes, data: bytes, roots: list[Certificate]) -> str:
    """Say why a reply is no timestamp of these bytes that leads to one of the roots, as of its time; empty if it is."""
    builder = rfc3161_client.VerifierBuilder()
    for root in dict.fromkeys(roots):
        builder = builder.add_root_certificate(root)
    try:
        builder.build().verify_message(_decoded(reply), data)
    except (rfc3161_client.VerificationError, ValueError, AssertionError) as error:
        return f"rfc3161-client refuses it ({_short(error)})"
    except NoTimestamp as error:
        return str(error)
    return ""


def roots() -> list[Certificate]:
    """Read the certificates that are trusted to lead to authorities; none where none are set up."""
    return read_certificates(Path(settings.TSA_ROOTS).read_bytes()) if settings.TSA_ROOTS else []


def read_certificates(pem: bytes) -> list[Certificate]:
    """Read certificates in PEM.

    :raises ValueError: there is none in it.
    """
    with warnings.catch_warnings():
        # Whole root stores are given here; some old roots in them have a serial number of zero.
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        return load_pem_x509_certificates(pem)


def certificates_in(reply: bytes) -> list[Certificate]:
    """List the certificates that a reply brings; none where it can not be read."""
    try:
        return [load_der_x509_certificate(bytes(each)) for each in _decoded(reply).signed_data.certificates]
    except (NoTimestamp, ValueError):
        return []


def _is_stamped(head: SignedHead, url: str) -> bool:
    return Timestamp.objects.filter(size=head.size, authority=shown(url)).exists()


def _request(note: bytes) -> TimeStampRequest:
    """Ask for a stamp with a nonce of ours, so that no old reply can be given, and with the certificates."""
    builder = rfc3161_client.TimestampRequestBuilder(nonce=True, cert_req=True)
    return builder.data(note).hash_algorithm(rfc3161_client.HashAlgorithm.SHA256).build()


def _ask(url: str, request: TimeStampRequest) -> bytes:
    answer = fetch.post(
        url,
        request.as_bytes(),
        type="application/timestamp-query",
        largest=LARGEST,
        seconds=settings.ATTEST_TIMEOUT,
    )
    if answer.status != 200:
        raise NoTimestamp(f"the answer has the status {answer.status}")
    # Some authorities name another type; what is not even the beginning of a sequence is a page.
    if answer.body[:1] != b"\x30":
        raise NoTimestamp("the answer is no time stamp reply")
    return answer.body


def _judge(reply: bytes, note: bytes, request: TimeStampRequest) -> tuple[datetime | None, str]:
    """Give the time of a reply, and what there is to doubt about it.

    :raises NoTimestamp: it is not what was asked for.
    """
    try:
        token = read_token(reply)
    except Unreadable as why:
        return None, str(why)
    if token.nonce != request.nonce:
        raise NoTimestamp("the reply is to another request: its nonce is not ours")
    if not token.is_of(note):
        raise NoTimestamp("the reply stamps something else")
    trusted = roots()
    if trusted and (why_not := refusal(reply, note, trusted)):
        return token.gen_time, why_not
    if abs(token.gen_time - timezone.now()) > FAR:
        return token.gen_time, f"its clock and ours differ: it says {token.gen_time:%Y-%m-%d %H:%M:%S} UTC"
    return token.gen_time, ""


def _decoded(reply: bytes) -> TimeStampResponse:
    try:
        found = rfc3161_client.decode_timestamp_response(with_sorted_certificates(reply))
        status = found.status
    except ValueError as error:
        raise Unreadable(f"rfc3161-client can not read the reply ({_short(error)})") from error
    if status not in _GRANTED:
        raise NoTimestamp(f"nothing was stamped: the status of the reply is {status}")
    return found


def _short(error: Exception) -> str:
    """Say what a library says, in the letters that it would write itself: nothing of a hostile answer."""
    return re.sub(r"[^\w .,:\[\]\"'-]", "", str(error))[:200]
