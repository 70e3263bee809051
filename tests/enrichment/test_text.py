"""What is found in a statement's text, against collections with known answers."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from enrichment.coordinates import Coordinate, coordinates
from enrichment.dates import dates
from enrichment.domain import EnricherInput, Flag
from enrichment.enrichers.text import MOST, Address, TextFindings, read_text
from enrichment.identifiers import imo_is_valid, imo_numbers, mmsi_numbers
from enrichment.languages import language
from evidence.when import parse
from ledger.codec import to_json


def read(text: str) -> TextFindings:
    given = EnricherInput(kind="statement", fields={"text": text}, original=None, folder=Path())
    output: TextFindings = read_text(given).output
    return output


def readings(text: str) -> list[tuple[str, ...]]:
    return [found.readings for found in dates(text)]


# --- positions --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def spellings(shared: Path) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = json.loads(
        (shared / "data/coordinate-spellings/coordinates.json").read_text()
    )
    assert (len(found["valid"]), len(found["refuse"])) == (56, 23)
    return found


def test_every_usual_spelling_of_a_position_is_read(spellings: dict[str, list[dict[str, Any]]]) -> None:
    for spelling in spellings["valid"]:
        [found] = coordinates(spelling["text"])
        assert found.lat == pytest.approx(spelling["lat"], abs=1e-4), spelling["text"]
        assert found.lon == pytest.approx(spelling["lon"], abs=1e-4), spelling["text"]
        assert found.text in spelling["text"]


def test_every_spelling_is_read_in_the_middle_of_a_sentence(spellings: dict[str, list[dict[str, Any]]]) -> None:
    for spelling in spellings["valid"]:
        before = "The tanker lay at "
        [found] = coordinates(f"{before}{spelling['text']} for two days.")
        assert found.start == len(before)
        assert (found.lat, found.lon) == pytest.approx((spelling["lat"], spelling["lon"]), abs=1e-4), spelling["text"]


def test_what_can_not_be_a_position_is_not_taken_for_one(spellings: dict[str, list[dict[str, Any]]]) -> None:
    refused = [each["text"] for each in spellings["refuse"] if each["class"] == "must refuse"]
    assert len(refused) == 12
    assert {text: list(coordinates(text)) for text in refused} == {text: [] for text in refused}


def test_what_may_be_a_position_says_why_it_may_not(spellings: dict[str, list[dict[str, Any]]]) -> None:
    doubtful = [each["text"] for each in spellings["refuse"] if each["class"] != "must refuse"]
    assert len(doubtful) == 11
    for text in doubtful:
        assert all(found.ambiguous for found in coordinates(text)), text


def test_a_spelling_with_two_conventions_gives_both_readings() -> None:
    [found] = coordinates("18.24S 22.45E")
    assert (found.lat, found.lon) == (-18.4, 22.75)
    assert found.ambiguous == "read as degrees and minutes; as decimal degrees it is -18.24, 22.45"


@pytest.mark.parametrize(
    "text",
    ["on 12, 13 May", "between 3 and 4 p.m.", "1,000,000 barrels", "v1.2.3", "192.168.10.20", "43 calls by 12 ships",
     "2024-05-03 10:20:30", "+44 20 7946 0958", "42.7400 north of 133.0800"],
)  # fmt: skip
def test_numbers_in_prose_are_no_position(text: str) -> None:
    assert [found for found in coordinates(text) if not found.ambiguous] == []


@pytest.mark.parametrize(
    ("text", "lat", "lon"), [("N 4244,4 E 13304,8", 42.74, 133.08), ("N 424424,0 E 1330448,0", 42.74, 133.08)]
)
def test_digits_run_together_may_have_a_comma_too(text: str, lat: float, lon: float) -> None:
    [found] = coordinates(text)
    assert (found.lat, found.lon) == (pytest.approx(lat, abs=1e-6), pytest.approx(lon, abs=1e-6))


def test_a_number_in_thousands_beside_a_letter_ends_no_reading() -> None:
    assert len(list(coordinates("N 1,000,000 E 20; 42.7400, 133.0800"))) >= 1


def test_a_position_stands_where_it_was_found() -> None:
    text = "Seen at 42.7400, 133.0800; later at 42°44'24\"N 133°04'48\"E."
    first, second = coordinates(text)
    assert first == Coordinate(text="42.7400, 133.0800", start=8, lat=42.74, lon=133.08, ambiguous="")
    assert text[second.start :].startswith(second.text)
    assert (second.lat, second.lon) == pytest.approx((42.74, 133.08))


# --- languages --------------------------------------------------------------------------------------------


def test_the_language_of_a_text_is_guessed(shared: Path) -> None:
    pairs = json.loads((shared / "data/language-samples/cld2-pairs.json").read_text())["pairs"]
    wrong, right = [], 0
    for pair in pairs:
        # One pair tests the other detector's tables, one is not UTF-8 and so never becomes a text here.
        if pair["iso_639_code"] is None:
            continue
        found = language(pair["text"])
        # Bihari (bh) is the group of languages that Bhojpuri (bho) belongs to.
        answers = {found.code, f"{found.code}-{found.script}", {"bho": "bh"}.get(found.code)}
        if pair["iso_639_code"] in answers:
            right += 1
        else:
            wrong.append((pair["n"], pair["iso_639_code"], found.code))
    assert right + len(wrong) == 104
    assert right >= 102, wrong


@pytest.mark.parametrize(
    ("text", "code", "script", "by"),
    [
        ("Судно стояло у причала в порту Восточный.", "ru", "Cyrl", "model"),
        ("유조선이 항구에 정박했다", "ko", "Hang", "script"),
        ("タンカーが港に停泊した。", "ja", "Jpan", "script"),
        ("船舶停靠在东方港", "zh", "Hans", "model"),
        ("Kapal éta balabuh di palabuan jeung teu aya nu turun ti kapal.", "su", "Latn", "words"),
    ],
)
def test_a_guess_says_what_it_rests_on(text: str, code: str, script: str, by: str) -> None:
    found = language(text)
    assert (found.code, found.script, found.by) == (code, script, by)
    assert (found.confidence is not None) is (by == "model")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Todos los barcos y los marineros tienen los derechos que les dan tus leyes y los tratados.", "es"),
        ("Але де воно було, а де не було, ну про це ніхто не знає.", "uk"),
        ("Anija u nis nga porti dhe ku shkoi askush nuk e di, as ti.", "sq"),
    ],
)
def test_a_few_words_shared_with_a_rare_language_do_not_make_it_one(text: str, code: str) -> None:
    assert language(text).code == code


@pytest.mark.parametrize("text", ["", "42.7400, 133.0800", "…!? 😀"])
def test_a_text_without_letters_has_no_language(text: str) -> None:
    assert language(text).code == ""


# --- ships ------------------------------------------------------------------------------------------------


def ships(path: Path) -> Iterator[tuple[str, str]]:
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            yield row["imo"], row["mmsi"]


@pytest.mark.parametrize(("path", "numbers"), [("ofac-sdn/vessels.csv", 316), ("ais-finland-2017-04/ships.csv", 1591)])
def test_the_check_digit_holds_for_every_real_ship_and_for_no_neighbour(path: str, numbers: int, shared: Path) -> None:
    real = [imo for imo, _ in ships(shared / "data" / path) if imo]
    assert len(real) == numbers
    for imo in real:
        assert imo_is_valid(imo), imo
        neighbours = [imo[:6] + digit for digit in "0123456789" if digit != imo[6]]
        assert not any(imo_is_valid(each) for each in neighbours), imo


def test_every_ship_of_a_list_is_found_in_a_text_that_names_it(shared: Path) -> None:
    for imo, mmsi in ships(shared / "data/ofac-sdn/vessels.csv"):
        text = f"Vessel Registration Identification IMO {imo}; MMSI {mmsi} (vessel)."
        assert [(each.value, each.named, each.valid) for each in imo_numbers(text)] == (
            [(imo, True, True)] if imo else []
        )
        assert [(each.value, each.named) for each in mmsi_numbers(text)] == ([(mmsi, True)] if mmsi else [])


def test_a_number_called_imo_with_a_wrong_check_digit_stays_and_is_flagged() -> None:
    given = EnricherInput(kind="statement", fields={"text": "IMO: 9074728"}, original=None, folder=Path())
    result = read_text(given)
    [found] = result.output.imo
    assert (found.value, found.named, found.valid) == ("9074728", True, False)
    assert result.flags == (
        Flag(
            flag="imo_check_digit",
            detail="The text calls 9074728 an IMO number; the check digit says otherwise.",
        ),
    )


def test_a_bare_number_is_a_candidate_only_if_it_could_be_one() -> None:
    found = read("Numbers 9074729, 9074728, 445123000, 945123000 and 12345678901.")
    assert [(each.value, each.named) for each in found.imo] == [("9074729", False)]
    assert [(each.value, each.named, each.valid) for each in found.mmsi] == [("445123000", False, None)]


@pytest.mark.parametrize("number", ["0000000", "907472", "90747290", "٩٠٧٤٧٢٩", "907472x"])
def test_what_is_not_seven_digits_is_no_imo_number(number: str) -> None:
    assert not imo_is_valid(number)


# --- addresses --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "written", "url"),
    [
        ("See https://a.example/b?c=1.", "https://a.example/b?c=1", "https://a.example/b?c=1"),
        ("hxxps://a[.]example/b", "hxxps://a[.]example/b", "https://a.example/b"),
        ("hXXp[://]a[dot]example", "hXXp[://]a[dot]example", "http://a.example"),
        ("hxxp[:]//a(.)example/b,", "hxxp[:]//a(.)example/b", "http://a.example/b"),
        ("(https://a.example/b_(c))", "https://a.example/b_(c)", "https://a.example/b_(c)"),
        ("[1] «https://пример.example/путь»", "https://пример.example/путь", "https://пример.example/путь"),
        ("<a href='https://a.example'>", "https://a.example", "https://a.example"),
    ],
)
def test_a_url_is_found_as_written_and_as_it_works(text: str, written: str, url: str) -> None:
    assert read(text).urls == (Address(text=written, start=text.index(written), url=url),)


@pytest.mark.parametrize(
    "text", ["javascript:alert(1)", "file:///etc/passwd", "a.example", "https://", "mail@a.example"]
)
def test_what_is_no_web_address_is_no_url(text: str) -> None:
    assert read(text).urls == ()


# --- dates ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-05-03", ("2024-05-03",)),
        ("2024-05", ("2024-05",)),
        ("2024-05-03T10:20:30Z", ("2024-05-03",)),
        ("3 May 2024", ("2024-05-03",)),
        ("the 3rd of May, 2024", ("2024-05-03",)),
        ("May 3, 2024", ("2024-05-03",)),
        ("in March 2024", ("2024-03",)),
        ("3–5 May 2024", ("2024-05-03/2024-05-05",)),
        ("3 мая 2024 года", ("2024-05-03",)),
        ("2024년 5월 3일", ("2024-05-03",)),
        ("2024年5月3日", ("2024-05-03",)),
        ("2024/05/03", ("2024-05-03",)),
        ("29 February 2024", ("2024-02-29",)),
        ("13/04/2024", ("2024-04-13",)),
        ("04/13/2024", ("2024-04-13",)),
        ("03/03/2024", ("2024-03-03",)),
    ],
)
def test_a_date_with_one_reading_gives_it(text: str, expected: tuple[str, ...]) -> None:
    assert readings(text) == [expected]
    assert parse(expected[0]).text == expected[0]


@pytest.mark.parametrize("text", ["03/04/2024", "3.4.2024", "3-4-2024"])
def test_day_and_month_are_not_guessed(text: str) -> None:
    assert readings(text) == [("2024-04-03", "2024-03-04")]


@pytest.mark.parametrize(
    "text",
    ["29 February 2023", "2024-13-01", "31/31/2024", "3 May", "03/04/24", "5–3 May 2024", "1.2.3.2024", "0000-01-01",
     "12024-05-03"],
)  # fmt: skip
def test_what_is_no_whole_date_gives_none(text: str) -> None:
    assert readings(text) == []


def test_dates_far_apart_are_all_found_where_they_stand() -> None:
    text = f"3 May 2024 {'and ' * 100}2024-06-01{' or' * 100} on 03/04/2024, May 2025"
    found = list(dates(text))
    assert [each.readings[0] for each in found] == ["2024-05-03", "2024-06-01", "2024-04-03", "2025-05"]
    assert all(text[each.start :].startswith(each.text) for each in found)


# --- together ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("coordinates", "40.1234, 50.1234; "),
        ("imo", "IMO 9074729 "),
        ("mmsi", "MMSI 445123000 "),
        ("urls", "https://a.example/ "),
        ("dates", "3 May 2024. "),
    ],
)
def test_what_is_too_much_is_cut_and_said_to_be(kind: str, text: str) -> None:
    exactly, more = read(text * MOST), read(text * (MOST + 1))
    assert (len(getattr(exactly, kind)), exactly.more) == (MOST, ())
    assert (len(getattr(more, kind)), more.more) == (MOST, (kind,))


def test_the_longest_statement_fits_into_an_answer() -> None:
    text = "".join(f"https://a.example/{number}{'Ж' * 1900} " for number in range(520))[:1_000_000]
    found = read(text)
    assert found.more == ("urls", "quantities")
    assert len(json.dumps([vars(each) for each in found.urls])) < 1 << 20


def test_a_text_of_every_kind_of_trouble_is_only_data(shared: Path) -> None:
    strings = json.loads((shared / "data/naughty-strings/blns.json").read_text())
    assert len(strings) > 400
    for text in strings:
        found = read(text)
        assert found.characters == len(text)
        assert to_json([vars(each) for each in found.urls])
