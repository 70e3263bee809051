"""The picture: format, size, frames; a preview and a thumbnail for people to look at.

Only raster formats on an explicit list are decoded, by Pillow. Previews are turned upright first (EXIF orientation,
Exif 3.0, tag 0x0112), carry no metadata, and are new WebP files: nothing of the original's bytes reaches a browser.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from importlib.metadata import version
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

from enrichment.domain import IMAGES, Enricher, EnricherInput, Made, PermanentFailure, Result

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP")
PIXELS = 100_000_000
FRAMES = 1000
ORIENTATION = 0x0112
PREVIEWS = {"preview": 1280, "thumb": 320}
QUALITY = 82


@dataclass(frozen=True, kw_only=True)
class Picture:
    """Width and height in pixels as the picture is seen, upright; `orientation` as EXIF has it (1 to 8).

    `frames` counts up to 1000; of several frames the first is shown.
    """

    format: str
    width: int
    height: int
    mode: str
    orientation: int
    frames: int


def look(given: EnricherInput) -> Result:
    """Decode the picture once, upright, and write what people may look at."""
    assert given.original is not None  # noqa: S101 -- images have an original
    Image.MAX_IMAGE_PIXELS = PIXELS
    with warnings.catch_warnings():
        # Pillow warns where a file announces more than it should; here that is a refusal.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(given.original, formats=FORMATS) as image:
                return _look(image, given.folder)
        except UnidentifiedImageError as error:
            raise PermanentFailure(_unknown(given.original)) from error
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise PermanentFailure(f"The picture announces more than {PIXELS:,} pixels.") from error


def _look(image: Image.Image, folder: Path) -> Result:
    frames = _frames(image)
    raw_width, raw_height = image.size
    orientation = image.getexif().get(ORIENTATION, 1)
    if not isinstance(orientation, int) or orientation not in range(1, 9):
        orientation = 1
    format_, mode = image.format or "", image.mode
    # Large JPEGs are decoded at a fraction of their size, no smaller than the preview.
    image.draft("RGB", (PREVIEWS["preview"] * 2, PREVIEWS["preview"] * 2))
    upright = ImageOps.exif_transpose(image)
    made = tuple(_write(upright, name, side, folder) for name, side in PREVIEWS.items())
    sideways = orientation >= 5
    picture = Picture(
        format=format_,
        width=raw_height if sideways else raw_width,
        height=raw_width if sideways else raw_height,
        mode=mode,
        orientation=orientation,
        frames=frames,
    )
    return Result(output=picture, made=made)


def _frames(image: Image.Image) -> int:
    """Count frames by stepping through them, no further than the limit."""
    if not getattr(image, "is_animated", False):
        return 1
    count = 1
    try:
        while count < FRAMES:
            image.seek(count)
            count += 1
    except EOFError:
        pass
    image.seek(0)
    return count


def _write(image: Image.Image, name: str, side: int, folder: Path) -> Made:
    small = image.copy()
    small.thumbnail((side, side))
    if small.mode not in {"RGB", "RGBA"}:
        deep = small.mode.startswith(("I", "F"))
        small = _eight_bits(small) if deep else small.convert("RGBA" if "A" in small.getbands() else "RGB")
    path = folder / f"{name}.webp"
    small.save(path, "WEBP", quality=QUALITY, method=4)
    return Made(name=name, path=path, media_type="image/webp", width=small.width, height=small.height)


def _eight_bits(image: Image.Image) -> Image.Image:
    """Stretch 16 or 32 bits a pixel to 8 between the darkest and the brightest, as satellite scenes need."""
    low, high = image.convert("F").getextrema()
    span = (high - low) or 1.0  # type: ignore[operator]
    return image.convert("F").point(lambda value: value * (255 / span) - low * 255 / span).convert("L").convert("RGB")


def _unknown(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(16)
    if head[4:8] == b"ftyp" and head[8:12] in {b"heic", b"heix", b"mif1", b"msf1", b"heim"}:
        return "A HEIF picture: pillow-heif is not installed here."
    return f"Not a picture in a format that is decoded here ({', '.join(FORMATS)})."


ENRICHER = Enricher(
    name="image",
    version=1,
    accepts=IMAGES,
    reads=frozenset({"file"}),
    run=look,
    tool=lambda: f"Pillow {version('Pillow')}",
    parameters={"pixels": PIXELS, "frames": FRAMES, "previews": PREVIEWS},
)
