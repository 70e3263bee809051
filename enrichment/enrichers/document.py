"""A PDF: pictures of its first pages, its text, what it says of itself, and what in it does more than show; by PDFium.

PDFium draws and reads; it runs no script, opens no embedded file and fetches nothing. Fonts that the file does not
bring are taken from this machine, so a page may look otherwise elsewhere. Who made a document, and when, is what its
file says of itself.
"""

from __future__ import annotations

import ctypes
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from PIL import Image

from enrichment.domain import IMAGES, Enricher, EnricherInput, Flag, Made, PermanentFailure, Result
from enrichment.pdf_facts import ACTS, Acts, acts, edtf
from evidence.when import parse

DRAWN, SIDE, SMALL = 5, 1280, 320
"""How many pages are drawn, and pixels of the longer side of each, and of the first one's small picture."""

DRAW_SECONDS = 4.0
"""Processor seconds for all pages that are drawn: what is not finished then is left out."""

READ, READ_SECONDS = 200, 2.0
"""Of how many pages the text is read, within how many processor seconds."""

ROOM, PAGE_ROOM = 400_000, 9000
"""Bytes of JSON for all texts, and characters of a page."""

SEARCHED = 64 << 20
"""Bytes that are searched for the names of actions."""

NAMES, LONGEST = 50, 300
"""How many names of embedded files are listed; characters of a text that the file says of itself."""

QUALITY = 82


@dataclass(frozen=True, kw_only=True)
class PageText:
    """The text of a page, counted from 1, as PDFium puts it in order; cut after 9,000 characters."""

    page: int
    text: str


@dataclass(frozen=True, kw_only=True)
class Document:
    """What the file says of itself, and what stands in it.

    `created` and `modified` are EDTF, as exact as the file has them, without a zone where it has none. `pages` is what
    the file announces; `drawn` of them have a picture, the first of them `preview` and `thumb`, and `texts` has those
    with a text among the first `read`; `more_text` says that not all of the text is there. `encrypted` is a document
    that opens without a password, with permissions set. `acts` are PDF names that stand in it and mark what does more
    than show a page; `embedded` the names of embedded files, `scripts` how many run when it is opened; in
    `unread_streams` parts of the file such names could not be looked for.
    """

    version: str
    pages: int
    encrypted: bool
    title: str
    author: str
    subject: str
    creator: str
    producer: str
    created: str
    modified: str
    drawn: int
    read: int
    texts: tuple[PageText, ...]
    more_text: bool
    scripts: int
    embedded: tuple[str, ...]
    acts: tuple[str, ...]
    unread_streams: int


def read_document(given: EnricherInput) -> Result:
    """Draw the first pages, read the text, list what the file says of itself."""
    assert given.original is not None  # noqa: S101 -- images have an original
    with given.original.open("rb") as file:
        content = file.read(SEARCHED)
    if b"%PDF-" not in content[:1024]:
        raise PermanentFailure("Not a PDF.")
    document = _opened(given.original)
    pages = len(document)
    made, broken = _drawn(document, given.folder)
    texts, read, more = _texts(document)
    found = _described(document, pages, acts(content))
    output = Document(
        **found, drawn=max(0, len(made) - 1), read=read, texts=texts, more_text=more or read < min(pages, READ + 1)
    )
    return Result(output=output, made=made, flags=(*_flags(output), *broken))


def _opened(path: Path) -> Any:
    import pypdfium2

    try:
        return pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if error.err_code == pypdfium2.raw.FPDF_ERR_PASSWORD:
            raise PermanentFailure("The PDF is encrypted: it needs a password.") from error
        if error.err_code == pypdfium2.raw.FPDF_ERR_SECURITY:
            raise PermanentFailure("The PDF is encrypted in a way that is not known here.") from error
        raise PermanentFailure("The PDF can not be opened: it is damaged, or has no page.") from error


# --- pages ------------------------------------------------------------------------------------------------


def _drawn(document: Any, folder: Path) -> tuple[tuple[Made, ...], list[Flag]]:
    """Draw the first pages, until one is broken or the time is up; say which."""
    import pypdfium2

    until = time.process_time() + DRAW_SECONDS
    made: list[Made] = []
    for number in range(min(DRAWN, len(document))):
        try:
            picture = _page(document[number], until)
        except pypdfium2.PdfiumError:
            return tuple(made), [Flag(flag="document_damaged", detail=f"Page {number + 1} can not be drawn.")]
        if picture is None:
            detail = f"Page {number + 1} takes too long to be drawn; it and those after it have no picture."
            return tuple(made), [Flag(flag="document_page_heavy", detail=detail)]
        made.append(_kept(picture, folder, f"page-{number + 1}" if number else "preview"))
        if not number:
            picture.thumbnail((SMALL, SMALL))
            made.append(_kept(picture, folder, "thumb"))
    return tuple(made), []


def _kept(picture: Image.Image, folder: Path, name: str) -> Made:
    path = folder / f"{name}.webp"
    picture.save(path, "WEBP", quality=QUALITY, method=4, exif=b"", icc_profile=b"", xmp=b"")
    return Made(name=name, path=path, media_type="image/webp", width=picture.width, height=picture.height)


