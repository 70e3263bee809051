"""What a sighted ship's numbers say, against real ships whose flags are known."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from enrichment.callsigns import series_state
from enrichment.domain import EnricherInput, Result
from enrichment.enrichers.ship import ShipFindings, read_ship
from enrichment.identifiers import imo_is_of_company, imo_is_valid
from enrichment.mmsi import read_mmsi
from enrichment.states import kin, name_of, state_named


def result(**subject: Any) -> Result:
    return read_ship(EnricherInput(kind="sighting", fields={"subject": subject}, original=None, folder=Path()))


def read(**subject: Any) -> ShipFindings:
    output: ShipFindings = result(**subject).output
    return output


def flags(**subject: Any) -> list[str]:
    return [flag.flag for flag in result(**subject).flags]


@pytest.fixture(scope="module")
def finnish(shared: Path) -> list[dict[str, str]]:
    with (shared / "data/ais-finland-2017-04/ships.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def listed(shared: Path) -> list[dict[str, str]]:
    with (shared / "data/ofac-sdn/vessels.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


# --- the tables -------------------------------------------------------------------------------------------


def test_every_digits_of_the_itu_tell_the_state_that_they_are_allocated_to(shared: Path) -> None:
    with (shared / "data/mmsi-mid/MaritimeIdentificationDigits.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 294
    for row in rows:
        found = read_mmsi(f"{row['MID']}000000")
        assert found
        assert row["Allocated_to"].strip() in found.administrations
        assert all(name_of(state) != state for state in found.states)


def test_digits_that_several_territories_share_tell_them_all() -> None:
    found = read_mmsi("306885000")
    assert found
    assert found.states == ("BQ", "CW", "SX")


@pytest.mark.parametrize(
    ("number", "kind", "states"),
    [
        ("273348830", "ship station", ("RU",)),
        ("445123000", "ship station", ("KP",)),
        ("002734411", "coast station", ("RU",)),
        ("027300001", "group of ships", ("RU",)),
        ("111273500", "aircraft in search and rescue", ("RU",)),
        ("827300001", "handheld radio", ("RU",)),
        ("992731234", "aid to navigation", ("RU",)),
        ("982731234", "craft of a parent ship", ("RU",)),
        ("970123456", "locating transmitter (AIS-SART)", ()),
        ("909842521", "no number of the ITU's scheme", ()),
        ("299000000", "ship station", ()),
    ],
)
def test_an_mmsi_tells_its_kind_of_station(number: str, kind: str, states: tuple[str, ...]) -> None:
    found = read_mmsi(number)
    assert found
    assert (found.kind, found.states) == (kind, states)


@pytest.mark.parametrize("number", ["", "27334883", "2733488300", "27334883x", "٢٧٣٣٤٨٨٣٠"])
def test_what_is_not_nine_digits_is_no_mmsi(number: str) -> None:
    assert read_mmsi(number) is None


@pytest.mark.parametrize(
    ("sign", "state"),
    [("9HDQ9", "MT"), ("5IM 592", "TZ"), ("HMYB", "KP"), ("UBTE", "RU"), ("3DAA", "SZ"), ("3DNA", "FJ"), ("SSAB", "EG"),
     ("SSTB", "SD"), ("V7QT2", "MH"), ("2FOV9", "GB"), ("H3RC", "PA"), ("4XAB", "IL"), ("c6ab3", "BS")],
)  # fmt: skip
def test_a_call_sign_tells_the_state_of_its_series(sign: str, state: str) -> None:
    assert series_state(sign) == state


@pytest.mark.parametrize("sign", ["", "X", "AB", "Q12345", "X1001", "1ABC", "NOT A SIGN AT ALL", "ПОЗЫВНОЙ", "QAAB"])
def test_what_is_of_no_series_has_no_state(sign: str) -> None:
    assert series_state(sign) is None


@pytest.mark.parametrize(
    ("name", "state"),
    [("Russia", "RU"), ("РОССИЯ", "RU"), ("ru", "RU"), ("RUS", "RU"), ("DPRK", "KP"), ("북한", "KP"),
     ("North Korea", "KP"),
     ("Democratic People's Republic of Korea", "KP"), ("Cote d’Ivoire", "CI"), ("St. Kitts and Nevis", "KN"),
     ("Marshall Is.", "MH"), ("the Bahamas", "BS"), ("Hong Kong", "HK"), ("Tanzania (Zanzibar)", "TZ")],
)  # fmt: skip
def test_a_flag_is_known_by_its_usual_names(name: str, state: str) -> None:
    assert state_named(name) == state


@pytest.mark.parametrize("name", ["", "None Identified", "Atlantis", "Korea", "false", "NN"])
def test_what_is_no_states_name_is_not_taken_for_one(name: str) -> None:
    assert state_named(name) is None


def test_every_flag_of_the_real_lists_is_known(finnish: list[dict[str, str]], listed: list[dict[str, str]]) -> None:
    flags_of = {row["flag"] for row in (*finnish, *listed)} - {"", "NN", "None Identified"}
    assert len(flags_of) > 60
    assert [flag for flag in flags_of if state_named(flag) is None] == []


# --- real ships -------------------------------------------------------------------------------------------


def test_real_ships_fly_the_flag_of_their_mmsi_nearly_all(finnish: list[dict[str, str]]) -> None:
    found = Counter(read(flag=row["flag"], mmsi=row["mmsi"]).mmsi_agrees.partition(":")[0] for row in finnish)
    assert found == {"yes": 1538, "a territory of the same state": 23, "no": 12, "not compared": 26}


def test_real_ships_have_call_signs_of_their_flag_nearly_all(finnish: list[dict[str, str]]) -> None:
    signs = [row for row in finnish if row["callsign"]]
    found = Counter(
        read(flag=row["flag"], call_sign=row["callsign"]).call_sign_agrees.partition(":")[0] for row in signs
    )
    # Some crews type a name where the call sign belongs.
    assert found["no"] == 18
    assert found["yes"] + found["a territory of the same state"] == 1562


def test_ships_that_changed_flag_on_paper_kept_the_number_of_the_old_one(listed: list[dict[str, str]]) -> None:
    with_mmsi = [row for row in listed if row["mmsi"]]
    assert len(with_mmsi) == 48
    differing = [row for row in with_mmsi if "flag_differs_from_mmsi" in flags(flag=row["flag"], mmsi=row["mmsi"])]
    former = [row for row in differing if "Former Vessel Flag" in row["remarks"]]
    assert (len(differing), len(former)) == (36, 36)


# --- IMO numbers ------------------------------------------------------------------------------------------


def test_ships_and_companies_are_told_apart(listed: list[dict[str, str]]) -> None:
    numbers = [row["imo"] for row in listed if row["imo"]]
    assert all(imo_is_valid(number) for number in numbers)
    assert {read(imo=number).imo_is for number in numbers} == {"ship", "ship or company"}
    assert imo_is_of_company("2041999")
    assert not imo_is_valid("2041999")
    assert read(imo="IMO 2041999").imo_is == "company"
    assert flags(imo="2041999") == ["imo_of_company"]


@pytest.mark.parametrize(
    ("imo", "kind", "flagged"),
    [
        ("9074729", "ship", []),
        ("IMO 9074729", "ship", []),
        ("imo: 9074729", "ship", []),
        ("9074728", "none: its check digit is wrong", ["imo_check_digit"]),
        ("907472", "not seven digits", ["imo_check_digit"]),
        ("", "", []),
    ],
)
def test_an_imo_number_says_what_it_is(imo: str, kind: str, flagged: list[str]) -> None:
    assert read(imo=imo).imo_is == kind
    assert flags(imo=imo) == flagged


# --- what can not be compared -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "agrees"),
    [
        ({"mmsi": "273348830"}, "not compared: no flag is given"),
        ({"mmsi": "273348830", "flag": "Atlantis"}, "not compared: the flag is not a name that is known here"),
        ({"mmsi": "970123456", "flag": "RU"}, "not compared: the number tells no state"),
        ({"mmsi": "273348830", "flag": "Kosovo"}, "not compared: the flag's state has no numbers of its own"),
        ({"mmsi": "235011610", "flag": "Isle of Man"}, "a territory of the same state"),
        ({"mmsi": "273 348 830", "flag": "Russian Federation"}, "yes"),
    ],
)
def test_what_can_not_be_compared_says_why(subject: dict[str, str], agrees: str) -> None:
    assert read(**subject).mmsi_agrees == agrees
    assert "flag_differs_from_mmsi" not in flags(**subject)


def test_a_number_of_no_ship_is_flagged() -> None:
    assert flags(mmsi="970123456") == ["mmsi_of_no_ship"]
    assert flags(mmsi="12345") == ["mmsi_of_no_ship"]


def test_kinship_is_of_territories_alone() -> None:
    assert kin("IM", "GB")
    assert kin("GI", "BM")
    assert not kin("RU", "UA")
    assert not kin("HK", "TW")


def test_a_ship_without_numbers_is_no_error() -> None:
    assert result(name="Angara").flags == ()
    assert read_ship(EnricherInput(kind="sighting", fields={}, original=None, folder=Path())).flags == ()
