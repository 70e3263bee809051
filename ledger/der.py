"""Just enough of DER to put the certificates of a time stamp reply in order.

DER wants the members of a SET sorted by their bytes; OpenSSL, and authorities that run on it, write them as they come,
and rfc3161-client then reads nothing of the reply. Their order is not under any signature, so sorting changes nothing
but what can be read. They stand in TimeStampResp → ContentInfo (RFC 3161, 2.4.2) → SignedData (RFC 5652, 5.1).
"""

from __future__ import annotations

from typing import NamedTuple

SEQUENCE, EXPLICIT = 0x30, 0xA0


class Value(NamedTuple):
    """A value's tag, and where it and its content stand."""

    tag: int
    start: int
    content: int
    end: int


def with_sorted_certificates(reply: bytes) -> bytes:
    """Sort the certificates of a time stamp reply; one that does not read so is given back as it is."""
    try:
        found = _certificates(reply)
        if found is None:
            return reply
        members = sorted(reply[each.start : each.end] for each in _inside(reply, found))
    except (IndexError, ValueError):
        return reply
    return reply[: found.content] + b"".join(members) + reply[found.end :]


def _certificates(data: bytes) -> Value | None:
    whole = _read(data, 0, len(data))
    _status, token = _inside(data, whole)
    _kind, explicit = _inside(data, token)
    [signed] = _inside(data, explicit)
    # Version, digest algorithms, content; then the certificates, if there are any.
    after = _inside(data, signed)[3:4]
    return after[0] if after and after[0].tag == EXPLICIT else None


def _inside(data: bytes, outer: Value) -> list[Value]:
    found, at = [], outer.content
    while at < outer.end:
        found.append(_read(data, at, outer.end))
        at = found[-1].end
    return found


def _read(data: bytes, at: int, end: int) -> Value:
    """Read a tag of one byte and a definite length.

    :raises ValueError: there is none.
    """
    tag, length, content = data[at], data[at + 1], at + 2
    if tag & 0x1F == 0x1F or length == 0x80:
        raise ValueError("This is no DER that is read here.")
    if length > 0x80:
        size = length & 0x7F
        length, content = int.from_bytes(data[content : content + size]), content + size
    if content + length > end:
        raise ValueError("A value is longer than what holds it.")
    return Value(tag, at, content, content + length)
