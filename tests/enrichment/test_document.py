"""PDFs: pages to look at, text, what a file says of itself, what acts in it; and files made to be hostile."""

from __future__ import annotations

import base64
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest
from PIL import Image, ImageStat

from enrichment import registry, sandbox
from enrichment.domain import EnricherInput, Limits, PermanentFailure, Result
from enrichment.enrichers import document as enricher
from enrichment.enrichers.document import DRAWN, PAGE_ROOM, READ, SIDE, Document, read_document
from enrichment.pdf_facts import acts, edtf
from ledger.actors import Actor
from tests.enrichment.examining import Answers, examine_all
from tests.enrichment.jobs import results, submit_picture, work
from tests.enrichment.papers import CATALOG, TREE, page_pdf, pdf, stream, text_pdf
from tests.enrichment.test_hostile_files import batched
from workspace.board import picture


def see(content: bytes, folder: Path) -> Result:
    path = folder / "made.pdf"
    path.write_bytes(content)
    return read_document(EnricherInput(kind="image", fields={}, original=path, folder=folder))


def told(content: bytes, folder: Path) -> Document:
    output: Document = see(content, folder).output
    return output


def reason(content: bytes, folder: Path) -> str:
    with pytest.raises(PermanentFailure) as failed:
        see(content, folder)
    return str(failed.value)


# --- pages and text ---------------------------------------------------------------------------------------


def test_the_first_pages_are_drawn_and_the_first_has_a_small_picture(tmp_path: Path) -> None:
    result = see(text_pdf(*(f"Page {number}" for number in range(1, 8))), tmp_path)
    names = ["preview", "thumb", *(f"page-{number}" for number in range(2, DRAWN + 1))]
    assert [made.name for made in result.made] == names
    assert {max(made.width or 0, made.height or 0) for made in result.made} == {SIDE, 320}
    assert (result.output.pages, result.output.drawn) == (7, DRAWN)
    with Image.open(result.made[0].path) as page:
        assert page.size == (960, 1280)
        # Black letters on white paper.
        assert ImageStat.Stat(page.convert("L")).extrema[0][0] < 60 < 250 < ImageStat.Stat(page.convert("L")).mean[0]


def test_the_text_is_given_page_by_page(tmp_path: Path) -> None:
    found = told(text_pdf("Tanker at berth 4", "", "Loaded 2400 t"), tmp_path)
    assert [(each.page, each.text) for each in found.texts] == [(1, "Tanker at berth 4"), (3, "Loaded 2400 t")]
    assert (found.read, found.more_text) == (3, False)


def test_a_long_page_is_cut_and_it_is_said(tmp_path: Path) -> None:
    found = told(text_pdf("berth " * 2000), tmp_path)
    assert len(found.texts[0].text) == PAGE_ROOM
    assert found.more_text


def test_more_pages_than_are_read_are_said_to_be_there(tmp_path: Path) -> None:
    found = told(text_pdf(*["x"] * (READ + 1)), tmp_path)
    assert (found.pages, found.read, found.more_text) == (READ + 1, READ, True)


# --- what it says of itself -------------------------------------------------------------------------------


def test_what_the_file_says_of_itself_is_kept_with_its_zone(tmp_path: Path) -> None:
    info = (
        b"/Title (Manifest) /Producer (Scanner 2) /Creator (Office) /Author (\xfe\xff\x04\x10\x04\x3d)"
        b" /CreationDate (D:20240503101500+09'00') /ModDate (D:20240504)"
    )
    found = told(text_pdf("x", info=info), tmp_path)
    assert (found.title, found.producer, found.creator, found.author) == ("Manifest", "Scanner 2", "Office", "Ан")
    assert (found.created, found.modified) == ("2024-05-03T10:15:00+09:00", "2024-05-04")
    assert (found.version, found.encrypted) == ("1.7", False)


def test_a_document_that_was_made_after_it_was_modified_is_flagged(tmp_path: Path) -> None:
    info = b"/CreationDate (D:20240503000000Z) /ModDate (D:20230101000000Z)"
    assert [flag.flag for flag in see(text_pdf("x", info=info), tmp_path).flags] == ["document_times_contradict"]


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("D:20240503101500Z", "2024-05-03T10:15:00Z"),
        ("D:20240503101500Z00'00'", "2024-05-03T10:15:00Z"),
        ("D:20240503101500-0430", "2024-05-03T10:15:00-04:30"),
        ("D:20240503101500", "2024-05-03T10:15:00"),
        ("20240503", "2024-05-03"),
        ("D:202405", "2024-05"),
        ("D:2024", "2024"),
        ("D:2024050310+09", "2024-05-03"),
        ("D:20241301", ""),
        ("D:00000000", ""),
        ("yesterday", ""),
        ("", ""),
    ],
)
def test_a_date_is_as_exact_as_the_file_has_it(date: str, expected: str) -> None:
    assert edtf(date) == expected


