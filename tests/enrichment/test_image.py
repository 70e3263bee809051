"""Previews: upright, small, without metadata, of named formats alone; and what is too large or broken says so."""

from __future__ import annotations

import csv
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from enrichment import registry, sandbox
from enrichment.domain import EnricherInput, Limits, PermanentFailure, Result
from enrichment.enrichers import image as enricher
from enrichment.enrichers.image import ENRICHER, FRAMES, PREVIEWS, Picture, look
from enrichment.pictures import FORMATS, ORIENTATION


def see(path: Path, folder: Path) -> Result:
    return look(EnricherInput(kind="image", fields={}, original=path, folder=folder))


def picture(path: Path, folder: Path) -> Picture:
    output: Picture = see(path, folder).output
    return output


def reason(path: Path, folder: Path) -> str:
    with pytest.raises(PermanentFailure) as failed:
        see(path, folder)
    return str(failed.value)


TURNS = (None, *Image.Transpose)


def nearest_turn(one: Path, other: Path) -> Image.Transpose | None:
    """Find how the second picture must be turned or mirrored to come nearest to the first."""
    with Image.open(one) as first, Image.open(other) as second:
        size = (64, 64)
        small = first.convert("L").resize(size)
        turned = {
            turn: (second if turn is None else second.transpose(turn)).convert("L").resize(size) for turn in TURNS
        }
    return min(TURNS, key=lambda turn: ImageStat.Stat(ImageChops.difference(small, turned[turn])).sum[0])


