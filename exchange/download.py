"""A bundle on its way to somebody: whole or from where an earlier download broke off, and on record."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from uuid import UUID

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.utils.http import parse_etags

from cases.access import Permission, require
from cases.commands import record_download
from cases.domain import BundleDownloaded
from exchange import shelf
from exchange.models import Export
from exchange.queries import export_of
from exchange.ranges import Span, span_of
from ledger.actors import Actor
from ledger.errors import StaleStream
from verifier import verify

HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "private, no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Accept-Ranges": "bytes",
}


class BundleResponse(FileResponse):
    """Some bytes of a bundle, in pieces that are worth a change between threads."""

    block_size = 256 << 10


def bundle_response(request: HttpRequest, *, case_id: UUID, export_id: UUID, by: Actor) -> HttpResponseBase:
    """Send a bundle, or the range of it that is asked for, as an attachment.

    That somebody takes a bundle is an event of its case, once for a download however often it breaks off: whoever
    begins anew is recorded anew.

    :raises NotFound: there is none for this caller, or it is not written yet.
    :raises Forbidden: the caller's role does not carry it.
    :raises BundleGone: it is not kept any more.
    :raises NoSuchRange: the bytes that are asked for are not among its bytes.
    :raises StaleStream: the caller wants another bundle than this one (If-Match).
    """
    export = export_of(case_id, export_id, by=by)
    require(case_id, Permission.EXPORT, by=by)
    size, etag = _whole(export), f'"{export.sha256}"'
    headers = _headers(export, etag)
    given = request.headers
    if not _matches(given.get("If-Match", "*"), etag):
        raise StaleStream("This is not the bundle of the ETag that you sent.")
    if _matches(given.get("If-None-Match", ""), etag):
        return _with(HttpResponseNotModified(), headers)
    asked = span_of(given.get("Range"), size=size, if_range=given.get("If-Range"), etag=etag)
    span = asked or Span(0, size)
    if asked:
        headers["Content-Range"] = f"bytes {span.first}-{span.first + span.length - 1}/{size}"
    status = 206 if asked else 200
    headers["Content-Length"] = str(span.length)
    if request.method == "HEAD":
        return _with(HttpResponse(status=status, content_type="application/zip"), headers)
    part = shelf.Part(shelf.open_at(export.name, first=span.first, size=size), span.length)
    try:
        _record(export, again=span.first > 0, by=by)
    except BaseException:
        part.close()
        raise
    return _with(BundleResponse(part, status=status, content_type="application/zip"), headers)


def verifier_response() -> HttpResponse:
    """Hand out the verifier: to anybody, for it holds no secret and is the same for all."""
    headers = {
        "Content-Disposition": 'attachment; filename="verify.py"',
        "Cache-Control": "public, max-age=300",
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(
        Path(verify.__file__).read_bytes(), content_type="text/x-python; charset=utf-8", headers=headers
    )


def _matches(named: str, etag: str) -> bool:
    return named.strip() == "*" or etag in parse_etags(named)


def _whole(export: Export) -> int:
    """Tell the size of a bundle that can be had."""
    if export.status != Export.DONE:
        raise shelf.NotWrittenYet
    if not export.there or export.size is None:
        raise shelf.BundleGone
    return export.size


def _headers(export: Export, etag: str) -> dict[str, str]:
    digest = b64encode(bytes.fromhex(export.sha256)).decode()
    return {
        **HEADERS,
        "Content-Disposition": f'attachment; filename="{export.file_name}"',
        "ETag": etag,
        # RFC 9530: who downloads can check, whatever the pieces.
        "Repr-Digest": f"sha-256=:{digest}:",
    }


def _with(response: HttpResponseBase, headers: dict[str, str]) -> HttpResponseBase:
    for name, value in headers.items():
        response.headers[name] = value
    return response


def _record(export: Export, *, again: bool, by: Actor) -> None:
    event, seq, size = export.event, export.seq, export.size
    assert event is not None  # noqa: S101 -- whatever is done has all of these
    said = BundleDownloaded(export=event, seq=seq or 0, sha256=export.sha256, size=size or 0)
    record_download(case_id=export.case_id, downloaded=said, again=again, by=by)
