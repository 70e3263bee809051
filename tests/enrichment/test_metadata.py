"""What else pictures say of themselves: real photographs, and pictures made to say something."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms

from enrichment.contradictions import apart
from enrichment.domain import EnricherInput, PermanentFailure, Result
from enrichment.enrichers.metadata import PictureMetadata, read_metadata
from enrichment.thumbnails import DIFFERS
from tests.enrichment import marked

EXIF_TAKEN, EXIF_OFFSET, EXIF_DIGITISED = 0x9003, 0x9011, 0x9004


def read(path: Path) -> Result:
    folder = path.parent / "made" if path.parent.name != "jpg" else path.parent
    folder.mkdir(exist_ok=True)
    return read_metadata(EnricherInput(kind="image", fields={}, original=path, folder=folder))


def said(content: bytes, folder: Path) -> Result:
    path = folder / "made.bin"
    path.write_bytes(content)
    return read(path)


def found(content: bytes, folder: Path) -> PictureMetadata:
    output: PictureMetadata = said(content, folder).output
    return output


def flags(result: Result) -> dict[str, str]:
    return {flag.flag: flag.detail for flag in result.flags}


# --- real photographs -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def photographs(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    folder = tmp_path_factory.mktemp("made")
    files = sorted((shared / "data/exif-samples/jpg").rglob("*.jpg"))
    assert len(files) == 37
    return {
        path.name: read_metadata(EnricherInput(kind="image", fields={}, original=path, folder=folder)) for path in files
    }


def test_no_thumbnail_of_the_sample_photographs_differs(photographs: dict[str, Result]) -> None:
    likenesses = [each.output.thumbnail.likeness for each in photographs.values() if each.output.thumbnail]
    assert len(likenesses) == 16
    assert min(likenesses) > 0.97
    assert not any("thumbnail_differs" in flags(each) for each in photographs.values())


def test_makers_notes_are_listed_with_those_that_name_somebody(photographs: dict[str, Result]) -> None:
    canon = photographs["Canon_DIGITAL_IXUS_400.jpg"].output
    notes = {each.name: each for each in canon.notes}
    assert notes["MakerNote ImageType"].value == "IMG:DIGITAL IXUS 400 JPEG"
    assert notes["MakerNote OwnerName"].names == "person"
    assert notes["MakerNote ImageType"].names == ""
    assert canon.personal == ("MakerNote OwnerName",)
    assert photographs["87_OSError.jpg"].output.personal == ("EXIF BodySerialNumber",)


def test_xmp_of_real_editors_is_read(photographs: dict[str, Result]) -> None:
    nikon = photographs["Nikon_D70.jpg"].output
    assert nikon.xmp.creator_tool == "Adobe Photoshop CS2 Windows"
    assert (nikon.xmp.created, nikon.xmp.modified) == ("2008-03-15T09:52:01-04:00", "2008-03-15T15:18:33-04:00")
    assert nikon.xmp.document_id == "uuid:7378C2F1C0F2DC1196C89D103988A03E"
    assert nikon.profile == "sRGB IEC61966-2.1"
    assert nikon.comments == ("comment in GIMP 2.4.5",)
    assert nikon.software == ("GIMP 2.4.5", "Adobe Photoshop CS2 Windows")
    lightroom = photographs["87_OSError.jpg"].output
    [step] = lightroom.xmp.history
    assert (step.action, step.when) == ("saved", "2015-11-16T01:59:11-08:00")
    assert step.software == "Adobe Photoshop Lightroom 6.2.1 (Macintosh)"
    assert (lightroom.iptc.charset, lightroom.iptc.created) == ("UTF-8", "2005-12-14T14:39:47")


def test_times_that_contradict_among_the_samples_are_one_editors(photographs: dict[str, Result]) -> None:
    """An editor that wrote when it opened the scan or file, where the model has when the picture was made digital."""
    flagged = {name: flags(each) for name, each in photographs.items() if flags(each)}
    assert flagged == {
        "Pentax_K10D.jpg": {
            "metadata_contradicts": "EXIF says it was made digital 2008-05-04T16:47:24, XMP 2008-05-10T20:55:15+09:00."
        }
    }


# --- thumbnails -------------------------------------------------------------------------------------------


def with_thumbnail(image: Image.Image, thumbnail: Image.Image, *, turn: int = 1) -> bytes:
    inside = marked.exif({}, thumbnail=marked.as_jpeg(thumbnail), turn=turn)
    return marked.jpeg_with(marked.app1_exif(inside), image=image)


def test_a_thumbnail_that_shows_something_else_is_flagged_and_can_be_looked_at(tmp_path: Path) -> None:
    result = said(with_thumbnail(marked.scene(1), marked.scene(2, (160, 120))), tmp_path)
    assert result.output.thumbnail.differs is True
    assert result.output.thumbnail.likeness < DIFFERS
    assert "does not show what the picture shows" in flags(result)["thumbnail_differs"]
    [made] = result.made
    assert (made.name, made.media_type, made.width, made.height) == ("inside_thumbnail", "image/webp", 160, 120)
    with Image.open(made.path) as shown:
        assert (shown.format, shown.size, dict(shown.getexif())) == ("WEBP", (160, 120), {})


def test_a_picture_cropped_after_its_thumbnail_was_made_is_flagged(tmp_path: Path) -> None:
    whole = marked.scene(3, (640, 480))
    result = said(with_thumbnail(whole.crop((0, 0, 200, 240)), whole.resize((160, 120))), tmp_path)
    assert set(flags(result)) == {"thumbnail_differs"}


def barred(image: Image.Image) -> Image.Image:
    bars = Image.new("RGB", (160, 120))
    bars.paste(image.resize((160, 106)), (0, 7))
    return bars


@pytest.mark.parametrize("turn", [1, 3, 6, 8])
def test_a_thumbnail_of_the_same_picture_is_not_flagged_however_it_lies(turn: int, tmp_path: Path) -> None:
    image = marked.scene(4)
    result = said(with_thumbnail(image, image.resize((160, 120)), turn=turn), tmp_path)
    assert result.output.thumbnail.likeness > 0.97
    sideways = turn in {6, 8}
    assert (result.made[0].width, result.made[0].height) == ((120, 160) if sideways else (160, 120))
    assert flags(result) == {}


@pytest.mark.parametrize("size", [(480, 320), (320, 240)])
def test_bars_turns_and_other_brightness_are_no_difference(size: tuple[int, int], tmp_path: Path) -> None:
    image = marked.scene(5, size)
    thumbnail = barred(image) if size == (480, 320) else image.resize((160, 120)).rotate(90, expand=True)
    darker = thumbnail.point(lambda value: value * 0.7)
    assert flags(said(with_thumbnail(image, darker), tmp_path)) == {}


def test_what_has_no_light_and_dark_is_not_compared(tmp_path: Path) -> None:
    result = said(with_thumbnail(Image.new("RGB", (320, 240), "navy"), marked.scene(1, (160, 120))), tmp_path)
    assert (result.output.thumbnail.likeness, result.output.thumbnail.differs) == (None, None)
    assert "too little light and dark" in result.output.thumbnail.reason
    assert len(result.made) == 1


# --- what it says, in each format -------------------------------------------------------------------------


def tiff(**options: Any) -> bytes:
    file = io.BytesIO()
    marked.scene(1).save(file, "TIFF", **options)
    return file.getvalue()


def saved(kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    marked.scene(1).save(file, kind, **options)
    return file.getvalue()


def gif(xmp: bytes) -> bytes:
    trailer = b"\1" + bytes(range(255, -1, -1)) + b"\0"
    data = saved("GIF", comment=b"hello")
    table = 13 + (3 << ((data[10] & 7) + 1) if data[10] & 0x80 else 0)
    return data[:table] + b"\x21\xff\x0bXMP DataXMP" + xmp + trailer + data[table:]


FORMATS = {
    "JPEG": lambda xmp: marked.jpeg_with(marked.segment(0xE1, marked.XMP_APP1 + xmp)),
    "PNG": lambda xmp: marked.png_with((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp)),
    "WebP": lambda xmp: saved("WEBP", xmp=xmp),
    "TIFF": lambda xmp: tiff(tiffinfo={700: xmp}),
    "GIF": gif,
}


@pytest.mark.parametrize("kind", FORMATS)
def test_xmp_is_found_in_each_format(kind: str, tmp_path: Path) -> None:
    inside = (
        marked.history(("created", "2024-05-03T10:20:30+10:00", "Editor 1"), ("saved", "", "Editor 2"))
        + "<dc:creator><rdf:Seq><rdf:li>A. Author</rdf:li></rdf:Seq></dc:creator>"
        + '<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">(c) Somebody</rdf:li></rdf:Alt></dc:rights>'
    )
    simple = {"xmp__CreatorTool": "Editor 1", "photoshop__DateCreated": "2024-05", "xmp__CreateDate": "yesterday"}
    places = {"exif__GPSLatitude": "42,44.4N", "exif__GPSLongitude": "133,4,48W", "xmpMM__InstanceID": "xmp.iid:1"}
    output = found(FORMATS[kind](marked.packet(inside, **simple, **places)), tmp_path)
    assert output.format == kind
    assert output.unread == ()
    assert output.xmp is not None
    assert (output.xmp.creator_tool, output.xmp.date_created, output.xmp.created) == ("Editor 1", "2024-05", "")
    assert [(step.action, step.when) for step in output.xmp.history] == [
        ("created", "2024-05-03T10:20:30+10:00"),
        ("saved", ""),
    ]
    assert (output.xmp.creators, output.xmp.rights) == (("A. Author",), "(c) Somebody")
    assert (output.xmp.lat, output.xmp.lon) == pytest.approx((42.74, -133.08), abs=1e-6)
    assert (output.xmp.properties, output.xmp.instance_id) == (13, "xmp.iid:1")
    assert output.software == ("Editor 1", "Editor 2")
    assert output.personal == ("XMP dc:creator",)


def test_an_extended_packet_is_put_together_and_another_files_is_not(tmp_path: Path) -> None:
    more = marked.packet(marked.history(("saved", "2024-05-03", "Editor 3")))
    guid, half = b"0123456789ABCDEF0123456789ABCDEF", len(more) // 2
    parts = [
        marked.segment(0xE1, marked.MORE_APP1 + name + len(more).to_bytes(4, "big") + at.to_bytes(4, "big") + data)
        for name, at, data in ((guid, half, more[half:]), (guid, 0, more[:half]), (b"F" * 32, 0, b"<x"))
    ]
    main = marked.packet(xmp__CreatorTool="Editor 3", xmp__Label=guid.decode())
    output = found(marked.jpeg_with(marked.segment(0xE1, marked.XMP_APP1 + main), *parts), tmp_path)
    assert output.xmp is not None
    assert [step.software for step in output.xmp.history] == ["Editor 3"]
    assert output.xmp.creator_tool == "Editor 3"


@pytest.mark.parametrize(
    ("declared", "written", "charset", "shown"),
    [
        (b"\x1b%G", "Порт".encode(), "UTF-8", "Порт"),
        (None, "Порт".encode(), "not declared, read as UTF-8", "Порт"),
        (None, "Málaga".encode("latin-1"), "not declared, read as ISO 8859-1", "Málaga"),
        (b"\x1b.A", "Málaga".encode("latin-1"), "ISO 8859-1", "Málaga"),
        (b"\x1b$B", b"ab\xe1", "not known here: 1b 24 42", "ab\ufffd"),
    ],
)
def test_iptc_is_read_in_the_character_set_that_it_names(
    declared: bytes | None, written: bytes, charset: str, shown: str, tmp_path: Path
) -> None:
    sets = [(2, 90, written), (2, 80, b"A. Author"), (2, 25, b"ship"), (2, 25, b"port"), (2, 55, b"20240503")]
    sets += [(2, 60, b"102030+1000")]
    data = marked.iim(*([(1, 90, declared)] if declared else []), *sets)
    for content in (marked.jpeg_with(marked.app13(data)), tiff(tiffinfo={33723: data})):
        output = found(content, tmp_path)
        assert output.iptc is not None
        assert (output.iptc.charset, output.iptc.city) == (charset, shown)
        assert (output.iptc.bylines, output.iptc.keywords) == (("A. Author",), ("ship", "port"))
        assert output.iptc.created == "2024-05-03T10:20:30+10:00"
        assert output.personal == ("IPTC by-line",)


@pytest.mark.parametrize(
    ("day", "time", "created"),
    [
        (b"20240500", b"", "2024-05"),
        (b"20240000", b"", "2024"),
        (b"00000000", b"", ""),
        (b"20240503", b"102030", "2024-05-03T10:20:30"),
        (b"20240503", b"992030", "2024-05-03"),
        (b"20241303", b"", ""),
    ],
)
def test_a_date_of_iptc_is_as_exact_as_it_is_written(day: bytes, time: bytes, created: str, tmp_path: Path) -> None:
    output = found(marked.jpeg_with(marked.app13(marked.iim((2, 55, day), (2, 60, time)))), tmp_path)
    assert output.iptc is not None
    assert output.iptc.created == created


def test_texts_of_a_png_profiles_and_comments_are_given(tmp_path: Path) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert "sRGB" in found(saved("PNG", icc_profile=srgb), tmp_path).profile
    assert "sRGB" in found(saved("WEBP", icc_profile=srgb), tmp_path).profile
    output = found(
        marked.png_with((b"tEXt", b"Software\0Drawer 2"), (b"iTXt", b"Title\0\0\0\0\0" + "Порт".encode())), tmp_path
    )
    assert {each.keyword: each.text for each in output.texts} == {"Software": "Drawer 2", "Title": "Порт"}
    assert output.software == ("Drawer 2",)
    assert found(gif(marked.packet()), tmp_path).comments == ("hello",)
    assert found(marked.jpeg_with(marked.segment(0xFE, b"caf\xe9")), tmp_path).comments == ("café",)


def test_a_picture_that_says_nothing_has_nothing(tmp_path: Path) -> None:
    output = found(saved("PNG"), tmp_path)
    assert (output.xmp, output.iptc, output.thumbnail) == (None, None, None)
    assert (output.notes, output.personal, output.texts, output.comments, output.software) == ((),) * 5


def test_what_is_no_picture_of_these_formats_has_a_reason(tmp_path: Path) -> None:
    with pytest.raises(PermanentFailure, match="Not a picture in a format"):
        said(b"<html>", tmp_path)


# --- contradictions ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        ("2024-05-03T10:20:30", "2024-05-03T10:20:30", False),
        ("2024-05-03T10:20:30", "2024-05-03T10:21:29", False),
        ("2024-05-03T10:20:30", "2024-05-03T10:21:31", True),
        ("2024-05-03T10:20:30", "2024-05-03", False),
        ("2024-05-03T10:20:30", "2024-05-04", True),
        ("2024-05-03T10:20:30", "2024-05", False),
        ("2024-05-03T10:20:30", "2024-05-03T20:20:30+10:00", False),
        ("2024-05-03T10:20:30", "2024-05-06T20:20:30+10:00", True),
        ("2024-05-03T10:20:30Z", "2024-05-03T20:20:30+10:00", False),
        ("2024-05-03T10:20:30Z", "2024-05-03T10:20:30+10:00", True),
        ("9998-12-31", "0002-01-01", True),
        # At the ends of the calendar nothing is told.
        ("9999-12-31", "0001-01-01", False),
    ],
)
def test_times_contradict_only_where_no_zone_makes_them_one(one: str, other: str, differ: bool) -> None:
    assert apart(one, other) is apart(other, one) is differ


def test_times_that_contradict_are_flagged_with_both(tmp_path: Path) -> None:
    camera = {EXIF_TAKEN: b"2024:05:03 10:20:30", EXIF_DIGITISED: b"2024:05:03 10:20:30"}
    exif = marked.app1_exif(marked.exif(camera))
    agree = marked.packet(photoshop__DateCreated="2024-05-03T10:20", xmp__CreateDate="2024-05-03T10:20:30")
    assert flags(said(marked.jpeg_with(exif, marked.segment(0xE1, marked.XMP_APP1 + agree)), tmp_path)) == {}
    other = marked.segment(0xE1, marked.XMP_APP1 + marked.packet(photoshop__DateCreated="2021-01-01T10:20:30"))
    iptc = marked.app13(marked.iim((2, 55, b"20240504")))
    assert flags(said(marked.jpeg_with(exif, other, iptc), tmp_path)) == {
        "metadata_contradicts": "EXIF says it was taken 2024-05-03T10:20:30, XMP 2021-01-01T10:20:30. "
        "EXIF says it was taken 2024-05-03T10:20:30, IPTC 2024-05-04."
    }


@pytest.mark.parametrize(("minutes", "differ"), [("44.4", False), ("44.45", False), ("44.8", True)])
def test_positions_that_contradict_are_flagged_with_both(minutes: str, differ: bool, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (42.0, 44.0, 24.0), 3: "E", 4: (133.0, 4.0, 48.0)}
    xmp = marked.packet(exif__GPSLatitude=f"42,{minutes}N", exif__GPSLongitude="133,4.8E")
    result = said(saved("JPEG", exif=exif, xmp=xmp), tmp_path)
    expected = (
        {"metadata_contradicts": "EXIF has the position 42.74000, 133.08000, XMP 42.74667, 133.08000: 0.7 km apart."}
        if differ
        else {}
    )
    assert flags(result) == expected
