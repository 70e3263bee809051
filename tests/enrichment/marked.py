"""Pictures made to say things of themselves: XMP packets, IPTC datasets, EXIF with a thumbnail, files to hold them."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping
from typing import Any

from PIL import Image

XMP_APP1, MORE_APP1 = b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0"
_SPACES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
    "stEvt": "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
}


def packet(inside: str = "", **simple: str) -> bytes:
    """Write a packet: `simple` are attributes, their prefix and name joined by two underscores."""
    spaces = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in _SPACES.items())
    attributes = " ".join(f'{name.replace("__", ":")}="{value}"' for name, value in simple.items())
    return (
        '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        f'<rdf:RDF {spaces}><rdf:Description rdf:about="" {attributes}>{inside}</rdf:Description></rdf:RDF>'
        '</x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def history(*steps: tuple[str, str, str]) -> str:
    """Write the history of edits: action, time, program."""
    items = "".join(
        f'<rdf:li stEvt:action="{action}" stEvt:when="{when}" stEvt:softwareAgent="{agent}"/>'
        for action, when, agent in steps
    )
    return f"<xmpMM:History><rdf:Seq>{items}</rdf:Seq></xmpMM:History>"


def iim(*sets: tuple[int, int, bytes]) -> bytes:
    """Write datasets: record, number, value."""
    return b"".join(struct.pack(">BBBH", 0x1C, record, number, len(value)) + value for record, number, value in sets)


def resources(data: bytes) -> bytes:
    """Put datasets into Photoshop's resources, behind another one."""
    other = b"8BIM\x03\xed\x03abc" + struct.pack(">L", 3) + b"xyz\0"
    return other + b"8BIM\x04\x04\0\0" + struct.pack(">L", len(data)) + data + b"\0" * (len(data) % 2)


def picture(turn: int = 0, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """Draw something with light and dark, another one for each number of degrees."""
    return Image.linear_gradient("L").rotate(turn).resize(size).convert("RGB")


def scene(seed: int, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """Draw blotches of light and dark that are of no other seed."""
    small = Image.new("L", (8, 6))
    small.putdata([(seed * 7919 + each * each * 104_729 + each * 31) % 256 for each in range(48)])
    return small.resize(size, Image.Resampling.BICUBIC).convert("RGB")


def as_jpeg(image: Image.Image, **options: Any) -> bytes:
    """Save as JPEG."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=90, **options)
    return file.getvalue()


def segment(marker: int, data: bytes) -> bytes:
    """Write one segment of a JPEG."""
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def jpeg_with(*segments: bytes, image: Image.Image | None = None) -> bytes:
    """Put segments before a picture."""
    data = as_jpeg(image or scene(1))
    return data[:2] + b"".join(segments) + data[2:]


def app13(sets: bytes) -> bytes:
    """Write the segment that holds datasets."""
    return segment(0xED, b"Photoshop 3.0\0" + resources(sets))


def png_with(*chunks: tuple[bytes, bytes]) -> bytes:
    """Put chunks behind the header of a PNG."""
    file = io.BytesIO()
    scene(1).save(file, "PNG")
    data = file.getvalue()
    added = b"".join(
        struct.pack(">L", len(body)) + name + body + struct.pack(">L", zlib.crc32(name + body)) for name, body in chunks
    )
    return data[:33] + added + data[33:]


def exif(tags: Mapping[int, bytes], *, thumbnail: bytes = b"", turn: int = 1) -> bytes:
    """Write a TIFF stream: texts of the camera's directory by their tags, an orientation, a thumbnail behind them."""
    texts = [(tag, text + b"\0") for tag, text in sorted(tags.items())]
    first, camera = 8, 8 + 2 + 2 * 12 + 4
    second = camera + 2 + len(texts) * 12 + 4
    at = second + 2 + 2 * 12 + 4
    entries, values = b"", b""
    for tag, text in texts:
        entries += struct.pack("<HHLL", tag, 2, len(text), at + len(values))
        values += text
    directories = struct.pack("<HHHLLHHLLL", 2, 0x0112, 3, 1, turn, 0x8769, 4, 1, camera, second if thumbnail else 0)
    directories += struct.pack("<H", len(texts)) + entries + struct.pack("<L", 0)
    inside = struct.pack("<HHHLLHHLLL", 2, 0x0201, 4, 1, at + len(values), 0x0202, 4, 1, len(thumbnail), 0)
    return b"II*\0" + struct.pack("<L", first) + directories + inside + values + thumbnail


def app1_exif(data: bytes) -> bytes:
    """Write the segment that holds EXIF."""
    return segment(0xE1, b"Exif\0\0" + data)
