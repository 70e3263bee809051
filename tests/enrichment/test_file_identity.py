"""What the bytes are, whatever the name and the client say: types by content, hashes, second formats."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from enrichment.domain import EnricherInput, Result
from enrichment.enrichers.file_identity import CHUNK, FileIdentity, identify


def judge(content: bytes, folder: Path, **file: Any) -> Result:
    path = folder / "stored"
    path.write_bytes(content)
    return identify(EnricherInput(kind="image", fields={"file": file}, original=path, folder=folder))


def flags(content: bytes, folder: Path, **file: Any) -> dict[str, str]:
    return {flag.flag: flag.detail for flag in judge(content, folder, **file).flags}


def drawn(format_: str, **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, format_, **options)
    return file.getvalue()


def archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("a.txt", "b")
    return file.getvalue()


# --- hashes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "md5", "sha1", "sha256"),
    [
        # RFC 1321, appendix A.5; FIPS 180-2, appendices A and B.
        (
            b"abc",
            "900150983cd24fb0d6963f7d28e17f72",
            "a9993e364706816aba3e25717850c26c9cd0d89d",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        (
            b"",
            "d41d8cd98f00b204e9800998ecf8427e",
            "da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ),
    ],
)
def test_hashes_are_those_of_the_standards(content: bytes, md5: str, sha1: str, sha256: str, tmp_path: Path) -> None:
    output: FileIdentity = judge(content, tmp_path).output
    assert (output.md5, output.sha1, output.sha256, output.size) == (md5, sha1, sha256, len(content))


def test_a_file_of_several_pieces_is_hashed_whole(tmp_path: Path) -> None:
    content = bytes(range(256)) * (CHUNK // 256) * 2 + b"end"
    output: FileIdentity = judge(content, tmp_path).output
    assert output.sha256 == hashlib.sha256(content).hexdigest()
    assert output.size == 2 * CHUNK + 3


# --- types ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (drawn("JPEG"), "image/jpeg"),
        (drawn("PNG"), "image/png"),
        (drawn("GIF"), "image/gif"),
        (drawn("TIFF"), "image/tiff"),
        (drawn("BMP"), "image/bmp"),
        (drawn("WEBP"), "image/webp"),
        (b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 ", "image/jp2"),
        (b"\0\0\0\x18ftypavif", "image/avif"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "image/svg+xml"),
        (b"<?xml version='1.0'?>\n<!-- a -->\n<svg/>", "image/svg+xml"),
        (b"\n <!DOCTYPE html><title>a</title>", "text/html"),
        (b"<script>alert(1)</script>", "text/html"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "application/postscript"),
        (archive(), "application/zip"),
        (b"BM is how many a text begins, and no picture.", ""),
        (b"RIFF is not enough, nor is WEBP at 8", ""),
        (b"a few words", ""),
        (b"", ""),
    ],
)
def test_the_type_is_judged_by_content(content: bytes, media_type: str, tmp_path: Path) -> None:
    assert judge(content, tmp_path, name="a.png", media_type="image/png").output.media_type == media_type


def test_every_photograph_is_known_and_in_harmony_with_its_name(shared: Path) -> None:
    folder = shared / "data/exif-samples"
    types = {"JPEG": {"image/jpeg"}, "HEIC": {"image/heic", "image/heif"}}
    with (folder / "expected.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            path = folder / row["file"]
            fields = {"file": {"name": path.name}}
            result = identify(EnricherInput(kind="image", fields=fields, original=path, folder=folder))
            assert result.output.media_type in types[row["format"]], path.name
            assert result.flags == (), path.name


# --- contradictions ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "name", "detail"),
    [
        (b"<!doctype html><p>a", "a.png", "The name ends in .png; the content is text/html."),
        (b"%!PS-Adobe-3.0", "a.png", "The name ends in .png; the content is application/postscript."),
        (drawn("JPEG"), "a.PNG", "The name ends in .png; the content is image/jpeg."),
        (drawn("PNG"), "a.exe", "The name ends in .exe; the content is image/png."),
        (b"a few words", "a.jpg", "The name ends in .jpg; the content is of no known type."),
        (b"", "a.jpg", "The name ends in .jpg; the content is of no known type."),
    ],
)
def test_a_name_that_contradicts_the_content_is_flagged(content: bytes, name: str, detail: str, tmp_path: Path) -> None:
    assert flags(content, tmp_path, name=name) == {"name_contradicts_content": detail}


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (drawn("JPEG"), "a.jpeg"), (drawn("JPEG"), "a.JPG"), (drawn("JPEG"), "a"), (drawn("JPEG"), ".jpg"),
        (drawn("TIFF"), "a.tif"), (drawn("PNG"), "../../a\u202egnp.png"), (b"a few words", "a.txt"), (b"", "a"),
    ],
)  # fmt: skip
def test_a_name_that_fits_or_says_nothing_is_not_flagged(content: bytes, name: str, tmp_path: Path) -> None:
    assert flags(content, tmp_path, name=name) == {}


@pytest.mark.parametrize(
    ("said", "flagged"),
    [
        ("image/jpeg", False), ("image/jpg", False), ("IMAGE/JPEG; q=1", False), ("", False),
        ("application/octet-stream", False), ("image/png", True), ("text/html", True),
    ],
)  # fmt: skip
def test_a_client_that_contradicts_the_content_is_flagged(said: str, flagged: bool, tmp_path: Path) -> None:
    assert ("type_contradicts_content" in flags(drawn("JPEG"), tmp_path, media_type=said)) is flagged


# --- two formats in one -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "second"),
    [
        (drawn("JPEG", comment=b"<html><script>alert(1)</script>"), "HTML"),
        (drawn("JPEG") + b"<script>alert(1)</script>", "HTML"),
        (drawn("PNG") + archive(), "a ZIP archive"),
        (drawn("GIF").replace(b"GIF87a", b"GIF89a") + b"<svg onload=alert(1)>", "HTML"),
        (drawn("JPEG", comment=b"%PDF-1.7"), "a PDF"),
        (drawn("JPEG", comment=b"%PDF-1.7<script>") + archive(), "HTML and a ZIP archive and a PDF"),
    ],
)
def test_a_polyglot_is_flagged_with_what_else_it_is(content: bytes, second: str, tmp_path: Path) -> None:
    [(flag, detail)] = flags(content, tmp_path).items()
    assert flag == "polyglot"
    assert detail.endswith(f"the file can be read as {second}.")


def test_markup_past_the_middle_of_a_large_file_is_seen(tmp_path: Path) -> None:
    content = drawn("JPEG") + bytes(1 << 20) + b"<script>" + bytes(1 << 10)
    assert set(flags(content, tmp_path)) == {"polyglot"}


def test_ordinary_pictures_are_no_polyglots(shared: Path, tmp_path: Path) -> None:
    for path in sorted((shared / "data").glob("*/**/*.jpg")):
        given = EnricherInput(kind="image", fields={"file": {"name": path.name}}, original=path, folder=tmp_path)
        assert [flag for flag in identify(given).flags if flag.flag == "polyglot"] == [], path