# --- what acts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "name"),
    [
        (b"<< /S /JavaScript /JS (app.alert(1)) >>", "JavaScript"),
        (b"<< /S /J#61vaScript /JS (app.alert(1)) >>", "JavaScript"),
        (b"<< /S /Launch /F (calc.exe) >>", "Launch"),
        (b"<< /S /SubmitForm /F (https://example.org) >>", "SubmitForm"),
    ],
)
def test_what_does_more_than_show_a_page_is_a_fact_and_a_flag(action: bytes, name: str, tmp_path: Path) -> None:
    result = see(text_pdf("x", catalog=b"/OpenAction " + action), tmp_path)
    assert result.output.acts == (name,)
    assert [flag.flag for flag in result.flags] == ["document_acts"]


def test_an_action_in_a_deflated_stream_is_found_and_one_that_can_not_be_read_is_counted() -> None:
    whole = stream(b"1 0 << /S /JavaScript /JS (x) >>", b"/Type /ObjStm /N 1 /First 4")
    broken = stream(b"\0 no deflated stream", b"/Type /ObjStm /N 1 /First 4", deflated=False)
    found = acts(pdf([CATALOG % b"", whole, broken]))
    assert (found.names, found.unread) == (("JavaScript",), 1)


def test_a_name_that_only_begins_like_one_is_none() -> None:
    assert acts(b"%PDF-1.7 /Launcher /JavaScripts /XFAx /Xfa").names == ()


def test_embedded_files_and_scripts_are_listed(tmp_path: Path) -> None:
    names = (
        b"/Names << /EmbeddedFiles << /Names [(a) << /Type /Filespec /F (list.xls) /UF (list.xls)"
        b" /EF << /F 5 0 R >> >>] >> /JavaScript << /Names [(s) << /S /JavaScript /JS (x) >>] >> >>"
    )
    embedded = stream(b"1;2", b"/Type /EmbeddedFile")
    found = told(page_pdf(b"", catalog=names, more=[embedded]), tmp_path)
    assert (found.embedded, found.scripts) == (("list.xls",), 1)
    assert found.acts == ("EmbeddedFile", "JavaScript")


# --- in a case --------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_first_page_is_the_items_picture_and_image_says_who_reads_it(
    case: UUID, owner: Actor, tmp_path: Path, nothing_left: None
) -> None:
    path = tmp_path / "manifest.pdf"
    path.write_bytes(text_pdf("Tanker at berth 4"))
    item = submit_picture(case, owner, path)
    # What reads a type of files gets its job once the type is known.
    work(case)
    work(case)
    found = results(case, item, owner)
    assert found["document"]["status"] == "done"
    assert found["image"]["reason"] == "Not a picture but a PDF: the tool document draws its pages."
    first = picture(list(found.values()), "thumb", "preview")
    assert first is not None
    assert first in found["document"]["derivatives"]


# --- damaged, encrypted, hostile --------------------------------------------------------------------------


def encrypted() -> bytes:
    """Announce the standard security handler with keys that fit no password (ISO 32000-2, 7.6.4)."""
    keys = b"/O <%s> /U <%s>" % (b"ab" * 32, b"cd" * 32)
    handler = b"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 %s >> /ID [<00> <00>]" % keys
    return page_pdf(b"", trailer=handler)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "Not a PDF."),
        (b"\xff\xd8\xff no PDF", "Not a PDF."),
        (b"%PDF-1.7\nand nothing more", "The PDF can not be opened: it is damaged, or has no page."),
        (pdf([CATALOG % b"", TREE % (b"", 0)]), "The PDF can not be opened: it is damaged, or has no page."),
        (encrypted(), "The PDF is encrypted: it needs a password."),
    ],
)
def test_what_can_not_be_opened_has_a_reason(content: bytes, expected: str, tmp_path: Path) -> None:
    assert reason(content, tmp_path) == expected


def test_without_the_library_it_says_what_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert enricher.ENRICHER.missing() == ""
    monkeypatch.setattr(enricher, "find_spec", lambda name: None)
    assert enricher.ENRICHER.missing() == "pypdfium2 (requirements-extras.txt)"
    assert enricher.ENRICHER.tool() == "pypdfium2"


def image_of(width: int, height: int, data: bytes) -> bytes:
    said = b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceRGB /BitsPerComponent 8"
    return stream(data, said % (width, height))


def bomb(size: int) -> bytes:
    """Deflate zeros twice, so that a file of a few bytes becomes one of many."""
    return zlib.compress(zlib.compress(bytes(size), 9), 9)


