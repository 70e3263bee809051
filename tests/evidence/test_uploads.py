"""Uploads: straight into the store, hashed on the way, named as the client named them, gone unless kept."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParserError
from django.test import RequestFactory
from hypothesis import example, given
from hypothesis import strategies as st

from evidence.names import NUL_SIGN
from evidence.uploads import StoredUpload
from ledger import store
from ledger.errors import TooLarge

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def files(tmp_path: Path, settings: Any) -> Path:
    """An empty store in a folder of its own."""
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path},
        },
    }
    settings.FILE_UPLOAD_HANDLERS = ["evidence.uploads.StoreUploadHandler"]
    return tmp_path


made: list[HttpRequest] = []


@pytest.fixture(autouse=True)
def requests_end() -> Iterator[None]:
    """End every request at the end of its test, as a server does."""
    yield
    while made:
        made.pop().close()


def part(content: bytes, *, name: str = "file", filename: str | None = None, headers: str = "") -> bytes:
    """One part of a body, with the file's name escaped as clients escape it: quotes and backslashes only."""
    disposition = f'Content-Disposition: form-data; name="{name}"'
    if filename is not None:
        escaped = filename.replace("\\", "\\\\").replace('"', '\\"')
        disposition += f'; filename="{escaped}"'
    return f"--frontier\r\n{disposition}\r\n{headers}\r\n".encode() + content + b"\r\n"


def request_of(*parts: bytes, cut: int = 0, end: bytes = b"--frontier--\r\n") -> HttpRequest:
    """A request with these parts; `cut` bytes of its end were declared and never came."""
    body = b"".join(parts) + end
    request = RequestFactory().post("/", content_type="multipart/form-data; boundary=frontier")
    request.META["CONTENT_LENGTH"] = str(len(body))
    request._stream = BytesIO(body[: len(body) - cut])
    request._read_started = False
    made.append(request)
    return request


def upload_of(request: HttpRequest) -> StoredUpload:
    [upload] = request.FILES.getlist("file")
    assert isinstance(upload, StoredUpload)
    return upload


def left(files: Path) -> list[str]:
    return sorted(path.name for path in files.rglob("*") if path.is_file())


def test_an_upload_is_hashed_counted_and_kept(files: Path) -> None:
    headers = "Content-Type: image/png\r\n"
    request = request_of(
        part(b'{"kind":"image"}', name="metadata"), part(PICTURE, filename="ship.png", headers=headers)
    )
    assert request.POST["metadata"] == '{"kind":"image"}'
    upload = upload_of(request)
    assert (upload.name, upload.size, upload.content_type) == ("ship.png", len(PICTURE), "image/png")
    assert upload.sha256 == hashlib.sha256(PICTURE).hexdigest()
    assert upload.read() == PICTURE
    assert upload.keep() == store.Stored(upload.sha256, len(PICTURE))
    request.close()
    with store.open_verified(upload.sha256) as source:
        assert source.read() == PICTURE
    assert left(files) == [upload.sha256]


def test_an_upload_that_is_not_kept_is_gone_when_the_request_ends(files: Path) -> None:
    request = request_of(part(PICTURE, filename="ship.png"))
    assert upload_of(request).size == len(PICTURE)
    assert len(left(files)) == 1
    request.close()
    assert left(files) == []


@pytest.mark.django_db
def test_the_response_of_a_view_that_keeps_nothing_takes_the_upload_with_it(files: Path) -> None:
    from django.core.handlers.wsgi import WSGIHandler

    body = part(PICTURE, filename="ship.png") + b"--frontier--\r\n"
    seen: list[HttpRequest] = []

    class Handler(WSGIHandler):
        def load_middleware(self, is_async: bool = False) -> None:
            self._middleware_chain = self.answer

        def answer(self, request: HttpRequest) -> Any:
            from django.http import HttpResponse

            seen.append(request)
            assert upload_of(request).size == len(PICTURE)
            response = HttpResponse()
            response._resource_closers.append(request.close)
            return response

    environ = RequestFactory().post("/", body, content_type="multipart/form-data; boundary=frontier").environ
    Handler()(environ, lambda *_: None).close()
    assert seen
    assert left(files) == []


