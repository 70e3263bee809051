"""What else a picture says of itself: XMP, IPTC, the maker's notes, colour profile, comments, a thumbnail inside.

All of it is what some program wrote, and can be written by anybody: it says who a file claims to be from, never who it
is from. What is not there says nothing: messengers and social networks remove it. A thumbnail inside that shows
something else than the picture was most often left by an editor that forgot it: it shows what the picture was before.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from PIL import Image

from enrichment import camera_tags, icc, iptc, thumbnails, xmp
from enrichment.camera_tags import Note
from enrichment.contradictions import FAR_M, LATE, Said, contradictions
from enrichment.domain import IMAGES, Enricher, EnricherInput, Flag, Made, PermanentFailure, Result
from enrichment.iptc import Iptc
from enrichment.metadata_blocks import Blocks, read_blocks
from enrichment.pictures import upright

MEDIA = frozenset({"image/jpeg", "image/png", "image/webp", "image/tiff", "image/gif"})

STEPS, NAMES, TEXT = 50, 20, 1000
"""How many steps of a history and how many names are listed; characters of a text."""

QUALITY = 82


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of the history that the XMP has; `when` is EDTF or empty."""

    action: str
    when: str
    software: str


@dataclass(frozen=True, kw_only=True)
class Xmp:
    """Times are EDTF as the packet has them, without a zone where it has none; degrees as the packet's EXIF has them.

    `creator_tool` wrote the file; the ids tell which files were made of which. `more`: not all was read.
    """

    creator_tool: str
    created: str
    modified: str
    metadata_modified: str
    date_created: str
    history: tuple[Step, ...]
    document_id: str
    original_document_id: str
    instance_id: str
    creators: tuple[str, ...]
    rights: str
    lat: float | None
    lon: float | None
    properties: int
    more: bool


@dataclass(frozen=True, kw_only=True)
class PictureText:
    """A text chunk of a PNG; what is longer than 1,000 characters is cut."""

    keyword: str
    text: str


@dataclass(frozen=True, kw_only=True)
class InsideThumbnail:
    """The JPEG that EXIF keeps beside the picture, in pixels as it is stored; `inside_thumbnail` is a copy of it.

    `likeness` is its correlation with the picture (-1 to 1; see `thumbnails`), `differs` whether it is under the bound;
    both None where they could not be compared, for the `reason`.
    """

    width: int
    height: int
    likeness: float | None
    differs: bool | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class PictureMetadata:
    """What the file says; empty or None is what is not there.

    `notes` are tags of the maker's notes, and others that name somebody. Those whose `names` is "person" or "device"
    are personal data, as are XMP's creators and IPTC's by-lines: `personal` has the names of all that are there.
    `software` are all programs that are named anywhere. `unread` are sentences on what is there and can not be read.
    """

    format: str
    xmp: Xmp | None
    iptc: Iptc | None
    notes: tuple[Note, ...]
    more_notes: bool
    personal: tuple[str, ...]
    profile: str
    comments: tuple[str, ...]
    texts: tuple[PictureText, ...]
    software: tuple[str, ...]
    thumbnail: InsideThumbnail | None
    unread: tuple[str, ...]


def read_metadata(given: EnricherInput) -> Result:
    """Read each block, compare what they say with one another and the thumbnail with the picture."""
    assert given.original is not None  # noqa: S101 -- images have an original
    blocks = read_blocks(given.original)
    if blocks is None:
        raise PermanentFailure("Not a picture in a format whose metadata is read here (JPEG, PNG, WebP, TIFF, GIF).")
    tags, inside, unread = _camera(given.original, blocks)
    packet, of_xmp = _packet(blocks)
    of_iptc = iptc.read_iptc(blocks.iptc or iptc.resource(blocks.resources))
    notes, more_notes = camera_tags.notes(tags)
    found_xmp = _xmp(packet) if packet else None
    thumbnail, made, of_thumbnail = _thumbnail(inside, given) if inside else (None, (), "")
    texts = tuple(PictureText(keyword=_clean(name), text=_clean(text)) for name, text in blocks.texts)
    output = PictureMetadata(
        format=blocks.format,
        xmp=found_xmp,
        iptc=of_iptc,
        notes=notes,
        more_notes=more_notes,
        personal=tuple(_personal(notes, found_xmp, of_iptc)),
        profile=_clean(icc.description(blocks.icc)),
        comments=tuple(_comment(each) for each in blocks.comments),
        texts=texts,
        software=tuple(dict.fromkeys(_software(tags, found_xmp, of_iptc, texts)))[:NAMES],
        thumbnail=thumbnail,
        unread=tuple(each for each in (*blocks.broken[:NAMES], unread, of_xmp, of_thumbnail) if each),
    )
    return Result(output=output, made=made, flags=tuple(_flags(output, _said(tags, packet, output))))


