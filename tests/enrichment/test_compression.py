"""How JPEGs were compressed: tables that are known, error levels that differ, and files made to be hostile."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from enrichment import jpeg
from enrichment.domain import EnricherInput, PermanentFailure, Result
from enrichment.enrichers.compression import CAUTION, CompressionFindings, read_jpeg
from tests.enrichment.test_hostile_files import jpeg as noise


def see(path: Path) -> Result:
    folder = path.parent / "made"
    folder.mkdir(exist_ok=True)
    return read_jpeg(EnricherInput(kind="image", fields={}, original=path, folder=folder))


def saved(path: Path, **options: object) -> CompressionFindings:
    with Image.radial_gradient("L") as circle:
        Image.merge("RGB", (circle, circle.rotate(90), circle)).save(path, "JPEG", **options)
    found: CompressionFindings = see(path).output
    return found


@pytest.mark.parametrize("quality", [1, 25, 49, 50, 75, 90, 95, 100])
def test_the_quality_of_the_usual_library_is_found_exactly(quality: int, tmp_path: Path) -> None:
    found = saved(tmp_path / "a.jpg", quality=quality)
    assert (found.ijg_quality, found.ijg_exact, found.tables) == (quality, True, 2)


@pytest.mark.parametrize(("subsampling", "name"), [(0, "4:4:4"), (1, "4:2:2"), (2, "4:2:0")])
def test_subsampling_frames_and_scans_are_named(subsampling: int, name: str, tmp_path: Path) -> None:
    found = saved(tmp_path / "a.jpg", subsampling=subsampling)
    assert (found.subsampling, found.frame, found.bits, found.scans) == (name, "baseline", 8, 1)
    progressive = saved(tmp_path / "b.jpg", subsampling=subsampling, progressive=True)
    assert progressive.frame == "progressive"
    assert progressive.scans > 5


def test_the_fingerprint_is_that_of_the_tables_and_not_of_the_picture(tmp_path: Path) -> None:
    one, other = saved(tmp_path / "a.jpg", quality=80), saved(tmp_path / "b.jpg", quality=81)
    Image.new("RGB", (64, 64), "navy").save(tmp_path / "c.jpg", quality=80)
    assert one.tables_sha256 != other.tables_sha256
    assert see(tmp_path / "c.jpg").output.tables_sha256 == one.tables_sha256


def test_tables_are_read_as_the_image_library_reads_them(shared: Path) -> None:
    for path in sorted((shared / "data/exif-samples/jpg").glob("*.jpg")):
        with Image.open(path) as image:
            known = image.quantization  # type: ignore[attr-defined]
        found = jpeg.read_compression(path).tables
        assert {number: sorted(table) for number, table in found.items()} == {
            number: sorted(table) for number, table in known.items()
        }


def test_what_was_pasted_in_stands_out_among_the_error_levels(tmp_path: Path) -> None:
    """A region that was never compressed loses more than what was, many times."""
    rng = np.random.default_rng(5)
    texture = rng.normal(128, 20, (256, 256, 3)).clip(0, 255).astype("uint8")
    base = Image.fromarray(texture)
    for _ in range(3):
        buffer = io.BytesIO()
        base.save(buffer, "JPEG", quality=60)
        base = Image.open(buffer).convert("RGB")
    base.paste(Image.fromarray(texture[:64, :64]), (96, 96))
    path = tmp_path / "pasted.jpg"
    base.save(path, "JPEG", quality=97)
    result = see(path)
    assert result.output.error_levels == CAUTION
    [made] = result.made
    with Image.open(made.path) as drawn:
        levels = np.asarray(drawn.convert("L"), dtype=float)
    assert levels[100:156, 100:156].mean() > 1.5 * levels[:80, :80].mean()


@pytest.mark.parametrize("quality", [70, 95])
def test_error_levels_can_be_seen_however_small_they_are(quality: int, tmp_path: Path) -> None:
    path = tmp_path / "noise.jpg"
    path.write_bytes(noise(quality=quality))
    result = see(path)
    [made] = result.made
    with Image.open(made.path) as drawn:
        assert np.percentile(np.asarray(drawn.convert("L")), 99.5) > 150
    assert 1 < result.output.amplified < 60


def test_error_levels_are_upright_and_carry_nothing_of_the_file(shared: Path, tmp_path: Path) -> None:
    path = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "A maker"
    Image.new("RGB", (200, 100), "navy").save(path, exif=exif)
    [made] = see(path).made
    assert (made.width, made.height) == (100, 200)
    assert b"A maker" not in made.path.read_bytes()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8\xff\xdb\xff\xff",
        b"\xff\xd8" + b"\xff\xdb\0\2" * 5000,
        b"\xff" * 5000,
    ],
)
def test_what_is_no_jpeg_has_a_reason(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    with pytest.raises(PermanentFailure):
        see(path)


def test_a_cut_file_has_its_tables_and_no_error_levels(tmp_path: Path) -> None:
    path = tmp_path / "cut.jpg"
    path.write_bytes(noise(size=400)[:9000])
    result = see(path)
    assert result.output.ijg_quality == 75
    assert result.made == ()
    assert result.output.amplified is None
    assert "can not be decoded whole" in result.output.error_levels
