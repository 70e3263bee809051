"""Text in a picture, as Tesseract reads it: each line with how sure it is, and where each word stands.

What was read is a machine's guess at printed letters: signs, names and numbers must be looked at in the picture. That
nothing was read says little: handwriting, letters at an angle and small ones are not, and a single line or a sign may
be missed unless a playbook asks for what is scattered. Only lines of the languages
that were asked for come out right, and which were not installed is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version

from PIL import Image

from enrichment import tesseract
from enrichment.domain import IMAGES, Enricher, EnricherInput, PermanentFailure, Result
from enrichment.parameters import bounded, choice, switched
from enrichment.pictures import FORMATS, MEDIA, PIXELS, decoding, orientation_of, scalable, upright

SIDE, LEAST_SIDE = 2000, 1000
"""Pixels of the longer side: larger pictures are made smaller; smaller than half of it, twice as large."""

SECONDS = 4.0
"""Of processor time to read in; to start and to decode takes up to a second more."""

MOST, ROOM = 500, 9000
"""How many words have their boxes told, and characters of text."""

LANGUAGES = ("eng", "rus", "kor", "chi_sim")
KNOWN = (
    *LANGUAGES, "ara", "bel", "chi_tra", "deu", "fas", "fra", "heb", "hin", "ind", "ita", "jpn", "kat", "kaz", "kmr",
    "lav", "lit", "msa", "mya", "pol", "por", "pus", "ron", "spa", "srp", "swa", "tgl", "tha", "tur", "ukr", "urd",
    "uzb", "vie",
)  # fmt: skip
"""Those that may be asked for, by Tesseract's names, mostly ISO 639-2/T."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Which languages are looked for, the most likely one first, and how sure Tesseract must be of a line.

    Lines that were drawn came out at 51 and more, most at over 90; what it takes for letters and is none, below 60.
    """

    languages: tuple[str, ...] = choice(LANGUAGES, of=KNOWN, most=6, says="Languages of the text, the likeliest first.")
    least_confidence: int = bounded(60, least=0, most=100, unit="%", says="Lines that are less sure are left out.")
    scattered: bool = switched(False, says="Single words are looked for anywhere, as on signs; it takes some seconds.")


@dataclass(frozen=True, kw_only=True)
class PictureWord:
    """A word with Tesseract's confidence (0 to 100) and its box in pixels of the upright picture from its top left."""

    text: str
    confidence: float
    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class PictureText:
    """Lines as they were read, in `text` one below the other; `confidence` is their mean, 0 to 100, by characters.

    `languages` were looked for, those in `not_installed` could not be. `doubtful_lines` were left out because they were
    not sure enough. `more_words` have no box told, `cut` says that the text was too long to be kept whole, `unfinished`
    that the time was up before all was read. `width` and `height` are those of the upright picture, in pixels.
    """

    text: str
    confidence: float | None
    lines: int
    doubtful_lines: int
    words: tuple[PictureWord, ...]
    more_words: int
    languages: tuple[str, ...]
    not_installed: tuple[str, ...]
    cut: bool
    unfinished: bool
    width: int
    height: int


def read_letters(given: EnricherInput) -> Result:
    """Read the text in a picture, upright."""
    assert given.original is not None  # noqa: S101 -- images have an original
    reading: Reading = given.adjusted or Reading()
    there = tesseract.installed()
    languages = tuple(name for name in reading.languages if name in there)
    absent = tuple(name for name in reading.languages if name not in there)
    if not languages:
        raise PermanentFailure(f"not installed: Debian's {', '.join(map(_package, absent))}")
    with decoding(given.original), Image.open(given.original, formats=FORMATS) as image:
        sideways = orientation_of(image) >= 5
        width, height = image.size[::-1] if sideways else image.size
        image.draft("L", (SIDE, SIDE))
        ready = _ready(image)
    found, whole = tesseract.lines(ready, languages, seconds=SECONDS, scattered=reading.scattered)
    sure = [line for line in found if line.confidence >= reading.least_confidence]
    words = [word for line in sure for word in line.words]
    text = "\n".join(line.text for line in sure)
    scale = width / ready.width
    output = PictureText(
        text=text[:ROOM],
        confidence=_mean(sure),
        lines=len(sure),
        doubtful_lines=len(found) - len(sure),
        words=tuple(_placed(word, scale) for word in words[:MOST]),
        more_words=max(0, len(words) - MOST),
        languages=languages,
        not_installed=absent,
        cut=len(text) > ROOM,
        unfinished=not whole,
        width=width,
        height=height,
    )
    return Result(output=output)


def _ready(image: Image.Image) -> Image.Image:
    """Give a picture in grey, upright, on white, of a size whose letters are read best and in time."""
    image = scalable(image)
    image.thumbnail((SIDE, SIDE))
    turned = upright(image)
    if turned.mode == "RGBA":
        turned = Image.alpha_composite(Image.new("RGBA", turned.size, "white"), turned)
    grey = turned.convert("L")
    if max(grey.size) < LEAST_SIDE:
        grey = grey.resize((grey.width * 2, grey.height * 2), Image.Resampling.BICUBIC)
    return grey


def _placed(word: tesseract.Word, scale: float) -> PictureWord:
    left, top, right, bottom = (round(edge * scale) for edge in (word.left, word.top, word.right, word.bottom))
    text, confidence = word.text[:100], word.confidence
    return PictureWord(text=text, confidence=confidence, left=left, top=top, width=right - left, height=bottom - top)


def _mean(lines: list[tesseract.Line]) -> float | None:
    letters = sum(len(line.text) for line in lines)
    return round(sum(line.confidence * len(line.text) for line in lines) / letters, 1) if letters else None


def _package(language: str) -> str:
    return f"tesseract-ocr-{language.replace('_', '-')}"


def _missing() -> str:
    if not tesseract.library():
        return "Debian's libtesseract5 and tesseract-ocr"
    return "" if tesseract.installed() else "Debian's tesseract-ocr-eng, or another language of Tesseract"


def _tool() -> str:
    return f"Tesseract {tesseract.release()}, Pillow {version('Pillow')}" if tesseract.library() else "Tesseract"


ENRICHER = Enricher(
    name="ocr",
    version=1,
    accepts=IMAGES,
    reads=frozenset({"file"}),
    media=MEDIA,
    run=read_letters,
    tool=_tool,
    parameters={"side": SIDE, "pixels": PIXELS, "seconds": SECONDS},
    adjustable=Reading,
    missing=_missing,
)