@pytest.mark.parametrize("size", [0, 1, 2**20 - 1, 2**20, 2**20 + 1, 3 * 2**20 + 17])
def test_no_byte_is_lost_where_two_chunks_meet(files: Path, size: int) -> None:
    content = (bytes(range(255)) * (size // 255 + 1))[:size]
    upload = upload_of(request_of(part(content, filename="x")))
    assert (upload.size, upload.sha256) == (size, hashlib.sha256(content).hexdigest())


def test_two_files_of_one_request_stay_apart(files: Path) -> None:
    request = request_of(part(b"one", filename="1"), part(b"two", filename="2"), part(b"x", name="metadata"))
    one, two = request.FILES.getlist("file")
    assert (one.read(), two.read(), one.name, two.name) == (b"one", b"two", "1", "2")
    request.close()
    assert left(files) == []


# -- names --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "C:\\Users\\me\\ship.png",
        "..",
        "/",
        "a\x00b.png",
        "a\x1b[31m.png",
        "ship\u202egnp.exe",
        "zero\u200bwidth.png",
        "fu\u0308r.png",
        "für.png",
        'quo"ted.png',
        "&lt;b&gt;.png",
        "%2e%2e%2f.png",
        "CON",
        "корабль.png",
        "船.png",
        " spaced .png ",
        "semi;colon=1.png",
        "n" * 10_000 + ".png",
    ],
)
def test_a_name_is_kept_character_for_character_but_for_nul(files: Path, name: str) -> None:
    upload = upload_of(request_of(part(PICTURE, filename=name)))
    assert upload.name == name.replace("\0", NUL_SIGN)
    assert left(files) != [name]


def test_no_naughty_name_is_refused_or_changed(files: Path, shared: Path) -> None:
    names = json.loads((shared / "data/naughty-strings/blns.json").read_text(encoding="utf-8"))
    for name in names:
        # A line break cannot stand in a header, and no name at all is no file.
        if not name or "\n" in name or "\r" in name:
            continue
        request = request_of(part(b"x", filename=name))
        assert upload_of(request).name == name
        request.close()
    assert left(files) == []


@given(name=st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), min_size=1))
@example(name="\u2028")
@example(name="\x85")
def test_any_name_at_all_is_kept(name: str) -> None:
    request = request_of(part(b"x", filename=name))
    assert upload_of(request).name == name.replace("\0", NUL_SIGN)
    request.close()


def test_a_name_in_the_extended_form_is_decoded(files: Path) -> None:
    disposition = "--frontier\r\nContent-Disposition: form-data; name=\"file\"; filename*=UTF-8''%E8%88%B9.png\r\n"
    upload = upload_of(request_of(f"{disposition}\r\nx\r\n".encode()))
    assert upload.name == "船.png"


@pytest.mark.parametrize(
    "name", [b"\xea\xee\xf0\xe0\xe1\xeb\xfc.png", b"caf\xe9.png", bytes(range(0x80, 0x100)) + b'\\"']
)
def test_a_name_that_is_not_utf8_is_read_byte_for_byte(files: Path, name: bytes) -> None:
    head = b'--frontier\r\nContent-Disposition: form-data; name="file"; filename="' + name + b'"\r\n'
    request = request_of(head + b"Content-Type: image/png\r\n\r\n" + PICTURE + b"\r\n", part(b"{}", name="metadata"))
    upload = upload_of(request)
    assert upload.name == name.decode("latin-1").replace('\\"', '"')
    assert (upload.content_type, upload.read()) == ("image/png", PICTURE)
    assert request.POST["metadata"] == "{}"


@pytest.mark.parametrize("text", [b'{"title":"caf\xe9"}', b"\xff", b"\xed\xa0\x80", "船".encode()[:2]])
def test_a_field_that_is_no_text_is_refused_not_changed(files: Path, text: bytes) -> None:
    request = request_of(part(PICTURE, filename="ship.png"), part(text, name="metadata"))
    with pytest.raises(MultiPartParserError):
        _ = request.POST
    request.close()
    assert left(files) == []


# -- faults -------------------------------------------------------------------------------------------


