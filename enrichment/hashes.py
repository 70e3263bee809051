"""Perceptual hashes: short bit strings that stay nearly the same while a picture is scaled, recompressed or recoloured.

Two hashes are compared by how many of their bits differ (Hamming distance). Each comes for the picture as it is and for
its seven flips and rotations, so that a turned copy of another picture is found by what is stored of that one.

- `phash`, 256 bits: of the discrete cosine transform of a 64 x 64 luma picture the 16 x 16 lowest frequencies, without
  the constant ones, each against the median of all. After Zauner, "Implementation and Benchmarking of Perceptual Image
  Hash Functions" (2010), in the sizes of PDQ.
- `dhash`, 64 bits: of 8 x 9 cells, whether each is darker than that to its right. Krawetz, "Kind of Like That" (2013).
- `pdq`, 256 bits: Facebook, "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm" (2019), by its
  reference code, which `pdqhash` carries; where that is not installed, there is none.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

try:
    import pdqhash
except ImportError:
    pdqhash = None

SIDE = 64
"""Pixels of the sides of the luma picture that `phash`, `dhash` and `quality` read."""

LOWEST = 16

Luma = NDArray[np.float64]
"""Brightness from 0 (black) to 255 (white), a row for each line of the picture from the top."""

TURNS = (
    "upright", "rotated_90", "rotated_180", "rotated_270",
    "mirrored", "mirrored_rotated_90", "mirrored_rotated_180", "mirrored_rotated_270",
)  # fmt: skip
"""The eight ways in which a picture can lie: mirrored swaps left and right, then degrees clockwise."""

_OF_PDQ = (0, 3, 2, 1, 5, 7, 4, 6)
"""Where each of `TURNS` stands in what `pdqhash.compute_dihedral` gives."""


def turned(picture: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Turn a picture (rows, columns, and perhaps channels) in all eight ways."""
    found = {}
    for number, name in enumerate(TURNS):
        flat = picture[:, ::-1] if number >= 4 else picture
        found[name] = np.rot90(flat, -(number % 4))
    return found


def phash(luma: Luma) -> str:
    """Hash a 64 x 64 luma picture into 64 hexadecimal digits: frequencies of rows first, the lowest first."""
    found = _between(_COSINES, luma, _COSINES)
    return _hex(found > np.median(found))


def dhash(luma: Luma) -> str:
    """Hash a 64 x 64 luma picture into 16 hexadecimal digits, row by row."""
    cells = _between(_EIGHT, luma, _NINE)
    # What differs by rounding alone is equal.
    return _hex(np.diff(cells, axis=1) > 1e-6)


def pdq(rgb: NDArray[np.uint8]) -> tuple[dict[str, str], int] | None:
    """Hash a picture (rows, columns, RGB) in all eight ways, and say its quality; None without `pdqhash`."""
    if pdqhash is None:
        return None
    vectors, quality = pdqhash.compute_dihedral(np.ascontiguousarray(rgb))
    return {name: _hex(vectors[number] != 0) for name, number in zip(TURNS, _OF_PDQ, strict=True)}, int(quality)


def pdq_version() -> str:
    """Name the version of `pdqhash`; empty where it is not installed."""
    return "" if pdqhash is None else version("pdqhash")


def quality(luma: Luma) -> int:
    """Say how much there is to tell a 64 x 64 picture by, from 0 (nothing) to 100: the steps between neighbours.

    The measure of the PDQ paper's reference code: steps in whole hundredths of the range, their sum by 90.
    """
    steps = sum(float(np.trunc(np.abs(np.diff(luma, axis=axis)) * 100 / 255).sum()) for axis in (0, 1))
    return int(min(100.0, steps / 90))


def variants(luma: Luma, method: Callable[[Luma], str]) -> dict[str, str]:
    """Hash a 64 x 64 luma picture in all eight ways."""
    return {name: method(each) for name, each in turned(luma).items()}


def _between(rows: Luma, luma: Luma, columns: Luma) -> Luma:
    # Not by BLAS, whose order of additions differs from machine to machine.
    found: Luma = np.einsum("uj,vj->uv", np.einsum("ui,ij->uj", rows, luma), columns)
    return found


def _hex(bits: NDArray[np.bool_]) -> str:
    return np.packbits(bits).tobytes().hex()


def _cosines() -> Luma:
    """Make the rows 1 to 16 of the orthonormal DCT-II matrix of 64."""
    rows, columns = np.arange(1, LOWEST + 1)[:, None], np.arange(SIDE)[None, :]
    found: Luma = np.sqrt(2 / SIDE) * np.cos(np.pi / (2 * SIDE) * rows * (2 * columns + 1))
    return found


def _cells(count: int) -> Luma:
    """Make the matrix that averages 64 pixels into so many cells of equal width."""
    edges = np.arange(count + 1) * SIDE / count
    pixels = np.arange(SIDE)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    found: Luma = np.clip(overlap, 0, None) * count / SIDE
    return found


_COSINES, _EIGHT, _NINE = _cosines(), _cells(8), _cells(9)
