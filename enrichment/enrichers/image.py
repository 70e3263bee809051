"""The picture: format, size, frames; a preview and a thumbnail for people to look at.

Only raster formats on an explicit list are decoded, by Pillow. Previews are turned upright first (EXIF orientation,
Exif 3.0, tag 0x0112), carry no metadata, and are new WebP files: nothing of the original's bytes reaches a browser.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from PIL import Image

from enrichment.domain import IMAGES, Enricher, EnricherInput, Flag, Made, Result
from enrichment.pictures import FORMATS, PIXELS, decoding, orientation_of, shrunk, upright

FRAMES, FRAME_PIXELS = 1000, 100_000_000
"""How many frames are counted, and in how many pixels altogether: each is decoded to come to the next."""

PREVIEWS = {"preview": 1280, "thumb": 320}
QUALITY = 82


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
    with decoding(given.original) as warned:
        picture, made = _look(given.original, given.folder)
        frames, more_frames, broken = _frames(given.original)
    doubts = dict.fromkeys([*warned, *broken])
    flags = tuple(Flag(flag="picture_damaged", detail=f"The picture has a broken part: {doubt}") for doubt in doubts)
    return Result(output=replace(picture, frames=frames, more_frames=more_frames), made=made, flags=flags[:5])


def _look(path: Path, folder: Path) -> tuple[Picture, tuple[Made, ...]]:
    with Image.open(path, formats=FORMATS) as image:
        raw_width, raw_height = image.size
        orientation = orientation_of(image)
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
    made = []
    for name, side in PREVIEWS.items():
        # Made small before it is turned: a copy of a large picture would not fit into memory beside it.
        image = shrunk(image, side)
        small = upright(image)
        path = folder / f"{name}.webp"
        small.save(path, "WEBP", quality=QUALITY, method=4, exif=b"", icc_profile=b"", xmp=b"")
        made.append(Made(name=name, path=path, media_type="image/webp", width=small.width, height=small.height))
    return tuple(made)


ENRICHER = Enricher(
    name="image",
    version=1,
    accepts=IMAGES,
    reads=frozenset({"file"}),
    run=look,
    tool=lambda: f"Pillow {version('Pillow')}",
    parameters={"pixels": PIXELS, "frames": FRAMES, "frame_pixels": FRAME_PIXELS, "previews": PREVIEWS},
)
