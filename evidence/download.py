"""Files on their way to a browser: originals as attachments, inline only pictures that we made.

Both are plain file responses. Under ASGI `osint.streaming` turns them into asynchronous ones: Django itself
would read a synchronous stream to its end, into memory, before it sent the first byte.
"""

from __future__ import annotations

from base64 import b64encode

from django.http import FileResponse

from evidence.names import content_disposition
from ledger.errors import NotFound
from ledger.store import open_verified

PREVIEWS = frozenset({"image/webp", "image/jpeg", "image/png"})
"""Raster pictures that an enricher makes. Nothing else is ever shown inline."""

KEPT_BY_BROWSERS = 10 * 60
"""Seconds for which a browser shows a picture again without asking whether it is still there."""


class StoredFileResponse(FileResponse):
    """A verified file of the store, in pieces that are worth a change between threads."""

    block_size = 256 << 10

    def __init__(self, sha256: str, *, content_type: str, headers: dict[str, str]) -> None:
        super().__init__(open_verified(sha256), content_type=content_type)
        # Set afterwards: Django would name the file after its path in the store.
        for name, value in headers.items():
            self.headers[name] = value
        self.headers["X-Content-Type-Options"] = "nosniff"
        self.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        # RFC 9530: who downloads can check, too.
        self.headers["Repr-Digest"] = f"sha-256=:{b64encode(bytes.fromhex(sha256)).decode()}:"


def original_response(sha256: str, name: str) -> StoredFileResponse:
    """Send an original to be saved; a browser neither shows it nor guesses what it is nor keeps it.

    :raises MissingFile: it is gone, or its bytes are not what they were.
    """
    return StoredFileResponse(
        sha256,
        content_type="application/octet-stream",
        headers={
            "Content-Disposition": content_disposition(name),
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Cache-Control": "private, no-store",
        },
    )


def preview_response(sha256: str, media_type: str) -> StoredFileResponse:
    """Show a picture that an enricher made. Its bytes never change, but it may be erased: a browser keeps it for a
    page or two, and no longer.

    :raises MissingFile: it is gone, or its bytes are not what they were.
    :raises NotFound: it is no raster picture.
    """
    if media_type not in PREVIEWS:
        raise NotFound("There is no picture to show.")
    return StoredFileResponse(
        sha256,
        content_type=media_type,
        headers={
            "Content-Disposition": "inline",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Cache-Control": f"private, max-age={KEPT_BY_BROWSERS}",
            "ETag": f'"{sha256}"',
        },
    )