def _camera(path: Path, blocks: Blocks) -> tuple[Mapping[str, Any], bytes, str]:
    """Read the camera's tags and the thumbnail's bytes; a TIFF is itself what the other formats have in a block."""
    if not blocks.exif and blocks.format != "TIFF":
        return {}, b"", ""
    with closing(path.open("rb", buffering=0) if blocks.format == "TIFF" else io.BytesIO(blocks.exif)) as raw:
        tags, unread = camera_tags.read_tags(raw)
        return tags, camera_tags.thumbnail(tags, raw), unread


def _packet(blocks: Blocks) -> tuple[xmp.Packet | None, str]:
    if not blocks.xmp:
        return None, ""
    try:
        return xmp.read_xmp(blocks.xmp, *filter(None, [blocks.more_xmp])), ""
    except xmp.UnreadableXmp as error:
        return None, str(error)


def _xmp(packet: xmp.Packet) -> Xmp:
    history = packet.records("xmpMM:History")
    lat, lon = _place(packet)
    return Xmp(
        creator_tool=_clean(packet.first("xmp:CreatorTool")),
        created=xmp.edtf(packet.first("xmp:CreateDate")),
        modified=xmp.edtf(packet.first("xmp:ModifyDate")),
        metadata_modified=xmp.edtf(packet.first("xmp:MetadataDate")),
        date_created=xmp.edtf(packet.first("photoshop:DateCreated")),
        history=tuple(
            Step(
                action=_clean(each.get("stEvt:action", "")),
                when=xmp.edtf(each.get("stEvt:when", "")),
                software=_clean(each.get("stEvt:softwareAgent", "")),
            )
            for each in history[:STEPS]
        ),
        document_id=_clean(packet.first("xmpMM:DocumentID")),
        original_document_id=_clean(packet.first("xmpMM:OriginalDocumentID")),
        instance_id=_clean(packet.first("xmpMM:InstanceID")),
        creators=tuple(_clean(each) for each in packet.all("dc:creator"))[:NAMES],
        rights=_clean(packet.first("dc:rights")),
        lat=lat,
        lon=lon,
        properties=len(packet.values),
        more=packet.more or len(history) > STEPS,
    )


def _place(packet: xmp.Packet) -> tuple[float, float] | tuple[None, None]:
    lat, lon = (xmp.degrees(packet.first(f"exif:GPS{name}")) for name in ("Latitude", "Longitude"))
    # 0, 0 is most often a missing value.
    if lat is None or lon is None or (lat, lon) == (0, 0):
        return None, None
    return round(lat, 7), round(lon, 7)


def _thumbnail(data: bytes, given: EnricherInput) -> tuple[InsideThumbnail | None, tuple[Made, ...], str]:
    """Compare the thumbnail with the picture and keep a copy of it; else say why it can not be shown."""
    assert given.original is not None  # noqa: S101
    try:
        inside = thumbnails.decoded(data)
    except thumbnails.NoThumbnail as error:
        return None, (), str(error)
    likeness, reason = None, ""
    shown = inside
    try:
        picture, orientation = thumbnails.picture_of(given.original)
    # Of a large picture with transparency a second copy would not fit; what the file says is worth having all the same.
    except (PermanentFailure, OSError, SyntaxError, ValueError, MemoryError):
        reason = "The picture can not be decoded, or not in the memory that there is."
    else:
        shown = thumbnails.turned(inside, orientation)
        likeness = thumbnails.likeness(picture, shown)
        reason = "" if likeness is not None else "One of the two has too little light and dark of its own."
    found = InsideThumbnail(
        width=inside.width,
        height=inside.height,
        likeness=None if likeness is None else round(likeness, 3),
        differs=None if likeness is None else likeness < thumbnails.DIFFERS,
        reason=reason,
    )
    return found, (_kept(shown, given.folder),), ""


