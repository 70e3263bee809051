"""How right perceptual hashes are: over edited and turned copies of photographs, and photographs of other subjects."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

Answers = Iterator[tuple[str, bool]]


def edits(data: Path) -> dict[str, Answers]:
    """Find edited copies of one photograph, and turned ones, by their perceptual hashes."""
    from PIL import Image

    from enrichment.hashes import TURNS, turned

    with (data / "expected.csv").open(newline="", encoding="utf-8") as file:
        names = [row["file"] for row in csv.DictReader(file)]
    hashed = {name: _hashes(data / name) for name in names}
    original = hashed[names[0]]
    with tempfile.TemporaryDirectory() as folder, Image.open(data / names[0]) as image:
        ways = turned(np.asarray(image.convert("RGB").resize((800, 502))))
        for way, pixels in ways.items():
            Image.fromarray(np.ascontiguousarray(pixels)).save(Path(folder) / f"{way}.png")
        copies = {way: _hashes(Path(folder) / f"{way}.png") for way in TURNS}
    found: dict[str, Answers] = {}
    for method in original:
        found[f"edited copy of a photograph within 31 bits by {method}"] = (
            (name, (likeness := _likeness(original, each, method)) is not None and likeness.turned == "upright")
            for name, each in hashed.items()
        )
        found[f"turned copy of a photograph found, and how it is turned, by {method}"] = (
            (way, (likeness := _likeness(original, each, method)) is not None and likeness.turned == way)
            for way, each in copies.items()
        )
    return found


def orientations(data: Path) -> dict[str, Answers]:
    """Find a photograph in all eight EXIF orientations, and take no photograph for another."""
    folder = data / "jpg"
    series = {
        name: [_hashes(folder / "orientation" / f"{name}_{number}.jpg") for number in range(1, 9)]
        for name in ("landscape", "portrait")
    }
    # Of the other folders one is an edit of another, and one has a picture of nothing.
    others = {path.name: _hashes(path) for path in sorted(folder.glob("*.jpg")) if "photoshop" not in path.name}
    found: dict[str, Answers] = {}
    for method in series["landscape"][0]:
        found[f"EXIF orientation that matches upright, by {method}"] = (
            (f"{name}_{number}", likeness is not None and likeness.turned == "upright")
            for name, of_series in series.items()
            for number, each in enumerate(of_series, 1)
            for likeness in [_likeness(of_series[0], each, method)]
        )
        found[f"two photographs of other subjects told apart, by {method}"] = (
            (f"{one} {other}", _likeness(others[one], others[other], method) is None)
            for one, other in combinations(others, 2)
        )
    return found


def _hashes(path: Path) -> dict[str, dict[str, str]]:
    """Hash a picture by each method of 256 bits, in all eight ways."""
    from enrichment.domain import EnricherInput
    from enrichment.enrichers.perceptual_hash import read_hashes
    from enrichment.near_duplicates import BITS

    output = read_hashes(EnricherInput(kind="image", fields={}, original=path, folder=path.parent)).output
    return {each.method: {"upright": each.hash, **each.turned} for each in output.hashes if each.bits == BITS}


def _likeness(one: dict[str, dict[str, str]], other: dict[str, dict[str, str]], method: str) -> Any:
    from enrichment.likenesses import judge

    return judge({method: one[method]}, {method: other[method]["upright"]})
