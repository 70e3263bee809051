"""The extensions of a GIF that hold texts: comments, and XMP (GIF89a; XMP part 3, section 1.1.2). Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import BinaryIO

MOST_BYTES, MOST_BLOCKS = 16 << 20, 200_000
"""How much of a file is looked through."""

_TRAILER = b"\x01\xff\xfe\xfd"
"""How the 258 bytes begin that end a packet for those who know nothing of it."""


@dataclass
class Extensions:
    """`cut`: the file ends early, or the looking did."""

    xmp: bytes = b""
    comments: list[bytes] = field(default_factory=list)
    cut: bool = False


def read_gif(file: BinaryIO) -> Extensions:
    """Walk through the blocks of a file that begins as a GIF."""
    data = file.read(MOST_BYTES)
    found = Extensions(cut=True)
    if len(data) < 13:
        return found
    at = 13 + _table(data[10])
    budget = MOST_BLOCKS
    while at < len(data) and budget > 0:
        kind, label = data[at], data[at + 1 : at + 2]
        if kind == 0x3B:
            found.cut = False
            break
        if kind == 0x21:
            begin = at + 2
        elif kind == 0x2C and at + 10 <= len(data):
            begin = at + 11 + _table(data[at + 9])
        else:
            break
        at, blocks = _end(data, begin, budget)
        budget -= blocks
        if kind == 0x21 and label == b"\xfe":
            found.comments.append(_joined(data[begin:at]))
        elif kind == 0x21 and label == b"\xff" and data[begin + 1 : begin + 12] == b"XMP DataXMP":
            # The packet is not cut into blocks: its own bytes are read as lengths until the trailer catches them.
            found.xmp = found.xmp or data[begin + 12 : at].rpartition(_TRAILER)[0]
    return found


def _table(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _end(data: bytes, at: int, most: int) -> tuple[int, int]:
    """Find where the sub-blocks end that begin here, and how many there are."""
    for number in range(1, most + 1):
        if at >= len(data) or not data[at]:
            return at + 1, number
        at += 1 + data[at]
    return len(data), most


def _joined(blocks: bytes) -> bytes:
    parts, at = [], 0
    while at < len(blocks) and blocks[at]:
        parts.append(blocks[at + 1 : at + 1 + blocks[at]])
        at += 1 + blocks[at]
    return b"".join(parts)
