"""Perceptual hashes of a picture, by which copies of it are found that were scaled, recompressed, recoloured or turned.

A match means that two pictures have nearly the same light and dark in nearly the same places, as coarse as sixteen half
waves across show it. It does not mean that they are one photograph: two frames of one scene match, and so may two
forms, maps or screenshots with other words in them. No match does not mean that they are of different origin: cropping,
a border, or a caption laid over one of them changes the hash. It says nothing of which was first, of what is seen, or
of who made it.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
from PIL import Image

from enrichment import hashes
from enrichment.domain import IMAGES, Enricher, EnricherInput, Flag, Result
from enrichment.hashes import TURNS
from enrichment.pictures import FORMATS, MEDIA, PIXELS, decoding, shrunk, upright

SIDE = 2048
"""Pixels of the longer side; what is larger is made smaller before it is hashed: PDQ keeps several copies of it."""

LEAST_QUALITY = 50
"""Under this, of 100, a hash tells too little to match on: the bound of Facebook's own matcher of PDQ hashes."""


@dataclass(frozen=True, kw_only=True)
class PictureHash:
    """One method's hash of the picture turned upright, in hexadecimal, and of its flips and rotations.

    `turned` has a hash under the name of each way: mirrored swaps left and right, then degrees clockwise. `quality`
    (0 to 100) is what there is to tell the picture by; None where the method gives none.
    """

    method: str
    bits: int
    hash: str
    turned: dict[str, str]
    quality: int | None


@dataclass(frozen=True, kw_only=True)
class PictureHashes:
    """The hashes of the first frame, turned upright by its EXIF orientation, laid on white where it is transparent.

    `featureless`: so little of it differs from what is beside it that its hashes are like those of any other such
    picture; they are not compared.
    """

    hashes: tuple[PictureHash, ...]
    featureless: bool


def read_hashes(given: EnricherInput) -> Result:
    """Hash the picture as it is seen."""
    assert given.original is not None  # noqa: S101 -- images have an original
    with decoding(given.original) as warned, Image.open(given.original, formats=FORMATS) as image:
        # Large JPEGs are decoded at a fraction of their size.
        image.draft("RGB", (SIDE * 2, SIDE * 2))
        seen = _on_white(upright(shrunk(image, SIDE)))
    small = seen.convert("L").convert("F").resize((hashes.SIDE, hashes.SIDE), Image.Resampling.BILINEAR)
    luma = np.asarray(small, dtype=np.float64)
    sampled = hashes.sampled_for_pdq(np.asarray(seen))
    quality, of_pdq = hashes.quality(luma), hashes.quality(sampled)
    found = (
        _hashes("pdq", hashes.variants(sampled, hashes.pdq), quality=of_pdq),
        _hashes("phash", hashes.variants(luma, hashes.phash), quality=quality),
        _hashes("dhash", hashes.variants(luma, hashes.dhash), quality=None),
    )
    output = PictureHashes(hashes=found, featureless=min(quality, of_pdq) < LEAST_QUALITY)
    flags = tuple(Flag(flag="picture_damaged", detail=f"The picture has a broken part: {each}") for each in warned[:5])
    return Result(output=output, flags=flags)


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")


def _hashes(method: str, variants: dict[str, str], *, quality: int | None) -> PictureHash:
    upright_one = variants[TURNS[0]]
    turned = {name: variants[name] for name in TURNS[1:]}
    return PictureHash(method=method, bits=len(upright_one) * 4, hash=upright_one, turned=turned, quality=quality)


def _tool() -> str:
    return f"numpy {version('numpy')}, Pillow {version('Pillow')}"


ENRICHER = Enricher(
    name="perceptual_hash",
    version=1,
    accepts=IMAGES,
    reads=frozenset({"file"}),
    media=MEDIA,
    run=read_hashes,
    tool=_tool,
    parameters={"pixels": PIXELS, "side": SIDE, "least_quality": LEAST_QUALITY},
)