FORM = b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 5 0 R >> >>"
X = b"/XObject << /X 5 0 R >>"
TILES = (
    b"/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 1 1] /XStep .001 /YStep .001 /Resources << >>"
)
HOSTILE: dict[str, Callable[[], bytes]] = {
    "a page without end": lambda: page_pdf(b"0 0 9 9 re f", box=b"0 0 1e30 1e30"),
    "a page of no size": lambda: page_pdf(b"", box=b"5 5 5 5"),
    "a page turned inside out": lambda: page_pdf(b"", box=b"900 900 -900 -900"),
    "a thin page": lambda: page_pdf(b"0 0 9 9 re f", box=b"0 0 100000 .01"),
    "many pages": lambda: pdf([CATALOG % b"", TREE % (b"3 0 R " * 100_000, 100_000), b"<< /Type /Page >>"]),
    "pages that are not there": lambda: pdf([CATALOG % b"", TREE % (b"3 0 R", 2_000_000_000), b"<< /Type /Page >>"]),
    "pages in a circle": lambda: pdf([CATALOG % b"", TREE % (b"2 0 R 2 0 R", 9)]),
    "a catalog in a circle": lambda: pdf([b"1 0 R"]),
    "lists in lists": lambda: page_pdf(b"[" * 100_000),
    "an object of lists": lambda: pdf([CATALOG % (b"/A " + b"[" * 50_000), TREE % (b"", 0)]),
    "brackets without end": lambda: page_pdf(b"<<" * 100_000),
    "states without end": lambda: page_pdf(b"q " * 500_000),
    "a stream that grows": lambda: pdf(
        [
            CATALOG % b"",
            TREE % (b"3 0 R", 1),
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>",
            stream(bomb(60 << 20), b"/Filter [/FlateDecode /FlateDecode]", deflated=False),
        ]
    ),
    "a picture without end": lambda: page_pdf(
        b"300 0 0 400 0 0 cm /X Do", resources=X, more=[image_of(50_000, 50_000, bytes(1000))]
    ),
    "a picture of numbers that overflow": lambda: page_pdf(
        b"/X Do", resources=X, more=[image_of(2**31 - 1, 2**31 - 1, bytes(9))]
    ),
    "a large picture many times": lambda: page_pdf(
        b"300 0 0 400 0 0 cm " + b"/X Do " * 100, resources=X, more=[image_of(1500, 1500, bytes(1500 * 1500 * 3))]
    ),
    "many lines": lambda: page_pdf(b"0 0 m 300 400 l S 0 400 m 300 0 l S " * 1_000),
    "a million letters": lambda: text_pdf("w" * 1_000_000),
    "a cross-reference in a circle": lambda: page_pdf(b"", trailer=b"/Prev 9"),
    "a cross-reference of nothing": lambda: page_pdf(b"").replace(b"xref", b"xxxx"),
}

STOPPED: dict[str, Callable[[], bytes]] = {
    "a drawing in a circle": lambda: page_pdf(b"/X Do", resources=X, more=[stream(b"/X Do /X Do", FORM)]),
    "a pattern of a million tiles": lambda: page_pdf(
        b"/Pattern cs /P scn 0 0 300 400 re f",
        resources=b"/Pattern << /P 5 0 R >>",
        more=[stream(b"0 0 1 1 re f", TILES)],
    ),
}


def answers(files: list[bytes], some: int) -> list[Answers]:
    inputs = [{"file": {"name": "made.pdf"}, "bytes": base64.b64encode(file).decode()} for file in files]
    return [found for few in batched(inputs, some) for found in examine_all("image", few)]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_document_made_to_be_hostile_ends_in_a_result_or_a_reason(name: str) -> None:
    [found] = answers([HOSTILE[name]()], 1)
    said: dict[str, Any] = found["document"]
    if "output" in said:
        assert said["output"]["drawn"] <= DRAWN


@pytest.mark.parametrize("name", STOPPED)
def test_a_document_that_takes_more_than_it_may_is_stopped(name: str, tmp_path: Path, nothing_left: None) -> None:
    path = tmp_path / "made.pdf"
    path.write_bytes(STOPPED[name]())
    limits = Limits(cpu_seconds=1, memory_bytes=120 << 20)
    module = registry.module_of(enricher.ENRICHER)
    with sandbox.run(module, kind="image", fields={}, original=path, limits=limits) as outcome:
        assert isinstance(outcome, sandbox.Failed)


def test_a_page_that_takes_too_long_has_no_picture_and_all_else_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enricher, "DRAW_SECONDS", 0.0)
    result = see(page_pdf(b"0 0 m 300 400 l S 0 400 m 300 0 l S " * 20_000), tmp_path)
    assert (result.output.pages, result.output.drawn, result.made) == (1, 0, ())
    assert [flag.flag for flag in result.flags] == ["document_page_heavy"]


@pytest.mark.slow
def test_broken_copies_of_a_document_end_one_way_or_the_other() -> None:
    info = b"/Title (Manifest) /CreationDate (D:20240503101500+09'00')"
    whole = text_pdf("Tanker at berth 4", "Loaded", catalog=b"/OpenAction << /S /JavaScript /JS (x) >>", info=info)
    chance = Random(11)
    copies = []
    for _ in range(16):
        broken = bytearray(whole)
        for _ in range(chance.choice((1, 4, 16))):
            broken[chance.randrange(9, len(broken))] = chance.randrange(256)
        copies.append(bytes(broken))
    found = [each["document"] for each in answers(copies, 4)]
    assert any("output" in each for each in found)


def test_streams_beyond_number_cost_next_to_nothing() -> None:
    content = b"/Type /ObjStm stream\n" * 200_000
    began = time.process_time()
    assert acts(content).unread > 199_000
    # Copied, they would take some five seconds.
    assert time.process_time() - began < 2
