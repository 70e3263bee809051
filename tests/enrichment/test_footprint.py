"""Where GeoTIFFs lie: those of a collection with known answers, and files made to be hostile."""

from __future__ import annotations

import csv
import struct
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, TiffImagePlugin

from enrichment import registry, sandbox
from enrichment.domain import EnricherInput, Limits
from enrichment.enrichers.footprint import ENRICHER, Footprint, read_footprint
from enrichment.sandbox import Done

WGS84, UTM52 = {1024: 2, 1025: 1, 2048: 4326}, {1024: 1, 1025: 1, 3072: 32652}


def footprint(path: Path) -> Footprint:
    found: Footprint = read_footprint(EnricherInput(kind="image", fields={}, original=path, folder=path.parent)).output
    return found


def tiff(path: Path, keys: dict[int, int], tags: dict[int, tuple[float, ...]]) -> Path:
    """Write a small TIFF with GeoKeys and tags of doubles."""
    directory = TiffImagePlugin.ImageFileDirectory_v2()
    directory[34735] = (1, 1, 0, len(keys), *(part for key, value in keys.items() for part in (key, 0, 1, value)))
    directory.tagtype[34735] = 3
    for tag, values in tags.items():
        directory[tag] = values
        directory.tagtype[tag] = 12
    Image.new("L", (100, 50)).save(path, "TIFF", tiffinfo=directory)
    return path


