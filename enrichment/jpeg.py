"""The segments of a JPEG file that tell how it was compressed (ITU-T T.81). Pure, and bounded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

MOST_BYTES = 64 << 20
"""How much of a file is looked through for its scans."""

MOST_SCANS = 1000

DQT, SOS, EOI = 0xDB, 0xDA, 0xD9
_ALONE = {0x01, *range(0xD0, 0xD9)}
_FRAMES = {
    0xC0: "baseline",
    0xC1: "extended sequential",
    0xC2: "progressive",
    0xC3: "lossless",
    0xC9: "extended sequential, arithmetic",
    0xCA: "progressive, arithmetic",
    0xCB: "lossless, arithmetic",
}

# T.81, annex K, tables K.1 and K.2: luminance and chrominance, row by row.
_LUMINANCE = (
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22,
    29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103,
    121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
)  # fmt: skip
_CHROMINANCE = (
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99,
    47, 66, 99, 99, 99, 99, 99, 99, *(99,) * 32,
)  # fmt: skip


class NotJpeg(Exception):
    """The file does not have the segments of a JPEG; the message says which is missing."""


@dataclass(frozen=True, kw_only=True)
class Compression:
    """Tables by their numbers, 64 values each in zigzag order as the file has them; the kind of frame; bits a sample;
    sampling factors of each component, across and down; how many scans there are."""

    tables: dict[int, tuple[int, ...]]
    frame: str
    bits: int
    sampling: tuple[tuple[int, int], ...]
    scans: int


def read_compression(path: Path) -> Compression:
    """Walk through the segments of a file.

    :raises NotJpeg: it has no frame or no table.
    """
    with path.open("rb") as file:
        data = file.read(MOST_BYTES)
    tables: dict[int, tuple[int, ...]] = {}
    frame, bits, sampling, scans = "", 0, (), 0
    for marker, segment in _segments(data):
        if marker == DQT:
            tables.update(_tables(segment))
        elif marker in _FRAMES and not frame and len(segment) >= 6:
            frame, bits = _FRAMES[marker], segment[0]
            parts = segment[6 : 6 + 3 * segment[5]]
            sampling = tuple((each >> 4, each & 15) for each in parts[1::3])
        elif marker == SOS:
            scans += 1
    if not frame or not tables:
        raise NotJpeg("The file has no frame of a JPEG, or no table of quantisation.")
    return Compression(tables=tables, frame=frame, bits=bits, sampling=sampling[:4], scans=scans)


def ijg_quality(tables: dict[int, tuple[int, ...]]) -> tuple[int, bool] | None:
    """Find the quality (1 to 100) at which the Independent JPEG Group's library writes the nearest tables, and whether
    they are exactly these. None without a table 0.

    Its scaling (jcparam.c): 5000 / q percent of the standard's tables below 50, else 200 - 2 q; from 1 to 255.
    """
    if 0 not in tables:
        return None
    ours = [value for number in (0, 1) for value in tables.get(number, ())]

    def distance(quality: int) -> int:
        known = [value for table in _standard(quality) for value in table]
        return sum(abs(a - b) for a, b in zip(ours, known, strict=False))

    nearest = min(range(100, 0, -1), key=distance)
    return nearest, distance(nearest) == 0


def sampled(sampling: tuple[tuple[int, int], ...]) -> str:
    """Name the subsampling of colours: 4:4:4 and so on; empty for a picture without colours, or another way."""
    if len(sampling) != 3 or sampling[1:] != ((1, 1), (1, 1)):
        return ""
    return {(1, 1): "4:4:4", (2, 1): "4:2:2", (2, 2): "4:2:0", (1, 2): "4:4:0", (4, 1): "4:1:1"}.get(sampling[0], "")


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield markers with their segments; what is compressed is passed over."""
    at, scans = data.find(b"\xff\xd8") + 2, 0
    while 2 <= at < len(data) - 3 and scans < MOST_SCANS:
        if data[at] != 0xFF:
            # Compressed data: a marker is 0xff and no zero behind it.
            at = data.find(b"\xff", at)
            if at < 0:
                return
            if data[at + 1 : at + 2] in {b"\x00", b"\xff"}:
                at += 1 if data[at + 1] == 0xFF else 2
                continue
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker in _ALONE or marker == 0:
            at += 2
        elif marker == EOI:
            return
        else:
            size = int.from_bytes(data[at + 2 : at + 4])
            yield marker, data[at + 4 : at + 2 + size]
            scans += marker == SOS
            at += 2 + max(2, size)


def _tables(segment: bytes) -> Iterator[tuple[int, tuple[int, ...]]]:
    at = 0
    while at < len(segment):
        wide, number = segment[at] >> 4, segment[at] & 15
        size = 128 if wide else 64
        values = segment[at + 1 : at + 1 + size]
        if len(values) < size or number > 3:
            return
        yield number, tuple(values if not wide else (int.from_bytes(values[n : n + 2]) for n in range(0, 128, 2)))
        at += 1 + size


@cache
def _standard(quality: int) -> tuple[tuple[int, ...], ...]:
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return tuple(
        tuple(max(1, min(255, (table[place] * scale + 50) // 100)) for place in _zigzag())
        for table in (_LUMINANCE, _CHROMINANCE)
    )


@cache
def _zigzag() -> tuple[int, ...]:
    """Give the places of a table of 8 x 8, row by row, in the order of T.81, figure A.6."""
    places = [(row, column) for row in range(8) for column in range(8)]
    order = sorted(places, key=lambda p: (sum(p), p[0] if sum(p) % 2 else p[1]))
    return tuple(row * 8 + column for row, column in order)
