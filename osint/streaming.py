"""Streams under ASGI: files go out piece by piece, never gathered in memory first."""

from collections.abc import AsyncIterator, Callable, Iterator

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase, StreamingHttpResponse

# Bytes of a file read for each change between threads, which costs as much as reading this many.
PIECE = 256 * 1024


class StreamPiecewise:
    """Middleware that turns a stream into an asynchronous one.

    Django itself reads a synchronous stream to its end before sending the first byte under ASGI;
    an original of several gigabytes would then stand in memory.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if not isinstance(response, StreamingHttpResponse) or response.is_async:
            return response
        if isinstance(request, ASGIRequest):
            # Only a file is known never to wait between two parts, so that gathering delays nothing.
            least = PIECE if isinstance(response, FileResponse) else 1
            response.streaming_content = _pieces(iter(response.streaming_content), least=least)  # type: ignore[arg-type]
        return response


async def _pieces(parts: Iterator[bytes], *, least: int) -> AsyncIterator[bytes]:
    while piece := await sync_to_async(_take)(parts, least=least):
        yield piece


def _take(parts: Iterator[bytes], *, least: int) -> bytes:
    taken: list[bytes] = []
    size = 0
    while size < least and (part := next(parts, None)) is not None:
        taken.append(part)
        size += len(part)
    return b"".join(taken)
