"""Photographs as cameras and messengers write them, made here: nobody's pictures, and as many as are wanted."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from io import BytesIO

SIZES = ((4032, 3024), (4000, 3000), (2048, 1536), (1600, 1200), (1280, 960))
"""Two from cameras of 12 megapixels, three as messengers make them smaller."""


def photographs(count: int) -> Iterator[bytes]:
    """Yield different JPEGs, in turns of all sizes, some turned, with the EXIF tags that tools look for."""
    made = [_photograph(number, *size) for number, size in enumerate(SIZES[:count])]
    for number in range(count):
        # Told apart by a comment alone: to draw each would take longer than to read it.
        comment = str(number).encode()
        start, rest = made[number % len(made)][:2], made[number % len(made)][2:]
        yield start + b"\xff\xfe" + struct.pack(">H", 2 + len(comment)) + comment + rest


def _photograph(number: int, width: int, height: int) -> bytes:
    """Draw a sky over a sea, with the grain that makes a photograph's file as large as it is."""
    from PIL import Image

    sky = Image.linear_gradient("L").resize((width, height), Image.Resampling.BICUBIC)
    grain = Image.effect_noise((width, height), 40)
    coarse = Image.effect_noise((width // 16, height // 16), 60).resize((width, height), Image.Resampling.BICUBIC)
    picture = Image.merge("RGB", (Image.blend(sky, grain, 0.3), Image.blend(sky, coarse, 0.4), coarse))
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112], exif[0x0132] = (
        "Maker",
        "Camera",
        1 + 5 * (number % 2),
        "2024:11:23 10:00:00",
    )
    exif.get_ifd(0x8769).update({0x9003: "2024:11:23 10:00:00", 0x9011: "+10:00"})
    exif.get_ifd(0x8825).update({1: "N", 2: (42.0, 44.0, 24.0), 3: "E", 4: (133.0, 4.0, 48.0)})
    file = BytesIO()
    picture.save(file, "JPEG", quality=88, exif=exif)
    return file.getvalue()
