"""Metadata made to be hostile: each file ends as a result that says what was not read, within the sandbox's limits."""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from enrichment import registry, sandbox
from enrichment.camera_tags import MOST_READS, read_tags
from enrichment.domain import EnricherInput, Limits, PermanentFailure
from enrichment.enrichers.metadata import ENRICHER, read_metadata
from enrichment.xmp import DEEPEST, MOST_PROPERTIES, UnreadableXmp, read_xmp
from tests.enrichment import marked
from tests.enrichment.test_hostile_files import tiff_in_a_circle, tiff_of_many_values

BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>'
OUTSIDE = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'


def xmp_in_png(packet: bytes) -> bytes:
    return marked.png_with((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet))


def makers_note_of_many_bytes() -> bytes:
    """Make a JPEG whose maker's note announces two thousand million bytes."""
    entries = struct.pack("<HHLL", 0x010F, 2, 4, 0) + struct.pack("<HHLL", 0x8769, 4, 1, 38)
    camera = struct.pack("<HHHLLL", 1, 0x927C, 7, 2_000_000_000, 0, 0)
    exif = b"II*\0" + struct.pack("<LH", 8, 2) + entries + struct.pack("<L", 0) + camera
    return marked.jpeg_with(marked.app1_exif(exif))


def thumbnail_of(data: bytes) -> bytes:
    return marked.jpeg_with(marked.app1_exif(marked.exif({}, thumbnail=data)))


HUGE_THUMBNAIL = b"\xff\xd8\xff\xc0\0\x11\x08\xff\xff\xff\xff\3\1\x11\0\2\x11\0\3\x11\0\xff\xd9"
MANY = "".join(f"<dc:d{number}>{number}</dc:d{number}>" for number in range(MOST_PROPERTIES + 10))

MADE: dict[str, tuple[Callable[[], bytes], str]] = {
    "entities": (lambda: xmp_in_png(BOMB), "declares a document type or an entity"),
    "entity of a file": (lambda: xmp_in_png(OUTSIDE), "declares a document type or an entity"),
    "deep": (lambda: xmp_in_png(b"<x>" * 50_000), "more elements, or deeper ones"),
    "wide": (lambda: xmp_in_png(b"<x>" + b"<y/>" * 200_000 + b"</x>"), "more elements, or deeper ones"),
    "cut": (lambda: xmp_in_png(marked.packet()[:200]), "no well-formed XML"),
    "encoding": (lambda: xmp_in_png(b'<?xml version="1.0" encoding="klingon"?><x/>'), "not known here"),
    "10 MB": (lambda: xmp_in_png(marked.packet("<!--" + "a" * 10_000_000 + "-->")), "more than 4 MiB"),
    "text bomb": (
        lambda: marked.png_with((b"zTXt", b"Comment\0\0" + zlib.compress(bytes(80 << 20)))),
        "larger than is read, and is cut",
    ),
    "profile bomb": (
        lambda: marked.png_with((b"iCCP", b"p\0\0" + zlib.compress(bytes(80 << 20)))),
        "larger than is read, and is cut",
    ),
    "no deflate": (lambda: marked.png_with((b"zTXt", b"Comment\0\0xyz")), "can not be unpacked"),
    "chunk": (lambda: b"\x89PNG\r\n\x1a\n" + struct.pack(">L", 1 << 30) + b"tEXtabc", "A chunk is cut short"),
    "segment": (lambda: b"\xff\xd8\xff\xe1\xff\xffExif", "segment before the picture is cut short"),
    "extension": (
        lambda: marked.jpeg_with(
            marked.segment(0xE1, marked.XMP_APP1 + marked.packet(xmp__Label="A" * 32)),
            marked.segment(0xE1, marked.MORE_APP1 + b"A" * 32 + b"\xff\xff\xff\xff\0\0\0\0abc"),
        ),
        "extended XMP is not whole",
    ),
    "maker's note": (makers_note_of_many_bytes, "can not be read (TooMuch)"),
    "thumbnail of noise": (lambda: thumbnail_of(b"\xff\xd8\xff" + bytes(500)), "can not be decoded"),
    "thumbnail of many pixels": (lambda: thumbnail_of(HUGE_THUMBNAIL), "thumbnail"),
    "gif": (lambda: b"GIF89a\1\0\1\0\0\0\0" + b"\x21\xfe\xff" * 2, "cut short"),
    "tiff": (lambda: b"II*\0\x08\0\0\0\xff\xff", "directory of the TIFF is cut short"),
}


def run(content: bytes, folder: Path) -> dict[str, Any]:
    path = folder / "hostile"
    path.write_bytes(content)
    module, limits = registry.module_of(ENRICHER), Limits()
    with sandbox.run(module, kind="image", fields={"file": {}}, original=path, limits=limits) as outcome:
        assert isinstance(outcome, sandbox.Done), outcome
        assert outcome.cpu_seconds < limits.cpu_seconds / 2
        assert outcome.peak_bytes < limits.memory_bytes
        return dict(outcome.output)


