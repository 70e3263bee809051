"""Where picture files keep what they say of themselves: the blocks of metadata in JPEG, PNG, WebP, GIF and TIFF. Pure.

JPEG: ITU-T T.81, Exif 3.0 (APP1), XMP part 3 (APP1, several for one packet), ICC.1 annex B (APP2), Photoshop's image
resources (APP13). PNG: third edition, chunks iTXt, tEXt, zTXt, eXIf, iCCP. WebP: RFC 9649. GIF89a. TIFF 6.0 with the
tags of XMP (700), IPTC (33723), Photoshop (34377) and ICC (34675).

What is broken, or larger than is read, is left out and named in `broken`.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from enrichment.gif_blocks import read_gif

LARGEST = 4 << 20
"""Bytes of one block."""

MOST_PARTS = 20_000
"""How many segments, chunks or tags of a file are looked at."""

TEXTS, INFLATED = 30, 16_384
"""How many texts and comments are kept; bytes that one may have once it is inflated."""

_XMP, _MORE_XMP = b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0"
_EXIF, _ICC, _PHOTOSHOP = b"Exif\0\0", b"ICC_PROFILE\0", b"Photoshop 3.0\0"
_SOS, _EOI, _APP1, _APP2, _APP13, _COM = 0xDA, 0xD9, 0xE1, 0xE2, 0xED, 0xFE
_WHOLE_TAGS = {700: "xmp", 33723: "iptc", 34377: "resources", 34675: "icc"}
_PIXELS = frozenset({b"IDAT", b"fdAT", b"VP8 ", b"VP8L", b"ANMF", b"ALPH"})
_TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 6: 1, 7: 1}


@dataclass
class Blocks:
    """Bytes as the file has them; `exif` is a TIFF stream, or empty in a TIFF file, which is one itself. `resources`
    are Photoshop's; `comments` and `texts` (keyword, text) are cut; `broken` are sentences."""

    format: str
    exif: bytes = b""
    xmp: bytes = b""
    more_xmp: bytes = b""
    iptc: bytes = b""
    resources: bytes = b""
    icc: bytes = b""
    comments: list[bytes] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)


def read_blocks(path: Path) -> Blocks | None:
    """Read the blocks of a file by its first bytes; nothing where these are of no format that is known here."""
    with path.open("rb") as file:
        head = file.read(16)
        file.seek(0)
        for begins, read in _FORMATS:
            if begins(head):
                return read(file)
    return None


def bounded(blocks: Blocks, name: str, data: bytes) -> None:
    """Keep the first block of a name, unless it is larger than is read."""
    if len(data) > LARGEST:
        blocks.broken.append(f"A block of {name} has more than {LARGEST >> 20} MiB and is not read.")
    elif not getattr(blocks, name):
        setattr(blocks, name, data)


# --- JPEG -------------------------------------------------------------------------------------------------


def _jpeg(file: BinaryIO) -> Blocks:
    blocks = Blocks("JPEG")
    profile: dict[int, bytes] = {}
    more: list[bytes] = []
    for marker, data in _segments(file, blocks):
        if marker == _APP1 and data.startswith(_EXIF):
            bounded(blocks, "exif", data[len(_EXIF) :])
        elif marker == _APP1 and data.startswith(_XMP):
            bounded(blocks, "xmp", data[len(_XMP) :])
        elif marker == _APP1 and data.startswith(_MORE_XMP) and len(more) * 65_536 < LARGEST:
            more.append(data[len(_MORE_XMP) :])
        elif marker == _APP2 and data.startswith(_ICC) and len(data) > 14:
            profile.setdefault(data[12], data[14:])
        elif marker == _APP13 and data.startswith(_PHOTOSHOP) and len(blocks.resources) < LARGEST:
            # Resources that do not fit into a segment go on in the next.
            blocks.resources += data[len(_PHOTOSHOP) :]
        elif marker == _COM and len(blocks.comments) < TEXTS:
            blocks.comments.append(data[:INFLATED])
    bounded(blocks, "icc", b"".join(profile[number] for number in sorted(profile)))
    blocks.more_xmp = _put_together(blocks, more)
    return blocks


def _segments(file: BinaryIO, blocks: Blocks) -> Iterator[tuple[int, bytes]]:
    file.seek(2)
    for _ in range(MOST_PARTS):
        marker = file.read(2)
        if len(marker) < 2 or marker[0] != 0xFF or marker[1] in {_SOS, _EOI}:
            return
        if marker[1] == 0xFF:
            file.seek(-1, 1)
            continue
        if marker[1] == 1 or 0xD0 <= marker[1] <= 0xD8:
            continue
        length = int.from_bytes(file.read(2), "big")
        data = file.read(max(0, length - 2))
        if length < 2 or len(data) < length - 2:
            blocks.broken.append("A segment before the picture is cut short.")
            return
        yield marker[1], data


def _put_together(blocks: Blocks, parts: list[bytes]) -> bytes:
    """Join the parts of an extended packet: an MD5 in hexadecimal that the first packet names, length, offset, data."""
    own = [part for part in parts if len(part) > 40 and part[:32] in blocks.xmp]
    if not own:
        return b""
    length = int.from_bytes(own[0][32:36], "big")
    joined = b"".join(part[40:] for part in sorted(own, key=lambda part: part[36:40]))
    if length > LARGEST or len(joined) != length:
        blocks.broken.append("The extended XMP is not whole, or larger than is read.")
        return b""
    return joined


