"""Whether a thumbnail inside a file shows what the picture shows: both as small luma pictures, correlated.

The small picture is laid beside the large one at 32 x 32 pixels of luma, each averaged over its area, and Pearson's
correlation is taken. Cameras write thumbnails of 4:3 whatever the picture is, with bars or cut at its sides: where the
proportions differ, the picture's proportions are cut out of the thumbnail's middle, and the thumbnail's out of the
picture's, and the better of the two counts. Programs that turn a picture may leave its thumbnail as it was: the best of
the eight turns counts, so a thumbnail that is turned only is not another picture.

The correlation does not change with brightness and contrast, which camera and editor treat differently in both. Under
0.8 they are said to differ: of sixteen cameras' photographs each has at least 0.977 with its own thumbnail and at most
0.648 with any other's. A small change, such as an object painted over, moves it little and is not found. Where one of
the two has next to no light and dark (a deviation under 3 of 255) nothing is compared.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from enrichment.pictures import FORMATS, decoding, orientation_of, scalable, upright

SIDE, DIFFERS, FLAT, SAME_SHAPE = 32, 0.8, 3.0, 0.02
"""Pixels of the small pictures; the correlation under which they differ; the deviation of what is flat, of 255; by how
much proportions may differ and still be the same."""

MOST_PIXELS, SHOWN, COMPARED = 1_000_000, 640, 512
"""Pixels of a thumbnail; of the longer side of its copy, and of the picture when it is compared."""

_TURNS = tuple(Image.Transpose)
_UPRIGHT = dict(
    enumerate(
        (
            Image.Transpose.FLIP_LEFT_RIGHT,
            Image.Transpose.ROTATE_180,
            Image.Transpose.FLIP_TOP_BOTTOM,
            Image.Transpose.TRANSPOSE,
            Image.Transpose.ROTATE_270,
            Image.Transpose.TRANSVERSE,
            Image.Transpose.ROTATE_90,
        ),
        2,
    )
)


class NoThumbnail(Exception):
    """It can not be decoded here; the message is a sentence."""


def decoded(data: bytes) -> Image.Image:
    """Decode a thumbnail, as its own file has it.

    :raises NoThumbnail: it is no JPEG, is broken, or larger than a thumbnail is.
    """
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
            if image.width * image.height > MOST_PIXELS:
                raise NoThumbnail("The thumbnail is larger than a thumbnail is.")
            return image.convert("RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise NoThumbnail("The thumbnail can not be decoded.") from error


def picture_of(path: Path) -> tuple[Image.Image, int]:
    """Decode the picture itself, small and upright, with the EXIF orientation that it had.

    :raises PermanentFailure: it is no picture that is decoded here, or too large.
    """
    with decoding(path), Image.open(path, formats=FORMATS) as image:
        image.draft("RGB", (COMPARED * 2, COMPARED * 2))
        turn = orientation_of(image)
        first = scalable(image)
        # A coarser first step than Pillow's own takes less memory beside a large picture.
        first.thumbnail((COMPARED, COMPARED), reducing_gap=1.0)
        small = upright(first)
    return small, turn


def turned(thumbnail: Image.Image, orientation: int) -> Image.Image:
    """Turn a thumbnail upright as the picture is (Exif 3.0, 4.6.4, tag 0x0112)."""
    turn = _UPRIGHT.get(orientation)
    return thumbnail if turn is None else thumbnail.transpose(turn)


def likeness(picture: Image.Image, thumbnail: Image.Image) -> float | None:
    """Correlate a thumbnail, in its best turn, with the picture (-1 to 1); nothing where one of them is flat."""
    best = None
    for each in (thumbnail, *(thumbnail.transpose(turn) for turn in _TURNS)):
        for one, other in _shapes(picture, each):
            found = _correlation(_luma(one), _luma(other))
            if found is not None and (best is None or found > best):
                best = found
    return best


def _shapes(picture: Image.Image, thumbnail: Image.Image) -> list[tuple[Image.Image, Image.Image]]:
    """Give the pairs to compare: as they are, or each cut to the other's proportions; none if they lie crosswise."""
    ours, theirs = picture.width / picture.height, thumbnail.width / thumbnail.height
    if abs(ours / theirs - 1) <= SAME_SHAPE:
        return [(picture, thumbnail)]
    if (ours > 1) != (theirs > 1) and max(ours / theirs, theirs / ours) > 1.5:
        return []
    return [(picture, _cut(thumbnail, ours)), (_cut(picture, theirs), thumbnail)]


def _cut(image: Image.Image, shape: float) -> Image.Image:
    width = min(image.width, max(1, round(image.height * shape)))
    height = min(image.height, max(1, round(image.width / shape)))
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def _luma(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX), dtype=np.float64).ravel()


def _correlation(one: np.ndarray, other: np.ndarray) -> float | None:
    deviations = float(one.std()), float(other.std())
    if min(deviations) < FLAT:
        return None
    together = float(((one - one.mean()) * (other - other.mean())).mean())
    return together / (deviations[0] * deviations[1])