def _kept(image: Image.Image, folder: Path) -> Made:
    copy = upright(image)
    copy.thumbnail((thumbnails.SHOWN, thumbnails.SHOWN))
    path = folder / "inside_thumbnail.webp"
    copy.save(path, "WEBP", quality=QUALITY, method=4, exif=b"", icc_profile=b"", xmp=b"")
    return Made(name="inside_thumbnail", path=path, media_type="image/webp", width=copy.width, height=copy.height)


def _personal(notes: tuple[Note, ...], found: Xmp | None, of_iptc: Iptc | None) -> Iterator[str]:
    yield from (each.name for each in notes if each.names)
    if found and found.creators:
        yield "XMP dc:creator"
    if of_iptc and of_iptc.bylines:
        yield "IPTC by-line"


def _software(
    tags: Mapping[str, Any], found: Xmp | None, of_iptc: Iptc | None, texts: tuple[PictureText, ...]
) -> Iterator[str]:
    named = [camera_tags.text(tags, name) for name in ("Image Software", "Image ProcessingSoftware")]
    if found:
        named += [found.creator_tool, *(step.software for step in found.history)]
    named += [of_iptc.program] if of_iptc else []
    named += [each.text for each in texts if each.keyword.lower() == "software"]
    return (_clean(name)[:200] for name in named if name)


def _said(tags: Mapping[str, Any], packet: xmp.Packet | None, output: PictureMetadata) -> tuple[Said, list[Said]]:
    """Put together what the camera's tags say of time and place, and what the others say of the same."""
    taken = camera_tags.time(tags, "EXIF DateTimeOriginal", "EXIF OffsetTimeOriginal")
    digitised = camera_tags.time(tags, "EXIF DateTimeDigitized", "EXIF OffsetTimeDigitized")
    camera = Said(where="EXIF", taken=taken, digitised=digitised, position=camera_tags.position(tags))
    others = []
    if packet and output.xmp:
        own = output.xmp
        position = (own.lat, own.lon) if own.lat is not None and own.lon is not None else None
        original = xmp.edtf(packet.first("exif:DateTimeOriginal"))
        others = [
            Said(where="XMP", taken=own.date_created, digitised=own.created, position=position),
            Said(where="XMP's copy of EXIF", taken=original),
        ]
    if output.iptc:
        others.append(Said(where="IPTC", taken=output.iptc.created))
    return camera, others


def _flags(output: PictureMetadata, said: tuple[Said, list[Said]]) -> Iterator[Flag]:
    thumbnail = output.thumbnail
    if thumbnail and thumbnail.differs:
        detail = (
            f"The thumbnail inside the file does not show what the picture shows (likeness {thumbnail.likeness:.2f}; "
            f"under {thumbnails.DIFFERS}): it may show the picture as it was before it was edited."
        )
        yield Flag(flag="thumbnail_differs", detail=detail)
    if found := contradictions(*said):
        yield Flag(flag="metadata_contradicts", detail=" ".join(found))


def _comment(data: bytes) -> str:
    try:
        return _clean(data.decode())
    except UnicodeDecodeError:
        return _clean(data.decode("latin-1"))


def _clean(text: str) -> str:
    text = text.strip(" \0").replace("\0", "\u2400")
    return text if len(text) <= TEXT else f"{text[:TEXT]}…"


ENRICHER = Enricher(
    name="metadata",
    version=1,
    accepts=IMAGES,
    reads=frozenset({"file"}),
    media=MEDIA,
    run=read_metadata,
    tool=lambda: f"ExifRead {version('exifread')}, Pillow {version('Pillow')}",
    parameters={"thumbnail_differs": thumbnails.DIFFERS, "far_m": FAR_M, "late_seconds": LATE.total_seconds()},
)
