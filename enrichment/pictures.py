"""Decoding pictures that nobody vouches for: raster formats on an explicit list alone, upright, within limits.

Whoever decodes evidence does it through here, in the sandbox.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import (  # The plug-ins are named, so that no other is ever loaded.
    BmpImagePlugin,  # noqa: F401
    GifImagePlugin,  # noqa: F401
    Image,
    ImageOps,
    JpegImagePlugin,  # noqa: F401
    PngImagePlugin,  # noqa: F401
    TiffImagePlugin,  # noqa: F401
    UnidentifiedImageError,
    WebPImagePlugin,  # noqa: F401
)

from enrichment.domain import PermanentFailure

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP")
MEDIA = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/tiff", "image/bmp"})
"""The media types of these formats, as `file_identity` spells them."""

PIXELS = 100_000_000
STRIP_PIXELS = 4_000_000
"""How many pixels of a large picture are converted at a time."""

ORIENTATION = 0x0112
"""The EXIF tag of it: Exif 3.0, section 4.6.4; values from 1 (upright) to 8."""

_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)


@contextmanager
def decoding(path: Path) -> Iterator[list[str]]:
    """Decode a file in here; once that is done, the list holds what Pillow warned of.

    :raises PermanentFailure: it is no picture of a format on the list, or announces too many pixels.
    """
    Image.MAX_IMAGE_PIXELS = PIXELS
    doubts: list[str] = []
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        # Pillow warns where a file announces more than it should; here that is a refusal.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            yield doubts
        except UnidentifiedImageError as error:
            raise PermanentFailure(_unknown(path)) from error
        except _BOMBS as error:
            raise PermanentFailure(f"The picture announces more than {PIXELS:,} pixels.") from error
        doubts += (str(each.message).strip() for each in warned)


def orientation_of(image: Image.Image) -> int:
    """Read the EXIF orientation; what is none counts as upright (1)."""
    found = image.getexif().get(ORIENTATION, 1)
    return found if isinstance(found, int) and found in range(1, 9) else 1


def scalable(image: Image.Image) -> Image.Image:
    """Give a picture whose pixels can be averaged: no palette, no 16 bits."""
    if image.mode == "P":
        return image.convert("RGBA" if "transparency" in image.info else "RGB")
    return image.convert("F") if image.mode.startswith("I;16") else image


def shrunk(image: Image.Image, side: int) -> Image.Image:
    """Give a picture whose pixels can be averaged, its longer side so many pixels at most; its orientation stays.

    A large one is made small in strips: converted as a whole it would not fit into memory beside itself.
    """
    turned = orientation_of(image)
    factor = max(image.size) // (2 * side)
    small = scalable(image) if factor < 2 else _in_strips(image, factor)
    small.thumbnail((side, side))
    small.getexif()[ORIENTATION] = turned
    return small


def _in_strips(image: Image.Image, factor: int) -> Image.Image:
    """Average squares of so many pixels a side into one each."""
    tall = max(1, STRIP_PIXELS // (image.width * factor)) * factor
    small: Image.Image | None = None
    for top in range(0, image.height, tall):
        strip = scalable(image.crop((0, top, image.width, min(image.height, top + tall)))).reduce(factor)
        small = small or Image.new(strip.mode, (strip.width, -(-image.height // factor)))
        small.paste(strip, (0, top // factor))
    assert small is not None  # noqa: S101 -- a picture has at least a row
    return small


def upright(image: Image.Image) -> Image.Image:
    """Turn a picture as its EXIF orientation says, and give it in RGB or RGBA, 8 bits a channel.

    :raises PermanentFailure: its values are no numbers.
    """
    image = ImageOps.exif_transpose(image)
    if image.mode in {"RGB", "RGBA"}:
        return image
    if image.mode.startswith(("I", "F")):
        return _eight_bits(image)
    return image.convert("RGBA" if "A" in image.getbands() else "RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Stretch 16 or 32 bits a pixel to 8 between the darkest and the brightest, as satellite scenes need."""
    values = image.convert("F")
    low, high = (float(bound) for bound in values.getextrema())  # type: ignore[arg-type]
    if not (math.isfinite(low) and math.isfinite(high) and math.isfinite(high - low)):
        raise PermanentFailure("The picture has values that are no numbers: there is no brightness to show.")
    span = (high - low) or 1.0
    return values.point(lambda value: value * (255 / span) - low * 255 / span).convert("L").convert("RGB")


def _unknown(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(16)
    if head[4:8] == b"ftyp" and head[8:12] in {b"heic", b"heix", b"mif1", b"msf1", b"heim"}:
        return "A HEIF picture: what decodes these starts threads, which it may not here."
    film = head[4:8] == b"ftyp" and head[8:11] != b"avi"
    if film or head.startswith(b"\x1aE\xdf\xa3") or (head.startswith(b"RIFF") and head[8:12] == b"AVI "):
        return "Not a picture; if it is a video, the tool video takes frames of it."
    if head.startswith(b"%PDF-"):
        return "Not a picture but a PDF: the tool document draws its pages."
    return f"Not a picture in a format that is decoded here ({', '.join(FORMATS)})."
