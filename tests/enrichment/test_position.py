"""Where a sighting was, against the published port list, real ships in port, and almanacs."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from enrichment import ports
from enrichment.daylight import light_at
from enrichment.domain import EnricherInput, PermanentFailure, Result
from enrichment.enrichers.position import PositionFindings, read_position
from enrichment.geodesy import geodesic_m, sphere_m
from enrichment.territories import lands

VOSTOCHNY = {"lat": 42.74, "lon": 133.08}


def result(place: Mapping[str, Any] | None, when: str = "") -> Result:
    return read_position(
        EnricherInput(kind="sighting", fields={"place": place, "when": when}, original=None, folder=Path())
    )


def read(place: Mapping[str, Any] | None, when: str = "") -> PositionFindings:
    output: PositionFindings = result(place, when).output
    return output


# --- distances --------------------------------------------------------------------------------------------


def test_a_distance_is_that_of_the_survey_of_australia() -> None:
    # Flinders Peak to Buninyong on GRS 80 (Geocentric Datum of Australia, Technical Manual, chapter 4).
    flinders = (-(37 + 57 / 60 + 3.72030 / 3600), 144 + 25 / 60 + 29.52440 / 3600)
    buninyong = (-(37 + 39 / 60 + 10.15610 / 3600), 143 + 55 / 60 + 35.38390 / 3600)
    assert geodesic_m(*flinders, *buninyong) == pytest.approx(54_972.271, abs=0.001)


@pytest.mark.parametrize(
    ("points", "metres"),
    [
        ((0, 0, 0, 0), 0),
        ((0, 179.5, 0, -179.5), 111_319.491),
        ((90, 0, 90, 120), 0),
        ((0, 0, 90, 0), 10_001_965.729),
    ],
)
def test_a_distance_goes_the_short_way_round(points: tuple[float, float, float, float], metres: float) -> None:
    assert geodesic_m(*points) == pytest.approx(metres, abs=0.01)


def test_opposite_points_are_measured_all_the_same() -> None:
    assert geodesic_m(0, 0, 0.3, 179.8) == pytest.approx(sphere_m(0, 0, 0.3, 179.8))


# --- ports ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def published(shared: Path) -> list[dict[str, str]]:
    with (shared / "data/world-port-index/UpdatedPub150.csv").open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def test_every_port_of_the_publication_is_the_nearest_at_its_own_position(published: list[dict[str, str]]) -> None:
    # Of some that stand at one position, any may come first.
    wrong = []
    for row in published:
        lat, lon = float(row["Latitude"]), float(row["Longitude"])
        near = ports.nearest(lat, lon, within_m=100, most=20)
        if row["Main Port Name"].strip() not in {each.port.name for each in near}:
            wrong.append(row["Main Port Name"])
    assert len(published) == 3768
    assert wrong == []


def test_vostochny_does_not_become_nakhodka() -> None:
    found = read(VOSTOCHNY)
    assert found.nearest_port == "Vostochnyy"
    assert [(port.name, port.distance_km, port.locode) for port in found.ports[:2]] == [
        ("Vostochnyy", 1.1, "RUVYP"),
        ("Nakhodka", 17.4, "RUNJK"),
    ]
    assert found.ports[0].lies_on == "Sea of Japan; North Pacific Ocean"


def test_a_place_called_by_the_other_ports_name_is_flagged() -> None:
    [flag] = result({**VOSTOCHNY, "name": "Nakhodka"}).flags
    assert flag.flag == "place_is_another_port"
    assert "Nakhodka is 17.4 km from the position given, Vostochnyy only 1.1 km" in flag.detail


@pytest.mark.parametrize("name", ["Vostochny", "Port Vostochnyy", "VOSTOCHNY PORT", "", "Rajin, pier 3", "a terminal"])
def test_a_place_called_by_its_own_name_or_no_ports_is_not(name: str) -> None:
    assert result({**VOSTOCHNY, "name": name}).flags == ()


def test_between_two_ports_none_is_called_the_nearest() -> None:
    middle = read({"lat": 42.775, "lon": 132.983})
    assert middle.nearest_port == ""
    assert {port.name for port in middle.ports[:2]} == {"Vostochnyy", "Nakhodka"}
    assert read({**VOSTOCHNY, "radius_m": 20_000}).nearest_port == ""


def test_far_out_there_is_no_port() -> None:
    assert read({"lat": 40.0, "lon": -30.0}).ports == ()


def test_berths_are_said_to_be_absent_and_the_sea_is_that_of_the_ports_around() -> None:
    found = read(VOSTOCHNY)
    assert found.berths.startswith("not installed")
    # Between two oceans, and far from any port.
    assert read({"lat": 9.1, "lon": -79.7}).sea_area.startswith("not known")
    assert read({"lat": 40.0, "lon": -30.0}).sea_area.startswith("not known")
    assert found.sea_area == "Sea of Japan; North Pacific Ocean (as of the ports around)"


# --- land -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lat", "lon", "on"),
    [
        (55.7558, 37.6173, "Russia"),
        (37.5665, 126.9780, "South Korea"),
        (40.0, -30.0, "at sea"),
        (44.95, 34.1, "Crimea"),
        (-86.0, 10.0, "Antarctica"),
        (90.0, 0.0, "at sea"),
        (-16.8, 180.0, "Fiji"),
        (-16.8, -180.0, "Fiji"),
    ],
)
def test_land_and_sea_are_told_apart(lat: float, lon: float, on: str) -> None:
    assert read({"lat": lat, "lon": lon}).on == on


def test_disputed_land_says_so() -> None:
    [crimea, *_] = read({"lat": 44.95, "lon": 34.1}).land
    assert (crimea.code, crimea.name) == ("UA", "Crimea")
    assert "A/RES/68/262" in crimea.note


def test_the_coast_is_no_better_drawn_than_it_is() -> None:
    assert read({"lat": 42.2, "lon": 130.35}).on == "at sea or North Korea"


def test_most_ports_lie_in_or_off_the_state_that_the_index_has(published: list[dict[str, str]]) -> None:
    # Every tenth, for time. The rest are terminals far out at sea, and islets that the map leaves out.
    right, asked = 0, 0
    for row in published[::10]:
        near = ports.nearest(float(row["Latitude"]), float(row["Longitude"]), within_m=100, most=1)
        if not near or not near[0].port.state:
            continue
        asked += 1
        found = lands(near[0].port.lat, near[0].port.lon, within_m=20_000)
        right += near[0].port.state in {land.state for land in found}
    assert asked > 350
    assert right / asked > 0.96


# --- light ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "light"),
    [
        # By the sunrise equation (declination 15.8 degrees, hour angle 106.4) the sun rose at 19:59 and set at 10:10.
        ("2024-05-02T19:50Z", "civil twilight"),
        ("2024-05-02T20:12Z", "day"),
        ("2024-05-03T13:00:00+10:00", "day"),
        ("2024-05-03T10:25Z", "civil twilight"),
        ("2024-05-03T14:00Z", "night"),
        ("2024-05-03T02Z/2024-05-03T05Z", "day"),
    ],
)
def test_the_light_at_a_time_is_that_of_the_almanac(when: str, light: str) -> None:
    found = light_at(42.74, 133.08, 0, when)
    assert (found.light, found.possible) == (light, (light,))


@pytest.mark.parametrize(
    "when",
    ["2024-05-03", "2024-05-03T13:00", "2024-05-02T19:58Z", "2024-05", "", "..", "1850-01-01", "9999-12-31", "x"],
)
def test_a_time_that_may_be_day_or_night_is_unknown(when: str) -> None:
    found = light_at(42.74, 133.08, 0, when)
    assert found.light == "unknown"
    assert found.why_unknown


def test_the_midnight_sun_needs_no_hour() -> None:
    assert light_at(78.2, 15.6, 0, "2024-06-20").light == "day"
    assert light_at(90, 0, 0, "2024-12-20").light == "night"


# --- what is hostile --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "place", [{"lat": 91, "lon": 0}, {"lat": 0, "lon": 181}, {"lat": float("nan"), "lon": 0}, {"lat": 0, "lon": 1e308},
              {"lat": 0, "lon": 0, "radius_m": -1}],
)  # fmt: skip
def test_a_position_that_is_not_on_earth_is_refused(place: Mapping[str, Any]) -> None:
    with pytest.raises(PermanentFailure):
        read(place)


@pytest.mark.parametrize("place", [None, {}, {"name": "Vostochny"}, {"lat": 1.0}])
def test_without_a_position_nothing_is_found(place: Mapping[str, Any] | None) -> None:
    found = read(place, "2024-05-03T04:00Z")
    assert (found.lat, found.ports, found.land, found.light, found.on) == (None, (), (), None, "")


@pytest.mark.parametrize(("lat", "lon"), [(90, 180), (-90, -180), (0, 0), (0, 180), (89.999, 0), (-85, 0)])
def test_the_ends_of_the_map_are_read(lat: float, lon: float) -> None:
    assert read({"lat": lat, "lon": lon, "radius_m": 20_040_000}, "2024-05-03T04:00Z").lat == lat
