"""The picture: format, size, frames; a preview and a thumbnail for people to look at.

Only raster formats on an explicit list are decoded, by Pillow. Previews are turned upright first (EXIF orientation,
Exif 3.0, tag 0x0112), carry no metadata, and are new WebP files: nothing of the original's bytes reaches a browser.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, replace
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

from enrichment.domain import IMAGES, Enricher, EnricherInput, Flag, Made, PermanentFailure, Result

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP")
PIXELS = 100_000_000
FRAMES, FRAME_PIXELS = 1000, 100_000_000
"""How many frames are counted, and in how many pixels altogether: each is decoded to come to the next."""

ORIENTATION = 0x0112
PREVIEWS = {"preview": 1280, "thumb": 320}
QUALITY = 82
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)


@dataclass(frozen=True, kw_only=True)
class Picture:
    """Width and height in pixels as the picture is seen, upright; `orientation` as EXIF has it (1 to 8).

    Of several frames the first is shown; `more_frames` says that the counting stopped before the last.
    """

    format: str
    width: int
    height: int
    mode: str
    orientation: int
    frames: int
    more_frames: bool


def look(given: EnricherInput) -> Result:
    """Decode the picture once, upright, and write what people may look at."""
    assert given.original is not None  # noqa: S101 -- images have an original
    Image.MAX_IMAGE_PIXELS = PIXELS
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        # Pillow warns where a file announces more than it should; here that is a refusal.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            picture, made = _look(given.original, given.folder)
            frames, more_frames, broken = _frames(given.original)
        except UnidentifiedImageError as error:
            raise PermanentFailure(_unknown(given.original)) from error
        except _BOMBS as error:
            raise PermanentFailure(f"The picture announces more than {PIXELS:,} pixels.") from error
    doubts = dict.fromkeys([*(str(each.message).strip() for each in warned), *broken])
    flags = tuple(Flag(flag="picture_damaged", detail=f"The picture has a broken part: {doubt}") for doubt in doubts)
    return Result(output=replace(picture, frames=frames, more_frames=more_frames), made=made, flags=flags[:5])


def _look(path: Path, folder: Path) -> tuple[Picture, tuple[Made, ...]]:
    with Image.open(path, formats=FORMATS) as image:
        raw_width, raw_height = image.size
        orientation = image.getexif().get(ORIENTATION, 1)
        if not isinstance(orientation, int) or orientation not in range(1, 9):
            orientation = 1
        format_, mode = image.format or "", image.mode
        # Large JPEGs are decoded at a fraction of their size, no smaller than the preview.
        image.draft("RGB", (PREVIEWS["preview"] * 2, PREVIEWS["preview"] * 2))
        made = _previews(image, folder)
    sideways = orientation >= 5
    picture = Picture(
        format=format_,
        width=raw_height if sideways else raw_width,
        height=raw_width if sideways else raw_height,
        mode=mode,
        orientation=orientation,
        frames=1,
        more_frames=False,
    )
    return picture, made


def _frames(path: Path) -> tuple[int, bool, list[str]]:
    """Count frames by stepping through them, no further than the limits; say what stopped it, if it was damage."""
    with Image.open(path, formats=FORMATS) as image:
        count, most = 1, min(FRAMES, max(1, FRAME_PIXELS // (image.width * image.height)))
        try:
            if not getattr(image, "is_animated", False):
                return 1, False, []
            for count in range(1, most + 1):
                image.seek(count)
        except EOFError:
            return count, False, []
        # What the first frame shows is there all the same.
        except (
            OSError,
            SyntaxError,
            ValueError,
            Image.DecompressionBombError,
            Image.DecompressionBombWarning,
        ) as error:
            return count, True, [f"frame {count + 1}: {error}"]
        return most, True, []


def _previews(image: Image.Image, folder: Path) -> tuple[Made, ...]:
    """Write the small copies, the largest first: each is made of the one before."""
    if image.mode == "P":
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    elif image.mode.startswith("I;16"):
        image = image.convert("F")
    made = []
    for name, side in PREVIEWS.items():
        # Made small before it is turned: a copy of a large picture would not fit into memory beside it.
        image.thumbnail((side, side))
        small = _shown(ImageOps.exif_transpose(image))
        path = folder / f"{name}.webp"
        small.save(path, "WEBP", quality=QUALITY, method=4, exif=b"", icc_profile=b"", xmp=b"")
        made.append(Made(name=name, path=path, media_type="image/webp", width=small.width, height=small.height))
    return tuple(made)


def _shown(image: Image.Image) -> Image.Image:
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
        return "A HEIF picture; not installed: pillow-heif."
    return f"Not a picture in a format that is decoded here ({', '.join(FORMATS)})."


ENRICHER = Enricher(
    name="image",
    version=1,
    accepts=IMAGES,
    reads=frozenset({"file"}),
    run=look,
    tool=lambda: f"Pillow {version('Pillow')}",
    parameters={"pixels": PIXELS, "frames": FRAMES, "frame_pixels": FRAME_PIXELS, "previews": PREVIEWS},
)
