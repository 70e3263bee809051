"""What the camera wrote: against photographs with known answers, and against files made to be wrong."""

from __future__ import annotations

import csv
import struct
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from enrichment.domain import EnricherInput, PermanentFailure, Result
from enrichment.enrichers.exif import Exif, read_exif
from enrichment.geodesy import sphere_m
from evidence.when import parse

GPS, CAMERA = 0x8825, 0x8769
VOSTOCHNY = (Fraction(42), Fraction(44), Fraction(24)), (Fraction(133), Fraction(4), Fraction(48))
Ratio = Fraction | tuple[int, int]


def read(path: Path, **said: Any) -> Result:
    return read_exif(EnricherInput(kind="image", fields=said, original=path, folder=path.parent))


def found(path: Path, **said: Any) -> Exif:
    output: Exif = read(path, **said).output
    return output


def flags(path: Path, **said: Any) -> dict[str, str]:
    return {flag.flag: flag.detail for flag in read(path, **said).flags}


def photograph(folder: Path, *, gps: Mapping[int, Any] | None = None, camera: Mapping[int, Any] | None = None) -> Path:
    exif = Image.Exif()
    if gps is not None:
        exif[GPS] = dict(gps)
    if camera is not None:
        exif[CAMERA] = dict(camera)
    path = folder / "made.jpg"
    Image.new("RGB", (8, 8)).save(path, exif=exif)
    return path


def at(lat: Any, lat_ref: str | None, lon: Any, lon_ref: str | None, **more: Any) -> dict[int, Any]:
    tags = {1: lat_ref, 2: lat, 3: lon_ref, 4: lon, **{int(number[1:]): value for number, value in more.items()}}
    return {number: value for number, value in tags.items() if value is not None}


# --- real photographs -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def photographs(shared: Path) -> list[tuple[Path, dict[str, str]]]:
    folder = shared / "data/exif-samples"
    with (folder / "expected.csv").open(newline="") as file:
        rows = [(folder / row["file"], row) for row in csv.DictReader(file)]
    assert len(rows) == 40
    return rows


def test_every_position_is_right_and_none_is_invented(photographs: list[tuple[Path, dict[str, str]]]) -> None:
    positions = 0
    for path, known in photographs:
        gps = found(path).gps
        assert (gps is not None) is (known["has_gps"] == "yes"), path.name
        if gps:
            positions += 1
            assert gps.lat == pytest.approx(float(known["lat"]), abs=1e-5), path.name
            assert gps.lon == pytest.approx(float(known["lon"]), abs=1e-5), path.name
    assert positions == 7


def test_every_capture_time_is_as_recorded_and_no_zone_is_guessed(
    photographs: list[tuple[Path, dict[str, str]]],
) -> None:
    times, offsets = 0, 0
    for path, known in photographs:
        taken = found(path).taken
        recorded = known["capture_time_as_recorded"]
        assert bool(taken) is bool(recorded), path.name
        if recorded:
            times += 1
            assert taken.startswith(f"{recorded[:10].replace(':', '-')}T{recorded[11:]}"), path.name
            offset = known["utc_offset_as_recorded"]
            offsets += bool(offset)
            assert taken.endswith(offset) if offset else parse(taken).zone == "unknown", path.name
    assert (times, offsets) == (19, 3)


def test_a_recorded_offset_leads_to_the_right_instant(photographs: list[tuple[Path, dict[str, str]]]) -> None:
    for path, known in photographs:
        if known["capture_time_utc"]:
            earliest = parse(found(path).taken).earliest
            assert earliest is not None
            assert earliest.isoformat().startswith(known["capture_time_utc"].removesuffix("Z")), path.name


def test_the_time_of_the_satellites_is_apart_from_the_cameras(photographs: list[tuple[Path, dict[str, str]]]) -> None:
    for path, known in photographs:
        recorded = known["gps_time_utc"].removesuffix("Z")
        gps_time = found(path).gps_time
        if recorded:
            assert gps_time.endswith("Z")
            assert recorded.startswith(gps_time.removesuffix("Z")), path.name


def test_camera_and_orientation_are_as_recorded(photographs: list[tuple[Path, dict[str, str]]]) -> None:
    for path, known in photographs:
        output = found(path)
        orientation = int(known["orientation"]) if known["orientation"] else None
        assert output.orientation == orientation, path.name
        assert (output.make, output.model) == (known["make"], known["model"]), path.name


# --- positions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lat_ref", "lon_ref", "lat", "lon"),
    [("N", "E", 42.74, 133.08), ("S", "E", -42.74, 133.08), ("N", "W", 42.74, -133.08), ("S", "W", -42.74, -133.08)],
)
def test_each_hemisphere_has_its_sign(lat_ref: str, lon_ref: str, lat: float, lon: float, tmp_path: Path) -> None:
    gps = found(photograph(tmp_path, gps=at(VOSTOCHNY[0], lat_ref, VOSTOCHNY[1], lon_ref))).gps
    assert gps is not None
    assert (gps.lat, gps.lon) == pytest.approx((lat, lon), abs=1e-7)


