"""How a JPEG was compressed: its quantisation tables, and a picture of its error levels. No verdict.

The tables tell which programs may have written the file last, and that two files were not written alike: cameras,
messengers and editors have tables of their own (Farid, "Digital Image Ballistics from JPEG Quantization", 2006). An
error-level picture shows where the file would lose most by being saved once more (Krawetz, "A Picture's Worth...",
2007). Edges, texture and bright colours are bright in it in any picture. It shows a person where to look, and proves
nothing: saving a file again, which every messenger does, evens it out.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from PIL import Image, ImageChops

from enrichment.domain import IMAGES, Enricher, EnricherInput, Made, PermanentFailure, Result
from enrichment.jpeg import NotJpeg, ijg_quality, read_compression, sampled
from enrichment.pictures import ORIENTATION, decoding, orientation_of, upright

RESAVED = 90
"""The quality at which the picture is saved again."""

MOST_AMPLIFIED, BRIGHTEST = 60, 0.001
"""The difference is amplified until this part of it is white, and at most so many times: the next level of 255 up would
be noise."""

MOST_PIXELS = 24_000_000
"""A larger picture would not fit into memory four times."""

SIDE = 1280
CAUTION = "Shows where to look, and proves nothing: edges and bright colours are bright in every picture."


@dataclass(frozen=True, kw_only=True)
class CompressionFindings:
    """`tables_sha256`: SHA-256 of the quantisation tables in the order of their numbers, each its 64 values in zigzag
    order as two bytes, the high one first. `ijg_quality` (1 to 100): at which the Independent JPEG Group's library has
    the nearest tables; `ijg_exact`: they are just these. `error_levels`: what the derivative of that name shows, or why
    there is none; `amplified`: how many times.
    """

    tables: int
    tables_sha256: str
    ijg_quality: int | None
    ijg_exact: bool
    frame: str
    bits: int
    subsampling: str
    scans: int
    error_levels: str
    amplified: float | None


def read_jpeg(given: EnricherInput) -> Result:
    """Read how the file was compressed, and draw what it would lose."""
    assert given.original is not None  # noqa: S101 -- images have an original
    try:
        found = read_compression(given.original)
    except NotJpeg as error:
        raise PermanentFailure(str(error)) from error
    quality = ijg_quality(found.tables)
    made, said, amplified = _error_levels(given.original, given.folder)
    output = CompressionFindings(
        tables=len(found.tables),
        tables_sha256=hashlib.sha256(
            b"".join(value.to_bytes(2) for number in sorted(found.tables) for value in found.tables[number])
        ).hexdigest(),
        ijg_quality=quality[0] if quality else None,
        ijg_exact=bool(quality and quality[1]),
        frame=found.frame,
        bits=found.bits,
        subsampling=sampled(found.sampling),
        scans=found.scans,
        error_levels=said,
        amplified=amplified,
    )
    return Result(output=output, made=made)


def _error_levels(path: Path, folder: Path) -> tuple[tuple[Made, ...], str, float | None]:
    with decoding(path), Image.open(path, formats=["JPEG"]) as image:
        if image.width * image.height > MOST_PIXELS:
            return (), f"None: the picture has more than {MOST_PIXELS:,} pixels.", None
        turned = orientation_of(image)
        try:
            picture = image.convert("RGB")
        except (OSError, SyntaxError, ValueError) as error:
            return (), f"None: the picture can not be decoded whole ({str(error)[:80]}).", None
    again = io.BytesIO()
    picture.save(again, "JPEG", quality=RESAVED, subsampling=0)
    with Image.open(again, formats=["JPEG"]) as resaved:
        lost = ImageChops.difference(picture, resaved)
    lost.thumbnail((SIDE, SIDE))
    amplified = _amplification(lost)
    shown = lost.point(lambda value: min(255, round(value * amplified)))
    shown.getexif()[ORIENTATION] = turned
    shown = upright(shown)
    made = folder / "error_levels.webp"
    shown.save(made, "WEBP", quality=82, method=4, exif=b"", icc_profile=b"", xmp=b"")
    one = Made(name="error_levels", path=made, media_type="image/webp", width=shown.width, height=shown.height)
    return (one,), CAUTION, amplified


def _amplification(lost: Image.Image) -> float:
    """Find what makes the brightest part of a difference white."""
    counts = lost.convert("L").histogram()
    left = BRIGHTEST * sum(counts)
    for level in range(255, 0, -1):
        left -= counts[level]
        if left < 0:
            return round(min(MOST_AMPLIFIED, 255 / level), 1)
    return MOST_AMPLIFIED


ENRICHER = Enricher(
    name="compression",
    version=1,
    accepts=IMAGES,
    reads=frozenset({"file"}),
    media=frozenset({"image/jpeg"}),
    run=read_jpeg,
    tool=lambda: f"Pillow {version('Pillow')}",
    parameters={
        "resaved_quality": RESAVED,
        "most_amplified": MOST_AMPLIFIED,
        "brightest": BRIGHTEST,
        "most_pixels": MOST_PIXELS,
    },
)
