"""Uploaded files go straight into the store's incoming folder: one pass, hashed on the way, memory flat.

A file that the request's view does not `keep()` is gone when the request ends, and so is one that was cut.
"""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import QueryDict, multipartparser
from django.utils.datastructures import MultiValueDict
from django.utils.encoding import force_str

from evidence.names import NUL_SIGN
from ledger import store
from ledger.errors import TooLarge

CHUNK = 1 << 20
"""Bytes passed on at a time."""

OVERHEAD = 1 << 20
"""Bytes of a body that are neither the file nor the fields: boundaries and the parts' headers, generously."""

# Django's parser takes no more than this of a part's headers, and names it nowhere but here. A name of ten
# kilobytes is evidence too. Names in three-fold percent encoding need the rest.
multipartparser.MAX_TOTAL_HEADER_SIZE = 64 << 10  # type: ignore[attr-defined]


def _text(value: Any, encoding: str = "utf-8", strings_only: bool = False, errors: str = "strict") -> Any:
    """Read a field as Django does, but never put U+FFFD where the bytes are no text: evidence would be changed.

    :raises MultiPartParserError: the bytes are no text.
    """
    try:
        return force_str(value, encoding, strings_only)
    except UnicodeDecodeError as error:
        raise multipartparser.MultiPartParserError(f"A field is not {encoding}.") from error


def _part(stream: Any, most: int) -> Any:
    """Begin a part as Django does, but read a header that is not UTF-8 as Latin-1, in which every byte is a letter.

    Django takes no notice of such a header, and the file under it would not be there.
    """
    begin = stream.read(most)
    head, end, rest = begin.partition(b"\r\n\r\n")
    if end:
        begin = b"\r\n".join(map(_in_utf8, head.split(b"\r\n"))) + end + rest
    stream.unget(begin)
    return _djangos_part(stream, most)


def _in_utf8(line: bytes) -> bytes:
    try:
        line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1").encode()
    return line


# Django's parser offers no place for either.
_djangos_part = multipartparser.parse_boundary_stream  # type: ignore[attr-defined]
multipartparser.parse_boundary_stream = _part  # type: ignore[attr-defined]
multipartparser.force_str = _text  # type: ignore[attr-defined]


class StoredUpload(UploadedFile):  # type: ignore[type-arg]
    """A file of the request, whole and hashed; `keep()` makes it last.

    `name` is the client's, character for character but for NUL. It is data, never a path.
    """

    # Django's own class cuts names to what a file system takes.
    name = ""

    def __init__(self, incoming: store.Incoming, *, name: str, content_type: str, charset: str | None) -> None:
        name, content_type = (text.replace("\0", NUL_SIGN) for text in (name, content_type))
        super().__init__(incoming.file, name, content_type, incoming.size, charset)
        self._incoming = incoming
        self.sha256 = incoming.sha256
        incoming.file.seek(0)

    def keep(self) -> store.Stored:
        """Make the bytes durable in the store; the caller may then append the event that names them."""
        return self._incoming.keep()

    def close(self) -> None:
        """Drop the bytes unless they were kept; Django calls this at the end of every request."""
        self._incoming.discard()


def most_of_an_upload() -> int:
    """Tell how many bytes a whole request with files has at most."""
    return settings.MAX_UPLOAD_BYTES + settings.MAX_JSON_BYTES + OVERHEAD


class StoreUploadHandler(FileUploadHandler):
    """Django's upload handler for all multipart bodies."""

    chunk_size = CHUNK

    def __init__(self, request: Any = None) -> None:
        super().__init__(request)
        self._parsing = False
        self._current: store.Incoming | None = None
        self._received = 0

    def handle_raw_input(
        self,
        input_data: Any,
        META: dict[str, Any],
        content_length: int,
        boundary: Any,
        encoding: str | None = None,
    ) -> tuple[QueryDict, MultiValueDict[str, UploadedFile[bytes]]] | None:
        """Parse the body with names left as they are, and notice one that was cut.

        :raises TooLarge: the declared or the received bytes are more than settings.MAX_UPLOAD_BYTES.
        :raises MultiPartParserError: fewer bytes came than were declared.
        """
        if self._parsing:
            return None
        if content_length > most_of_an_upload():
            raise _too_large()
        self._parsing = True
        body = _Counted(input_data)
        parser = _VerbatimNames(META, cast(Any, body), [self], encoding)
        try:
            fields, files = parser.parse()
        finally:
            # Still there only where the parser stopped in the middle of a file.
            self.upload_interrupted()
            self._parsing = False
        if body.count < content_length:
            for file in (each for _, several in files.lists() for each in several):
                file.close()
            raise multipartparser.MultiPartParserError(
                f"The body was cut: {body.count:,} of {content_length:,} bytes came."
            )
        return fields, files

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin a file; one whose end never came is dropped."""
        self.upload_interrupted()
        super().new_file(*args, **kwargs)
        self._current = store.incoming()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Take the next bytes of the file.

        :raises TooLarge: all files of the request together are more than settings.MAX_UPLOAD_BYTES.
        """
        self._received += len(raw_data)
        if self._received > settings.MAX_UPLOAD_BYTES:
            raise _too_large()
        if self._current is not None:
            self._current.write(raw_data)

    def file_complete(self, file_size: int) -> StoredUpload | None:
        """Hand over the whole file; it belongs to the request from now on."""
        incoming, self._current = self._current, None
        if incoming is None:
            return None
        return StoredUpload(
            incoming, name=self.file_name or "", content_type=self.content_type or "", charset=self.charset
        )

    def upload_interrupted(self) -> None:
        """Drop the file whose end never came."""
        if self._current is not None:
            self._current.discard()
            self._current = None


class _VerbatimNames(multipartparser.MultiPartParser):
    def sanitize_file_name(self, file_name: str) -> str:
        # Folders, control characters, `..`: all of it is evidence of what the client had.
        return file_name


class _Counted:
    """The body's stream, counting: under WSGI a cut body simply ends, and looks whole."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.count = 0

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._stream.read(size)
        self.count += len(data)
        return data


def _too_large() -> TooLarge:
    return TooLarge(f"An upload has at most {settings.MAX_UPLOAD_BYTES:,} bytes.")