@pytest.mark.parametrize("name", MADE)
def test_what_is_hostile_is_named_and_not_read(name: str, tmp_path: Path) -> None:
    make, expected = MADE[name]
    output = run(make(), tmp_path)
    assert any(expected in each for each in output["unread"]), output["unread"]
    assert len(json.dumps(output)) < 100_000


@pytest.mark.parametrize("make", [tiff_in_a_circle, tiff_of_many_values])
def test_directories_in_a_circle_come_to_an_end(make: Callable[[], bytes], tmp_path: Path) -> None:
    assert run(make(), tmp_path)["format"] == "TIFF"
    assert run(marked.jpeg_with(marked.app1_exif(make())), tmp_path)["format"] == "JPEG"


def test_a_camera_whose_tags_never_end_is_given_up() -> None:
    directories = (struct.pack("<HL", 0, 14 + 6 * number) for number in range(MOST_READS))
    tags, said = read_tags(io.BytesIO(b"II*\0" + struct.pack("<L", 8) + b"".join(directories)))
    assert dict(tags) == {}
    assert said == "The camera's tags can not be read (TooMuch)."


def test_lists_and_texts_are_bounded(tmp_path: Path) -> None:
    steps = marked.history(*[("saved", "", "x" * 3000)] * 200)
    output = run(xmp_in_png(marked.packet(steps + MANY)), tmp_path)
    assert (len(output["xmp"]["history"]), output["xmp"]["more"]) == (50, True)
    assert output["xmp"]["properties"] == MOST_PROPERTIES
    texts = [(b"tEXt", b"Comment\0" + b"\0a" * 20_000)] * 100
    output = run(marked.png_with(*texts), tmp_path)
    assert len(output["texts"]) == 30
    assert max(len(each["text"]) for each in output["texts"]) <= 1001
    assert "\0" not in json.dumps(output["texts"], ensure_ascii=False)
    keywords = marked.iim(*[(2, 25, b"k" * 5000)] * 100)
    sets = marked.segment(0xED, b"Photoshop 3.0\0" + marked.resources(keywords)[:60_000])
    output = run(marked.jpeg_with(sets), tmp_path)
    assert len(output["iptc"]["keywords"]) == 11
    assert output["iptc"]["cut"] is True


@pytest.mark.parametrize(
    "data",
    [
        b"\x1c\x02\x78\xff\xff" + b"\xff" * 8,
        b"\x1c\x02\x78\x80\x08" + b"\xff" * 8 + b"abc",
        b"\x1c\x02\x78\x7f\xffshort",
        b"\x1c\x02",
    ],
)
def test_lengths_of_iptc_that_lead_out_of_the_block_end_the_reading(data: bytes, tmp_path: Path) -> None:
    output = run(marked.jpeg_with(marked.app13(marked.iim((2, 90, b"Port")) + data)), tmp_path)
    assert (output["iptc"]["city"], output["iptc"]["datasets"], output["iptc"]["cut"]) == ("Port", 1, True)


def test_resources_with_lengths_of_their_own_are_no_iptc(tmp_path: Path) -> None:
    for resources in (
        b"8BIM",
        b"8BIM\x04\x04\xff",
        b"8BIM\x04\x05\0\0\xff\xff\xff\xff",
        b"8BIM\x04\x04\0\0\xff\xff\xff\xff",
    ):
        content = marked.jpeg_with(marked.segment(0xED, b"Photoshop 3.0\0" + resources))
        assert run(content, tmp_path)["iptc"] is None


def test_markup_and_control_characters_are_data(tmp_path: Path) -> None:
    trouble = "&lt;script>alert(1)&lt;/script> {{7*7}}"
    output = run(xmp_in_png(marked.packet(xmp__CreatorTool=trouble)), tmp_path)
    assert output["xmp"]["creator_tool"] == "<script>alert(1)</script> {{7*7}}"


def test_a_packet_as_deep_as_may_be_is_read_and_a_deeper_one_is_not() -> None:
    inside = DEEPEST - 3
    for depth, reads in ((inside, True), (inside + 1, False)):
        packet = marked.packet("<dc:a>" * depth + "x" + "</dc:a>" * depth)
        if reads:
            assert list(read_xmp(packet).values.values()) == ["x"]
        else:
            with pytest.raises(UnreadableXmp, match="deeper"):
                read_xmp(packet)


def test_a_picture_cut_at_any_place_gives_a_result_or_a_reason(shared: Path, tmp_path: Path) -> None:
    whole = (shared / "data/exif-samples/jpg/Canon_DIGITAL_IXUS_400.jpg").read_bytes()
    path = tmp_path / "cut.jpg"
    for length in range(0, len(whole), 397):
        path.write_bytes(whole[:length])
        try:
            output = read_metadata(EnricherInput(kind="image", fields={}, original=path, folder=tmp_path)).output
        except PermanentFailure:
            assert length < 3
        else:
            assert output.format == "JPEG"
