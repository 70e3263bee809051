"""Text in pictures: four scripts, how sure, where; what is not installed; and pictures without text."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from enrichment import tesseract
from enrichment.domain import EnricherInput, PermanentFailure
from enrichment.enrichers import ocr
from enrichment.enrichers.ocr import ENRICHER, LANGUAGES, MOST, PictureText, Reading, read_letters
from enrichment.pictures import ORIENTATION

FONTS = Path("/usr/share/fonts")
LATIN, CJK = FONTS / "truetype/noto/NotoSans-Regular.ttf", FONTS / "opentype/noto/NotoSansCJK-Regular.ttc"
TEXTS = {
    "eng": "The vessel loaded at berth four",
    "rus": "Танкер стоит у причала",
    "kor": "유조선이 항구에 정박했다",
    "chi_sim": "油轮停靠在码头",
}


@pytest.fixture(scope="module", autouse=True)
def reader() -> None:
    lacks = ", ".join(sorted(set(LANGUAGES) - set(tesseract.installed()))) if tesseract.library() else "Tesseract"
    lacks = lacks or ", ".join(str(font) for font in (LATIN, CJK) if not font.is_file())
    if lacks and os.environ.get("CI") == "true":
        pytest.fail(f"not installed: {lacks}")
    if lacks:
        pytest.skip(f"not installed: {lacks}")
    # As in the sandbox, which may start no thread.
    os.environ["OMP_THREAD_LIMIT"] = "1"


def drawn(*texts: str, size: tuple[int, int] = (1600, 800), letters: int = 48) -> Image.Image:
    picture = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(picture)
    for number, text in enumerate(texts):
        font = LATIN if text.isascii() or text[0] in "Танкер" else CJK
        pen.text((40, 40 + 100 * number), text, font=ImageFont.truetype(str(font), letters), fill="black")
    return picture


def read(picture: Image.Image, folder: Path, reading: Reading | None = None, **options: object) -> PictureText:
    path = folder / "made.png"
    picture.save(path, **options)
    given = EnricherInput(kind="image", fields={}, original=path, folder=folder, adjusted=reading)
    output: PictureText = read_letters(given).output
    return output


# --- what is read -----------------------------------------------------------------------------------------


def test_four_scripts_in_one_picture_are_read_line_by_line(tmp_path: Path) -> None:
    found = read(drawn(*TEXTS.values()), tmp_path)
    assert found.text.splitlines() == list(TEXTS.values())
    assert (found.lines, found.languages, found.not_installed) == (4, LANGUAGES, ())
    assert found.confidence is not None
    assert found.confidence > 80
    assert (found.cut, found.unfinished, found.doubtful_lines) == (False, False, 0)


@pytest.mark.parametrize("language", TEXTS)
def test_each_language_is_read_alone(language: str, tmp_path: Path) -> None:
    found = read(drawn(TEXTS[language]), tmp_path, Reading(languages=(language,), scattered=True))
    assert (found.text, found.languages) == (TEXTS[language], (language,))


def test_a_word_has_its_box_in_the_pixels_of_the_original(tmp_path: Path) -> None:
    small, large = drawn("Vostochny"), drawn("Vostochny").resize((4800, 2400))
    [near], [far] = (read(picture, tmp_path, Reading(languages=("eng",))).words for picture in (small, large))
    assert near.text == far.text == "Vostochny"
    assert 35 <= near.left <= 50
    assert 40 <= near.top <= 70
    # Three times as large, and the same but for a pixel or two.
    sides = ("left", "top", "width", "height")
    assert all(abs(getattr(far, side) - 3 * getattr(near, side)) <= 12 for side in sides)


def test_a_picture_is_read_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    sideways = drawn("Vostochny").transpose(Image.Transpose.ROTATE_90)
    found = read(sideways, tmp_path, Reading(languages=("eng",)), exif=exif)
    assert found.text == "Vostochny"
    assert (found.width, found.height) == (1600, 800)


def test_letters_on_nothing_are_read_as_on_white(tmp_path: Path) -> None:
    letters = drawn("Vostochny").convert("L")
    clear = Image.new("RGBA", letters.size, (0, 0, 0, 0))
    clear.putalpha(letters.point(lambda value: 255 - value))
    assert read(clear, tmp_path, Reading(languages=("eng",))).text == "Vostochny"


def test_a_picture_without_text_has_none(tmp_path: Path) -> None:
    found = read(Image.radial_gradient("L"), tmp_path)
    assert (found.text, found.words, found.confidence) == ("", (), None)


def test_a_line_that_is_not_sure_enough_is_left_out_and_counted(tmp_path: Path) -> None:
    found = read(drawn("Vostochny"), tmp_path, Reading(languages=("eng",), least_confidence=100))
    assert (found.text, found.words) == ("", ())
    assert (found.lines, found.doubtful_lines) == (0, 1)


# --- how much of it ---------------------------------------------------------------------------------------


def test_long_texts_are_cut_and_more_words_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "MOST", 3)
    monkeypatch.setattr(ocr, "ROOM", 10)
    found = read(drawn(TEXTS["eng"]), tmp_path, Reading(languages=("eng",)))
    assert (found.text, found.cut) == ("The vessel", True)
    assert (len(found.words), found.more_words) == (3, 3)
    assert MOST > 3


def test_when_the_time_is_up_what_was_read_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "SECONDS", 0.0)
    found = read(drawn(TEXTS["eng"]), tmp_path, Reading(languages=("eng",)))
    assert found.unfinished
    assert found.text != TEXTS["eng"]


# --- what is not installed --------------------------------------------------------------------------------


def test_languages_that_are_not_installed_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tesseract, "installed", lambda: ("eng",))
    found = read(drawn("Vostochny"), tmp_path)
    assert (found.text, found.languages) == ("Vostochny", ("eng",))
    assert found.not_installed == ("rus", "kor", "chi_sim")
    with pytest.raises(PermanentFailure, match="not installed: Debian's tesseract-ocr-kor, tesseract-ocr-chi-sim"):
        read(drawn("Vostochny"), tmp_path, Reading(languages=("kor", "chi_sim")))


def test_without_the_library_or_any_language_it_says_what_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ENRICHER.missing() == ""
    monkeypatch.setattr(tesseract, "MODELS", ("/nowhere",))
    assert ENRICHER.missing() == "Debian's tesseract-ocr-eng, or another language of Tesseract"
    monkeypatch.setattr(tesseract, "LIBRARIES", ("/nowhere/libtesseract.so.5",))
    assert ENRICHER.missing() == "Debian's libtesseract5 and tesseract-ocr"
    assert ENRICHER.tool() == "Tesseract"
