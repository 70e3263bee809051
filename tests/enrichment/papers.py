"""PDFs written by hand, object by object, so that each can be wrong in its own way."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

CATALOG, TREE = b"<< /Type /Catalog /Pages 2 0 R %s >>", b"<< /Type /Pages /Kids [%s] /Count %d >>"


def stream(content: bytes, entries: bytes = b"", *, deflated: bool = True) -> bytes:
    """Write a stream object."""
    if deflated:
        content, entries = zlib.compress(content), entries + b" /Filter /FlateDecode"
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(content), entries, content)


def pdf(objects: Sequence[bytes], trailer: bytes = b"") -> bytes:
    """Write a file of these objects, numbered from 1; the first is the catalog."""
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, each in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, start)
    return bytes(out)


def page_pdf(
    content: bytes,
    *,
    box: bytes = b"0 0 300 400",
    resources: bytes = b"",
    catalog: bytes = b"",
    trailer: bytes = b"",
    more: Sequence[bytes] = (),
) -> bytes:
    """Write a file of one page; objects of its own are numbered from 5."""
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [%s] /Contents 4 0 R /Resources << %s >> >>" % (box, resources)
    return pdf([CATALOG % catalog, TREE % (b"3 0 R", 1), page, stream(content), *more], trailer)


def text_pdf(*pages: str, catalog: bytes = b"", info: bytes = b"") -> bytes:
    """Write a file with a line of text (Latin letters) on each page."""
    font = b"/Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>"
    objects: list[bytes] = []
    for number, text in enumerate(pages):
        contents = 4 + 2 * number
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 400] /Contents %d 0 R /Resources << %s >> >>"
            % (contents, font)
        )
        objects.append(stream(b"BT /F1 24 Tf 20 350 Td (%s) Tj ET" % text.encode("latin-1")))
    kids = b" ".join(b"%d 0 R" % (3 + 2 * number) for number in range(len(pages)))
    whole = [CATALOG % catalog, TREE % (kids, len(pages)), *objects]
    if info:
        whole.append(b"<< %s >>" % info)
    return pdf(whole, b"/Info %d 0 R" % len(whole) if info else b"")
