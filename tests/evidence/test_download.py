"""Downloads: originals as attachments only, previews as pictures only, and never the wrong bytes."""

import asyncio
import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest
from django.test import AsyncRequestFactory, RequestFactory

from evidence.download import PREVIEWS, original_response, preview_response
from ledger import store
from ledger.errors import NotFound
from osint.streaming import StreamPiecewise

# The end of a response is the end of a request for Django, which then looks at its database connection.
pytestmark = pytest.mark.django_db

PAGE = b"<script>alert(1)</script>" * 50_000


@pytest.fixture
def digest(tmp_path: Path, settings: Any) -> str:
    """A hostile page in a store of its own."""
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path},
        },
    }
    with store.incoming() as incoming:
        incoming.write(PAGE)
        return incoming.keep().sha256


def change(folder: Path, digest: str) -> None:
    """Change one byte of the stored file, as a failing disk does."""
    path = folder / digest[:2] / digest[2:4] / digest
    path.write_bytes(b"!" + path.read_bytes()[1:])


def test_an_original_is_an_attachment_that_no_browser_shows(digest: str) -> None:
    response = original_response(digest, "../page\r\n.html")
    assert b"".join(response.streaming_content) == PAGE
    assert dict(response.headers) == {
        "Content-Type": "application/octet-stream",
        "Content-Length": str(len(PAGE)),
        "Content-Disposition": 'attachment; filename="_page__.html"',
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
        "Repr-Digest": f"sha-256=:{base64.b64encode(hashlib.sha256(PAGE).digest()).decode()}:",
    }
    response.close()


def test_the_path_in_the_store_is_told_to_nobody(digest: str, tmp_path: Path) -> None:
    response = original_response(digest, "")
    assert str(tmp_path) not in str(response.headers)
    assert digest not in str(response.headers)
    response.close()


@pytest.mark.parametrize("media_type", sorted(PREVIEWS))
def test_a_preview_is_shown_and_may_be_kept_for_minutes(digest: str, media_type: str) -> None:
    response = preview_response(digest, media_type)
    assert response["Content-Type"] == media_type
    assert response["Content-Disposition"] == "inline"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert response["Cache-Control"] == "private, max-age=600"
    response.close()


@pytest.mark.parametrize("media_type", ["image/svg+xml", "text/html", "image/gif", "", "image/png; x=y", "IMAGE/PNG"])
def test_what_is_no_raster_picture_is_not_shown(digest: str, media_type: str) -> None:
    with pytest.raises(NotFound):
        preview_response(digest, media_type)


def test_changed_bytes_are_never_sent(digest: str, tmp_path: Path) -> None:
    change(tmp_path, digest)
    with pytest.raises(store.DamagedFile):
        original_response(digest, "page.html")
    with pytest.raises(store.DamagedFile):
        preview_response(digest, "image/png")


def test_a_missing_file_is_an_error(digest: str) -> None:
    with pytest.raises(store.MissingFile):
        original_response("0" * 64, "page.html")


def test_under_asgi_a_file_leaves_in_pieces_and_is_closed_at_the_end(digest: str) -> None:
    sent = original_response(digest, "page.html")
    file = sent.file_to_stream
    response = StreamPiecewise(lambda request: sent)(AsyncRequestFactory().get("/"))
    assert response.is_async

    async def received() -> list[bytes]:
        return [piece async for piece in response]

    pieces = asyncio.run(received())
    assert b"".join(pieces) == PAGE
    assert max(map(len, pieces)) <= 2 * response.block_size
    assert len(pieces) > 2
    response.close()
    assert file.closed


def test_under_wsgi_a_file_leaves_in_pieces_too(digest: str) -> None:
    response = StreamPiecewise(lambda request: original_response(digest, "x"))(RequestFactory().get("/"))
    assert max(map(len, response)) == response.block_size
    response.close()
