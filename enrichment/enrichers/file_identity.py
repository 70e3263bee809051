"""What the bytes are: type by content, size, and the hashes that others list files by.

SHA-256 identifies the original here. MD5 and SHA-1 are broken as proofs and given for look-ups in hash sets alone.
Types are judged by the signatures of the formats' own specifications first, then by puremagic's list.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path, PurePosixPath

import puremagic

from enrichment.domain import IMAGES, Enricher, EnricherInput, Flag, Result

CHUNK = 1 << 20
EDGE = 1 << 16
"""How many bytes at the beginning and the end are searched for a second format."""

_SIGNATURES: tuple[tuple[bytes, int, str], ...] = (
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"GIF87a", 0, "image/gif"),
    (b"GIF89a", 0, "image/gif"),
    (b"II*\0", 0, "image/tiff"),
    (b"MM\0*", 0, "image/tiff"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", 0, "image/jp2"),
    (b"\xff\x4f\xff\x51", 0, "image/j2c"),
    (b"ftypheic", 4, "image/heic"),
    (b"ftypheix", 4, "image/heic"),
    (b"ftypheim", 4, "image/heic"),
    (b"ftypheis", 4, "image/heic"),
    (b"ftypmif1", 4, "image/heif"),
    (b"ftypmsf1", 4, "image/heif"),
    (b"ftypavif", 4, "image/avif"),
    (b"ftypavis", 4, "image/avif"),
    (b"%PDF-", 0, "application/pdf"),
    (b"%!PS", 0, "application/postscript"),
    (b"PK\x03\x04", 0, "application/zip"),
)
# ISO base media files and Matroska go by the brand, or the type of document, that stands near their beginning.
_FILMS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"....ftypqt  ", re.S), "video/quicktime"),
    (re.compile(rb"....ftyp3g[2p]", re.S), "video/3gpp"),
    (
        re.compile(rb"....ftyp(?:iso[m2-9]|mp4[12]|mmp4|avc1|dash|cmf[2cs]|M4V[ HP]|MSNV|XAVC|ND[SX][CMP]|f4v )", re.S),
        "video/mp4",
    ),
    (re.compile(rb"\x1aE\xdf\xa3.{0,40}?\x42\x82.webm", re.S), "video/webm"),
    (re.compile(rb"\x1aE\xdf\xa3.{0,40}?\x42\x82.matroska", re.S), "video/x-matroska"),
    (re.compile(rb"RIFF....AVI ", re.S), "video/avi"),
)
_RIFF_WEBP = re.compile(rb"RIFF....WEBP", re.S)
# "BM" alone begins many a text: the reserved bytes and the known sizes of the second header decide.
_BMP = re.compile(rb"BM....\0{4}....(?:[\x0c\x10\x28\x34\x38\x40\x6c\x7c])\0{3}", re.S)
_MARKUP = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(svg|html|!doctype\s+html|script)", re.I | re.S)
_SCRIPT = re.compile(rb"<(?:script|html|svg|iframe)[\s>]", re.I)
_ENDINGS = {
    "image/jpeg": {"jpg", "jpeg", "jpe", "jfif"},
    "image/png": {"png"},
    "image/gif": {"gif"},
    "image/tiff": {"tif", "tiff"},
    "image/bmp": {"bmp"},
    "image/webp": {"webp"},
    "image/heic": {"heic", "heif"},
    "image/heif": {"heic", "heif"},
    "image/avif": {"avif"},
    "image/jp2": {"jp2", "j2k", "jpf", "jpx"},
    "image/j2c": {"j2c", "j2k", "jpc"},
    "image/svg+xml": {"svg"},
    "text/html": {"html", "htm"},
    "application/pdf": {"pdf"},
    "video/mp4": {"mp4", "m4v", "mov"},
    "video/quicktime": {"mov", "qt"},
    "video/webm": {"webm"},
    "video/x-matroska": {"mkv"},
    "video/avi": {"avi"},
    "video/3gpp": {"3gp", "3g2"},
}
_KNOWN_ENDINGS = frozenset[str]().union(*_ENDINGS.values())
_OTHER_NAMES = {"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg", "image/x-png": "image/png"}


@dataclass(frozen=True, kw_only=True)
class FileIdentity:
    """Hashes in lowercase hex; `size` in bytes; `media_type` judged by content, empty where nothing fits."""

    size: int
    media_type: str
    sha256: str
    sha1: str
    md5: str


def identify(given: EnricherInput) -> Result:
    """Hash the original and judge its type; flag what its name or its client says otherwise, and polyglots."""
    assert given.original is not None  # noqa: S101 -- images have an original
    hashes = [hashlib.new(name, usedforsecurity=False) for name in ("sha256", "sha1", "md5")]
    size = 0
    with given.original.open("rb") as file:
        while chunk := file.read(CHUNK):
            size += len(chunk)
            for each in hashes:
                each.update(chunk)
    head, tail = _edges(given.original, size)
    media_type = _type_of(head)
    sha256, sha1, md5 = (each.hexdigest() for each in hashes)
    output = FileIdentity(size=size, media_type=media_type, sha256=sha256, sha1=sha1, md5=md5)
    return Result(output=output, flags=(*_claims(given, media_type), *_second_format(media_type, head, tail)))


def _edges(path: Path, size: int) -> tuple[bytes, bytes]:
    with path.open("rb") as file:
        head = file.read(EDGE)
        file.seek(max(0, size - EDGE))
        return head, file.read(EDGE)


def _type_of(head: bytes) -> str:
    for signature, offset, media_type in _SIGNATURES:
        if head[offset : offset + len(signature)] == signature:
            return media_type
    if _RIFF_WEBP.match(head):
        return "image/webp"
    if _BMP.match(head):
        return "image/bmp"
    for film, media_type in _FILMS:
        if film.match(head):
            return media_type
    if found := _MARKUP.match(head[:4096]):
        return "image/svg+xml" if found[1].lower() == b"svg" else "text/html"
    try:
        guess: str = puremagic.from_string(head, mime=True) if head else ""
    except (puremagic.PureError, ValueError, LookupError):
        return ""
    # It goes by fewer bytes than the signatures above, which have refused these.
    return "" if guess in _ENDINGS or guess == "image/x-ms-bmp" else guess


def _claims(given: EnricherInput, media_type: str) -> list[Flag]:
    file = given.fields.get("file", {})
    ending = PurePosixPath(file.get("name", "").lower()).suffix.lstrip(".")
    said = file.get("media_type", "").partition(";")[0].strip().lower()
    said = _OTHER_NAMES.get(said, said)
    content = media_type or "of no known type"
    flags = []
    # An ending that is not known here can not be contradicted by a type that is not known here either.
    known = ending in _KNOWN_ENDINGS or media_type in _ENDINGS
    if ending and known and ending not in _ENDINGS.get(media_type, ()):
        detail = f"The name ends in .{ending[:20]}; the content is {content}."
        flags.append(Flag(flag="name_contradicts_content", detail=detail))
    known = said in _ENDINGS or media_type in _ENDINGS
    generic = {"", "application/octet-stream", media_type}
    if said not in generic and known and _ENDINGS.get(said) != _ENDINGS.get(media_type):
        detail = f"The client said {said[:60]}; the content is {content}."
        flags.append(Flag(flag="type_contradicts_content", detail=detail))
    return flags


def _second_format(media_type: str, head: bytes, tail: bytes) -> list[Flag]:
    if not media_type.startswith("image/") or media_type == "image/svg+xml":
        return []
    found = []
    if _SCRIPT.search(head) or _SCRIPT.search(tail):
        found.append("HTML")
    if b"PK\x05\x06" in tail:
        found.append("a ZIP archive")
    if b"%PDF-" in head[:1024]:
        found.append("a PDF")
    if not found:
        return []
    detail = f"Besides {media_type} the file can be read as {' and '.join(found)}."
    return [Flag(flag="polyglot", detail=detail)]


ENRICHER = Enricher(
    name="file_identity",
    version=2,
    accepts=IMAGES,
    reads=frozenset({"file"}),
    run=identify,
    tool=lambda: f"puremagic {version('puremagic')}",
)
