"""Which bytes a request asks for (RFC 9110, section 14)."""

from __future__ import annotations

import pytest

from exchange.ranges import NoSuchRange, Span, span_of

ETAG = '"abc"'


def span(asked: str | None, *, size: int = 100, if_range: str | None = None) -> Span | None:
    return span_of(asked, size=size, if_range=if_range, etag=ETAG)


@pytest.mark.parametrize(
    ("asked", "first", "length"),
    [
        ("bytes=0-", 0, 100),
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 10),
        ("bytes=99-", 99, 1),
        ("bytes=90-1000", 90, 10),
        ("bytes=-1", 99, 1),
        ("bytes=-1000", 0, 100),
        ("Bytes=5-5", 5, 1),
    ],
)
def test_one_range_is_the_bytes_it_names(asked: str, first: int, length: int) -> None:
    assert span(asked) == Span(first, length)


@pytest.mark.parametrize(
    "asked", [None, "", "bytes=", "bytes=-", "bytes=5-4", "bytes=0-1,5-6", "items=0-1", "bytes=a-b", "bytes=٣-", "0-5"]
)
def test_what_is_no_single_range_asks_for_all(asked: str | None) -> None:
    assert span(asked) is None


@pytest.mark.parametrize("asked", ["bytes=100-", "bytes=100-200", "bytes=-0", f"bytes={10**17}-"])
def test_bytes_past_the_end_are_refused(asked: str) -> None:
    with pytest.raises(NoSuchRange) as refused:
        span(asked)
    assert refused.value.size == 100


def test_who_has_the_beginning_of_another_file_gets_all_of_this_one() -> None:
    assert span("bytes=10-", if_range=ETAG) == Span(10, 90)
    for other in ('"xyz"', f"W/{ETAG}", "Wed, 21 Oct 2015 07:28:00 GMT"):
        assert span("bytes=10-", if_range=other) is None
