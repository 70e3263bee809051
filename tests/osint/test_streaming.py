"""Streams under ASGI: whole, in pieces, and closed afterwards."""

import io
from collections.abc import Iterator

import pytest
from asgiref.sync import async_to_sync
from django.http import FileResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import AsyncRequestFactory, RequestFactory

from osint.streaming import PIECE, StreamPiecewise


def pieces_of(response: StreamingHttpResponse) -> list[bytes]:
    @async_to_sync
    async def gather() -> list[bytes]:
        return [piece async for piece in response]

    return gather()


def through(response: HttpResponseBase) -> HttpResponseBase:
    return StreamPiecewise(lambda request: response)(AsyncRequestFactory().get("/"))


@pytest.mark.django_db
def test_a_file_goes_out_whole_and_in_pieces_and_is_closed() -> None:
    content = bytes(range(256)) * 4096
    file = io.BytesIO(content)
    response = through(FileResponse(file))
    pieces = pieces_of(response)
    assert b"".join(pieces) == content
    assert len(pieces) == len(content) / PIECE
    response.close()
    assert file.closed


def test_a_stream_is_read_no_further_than_it_is_sent() -> None:
    read: list[int] = []

    def parts() -> Iterator[bytes]:
        for number in range(3):
            read.append(number)
            yield b"part"

    response = through(StreamingHttpResponse(parts()))

    @async_to_sync
    async def first() -> bytes:
        async for piece in response:
            return piece
        return b""

    assert first() == b"part"
    assert read == [0]


def test_empty_parts_do_not_end_a_stream() -> None:
    assert b"".join(pieces_of(through(StreamingHttpResponse([b"a", b"", b"b"])))) == b"ab"


def test_a_synchronous_server_gets_the_stream_as_it_was() -> None:
    response = StreamPiecewise(lambda request: StreamingHttpResponse([b"a"]))(RequestFactory().get("/"))
    assert not response.is_async