def test_degrees_and_decimal_minutes_are_a_position(tmp_path: Path) -> None:
    lat, lon = (Fraction(42), Fraction(444, 10), Fraction(0)), (Fraction(133), Fraction(48, 10), Fraction(0))
    gps = found(photograph(tmp_path, gps=at(lat, "N", lon, "E", _5=b"\1", _6=Fraction(153, 10)))).gps
    assert gps is not None
    assert (gps.lat, gps.lon, gps.altitude_m) == pytest.approx((42.74, 133.08, -15.3))


def test_null_island_is_flagged_and_not_given(tmp_path: Path) -> None:
    nowhere = (Fraction(0), Fraction(0), Fraction(0))
    path = photograph(tmp_path, gps=at(nowhere, "N", nowhere, "E"))
    assert found(path).gps is None
    assert set(flags(path)) == {"gps_null_island"}


@pytest.mark.parametrize(
    "gps",
    [
        at(VOSTOCHNY[0], None, VOSTOCHNY[1], "E"),
        at(VOSTOCHNY[0], "N", VOSTOCHNY[1], None),
        at(VOSTOCHNY[0], "N", None, None),
        at(VOSTOCHNY[0], "X", VOSTOCHNY[1], "E"),
        at(VOSTOCHNY[0], "E", VOSTOCHNY[1], "N"),
        at((Fraction(91), Fraction(0), Fraction(0)), "N", VOSTOCHNY[1], "E"),
        at((Fraction(90), Fraction(1), Fraction(0)), "N", VOSTOCHNY[1], "E"),
        at(VOSTOCHNY[0], "N", (Fraction(180), Fraction(0), Fraction(1)), "E"),
        at((Fraction(42), Fraction(44)), "N", VOSTOCHNY[1], "E"),
        at((Fraction(42), Fraction(75), Fraction(0)), "N", VOSTOCHNY[1], "E"),
    ],
)
def test_half_a_position_or_one_off_the_earth_is_flagged_and_not_given(gps: dict[int, Any], tmp_path: Path) -> None:
    path = photograph(tmp_path, gps=gps)
    assert found(path).gps is None
    assert set(flags(path)) == {"gps_unreadable"}


def test_a_division_by_zero_is_no_position(tmp_path: Path) -> None:
    path = photograph(tmp_path, gps=at(VOSTOCHNY[0], "N", VOSTOCHNY[1], "E"))
    data, degrees = path.read_bytes(), struct.pack(">LL", 42, 1)
    degrees = degrees if degrees in data else struct.pack("<LL", 42, 1)
    assert data.count(degrees) == 1
    path.write_bytes(data.replace(degrees, bytes(8)))
    assert found(path).gps is None
    assert set(flags(path)) == {"gps_unreadable"}


# --- times ------------------------------------------------------------------------------------------------

TAKEN, OFFSET, FRACTION = 0x9003, 0x9011, 0x9291


@pytest.mark.parametrize(
    ("camera", "taken"),
    [
        ({TAKEN: "2024:05:03 10:20:30"}, "2024-05-03T10:20:30"),
        ({TAKEN: "2024:05:03 10:20:30", OFFSET: "+10:00"}, "2024-05-03T10:20:30+10:00"),
        ({TAKEN: "2024:05:03 10:20:30", OFFSET: "-03:30"}, "2024-05-03T10:20:30-03:30"),
        ({TAKEN: "2024:05:03 10:20:30", OFFSET: "Z"}, "2024-05-03T10:20:30Z"),
        ({TAKEN: "2024:05:03 10:20:30", OFFSET: "+99:00"}, "2024-05-03T10:20:30"),
        ({TAKEN: "2024:05:03 10:20:30", OFFSET: "   :  "}, "2024-05-03T10:20:30"),
        ({TAKEN: "2024:05:03 10:20:30", FRACTION: "25"}, "2024-05-03T10:20:30.25"),
        ({TAKEN: "0000:00:00 00:00:00"}, ""),
        ({TAKEN: "2024:13:03 10:20:30"}, ""),
        ({TAKEN: "2024:02:30 10:20:30"}, ""),
        ({TAKEN: "2024:05:03 25:20:30"}, ""),
        ({TAKEN: "    :  :     :  :  "}, ""),
        ({TAKEN: "yesterday"}, ""),
        ({}, ""),
    ],
)
def test_a_time_is_kept_as_it_is_or_left_out(camera: dict[int, Any], taken: str, tmp_path: Path) -> None:
    assert found(photograph(tmp_path, camera=camera)).taken == taken
    assert not taken or parse(taken).text == taken


@pytest.mark.parametrize("taken", ["2024:13:03 10:20:30", "yesterday at 10"])
def test_a_time_that_is_none_is_flagged_as_it_stands(taken: str, tmp_path: Path) -> None:
    assert flags(photograph(tmp_path, camera={TAKEN: taken})) == {
        "exif_time_unreadable": f"The file's time of capture is no time: {taken}"
    }