# --- PNG and WebP -----------------------------------------------------------------------------------------


def _png(file: BinaryIO) -> Blocks:
    blocks = Blocks("PNG")
    for name, data in _chunks(file, blocks, start=8, order=">", padded=False):
        if name == b"eXIf":
            bounded(blocks, "exif", data.removeprefix(_EXIF))
        elif name == b"iCCP":
            _, _, packed = data.partition(b"\0")
            bounded(blocks, "icc", _inflated(blocks, packed[1:], LARGEST))
        elif name in {b"tEXt", b"zTXt", b"iTXt"}:
            _text(blocks, name, data)
        elif name == b"IEND":
            break
    return blocks


def _text(blocks: Blocks, name: bytes, data: bytes) -> None:
    keyword, _, rest = data.partition(b"\0")
    is_xmp = keyword == b"XML:com.adobe.xmp" and name == b"iTXt"
    most = LARGEST if is_xmp else INFLATED
    charset, packed = ("utf-8", rest[:1] == b"\1") if name == b"iTXt" else ("latin-1", name == b"zTXt")
    if name == b"iTXt":
        # Two bytes on compression, then the language and the keyword in it, each ended by a zero.
        rest = b"".join(rest[2:].split(b"\0", 2)[2:])
    elif packed:
        rest = rest[1:]
    content = _inflated(blocks, rest, most) if packed else rest
    if is_xmp:
        bounded(blocks, "xmp", content)
    elif len(blocks.texts) < TEXTS:
        blocks.texts.append((keyword[:79].decode("latin-1"), content[:INFLATED].decode(charset, "replace")))


def _inflated(blocks: Blocks, data: bytes, most: int) -> bytes:
    unpacking = zlib.decompressobj()
    try:
        content = unpacking.decompress(data, most)
    except zlib.error:
        blocks.broken.append("A compressed text or profile can not be unpacked.")
        return b""
    if unpacking.unconsumed_tail:
        blocks.broken.append("A compressed text or profile is larger than is read, and is cut.")
    return content


def _webp(file: BinaryIO) -> Blocks:
    blocks = Blocks("WebP")
    names = {b"EXIF": "exif", b"XMP ": "xmp", b"ICCP": "icc"}
    for name, data in _chunks(file, blocks, start=12, order="<", padded=True):
        if name in names:
            bounded(blocks, names[name], data.removeprefix(_EXIF) if name == b"EXIF" else data)
    return blocks


def _chunks(file: BinaryIO, blocks: Blocks, *, start: int, order: str, padded: bool) -> Iterator[tuple[bytes, bytes]]:
    """Give the chunks that may be read: of PNG (length, name, data, sum) or RIFF (name, length, data, padding)."""
    end = file.seek(0, 2)
    at = start
    for _ in range(MOST_PARTS):
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            return
        name, size = (head[:4], head[4:]) if padded else (head[4:], head[:4])
        [length] = struct.unpack(f"{order}L", size)
        if at + 8 + length > end:
            blocks.broken.append("A chunk is cut short.")
            return
        if name not in _PIXELS and length > LARGEST:
            blocks.broken.append(f"A chunk has more than {LARGEST >> 20} MiB and is not read.")
        elif name not in _PIXELS:
            yield name, file.read(length)
        at += 8 + length + (length % 2 if padded else 4)


# --- TIFF and GIF -----------------------------------------------------------------------------------------


def _tiff(file: BinaryIO) -> Blocks:
    """Read the first directory's blocks; what the camera wrote is read from the file itself."""
    blocks = Blocks("TIFF")
    order = "<" if file.read(2) == b"II" else ">"
    try:
        [at] = struct.unpack(f"{order}2xL", file.read(6))
        file.seek(at)
        [count] = struct.unpack(f"{order}H", file.read(2))
        entries = [struct.unpack(f"{order}HHLL", file.read(12)) for _ in range(min(count, MOST_PARTS))]
    except struct.error:
        blocks.broken.append("The directory of the TIFF is cut short.")
        return blocks
    for tag, kind, number, value in entries:
        if tag not in _WHOLE_TAGS or kind not in _TYPE_SIZES:
            continue
        length = number * _TYPE_SIZES[kind]
        if length > 4:
            file.seek(value)
            data = file.read(min(length, LARGEST + 1))
            if len(data) < min(length, LARGEST + 1):
                blocks.broken.append(f"The block in tag {tag} is cut short.")
            bounded(blocks, _WHOLE_TAGS[tag], data)
    return blocks


def _gif(file: BinaryIO) -> Blocks:
    found = read_gif(file)
    blocks = Blocks("GIF", comments=found.comments[:TEXTS])
    bounded(blocks, "xmp", found.xmp)
    if found.cut:
        blocks.broken.append("The file is cut short, or has more blocks than are looked at.")
    return blocks


_FORMATS: tuple[tuple[Callable[[bytes], bool], Callable[[BinaryIO], Blocks]], ...] = (
    (lambda head: head.startswith(b"\xff\xd8\xff"), _jpeg),
    (lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"), _png),
    (lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP", _webp),
    (lambda head: head[:4] in {b"II*\0", b"MM\0*"}, _tiff),
    (lambda head: head[:6] in {b"GIF87a", b"GIF89a"}, _gif),
)