# --- upright ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("series", ["landscape", "portrait"])
def test_all_eight_orientations_give_the_same_upright_preview(series: str, shared: Path, tmp_path: Path) -> None:
    folder = shared / "data/exif-samples"
    with (folder / "expected-orientation-pdq.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if f"/{series}_" in row["file"]]
    assert len(rows) == 8
    previews = []
    for row in rows:
        place = tmp_path / row["orientation"]
        place.mkdir()
        result = see(folder / row["file"], place)
        assert result.output.orientation == int(row["orientation"])
        assert (result.output.width, result.output.height) == (int(row["upright_width"]), int(row["upright_height"]))
        previews.append([made.path for made in result.made])
    # Each picture carries a printed number of its own, so they are alike, not equal.
    assert [nearest_turn(previews[0][0], preview) for preview, _ in previews] == [None] * 8
    assert [nearest_turn(previews[0][1], thumb) for _, thumb in previews] == [None] * 8


def test_one_picture_stored_in_eight_ways_has_one_preview(tmp_path: Path) -> None:
    with Image.radial_gradient("L") as circle:
        upright = circle.resize((60, 40)).convert("RGB")
    upright.paste("red", (0, 0, 20, 10))
    # What each orientation asks a reader to do (Exif 3.0, tag 0x0112), undone.
    undone = (
        None, Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.ROTATE_180, Image.Transpose.FLIP_TOP_BOTTOM,
        Image.Transpose.TRANSPOSE, Image.Transpose.ROTATE_90, Image.Transpose.TRANSVERSE, Image.Transpose.ROTATE_270,
    )  # fmt: skip
    previews = set()
    for orientation, turn in enumerate(undone, 1):
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        path = tmp_path / f"{orientation}.png"
        (upright if turn is None else upright.transpose(turn)).save(path, exif=exif)
        previews.add(see(path, tmp_path).made[0].path.read_bytes())
    assert len(previews) == 1


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_is_none_counts_as_upright(orientation: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    path = tmp_path / "made.jpg"
    Image.new("RGB", (30, 20)).save(path, exif=exif)
    seen = picture(path, tmp_path)
    assert (seen.orientation, seen.width, seen.height) == (1, 30, 20)


# --- previews ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "preview", "thumb"),
    [
        ((4000, 3000), (1280, 960), (320, 240)),
        ((1000, 2000), (640, 1280), (160, 320)),
        ((300, 200), (300, 200), (300, 200)),
        ((1, 1), (1, 1), (1, 1)),
        ((5000, 1), (1280, 1), (320, 1)),
    ],
)
def test_previews_fit_into_their_size_and_are_never_enlarged(
    size: tuple[int, int], preview: tuple[int, int], thumb: tuple[int, int], tmp_path: Path
) -> None:
    path = tmp_path / "made.jpg"
    Image.new("RGB", size, "teal").save(path)
    result = see(path, tmp_path)
    assert [made.name for made in result.made] == list(PREVIEWS)
    assert [(made.width, made.height) for made in result.made] == [preview, thumb]
    for made in result.made:
        with Image.open(made.path, formats=["WEBP"]) as shown:
            assert shown.size == (made.width, made.height)


def test_a_preview_carries_nothing_of_the_originals_metadata(shared: Path, tmp_path: Path) -> None:
    for made in see(shared / "data/exif-samples/jpg/hdr/iphone_hdr_YES.jpg", tmp_path).made:
        assert made.media_type == "image/webp"
        data = made.path.read_bytes()
        assert (data[:4], data[8:12]) == (b"RIFF", b"WEBP")
        assert not [chunk for chunk in (b"EXIF", b"XMP ", b"ICCP") if chunk in data]
        assert b"Apple" not in data


@pytest.mark.parametrize(
    ("mode", "ending"),
    [
        ("1", "png"), ("L", "png"), ("LA", "png"), ("P", "gif"), ("P", "png"), ("RGB", "bmp"), ("RGBA", "webp"),
        ("CMYK", "jpg"), ("CMYK", "tif"), ("I;16", "png"), ("I;16", "tif"), ("I", "tif"), ("F", "tif"), ("LAB", "tif"),
    ],
)  # fmt: skip
def test_every_kind_of_pixel_can_be_looked_at(mode: str, ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"made.{ending}"
    with Image.radial_gradient("L") as circle:
        shape = circle.resize((700, 500))
        drawn = shape.convert("RGB").convert("LAB") if mode == "LAB" else shape.convert("I" if mode == "I;16" else mode)
    (drawn.convert("I;16") if mode == "I;16" else drawn).save(path)
    result = see(path, tmp_path)
    assert (result.output.width, result.output.height) == (700, 500)
    with Image.open(result.made[0].path) as shown:
        assert shown.size == (700, 500)
        low, high = shown.convert("L").getextrema()
        assert isinstance(low, int)
        assert high - low > 100


def test_what_is_transparent_stays_so(tmp_path: Path) -> None:
    path = tmp_path / "made.png"
    Image.new("P", (20, 20)).save(path, transparency=0)
    with Image.open(see(path, tmp_path).made[0].path) as shown:
        assert shown.getpixel((5, 5))[3] == 0


def test_satellite_scenes_are_stretched_to_what_an_eye_sees(shared: Path, tmp_path: Path) -> None:
    scenes = sorted((shared / "data/geotiff-samples").rglob("*.tif"))
    assert scenes
    # Two are of kinds that Pillow does not read: four bands of 16 bits, and 64 bits a pixel.
    unread = {"RGBA.uint16.tif", "float.tif"}
    for scene in scenes:
        if scene.name in unread:
            assert reason(scene, tmp_path).startswith("Not a picture in a format")
        else:
            assert see(scene, tmp_path).output.format == "TIFF"


# --- frames -----------------------------------------------------------------------------------------------


def animation(path: Path, frames: int) -> Path:
    drawn = [Image.new("L", (4, 4), number % 250) for number in range(frames)]
    drawn[0].save(path, save_all=True, append_images=drawn[1:])
    return path


@pytest.mark.parametrize(
    ("frames", "counted", "more"),
    [(1, 1, False), (3, 3, False), (FRAMES, FRAMES, False), (FRAMES + 1, FRAMES, True)],
)
def test_frames_are_counted_up_to_a_limit(frames: int, counted: int, more: bool, tmp_path: Path) -> None:
    seen = picture(animation(tmp_path / "made.gif", frames), tmp_path)
    assert (seen.frames, seen.more_frames) == (counted, more)


def test_large_frames_are_counted_up_to_an_effort(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enricher, "FRAME_PIXELS", 4 * 4 * 5)
    seen = picture(animation(tmp_path / "made.gif", 20), tmp_path)
    assert (seen.frames, seen.more_frames) == (5, True)


def test_a_broken_later_frame_is_flagged_and_the_first_one_shown(tmp_path: Path) -> None:
    path = tmp_path / "made.tif"
    drawn = [Image.new("L", (4, 4), number) for number in range(3)]
    drawn[0].save(path, save_all=True, append_images=drawn[1:])
    data = bytearray(path.read_bytes())
    second = _next_directory(data, struct.unpack_from("<L", data, 4)[0])
    struct.pack_into("<H", data, second, 0xFFFF)
    path.write_bytes(data)
    result = see(path, tmp_path)
    assert len(result.made) == 2
    assert {flag.flag for flag in result.flags} == {"picture_damaged"}


def _next_directory(data: bytearray, at: int) -> int:
    entries: int = struct.unpack_from("<H", data, at)[0]
    following: int = struct.unpack_from("<L", data, at + 2 + 12 * entries)[0]
    return following


# --- what is refused --------------------------------------------------------------------------------------


def png_header(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">LLBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">L", 13) + header + struct.pack(">L", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + chunk + b"\0\0\0\0IDAT" + struct.pack(">L", zlib.crc32(b"IDAT"))


@pytest.mark.parametrize("side", [50_000, 10_001, 15_000])
def test_a_picture_that_announces_too_much_is_refused_unread(side: int, tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png_header(side, side))
    assert reason(path, tmp_path) == "The picture announces more than 100,000,000 pixels."


@pytest.mark.parametrize("name", ["decompression_bomb.gif", "oom-225817ca0f8c663be7ab4b9e717b02c661e66834.tif"])
def test_known_bombs_are_refused(name: str, shared: Path, tmp_path: Path) -> None:
    assert reason(shared / "data/pillow-hostile/files" / name, tmp_path)


@pytest.mark.parametrize("name", ["IMG_5195.HEIC", "mobile/HMD_Nokia_8.3_5G_hdr.heif", "mobile/iphone_13_pro_max.HEIC"])
def test_a_heif_picture_says_what_is_missing(name: str, shared: Path, tmp_path: Path) -> None:
    said = reason(shared / "data/exif-samples/heic" / name, tmp_path)
    assert said == "A HEIF picture: what decodes these starts threads, which it may not here."


def test_a_pdf_is_left_to_whoever_draws_its_pages(tmp_path: Path) -> None:
    path = tmp_path / "made.png"
    path.write_bytes(b"%PDF-1.7")
    assert reason(path, tmp_path) == "Not a picture but a PDF: the tool document draws its pages."


@pytest.mark.parametrize(
    "content",
    [
        b"", b"text", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%!PS-Adobe-3.0 EPSF-3.0\n",
        b"\x01\xda\x01\x02\0\x03", b"8BPS\0\x01", b"BLP2\x01\0\0\0", b"qoif", b"\0\0\0\x0cjP  \r\n\x87\n",
    ],
)  # fmt: skip
def test_only_named_formats_are_decoded_whatever_the_name(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "made.png"
    path.write_bytes(content)
    assert reason(path, tmp_path) == f"Not a picture in a format that is decoded here ({', '.join(FORMATS)})."


def test_a_cut_picture_is_refused(shared: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.jpg"
    path.write_bytes((shared / "data/exif-samples/jpg/orientation/landscape_1.jpg").read_bytes()[:9000])
    with pytest.raises(OSError, match="truncated"):
        see(path, tmp_path)


@pytest.mark.parametrize(
    "name",
    ["hopper_bad_exif.jpg", "sugarshack_bad_mpo_header.jpg"],
)
def test_a_fine_picture_with_a_broken_part_is_shown_and_flagged(name: str, shared: Path, tmp_path: Path) -> None:
    result = see(shared / "data/pillow-hostile/files" / name, tmp_path)
    assert len(result.made) == 2
    assert [flag.flag for flag in result.flags] == ["picture_damaged"]


def test_pixels_that_are_no_numbers_have_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "nan.tif"
    Image.new("F", (4, 4), float("nan")).save(path)
    assert "no numbers" in reason(path, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["RGBA", "P", "I;16"])
def test_a_picture_near_the_limit_fits_into_the_sandbox(mode: str, tmp_path: Path) -> None:
    """Nothing that is converted of it stands beside it whole."""
    side = 9_900 if mode != "RGBA" else 8_500
    path = tmp_path / "large.png"
    Image.new(mode, (side, side)).save(path, compress_level=1)
    module = registry.module_of(ENRICHER)
    fields = {"file": {"name": "large.png"}}
    limits = Limits().for_original(path.stat().st_size)
    with sandbox.run(module, kind="image", fields=fields, original=path, limits=limits) as outcome:
        assert isinstance(outcome, sandbox.Done), outcome
        assert [(made.width, made.height) for made in outcome.made] == [(1280, 1280), (320, 320)]