def test_an_upload_cut_anywhere_leaves_no_file(files: Path) -> None:
    parts = [part(PICTURE[:600], filename="ship.png"), part(b'{"kind":"image"}', name="metadata")]
    length = len(b"".join(parts)) + len(b"--frontier--\r\n")
    for cut in range(1, length + 1):
        request = request_of(*parts, cut=cut)
        with pytest.raises(MultiPartParserError):
            _ = request.FILES
        request.close()
        assert left(files) == [], f"cut by {cut} bytes"


def test_a_connection_that_breaks_leaves_no_file(files: Path) -> None:
    from django.http import UnreadablePostError

    class Breaking(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            if not data:
                raise OSError("connection reset")
            return data

    request = request_of(part(PICTURE * 200, filename="ship.png"), end=b"")
    request._stream = Breaking(request._stream.read())
    with pytest.raises(UnreadablePostError):
        _ = request.FILES
    request.close()
    assert left(files) == []


def test_a_body_that_lacks_its_last_boundary_has_no_file(files: Path) -> None:
    request = request_of(part(PICTURE, filename="ship.png"), end=b"")
    assert not request.FILES
    request.close()
    assert left(files) == []


def test_more_than_the_limit_is_refused_while_it_comes(files: Path, settings: Any) -> None:
    settings.MAX_UPLOAD_BYTES = len(PICTURE)
    request = request_of(part(PICTURE, filename="ship.png"))
    assert upload_of(request).size == len(PICTURE)
    request.close()
    request = request_of(part(PICTURE + b"!", filename="ship.png"))
    with pytest.raises(TooLarge):
        _ = request.FILES
    request.close()
    assert left(files) == []


def test_the_limit_is_for_all_files_of_a_request_together(files: Path, settings: Any) -> None:
    settings.MAX_UPLOAD_BYTES = len(PICTURE)
    request = request_of(part(PICTURE, filename="1"), part(b"!", filename="2"))
    with pytest.raises(TooLarge):
        _ = request.FILES
    request.close()
    assert left(files) == []


def test_a_body_declared_larger_than_the_limit_is_not_even_read(files: Path, settings: Any) -> None:
    settings.MAX_UPLOAD_BYTES = 10
    request = request_of(part(b"x", filename="x"))
    request.META["CONTENT_LENGTH"] = str(2**40)
    with pytest.raises(TooLarge):
        _ = request.FILES
    assert request._stream.tell() == 0


@given(body=st.binary(max_size=400))
@example(body=b"--frontier\r\nContent-Disposition: form-data; name=file; filename=x\r\n")
@example(body=b"--frontier\r\nContent-Disposition: form-data; name=file; filename=x\r\n\r\n\r\n--frontier")
def test_no_body_leaves_a_file_behind(body: bytes) -> None:
    from django.conf import settings

    incoming = Path(settings.FILES_DIR) / "incoming"
    request = request_of(body, end=b"\r\n--frontier--")
    try:
        _ = request.FILES
    except MultiPartParserError:
        pass
    finally:
        request.close()
    assert not any(incoming.iterdir())


# -- memory -------------------------------------------------------------------------------------------

LARGE = """
import hashlib, resource, sys
import django
django.setup()
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParser
from evidence.uploads import StoreUploadHandler
from ledger import store

SIZE = 200 * 2**20
head = b'--frontier\\r\\nContent-Disposition: form-data; name="file"; filename="x"\\r\\n\\r\\n'
tail = b"\\r\\n--frontier--\\r\\n"

class Body:
    left = SIZE
    head, tail = head, tail
    def read(self, size=-1):
        if self.head:
            data, self.head = self.head, b""
            return data
        if self.left:
            count = min(size, self.left)
            self.left -= count
            return bytes(count)
        data, self.tail = self.tail, b""
        return data

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

request = HttpRequest()
meta = {
    "CONTENT_TYPE": "multipart/form-data; boundary=frontier",
    "CONTENT_LENGTH": str(len(head) + SIZE + len(tail)),
}
before = peak()
_, files = MultiPartParser(meta, Body(), [StoreUploadHandler(request)]).parse()
upload = files["file"]
assert upload.size == SIZE, upload.size
stored = upload.keep()
upload.close()
store.open_verified(stored.sha256).close()
print(peak() - before)
"""


@pytest.mark.processes
def test_a_large_upload_takes_no_memory(tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "osint.settings",
        "OSINT_DATA_DIR": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-c", LARGE],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 64 * 1024, "kilobytes"
