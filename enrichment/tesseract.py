"""Tesseract, the reader of printed text, as the system has it: its C interface (capi.h, version 5), called by ctypes.

The wheels that bring it along also bring libraries under the GPL; Debian's packages `libtesseract5` and
`tesseract-ocr-…` lie under /usr, where the sandbox may read. It works in one thread (`OMP_THREAD_LIMIT`).
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from glob import glob
from pathlib import Path
from typing import Any

from PIL import Image

LIBRARIES = ("/usr/lib/*-linux-gnu/libtesseract.so.5", "/usr/lib64/libtesseract.so.5", "/usr/lib/libtesseract.so.5")
MODELS = ("/usr/share/tesseract-ocr/5/tessdata", "/usr/share/tesseract/tessdata", "/usr/share/tessdata")

_LSTM_ONLY, _LINE, _WORD = 1, 2, 3
_BLOCKS, _SCATTERED = 3, 11
"""Ways to look for text (PageSegMode): in blocks, or any; the first leaves out what looks like no text, in no time."""

_RESOLUTION = 150
"""Dots per inch that are assumed: a picture says nothing that could be trusted, and it matters little."""

_Cancel = ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p, ctypes.c_int)
_POINTERS = (
    "TessBaseAPICreate", "TessBaseAPIGetIterator", "TessMonitorCreate", "TessResultIteratorGetPageIterator",
    "TessResultIteratorGetUTF8Text",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Word:
    """A word as it was read: confidence from 0 to 100, and the edges of its box in pixels of the picture, from 0."""

    text: str
    confidence: float
    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line as it was read: confidence from 0 to 100."""

    text: str
    confidence: float
    words: tuple[Word, ...]


def library() -> str:
    """Find the library's file; empty where there is none."""
    return next((path for pattern in LIBRARIES for path in sorted(glob(pattern))), "")


def installed() -> tuple[str, ...]:
    """List the languages whose models are there, by Tesseract's names."""
    return tuple(sorted(path.stem for path in _models().glob("*.traineddata") if path.stem != "osd"))


@cache
def release() -> str:
    """Ask the library for its version."""
    said: bytes = _loaded().TessVersion()
    return said.decode()


def lines(
    picture: Image.Image, languages: Sequence[str], *, seconds: float, scattered: bool = False
) -> tuple[list[Line], bool]:
    """Read a picture of 8 bits a pixel.

    :param seconds: of processor time; what is not read then is left out.
    :param scattered: look for single words anywhere, too.
    :returns: the lines from top to bottom, column by column, and whether all was read.
    :raises ValueError: the models of the languages can not be loaded.
    """
    until = time.process_time() + seconds
    late = _Cancel(lambda _, __: time.process_time() > until)
    lib = _loaded()
    with _reader(lib, languages) as reader:
        lib.TessBaseAPISetPageSegMode(reader, _SCATTERED if scattered else _BLOCKS)
        pixels = picture.tobytes()
        lib.TessBaseAPISetImage(reader, pixels, picture.width, picture.height, 1, picture.width)
        lib.TessBaseAPISetSourceResolution(reader, _RESOLUTION)
        monitor = ctypes.c_void_p(lib.TessMonitorCreate())
        lib.TessMonitorSetCancelFunc(monitor, late)
        whole = lib.TessBaseAPIRecognize(reader, monitor) == 0
        found = list(_lines(lib, ctypes.c_void_p(lib.TessBaseAPIGetIterator(reader))))
        lib.TessMonitorDelete(monitor)
    return found, whole


def _models() -> Path:
    return next((folder for folder in map(Path, MODELS) if folder.is_dir()), Path(MODELS[0]))


@cache
def _loaded() -> Any:
    lib = ctypes.CDLL(library())
    for name in _POINTERS:
        getattr(lib, name).restype = ctypes.c_void_p
    lib.TessVersion.restype = ctypes.c_char_p
    lib.TessResultIteratorConfidence.restype = ctypes.c_float
    return lib


@contextmanager
def _reader(lib: Any, languages: Sequence[str]) -> Iterator[ctypes.c_void_p]:
    reader = ctypes.c_void_p(lib.TessBaseAPICreate())
    try:
        names = "+".join(languages).encode()
        if lib.TessBaseAPIInit2(reader, str(_models()).encode(), names, _LSTM_ONLY):
            raise ValueError(f"Tesseract can not load {', '.join(languages)}.")
        lib.TessBaseAPISetVariable(reader, b"debug_file", b"/dev/null")
        # Without it, signs of Chinese and Korean stand apart as if each were a word.
        lib.TessBaseAPISetVariable(reader, b"preserve_interword_spaces", b"1")
        yield reader
    finally:
        lib.TessBaseAPIDelete(reader)


def _lines(lib: Any, result: ctypes.c_void_p) -> Iterator[Line]:
    if not result:
        return
    page = ctypes.c_void_p(lib.TessResultIteratorGetPageIterator(result))
    more = True
    while more:
        text, confidence, words = _text(lib, result, _LINE), _confidence(lib, result, _LINE), []
        last = False
        while more and not last:
            last = bool(lib.TessPageIteratorIsAtFinalElement(page, _LINE, _WORD))
            if word := _word(lib, result, page):
                words.append(word)
            more = bool(lib.TessResultIteratorNext(result, _WORD))
        if text and words:
            yield Line(text=text, confidence=confidence, words=tuple(words))
    lib.TessResultIteratorDelete(result)


def _word(lib: Any, result: ctypes.c_void_p, page: ctypes.c_void_p) -> Word | None:
    text = _text(lib, result, _WORD)
    edges = [ctypes.c_int() for _ in range(4)]
    if not text or not lib.TessPageIteratorBoundingBox(page, _WORD, *map(ctypes.byref, edges)):
        return None
    left, top, right, bottom = (edge.value for edge in edges)
    confidence = _confidence(lib, result, _WORD)
    return Word(text=text, confidence=confidence, left=left, top=top, right=right, bottom=bottom)


def _text(lib: Any, result: ctypes.c_void_p, level: int) -> str:
    found = lib.TessResultIteratorGetUTF8Text(result, level)
    if not found:
        return ""
    try:
        return ctypes.string_at(found).decode("utf-8", "replace").strip()
    finally:
        lib.TessDeleteText(ctypes.c_void_p(found))


def _confidence(lib: Any, result: ctypes.c_void_p, level: int) -> float:
    return round(float(lib.TessResultIteratorConfidence(result, level)), 1)