@pytest.mark.parametrize("taken", ["0000:00:00 00:00:00", "    :  :     :  :  "])
def test_a_camera_that_does_not_know_the_time_is_not_flagged(taken: str, tmp_path: Path) -> None:
    assert flags(photograph(tmp_path, camera={TAKEN: taken})) == {}


def test_a_picture_taken_after_it_was_modified_is_flagged_and_not_corrected(
    photographs: list[tuple[Path, dict[str, str]]],
) -> None:
    flagged = [path for path, _ in photographs if "exif_times_contradict" in flags(path)]
    assert [path.name for path in flagged] == ["WWL_Polaroid_ION230.jpg"]
    assert found(flagged[0]).taken == "2026-11-24T14:41:16"


# --- what the submitter said ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "differs"),
    [
        (None, False),
        ({"name": "Vostochny"}, False),
        ({"lat": 42.74, "lon": 133.08}, False),
        ({"lat": 42.745, "lon": 133.08}, False),
        ({"lat": 42.75, "lon": 133.08}, True),
        ({"lat": 42.75, "lon": 133.08, "radius_m": 2000.0}, False),
        ({"lat": 42.745, "lon": 133.08, "radius_m": 200.0}, True),
        ({"lat": -42.74, "lon": 133.08}, True),
        ({"lat": 42.74, "lon": -133.08}, True),
    ],
)
def test_a_place_that_the_file_contradicts_is_flagged(
    place: dict[str, Any] | None, differs: bool, tmp_path: Path
) -> None:
    path = photograph(tmp_path, gps=at(VOSTOCHNY[0], "N", VOSTOCHNY[1], "E"))
    assert ("exif_place_differs" in flags(path, place=place)) is differs
    assert found(path, place=place).gps is not None


def test_the_flag_names_both_places_and_how_far_apart_they_are(tmp_path: Path) -> None:
    path = photograph(tmp_path, gps=at(VOSTOCHNY[0], "N", VOSTOCHNY[1], "E"))
    assert flags(path, place={"lat": 43.1, "lon": 131.9}) == {
        "exif_place_differs": "The file's GPS position 42.74000, 133.08000 is 104.1 km from the place given "
        "(43.10000, 131.90000, within 1000 m)."
    }


@pytest.mark.parametrize(
    ("taken", "offset", "when", "differs"),
    [
        ("2024:05:03 10:20:30", "+10:00", "2024-05-03", False),
        ("2024:05:03 10:20:30", "+10:00", "2024-05-03T00:20:30Z", False),
        ("2024:05:03 10:20:30", "+10:00", "2024-05-03T10:20:30Z", True),
        ("2024:05:03 10:20:30", None, "2024-05-03T10:20:30Z", False),
        ("2024:05:03 10:20:30", None, "2024-05-04", False),
        ("2024:05:03 10:20:30", None, "2024-05-06", True),
        ("2024:05:03 10:20:30", None, "2024-05", False),
        ("2024:05:03 10:20:30", None, "2024-06", True),
        ("2024:05:03 10:20:30", None, "../2024-01-01", True),
        ("2024:05:03 10:20:30", None, "2024-01-01/..", False),
        ("2024:05:03 10:20:30", None, "", False),
    ],
)
def test_a_time_that_the_file_contradicts_is_flagged(
    taken: str, offset: str | None, when: str, differs: bool, tmp_path: Path
) -> None:
    camera = {TAKEN: taken, **({OFFSET: offset} if offset else {})}
    said = flags(photograph(tmp_path, camera=camera), when=when)
    assert ("exif_time_differs" in said) is differs
    if differs:
        assert ("its zone is unknown" in said["exif_time_differs"]) is (offset is None)


@pytest.mark.parametrize(
    ("one", "other", "kilometres"),
    [((0.0, 0.0), (0.0, 180.0), 20015.1), ((42.74, 133.08), (43.1, 131.9), 104.1), ((0.0, 179.9), (0.0, -179.9), 22.2)],
)
def test_distances_follow_the_great_circle(
    one: tuple[float, float], other: tuple[float, float], kilometres: float
) -> None:
    assert sphere_m(*one, *other) / 1000 == pytest.approx(kilometres, abs=0.1)


# --- hostile ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "\x1b[31mred", "a\r\nb", "{{7*7}}", "'; DROP TABLE x;--"]
)
def test_texts_are_data_and_stay_what_they_are(text: str, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0131] = text, text, text
    path = tmp_path / "made.jpg"
    Image.new("RGB", (8, 8)).save(path, exif=exif)
    output = found(path)
    assert (output.make, output.model, output.software) == (text, text, text)


def test_a_picture_without_metadata_has_none(tmp_path: Path) -> None:
    path = tmp_path / "bare.png"
    Image.new("RGB", (8, 8)).save(path)
    assert found(path) == Exif(
        make="", model="", software="", orientation=None, taken="", modified="", gps_time="", gps=None, tags=0
    )


def test_a_file_that_is_no_picture_has_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "cut.heic"
    path.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic\0\0\xff\xffmeta")
    with pytest.raises(PermanentFailure, match=r"can not be read"):
        read(path)