def _page(page: Any, until: float) -> Image.Image | None:
    """Draw a page on white, as large as `SIDE` allows; nothing where it takes longer than `until`."""
    import pypdfium2
    from pypdfium2 import raw

    size = page.get_size()
    if not all(0 < side < float("inf") for side in size):
        raise pypdfium2.PdfiumError("The page has no size.")
    scale = SIDE / max(size)
    width, height = (max(1, min(SIDE, round(side * scale))) for side in size)
    bitmap = pypdfium2.PdfBitmap.new_native(width, height, raw.FPDFBitmap_BGRx)
    bitmap.fill_rect((255, 255, 255, 255), 0, 0, width, height)
    asked = type(raw.IFSDK_PAUSE().NeedToPauseNow)
    pause = raw.IFSDK_PAUSE(version=1, NeedToPauseNow=asked(lambda _: time.process_time() > until))
    whole = (0, 0, width, height, 0, raw.FPDF_ANNOT | raw.FPDF_RENDER_LIMITEDIMAGECACHE)
    state = raw.FPDF_RenderPageBitmap_Start(bitmap, page, *whole, ctypes.byref(pause))
    raw.FPDF_RenderPage_Close(page)
    if state == raw.FPDF_RENDER_TOBECONTINUED:
        return None
    if state != raw.FPDF_RENDER_DONE:
        raise pypdfium2.PdfiumError("The page was not drawn.")
    drawn: Image.Image = bitmap.to_pil()
    return drawn.convert("RGB")


def _texts(document: Any) -> tuple[tuple[PageText, ...], int, bool]:
    """Read the text page by page: those that have some, how many were read, and whether there is more."""
    texts: list[PageText] = []
    read, room, more = 0, ROOM, False
    for number, text in enumerate(_each_text(document), 1):
        read = number
        if not text:
            continue
        more |= len(text) > PAGE_ROOM
        page = PageText(page=number, text=text[:PAGE_ROOM])
        room -= len(json.dumps(page.text))
        if room < 0:
            return tuple(texts), number - 1, True
        texts.append(page)
    return tuple(texts), read, more


def _each_text(document: Any) -> Iterator[str]:
    import pypdfium2

    until = time.process_time() + READ_SECONDS
    for number in range(min(READ, len(document))):
        if time.process_time() > until:
            return
        try:
            page = document[number].get_textpage()
            # One more than is kept tells whether there is more.
            text = page.get_text_range(0, min(page.count_chars(), PAGE_ROOM + 1)).strip()
        except pypdfium2.PdfiumError:
            text = ""
        yield text


# --- what it says of itself -------------------------------------------------------------------------------


def _described(document: Any, pages: int, found: Acts) -> dict[str, Any]:
    from pypdfium2 import raw

    said = {name: document.get_metadata_value(name) for name in ("CreationDate", "ModDate")}
    names = ("Title", "Author", "Subject", "Creator", "Producer")
    number = document.get_version()
    return {
        **{name.lower(): document.get_metadata_value(name).strip()[:LONGEST] for name in names},
        "version": f"{number // 10}.{number % 10}" if number else "",
        "pages": pages,
        "encrypted": raw.FPDF_GetSecurityHandlerRevision(document) != -1,
        "created": edtf(said["CreationDate"]),
        "modified": edtf(said["ModDate"]),
        "scripts": max(0, raw.FPDFDoc_GetJavaScriptActionCount(document)),
        "embedded": tuple(_embedded(document)),
        "acts": found.names,
        "unread_streams": found.unread,
    }


def _embedded(document: Any) -> Iterator[str]:
    import pypdfium2

    for number in range(min(NAMES, document.count_attachments())):
        try:
            yield document.get_attachment(number).get_name()[:LONGEST]
        except pypdfium2.PdfiumError:
            yield ""


def _flags(output: Document) -> Iterator[Flag]:
    told = [ACTS[name] for name in output.acts]
    if told:
        yield Flag(flag="document_acts", detail=f"The PDF holds more than pages: {', '.join(told)}.")
    begun, ended = (parse(time) if time else None for time in (output.created, output.modified))
    if begun and ended and begun.earliest and ended.latest and begun.earliest > ended.latest:
        detail = f"The PDF says it was made {output.created}, after it was last modified, {output.modified}."
        yield Flag(flag="document_times_contradict", detail=detail)


def _missing() -> str:
    return "" if find_spec("pypdfium2") else "pypdfium2 (requirements-extras.txt)"


def _tool() -> str:
    if _missing():
        return "pypdfium2"
    from pypdfium2.version import PDFIUM_INFO

    return f"pypdfium2 {version('pypdfium2')}, PDFium {PDFIUM_INFO.build}, Pillow {version('Pillow')}"


ENRICHER = Enricher(
    name="document",
    version=1,
    accepts=IMAGES,
    reads=frozenset({"file"}),
    media=frozenset({"application/pdf"}),
    run=read_document,
    tool=_tool,
    parameters={"drawn": DRAWN, "side": SIDE, "small": SMALL, "read": READ, "searched": SEARCHED},
    missing=_missing,
)
