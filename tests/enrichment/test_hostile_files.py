"""Hostile pictures through the real sandbox: each ends, within its limits, as a result or a reason, and stays as it is.

All enrichers share one child for each file.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.enrichment.examining import Answers, examine, examine_all

COPIES = 16
DECODED = {"JPEG", "MPO", "PNG", "GIF", "WEBP", "TIFF", "BMP"}


def answers(path: Path) -> Answers:
    return examine("image", {"file": {"name": path.name, "media_type": "image/png"}}, path)


def reason(path: Path, enricher: str = "image") -> str:
    answer = answers(path)[enricher]
    assert answer["failure"]["permanent"] is True
    said: str = answer["failure"]["reason"]
    return said


# --- files that once broke an image library ---------------------------------------------------------------


@pytest.mark.slow
def test_no_known_hostile_file_ends_a_child_or_gives_more_than_a_small_picture(shared: Path) -> None:
    files = sorted(path for path in (shared / "data/pillow-hostile/files").rglob("*") if path.is_file())
    assert len(files) == 47
    shown = set()
    for path in files:
        found = answers(path)
        assert found["file_identity"]["output"]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        picture = found["image"].get("output")
        if picture:
            shown.add(path.name)
            assert picture["format"] in DECODED
    assert shown == {"hopper_bad_exif.jpg", "sugarshack_bad_mpo_header.jpg", "decompression_bomb_extents.gif"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("folder", "least"), [("warc-samples/files", 15), ("json-parsing-suite", 3), ("naughty-strings", 5)]
)
def test_what_is_no_picture_at_all_is_identified_and_has_a_reason(folder: str, least: int, shared: Path) -> None:
    files = sorted(path for path in (shared / "data" / folder).rglob("*") if path.is_file())
    assert len(files) >= least
    for path in files:
        found = answers(path)
        assert found["file_identity"]["output"]["size"] == path.stat().st_size
        assert found["image"]["failure"]["permanent"] is True


def batched(inputs: Sequence[Any], some: int = 40) -> Iterator[Sequence[Any]]:
    """Give some at a time: what is cheap to read shares a child, and the limits on it."""
    for first in range(0, len(inputs), some):
        yield inputs[first : first + some]


def sighting(text: str) -> dict[str, Any]:
    subject = dict.fromkeys(("name", "imo", "mmsi", "flag", "call_sign"), text)
    return {"subject": subject, "place": {"name": text, "lat": 42.74, "lon": 133.08}, "when": text}


@pytest.mark.processes
@pytest.mark.slow
def test_each_case_of_the_parsing_suite_ends_as_a_picture_that_is_none(shared: Path) -> None:
    cases = json.loads((shared / "data/json-parsing-suite/cases.json").read_text())["cases"]
    assert len(cases) > 300
    for some in batched(cases):
        for found in examine_all("image", [{"file": {"name": "case.json"}, "bytes": case["base64"]} for case in some]):
            assert "failure" in found["image"]


@pytest.mark.processes
@pytest.mark.slow
def test_each_naughty_string_is_read_as_a_statement_and_as_a_sighting(shared: Path) -> None:
    strings = json.loads((shared / "data/naughty-strings/blns.json").read_text())
    assert len(strings) > 400
    for some in batched(strings):
        for found in examine_all("statement", [{"text": naughty} for naughty in some]):
            assert "output" in found["text"]
        examine_all("sighting", [sighting(naughty) for naughty in some])


# --- files made to be hostile -----------------------------------------------------------------------------


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">L", len(data)) + name + data + struct.pack(">L", zlib.crc32(name + data))


def png(side: int, *chunks: bytes) -> bytes:
    header = chunk(b"IHDR", struct.pack(">LLBBBBB", side, side, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + chunk(b"IEND", b"")


def jpeg(size: int = 300, **options: Any) -> bytes:
    file = io.BytesIO()
    Image.effect_noise((size, size), 60).save(file, "JPEG", **options)
    return file.getvalue()


def gif_of_frames(number: int) -> bytes:
    frame = b",\0\0\0\0\1\0\1\0\0" + b"\2\2\x4c\1\0"
    return b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff" + frame * number + b";"


def tiff_in_a_circle() -> bytes:
    """Make a TIFF whose directory is followed by itself and holds itself, as EXIF and as GPS directory."""
    tags = [(0x0100, 4, 1, 4), (0x0101, 4, 1, 4), (0x8769, 4, 1, 8), (0x8825, 4, 1, 8), (0x014A, 4, 1, 8)]
    entries = b"".join(struct.pack("<HHLL", *tag) for tag in tags)
    return b"II*\0" + struct.pack("<L", 8) + struct.pack("<H", len(tags)) + entries + struct.pack("<L", 8)


def tiff_of_many_values() -> bytes:
    """Make a TIFF whose one tag announces four thousand million values."""
    entry = struct.pack("<HHLL", 0x010F, 5, 0xFFFFFFFF, 8)
    return b"II*\0" + struct.pack("<LH", 8, 1) + entry + struct.pack("<L", 0)


def heif_of_boxes(depth: int) -> bytes:
    inner = b""
    for _ in range(depth):
        inner = struct.pack(">L", 12 + len(inner)) + b"meta\0\0\0\0" + inner
    return b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + inner


MADE: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty.jpg": (lambda: b"", "Not a picture in a format"),
    "cut.jpg": (lambda: jpeg()[:9000], "truncated"),
    "postscript.png": (
        lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        "Not a picture in a format",
    ),
    "bomb.png": (lambda: png(50_000, chunk(b"IDAT", zlib.compress(bytes(1000)))), "more than 100,000,000 pixels"),
    "bomb.jpg": (
        lambda: b"\xff\xd8\xff\xc0\0\x11\x08\xff\xff\xff\xff\3\1\x11\0\2\x11\0\3\x11\0\xff\xd9",
        "more than 100,000,000 pixels",
    ),
    "text-bomb.png": (
        lambda: png(4, chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(50 << 20))), chunk(b"IDAT", b"")),
        "can not be read",
    ),
    "no-data.png": (lambda: png(4), "can not be read"),
    "circle.tif": (tiff_in_a_circle, "Not a picture in a format"),
    "values.tif": (tiff_of_many_values, "Not a picture in a format"),
    "boxes.heic": (lambda: heif_of_boxes(5000), "A HEIF picture"),
    "script.png": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "Not a picture in a format"),
    "noise.jpg": (lambda: b"\xff\xd8\xff" + hashlib.shake_256(b"seed").digest(50_000), "Not a picture in a format"),
}


@pytest.mark.parametrize("name", MADE)
def test_a_file_made_to_be_hostile_has_a_reason(name: str, tmp_path: Path) -> None:
    make, expected = MADE[name]
    path = tmp_path / name
    path.write_bytes(make())
    assert expected in reason(path)


def test_a_million_frames_are_a_picture_of_many(tmp_path: Path) -> None:
    path = tmp_path / "frames.gif"
    path.write_bytes(gif_of_frames(1_000_000))
    picture = answers(path)["image"]["output"]
    assert (picture["frames"], picture["more_frames"]) == (1000, True)


def test_texts_in_a_picture_are_only_data(tmp_path: Path) -> None:
    trouble = [
        "<script>alert(1)</script>",
        "\x1b[31mred\x07",
        "a\r\nSet-Cookie: b",
        "{{7*7}}${7*7}",
        "=cmd|' /C calc'!A0",
    ]
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0131] = trouble[0], trouble[1], "\r\n".join(trouble[2:])
    path = tmp_path / "trouble.jpg"
    path.write_bytes(jpeg(exif=exif))
    found = answers(path)["exif"]["output"]
    assert (found["make"], found["model"]) == (trouble[0], trouble[1])
    assert found["software"] == "\r\n".join(trouble[2:])


def test_a_picture_that_is_a_page_too_gives_a_picture_and_a_flag(tmp_path: Path) -> None:
    path = tmp_path / "page.jpg"
    path.write_bytes(jpeg(comment=b"<html><script>alert(1)</script></html>"))
    found = answers(path)
    assert found["image"]["output"]["format"] == "JPEG"
    assert [flag["flag"] for flag in found["file_identity"]["flags"]] == ["type_contradicts_content", "polyglot"]


@pytest.mark.slow
def test_broken_copies_of_a_picture_end_one_way_or_the_other(shared: Path, tmp_path: Path) -> None:
    whole = bytearray((shared / "data/exif-samples/jpg/mobile/HMD_Nokia_8.3_5G.jpg").read_bytes())
    random = hashlib.shake_256(b"waterline").digest(COPIES * 64 * 4)
    for copy in range(COPIES):
        broken = bytearray(whole)
        for place in range(64):
            [value] = struct.unpack_from("<L", random, 4 * (64 * copy + place))
            # Half of the bytes lie in the metadata at the beginning, where the parsers are.
            at = (value >> 8) % (20_000 if place % 2 else len(broken))
            broken[at] = value & 0xFF
        path = tmp_path / f"{copy}.jpg"
        path.write_bytes(broken)
        assert answers(path)["file_identity"]["output"]["size"] == len(whole)