def test_each_file_of_the_collection_lies_where_it_should_or_nowhere(shared: Path) -> None:
    folder = shared / "data/geotiff-samples"
    with (folder / "expected.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["has_footprint"] for row in rows].count("yes") == 16
    for row in rows:
        found = footprint(folder / row["file"])
        if row["has_footprint"] == "no":
            assert (found.corners, found.bounds, found.crs) == ((), None, "")
            assert found.why_none == "The file names no coordinate reference system."
            continue
        assert found.bounds
        wanted = [float(row[name]) for name in ("west_lon", "south_lat", "east_lon", "north_lat")]
        assert list(vars(found.bounds).values()) == pytest.approx(wanted, abs=2e-6), row["file"]
        corners = row["corners_wkt_lonlat"].removeprefix("POLYGON((").removesuffix("))").split(", ")
        for corner, known in zip(found.corners, corners, strict=False):
            assert corner == pytest.approx(tuple(map(float, known.split())), abs=2e-6), row["file"]


def test_a_pixel_has_its_size_on_the_ground(shared: Path) -> None:
    found = footprint(shared / "data/geotiff-samples/files/RGB.byte.tif")
    assert found.pixel_m == pytest.approx((300, 300), abs=1)


def test_a_pixel_whose_middle_is_meant_lies_half_a_pixel_away(tmp_path: Path) -> None:
    tags = {33550: (0.01, 0.01, 0.0), 33922: (0.0, 0.0, 0.0, 133.0, 43.0, 0.0)}
    area = footprint(tiff(tmp_path / "area.tif", WGS84, tags))
    point = footprint(tiff(tmp_path / "point.tif", {**WGS84, 1025: 2}, tags))
    assert area.corners[0] == (133.0, 43.0)
    assert point.corners[0] == (132.995, 43.005)


def test_a_projection_of_its_own_is_not_taken_for_the_degrees_that_it_is_based_on(tmp_path: Path) -> None:
    # UTM zone 52, north, by its projection alone; the coordinates are metres, if they could be degrees.
    keys = {1024: 1, 1025: 1, 2048: 4326, 3072: 32767, 3074: 16052}
    tags = {33550: (0.1, 0.1, 0.0), 33922: (0.0, 0.0, 0.0, 100.0, 50.0, 0.0)}
    found = footprint(tiff(tmp_path / "own.tif", keys, tags))
    assert found.crs.startswith("+proj=utm +zone=52")
    assert found.corners[0] == pytest.approx((124.513, 0.0004), abs=1e-2)


@pytest.mark.parametrize(
    ("step", "west", "bounds"),
    [
        (3.6, -180.0, (-180.0, 180.0)),
        (3.6, 0.0, (-180.0, 180.0)),
        (2.0, -100.0, (-100.0, 100.0)),
        (2.0, 100.0, (100.0, -60.0)),
    ],
)
def test_more_than_half_of_the_earth_is_not_the_rest_of_it(
    step: float, west: float, bounds: tuple[float, float], tmp_path: Path
) -> None:
    tags = {33550: (step, 1.0, 0.0), 33922: (0.0, 0.0, 0.0, west, 25.0, 0.0)}
    found = footprint(tiff(tmp_path / "wide.tif", WGS84, tags)).bounds
    assert found
    assert (found.west, found.east) == pytest.approx(bounds)


@pytest.mark.parametrize(("code", "bounds"), [(3413, (-180.0, 180.0, 90.0)), (3031, (-180.0, 180.0, -90.0))])
def test_a_picture_of_a_pole_reaches_to_it(code: int, bounds: tuple[float, ...], tmp_path: Path) -> None:
    tags = {33550: (20_000.0, 40_000.0, 0.0), 33922: (0.0, 0.0, 0.0, -1e6, 1e6, 0.0)}
    found = footprint(tiff(tmp_path / "pole.tif", {1024: 1, 1025: 1, 3072: code}, tags)).bounds
    assert found
    assert (found.west, found.east, found.north if bounds[2] > 0 else found.south) == bounds


def test_tags_of_another_type_than_they_have_to_be_are_no_place(tmp_path: Path) -> None:
    tags = {33550: (1.0, 1.0, 0.0), 33922: (0.0,) * 6}
    path = tiff(tmp_path / "types.tif", WGS84, tags)
    content = bytearray(path.read_bytes())
    for tag, kind in ((256, 2), (34735, 12)):
        hostile = bytearray(content)
        at = hostile.index(struct.pack("<H", tag), 8)
        hostile[at + 2 : at + 4] = struct.pack("<H", kind)
        path.write_bytes(hostile)
        assert footprint(path).corners == ()


def test_a_turned_picture_has_turned_corners(tmp_path: Path) -> None:
    turned = (0.0, 30.0, 0.0, 500_000.0, 30.0, 0.0, 0.0, 4_700_000.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)
    found = footprint(tiff(tmp_path / "turned.tif", UTM52, {34264: turned}))
    # Columns go north and rows go east.
    assert found.corners[1][1] > found.corners[0][1]
    assert found.corners[3][0] > found.corners[0][0]


def test_across_the_antimeridian_west_is_greater_than_east(tmp_path: Path) -> None:
    tags = {33550: (0.02, 0.02, 0.0), 33922: (0.0, 0.0, 0.0, 179.5, 10.0, 0.0)}
    bounds = footprint(tiff(tmp_path / "fiji.tif", WGS84, tags)).bounds
    assert bounds
    assert (bounds.west, bounds.east) == (179.5, -178.5)


@pytest.mark.parametrize(
    ("keys", "tags", "why"),
    [
        (WGS84, {}, "does not say where its pixels lie"),
        (WGS84, {33922: (0.0, 0.0, 0.0, 133.0, 43.0, 0.0) * 4}, "ground control points alone"),
        (WGS84, {33550: (0.0, 0.0, 0.0), 33922: (0.0,) * 6}, "numbers that can not be"),
        (WGS84, {33550: (float("nan"), 1.0, 0.0), 33922: (0.0,) * 6}, "numbers that can not be"),
        (WGS84, {33550: (9.0, 9.0, 0.0), 33922: (0.0, 0.0, 0.0, 0.0, 400.0, 0.0)}, "not on Earth"),
        ({1024: 1, 3072: 9}, {33550: (1.0, 1.0, 0.0), 33922: (0.0,) * 6}, "is not known: EPSG:9"),
        ({1024: 1, 3072: 32767, 3075: 27}, {33550: (1.0, 1.0, 0.0), 33922: (0.0,) * 6}, "one of its own"),
        ({}, {33550: (1.0, 1.0, 0.0), 33922: (0.0,) * 6}, "names no coordinate reference system"),
    ],
)
def test_what_does_not_say_enough_has_no_footprint(
    keys: dict[int, int], tags: dict[int, Any], why: str, tmp_path: Path
) -> None:
    found = footprint(tiff(tmp_path / "made.tif", keys, tags))
    assert (found.corners, found.bounds) == ((), None)
    assert why in found.why_none


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"II*\0",
        b"II*\0" + b"\xff" * 12,
        b"II+\0\x08\0\0\0" + b"\xff" * 40,
        b"MM\0*\0\0\0\x08\xff\xff" + b"\x87\xaf\0\x03\xff\xff\xff\xff\0\0\0\0" * 600,
        b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHLL", 34735, 3, 20_000, 2**32 - 1),
    ],
)
def test_a_broken_directory_is_a_reason(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "broken.tif"
    path.write_bytes(content)
    assert footprint(path).why_none


def test_it_works_in_the_sandbox(shared: Path) -> None:
    path = shared / "data/geotiff-samples/files/byte.tif"
    module = registry.module_of(ENRICHER)
    with sandbox.run(module, kind="image", fields={}, original=path, limits=Limits()) as outcome:
        assert isinstance(outcome, Done), outcome
        assert outcome.output["called"] == "NAD27 / UTM zone 11N"
        assert outcome.output["bounds"]["west"] == pytest.approx(-117.6421, abs=0.002)
