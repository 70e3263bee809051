"""Measure how right the findings of the enrichers are, over collections with known answers: `make accuracy`.

The collections lie in shared/data beside the repository; one that is absent is named, and nothing is said about it.
"""

from __future__ import annotations

import csv
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.likenesses import edits, orientations

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
DEGREES = 1e-4
"""How far a position may be off: some 11 metres."""


@dataclass(frozen=True)
class Score:
    """How many answers were right, of how many; and the first wrong ones."""

    what: str
    right: int
    of: int
    wrong: tuple[str, ...] = ()


Answers = Iterator[tuple[str, bool]]
"""What was asked, and whether the answer was right."""


def positions(data: Path) -> dict[str, Answers]:
    """Read the GPS position of photographs: found where there is one, not invented where there is none."""
    from enrichment.domain import EnricherInput, PermanentFailure
    from enrichment.enrichers.exif import read_exif

    with (data / "expected.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))

    def outputs() -> Iterator[tuple[dict[str, str], Any]]:
        with tempfile.TemporaryDirectory() as folder:
            for row in rows:
                given = EnricherInput(kind="image", fields={}, original=data / row["file"], folder=Path(folder))
                try:
                    yield row, read_exif(given).output
                except PermanentFailure:
                    yield row, None

    read = list(outputs())
    return {
        "GPS position of a photograph that has one": (
            (row["file"], bool(found and found.gps) and _near(found.gps, float(row["lat"]), float(row["lon"])))
            for row, found in read
            if row["has_gps"] == "yes"
        ),
        "no GPS position for a photograph that has none": (
            (row["file"], found is None or found.gps is None) for row, found in read if row["has_gps"] == "no"
        ),
        "time of capture as recorded": (
            (row["file"], _time(found) == _recorded(row)) for row, found in read if row["capture_time_as_recorded"]
        ),
    }


def spellings(data: Path) -> dict[str, Answers]:
    """Read positions in the usual spellings, and refuse what is none or mark it as ambiguous."""
    from enrichment.coordinates import coordinates

    known = json.loads((data / "coordinates.json").read_text(encoding="utf-8"))
    return {
        "position as people write it": (
            (each["text"], any(_near(found, each["lat"], each["lon"]) for found in coordinates(each["text"])))
            for each in known["valid"]
        ),
        "what is no position refused, or marked as ambiguous": (
            (
                str(each["text"]),
                all(found.ambiguous and each["class"] != "must refuse" for found in coordinates(str(each["text"]))),
            )
            for each in known["refuse"]
        ),
    }


def languages(data: Path) -> dict[str, Answers]:
    """Guess the language of short texts."""
    from enrichment.languages import language

    pairs = json.loads((data / "cld2-pairs.json").read_text(encoding="utf-8"))["pairs"]
    return {
        "language of a short text": (
            (f"{each['n']} {each['iso_639_code']}", language(each["text"]).code == each["iso_639_code"])
            for each in pairs
            if not each.get("special")
        )
    }


def ship_numbers(data: Path) -> dict[str, Answers]:
    """Accept the IMO number of every listed ship, and none that differs from it in one digit."""
    from enrichment.identifiers import imo_is_valid

    with (data / "vessels.csv").open(newline="", encoding="utf-8") as file:
        numbers = sorted({row["imo"] for row in csv.DictReader(file) if row["imo"]})
    return {
        "IMO number of a real ship accepted": ((number, imo_is_valid(number)) for number in numbers),
        "IMO number with a wrong last digit refused": (
            (wrong, not imo_is_valid(wrong))
            for number in numbers
            for wrong in (f"{number[:6]}{digit}" for digit in range(10) if str(digit) != number[6])
        ),
    }


def flags(data: Path) -> dict[str, Answers]:
    """Tell the flag of real ships by MMSI and by call sign, and accept their IMO numbers."""
    from enrichment.callsigns import series_state
    from enrichment.identifiers import imo_is_valid
    from enrichment.mmsi import read_mmsi
    from enrichment.states import kin, state_named

    with (data / "ships.csv").open(newline="", encoding="utf-8") as file:
        ships = list(csv.DictReader(file))
    flagged = [(ship, flag) for ship in ships if (flag := state_named(ship["flag"]))]
    read = [(ship, flag, found) for ship, flag in flagged if (found := read_mmsi(ship["mmsi"])) and found.states]
    signs = [(ship, flag, found) for ship, flag in flagged if (found := series_state(ship["callsign"]))]
    return {
        "IMO number of a ship in the Baltic accepted": (
            (ship["imo"], imo_is_valid(ship["imo"])) for ship in ships if ship["imo"]
        ),
        "flag by a ship's MMSI (few ships really fly another)": (
            (f"{ship['mmsi']} {flag}", any(kin(flag, state) for state in found.states)) for ship, flag, found in read
        ),
        "flag by a ship's call sign (some crews type a name)": (
            (f"{ship['callsign']} {flag}", kin(flag, state)) for ship, flag, state in signs
        ),
    }


def deadweights(data: Path) -> dict[str, Answers]:
    """Estimate what each tanker carries by a relation that is fitted on all others."""
    from analysis.deadweight import estimate, fit
    from scripts.fit_deadweight import tankers

    ships = tankers(data / "ships.csv")
    found = []
    for number, ship in enumerate(ships):
        others = fit(ships[:number] + ships[number + 1 :])
        sizes = {"length_m": ship.length_m, "beam_m": ship.beam_m, "draught_m": ship.draught_m}
        found.append((ship, estimate(**sizes, fitted=others)))
    named = [(f"{ship.deadweight_t:g} t, not {each.value:.0f}", ship.deadweight_t, each) for ship, each in found]
    return {
        "deadweight of a tanker within 6 % by all others (half of them wanted)": (
            (name, abs(each.value / true - 1) <= 0.06) for name, true, each in named
        ),
        "deadweight of a tanker within 20 % by all others (nine in ten wanted)": (
            (name, abs(each.value / true - 1) <= 0.2) for name, true, each in named
        ),
        "deadweight of a tanker in its interval of 80 % (75 to 90 % wanted)": (
            (name, each.low <= true <= each.high) for name, true, each in named
        ),
    }


def footprints(data: Path) -> dict[str, Answers]:
    """Say where GeoTIFFs lie, and nothing of those that do not say it."""
    from enrichment.domain import EnricherInput
    from enrichment.enrichers.footprint import read_footprint

    with (data / "expected.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))

    def found(row: dict[str, str]) -> Any:
        given = EnricherInput(kind="image", fields={}, original=data / row["file"], folder=data)
        return read_footprint(given).output.bounds

    def right(row: dict[str, str]) -> bool:
        bounds, names = found(row), ("west", "south", "east", "north")
        wanted = [float(row[f"{name}_{'lon' if name in {'west', 'east'} else 'lat'}"]) for name in names]
        return bounds is not None and all(
            abs(getattr(bounds, name) - value) <= 0.002 for name, value in zip(names, wanted, strict=True)
        )

    return {
        "footprint of a GeoTIFF within 0.002°": (
            (row["file"], right(row)) for row in rows if row["has_footprint"] == "yes"
        ),
        "no footprint of a TIFF without a reference system": (
            (row["file"], found(row) is None) for row in rows if row["has_footprint"] == "no"
        ),
    }


def sentences(data: Path) -> dict[str, Answers]:
    """Decode AIS sentences of every type."""
    from enrichment.ais import Message, read_sentences

    with (data / "sample.aivdm").open("rb") as file:
        messages = [each for each in read_sentences(file) if isinstance(each, Message)]
    lines = (data / "sample.aivdm.js.chk").read_text(encoding="utf-8").splitlines()
    expected = [json.loads(line) for line in lines if line.strip()]
    return {
        "AIS message decoded": (
            (f"type {each['type']} of {each['mmsi']}", any(same_message(each, message) for message in messages))
            for each in expected
        )
    }


def same_message(expected: dict[str, Any], found: Any) -> bool:
    """Say whether a decoded message is the expected one: sender, type, and each value that both have.

    Positions of types 17 and 27 are expected to a tenth of a degree; those inside of other messages (types 6 and 8) are
    no positions of the sender, and their draughts have units of their own.
    """
    if (found.type, int(found.mmsi)) != (expected["type"], expected["mmsi"]):
        return False
    near = 0.06 if found.type in {17, 27} else 1e-3
    if found.type not in {6, 8}:
        for name, value, least, most in (
            ("lat", found.lat, -90, 90),
            ("lon", found.lon, -180, 180),
            ("speed", found.speed_kn, 0, 62.9 if found.type == 27 else 102.1),
            ("course", found.course_deg, 0, 359.9),
            ("heading", found.heading_deg, 0, 359),
            ("draught", found.draught_m, 0.1, 25.5),
        ):
            wanted = expected.get(name)
            if isinstance(wanted, int | float):
                is_said = least <= wanted <= most
                if (value is not None) != is_said or (is_said and abs(value - wanted) > near):
                    return False
    texts = {"shipname": found.name, "callsign": found.call_sign, "imo": int(found.imo or 0)}
    # The halves of type 24 say one of them each.
    return found.type == 24 or all(name not in expected or expected[name] == text for name, text in texts.items())


def digits(data: Path) -> dict[str, Answers]:
    """Know every row of the ITU's table of maritime identification digits."""
    from enrichment.mmsi import read_mmsi

    with (data / "MaritimeIdentificationDigits.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    return {
        "administration by the digits of an MMSI": (
            (row["MID"], bool(found and row["Allocated_to"].strip() in found.administrations))
            for row in rows
            for found in [read_mmsi(f"{row['MID']}000000")]
        )
    }


def harbours(data: Path) -> dict[str, Answers]:
    """Find every published port at its own position, and tell it from the next one."""
    from enrichment.ports import nearest

    with (data / "UpdatedPub150.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = [
            (row["Main Port Name"].strip(), float(row["Latitude"]), float(row["Longitude"]))
            for row in csv.DictReader(file)
        ]
    return {
        "port nearest to its own position": (
            (name, name in {near.port.name for near in nearest(lat, lon, within_m=100, most=20)})
            for name, lat, lon in rows
        )
    }


def strings(data: Path) -> dict[str, Answers]:
    """Read strings that break things."""
    from enrichment.domain import EnricherInput
    from enrichment.enrichers.text import read_text

    def read(text: str) -> int:
        given = EnricherInput(kind="statement", fields={"text": text}, original=None, folder=Path())
        return int(read_text(given).output.characters)

    texts = json.loads((data / "blns.json").read_text(encoding="utf-8"))
    return {"string that breaks things read": ((repr(text[:40]), read(text) == len(text)) for text in texts)}


def credentials(data: Path) -> dict[str, Answers]:
    """Judge Content Credentials as their validator is known to, without a list of trusted signers."""
    from enrichment.domain import EnricherInput
    from enrichment.enrichers.content_credentials import read_credentials

    with (data / "expected.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with tempfile.TemporaryDirectory() as folder:
        files = [
            EnricherInput(kind="image", fields={}, original=data / row["file"], folder=Path(folder)) for row in rows
        ]
        read = [(row, read_credentials(given).output) for row, given in zip(rows, files, strict=True)]
    return {
        "verdict on Content Credentials": (
            (row["file"], (found.state, set(found.codes)) == (row["validation_state"], _codes(row)))
            for row, found in read
        ),
        "signer, time and software that Content Credentials claim": (
            (row["file"], (found.signer, found.signed_at, found.claim_generator) == _claimed(row))
            for row, found in read
            if row["has_manifest"] == "yes"
        ),
    }


COLLECTIONS: dict[str, Callable[[Path], dict[str, Answers]]] = {
    "exif-samples": lambda data: positions(data) | orientations(data),
    "coordinate-spellings": spellings,
    "language-samples": languages,
    "ofac-sdn": ship_numbers,
    "ais-finland-2017-04": lambda data: flags(data) | deadweights(data),
    "geotiff-samples": footprints,
    "ais-gpsd": sentences,
    "mmsi-mid": digits,
    "world-port-index": harbours,
    "naughty-strings": strings,
    "c2pa-samples": credentials,
    "pdq-bridge-mods": edits,
}


def scores(data: Path = DATA) -> Iterator[Score | str]:
    """Yield a score for each question, or the name of a collection that is not here."""
    for name, ask in COLLECTIONS.items():
        if not (data / name).is_dir():
            yield name
            continue
        for what, answers in ask(data / name).items():
            given = list(answers)
            wrong = tuple(asked for asked, right in given if not right)
            yield Score(what, len(given) - len(wrong), len(given), wrong[:5])


def main() -> int:
    """Print the table."""
    # Settings need a folder for what they keep; nothing is kept here.
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"DJANGO_SETTINGS_MODULE": "osint.settings", "OSINT_DATA_DIR": folder}
        import django

        django.setup()
        print("| what | right | of | | first wrong |\n|---|--:|--:|--:|---|")
        absent = []
        for each in scores():
            if isinstance(each, str):
                absent.append(each)
                continue
            share = f"{each.right / each.of:.1%}" if each.of else "–"
            wrong = "; ".join(text.replace("|", "\\|") for text in each.wrong)
            print(f"| {each.what} | {each.right} | {each.of} | {share} | {wrong} |")
    for name in absent:
        print(f"not on this machine, so not measured: {DATA / name}", file=sys.stderr)
    return 0


def _near(found: Any, lat: float, lon: float) -> bool:
    return abs(found.lat - lat) <= DEGREES and abs(found.lon - lon) <= DEGREES


def _time(found: Any) -> str:
    # The fraction of a second stands in a tag of its own, which the expected answers leave out.
    return re.sub(r"\.\d+", "", found.taken) if found else ""


def _recorded(row: dict[str, str]) -> str:
    date, _, time = row["capture_time_as_recorded"].partition(" ")
    return f"{date.replace(':', '-')}T{time}{row['utc_offset_as_recorded']}"


def _codes(row: dict[str, str]) -> set[str]:
    return set(filter(None, row["failure_codes_active_manifest"].split("; ")))


def _claimed(row: dict[str, str]) -> tuple[str, str, str]:
    return row["signature_issuer"], row["signature_time"], row["claim_generator"]


if __name__ == "__main__":
    sys.exit(main())
