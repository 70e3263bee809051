"""Perceptual hashes: short bit strings that stay nearly the same while a picture is scaled, recompressed or recoloured.

Two hashes are compared by how many of their bits differ (Hamming distance). Each comes for the picture as it is and for
its seven flips and rotations, so that a turned copy of another picture is found by what is stored of that one.

- `phash`, 256 bits: of the discrete cosine transform of a 64 x 64 luma picture the 16 x 16 lowest frequencies, without
  the constant ones, each against the median of all. After Zauner, "Implementation and Benchmarking of Perceptual Image
  Hash Functions" (2010), in the sizes of PDQ.
- `dhash`, 64 bits: of 8 x 9 cells, whether each is darker than that to its right. Krawetz, "Kind of Like That" (2013).
- `pdq`, 256 bits: the same transform, of the luma picture at its own size smoothed twice with a box (Jarosz filter) and
  sampled at 64 x 64 points. Facebook, "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm", 2019;
  bit for bit what its reference code gives, so that hashes can be compared with those of others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

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


def pdq(sampled: Luma) -> str:
    """Hash what `sampled_for_pdq` gives into 64 hexadecimal digits, the highest frequencies first."""
    found = _between(_COSINES, sampled, _COSINES).ravel()
    # The lower of the two in the middle.
    return _hex((found > np.partition(found, found.size // 2 - 1)[found.size // 2 - 1])[::-1])


def sampled_for_pdq(rgb: NDArray[np.uint8]) -> Luma:
    """Smooth the brightness of a picture (rows, columns, RGB) and sample it at 64 x 64 points."""
    luma = rgb @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    tall, wide = luma.shape
    down, across = -(-tall // (2 * SIDE)), -(-wide // (2 * SIDE))
    rows, columns = (np.floor((np.arange(SIDE) + 0.5) * each / SIDE).astype(int) for each in (tall, wide))
    smooth = _boxed(_boxed(luma, across, axis=1), down, axis=0)
    # Of the second smoothing only what is sampled.
    return _boxed(_boxed(smooth, across, axis=1, at=columns), down, axis=0, at=rows)


def quality(luma: Luma) -> int:
    """Say how much there is to tell a 64 x 64 picture by, from 0 (nothing) to 100: the steps between neighbours.

    The measure of the PDQ paper's reference code: steps in whole hundredths of the range, their sum by 90.
    """
    steps = sum(float(np.trunc(np.abs(np.diff(luma, axis=axis)) * 100 / 255).sum()) for axis in (0, 1))
    return int(min(100.0, steps / 90))


def variants(luma: Luma, method: Callable[[Luma], str]) -> dict[str, str]:
    """Hash a 64 x 64 luma picture in all eight ways."""
    return {name: method(each) for name, each in turned(luma).items()}


def _boxed(values: NDArray[Any], window: int, *, axis: int, at: NDArray[np.int_] | None = None) -> Luma:
    """Average each value with its neighbours along an axis, so many in all; fewer at the ends. Only `at`, if given."""
    count = values.shape[axis]
    places = np.arange(count) if at is None else at
    after = (window + 2) // 2
    low, high = np.maximum(0, places - (window - after)), np.minimum(count, places + after)
    padding = [(0, 0), (0, 0)]
    padding[axis] = (1, 0)
    sums = np.pad(np.cumsum(values, axis=axis, dtype=np.float64), padding)
    found: Luma = np.take(sums, high, axis=axis) - np.take(sums, low, axis=axis)
    found /= np.expand_dims(high - low, axis=1 - axis)
    return found


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
