"""The sun over a picture: known positions of it, and what is too vague to have any."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from enrichment.domain import EnricherInput, PermanentFailure
from enrichment.enrichers.sky import Sky, Sun, read_sky
from tests.enrichment.test_exif import CAMERA, GPS, VOSTOCHNY, at


def seen(path: Path, when: str = "", **place: Any) -> Sky:
    fields = {name: value for name, value in (("when", when), ("place", place)) if value}
    found: Sky = read_sky(EnricherInput(kind="image", fields=fields, original=path, folder=path.parent)).output
    return found


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture that says nothing of itself."""
    path: Path = tmp_path_factory.mktemp("plain") / "plain.png"
    Image.new("RGB", (8, 8)).save(path)
    return path


@pytest.fixture
def sky(plain: Path) -> Callable[..., Sun]:
    """Give the sun for a claim."""
    return lambda *when, **place: seen(plain, *when, **place).claimed


# At solar noon (12 hours less those of the longitude and the equation of time, +2 minutes at the solstice in December,
# -2 at that in June) the sun stands due south or north, 90° less the difference of latitude and declination high.
@pytest.mark.parametrize(
    ("lat", "lon", "when", "azimuth", "elevation"),
    [
        (51.48, 0.0, "2024-12-21T11:58Z", 180.0, 90 - 51.48 - 23.44),
        (40.0, -105.0, "2024-06-20T19:02Z", 180.0, 90 - 40 + 23.44),
        (-33.87, 151.21, "2024-12-21T01:53Z", 0.0, 90 - 33.87 + 23.44),
    ],
)
def test_at_noon_the_sun_stands_where_latitude_and_season_put_it(
    sky: Callable[..., Sun], lat: float, lon: float, when: str, azimuth: float, elevation: float
) -> None:
    found = sky(when, lat=lat, lon=lon)
    assert found.sun_from_deg is not None
    assert abs((found.sun_from_deg - azimuth + 180) % 360 - 180) < 2
    assert found.light
    assert found.light.light == "day"
    assert found.light.lowest_deg == pytest.approx(elevation, abs=0.15)
    assert found.shadows_from_deg == pytest.approx((found.sun_from_deg + 180) % 360, abs=0.11)
    assert found.why_unknown == ""


def test_a_shadow_is_as_long_as_its_mast_at_45_degrees(sky: Callable[..., Sun]) -> None:
    # Equinox, an hour before noon, where the sun reaches some 48 degrees.
    found = sky("2024-03-20T11:00Z", lat=42.0, lon=0.0)
    assert found.shadow_shortest == pytest.approx(1.0, abs=0.15)


def test_the_directions_go_from_the_beginning_of_the_time_to_its_end(sky: Callable[..., Sun]) -> None:
    found = sky("2024-06-21T17:00Z/2024-06-21T19:00Z", lat=40.0, lon=-105.0)
    assert found.sun_from_deg
    assert found.sun_to_deg
    assert found.sun_from_deg < 140 < found.sun_to_deg
    assert found.shadow_shortest
    assert found.shadow_longest
    assert found.shadow_shortest < found.shadow_longest


@pytest.mark.parametrize(
    ("when", "place", "why"),
    [
        ("2024-06-21T19:00Z", {}, "no position is claimed"),
        ("2024-06-21T19:00Z", {"name": "Vostochny"}, "no position is claimed"),
        ("", {"lat": 42.74, "lon": 133.08}, "no time is given, or it is open at one side"),
        ("2024-06-21", {"lat": 42.74, "lon": 133.08}, "the time is not known to 3 hours, as its zone is not given"),
        ("2024-06", {"lat": 42.74, "lon": 133.08}, "the time is not known to the day"),
        ("2024-06-21T19:00Z", {"lat": 42.74, "lon": 133.08, "radius_m": 90_000}, "the place is too large"),
    ],
)
def test_what_is_too_vague_has_no_direction_and_says_why(
    sky: Callable[..., Sun], when: str, place: dict[str, Any], why: str
) -> None:
    found = sky(when, **place)
    assert (found.sun_from_deg, found.shadows_from_deg, found.shadow_longest) == (None, None, None)
    assert found.why_unknown == why


def test_at_night_the_sun_has_a_direction_and_nothing_a_shadow(sky: Callable[..., Sun]) -> None:
    found = sky("2024-06-21T07:00Z", lat=40.0, lon=-105.0)
    assert found.light
    assert found.light.light == "night"
    assert found.sun_from_deg is not None
    assert (found.shadows_from_deg, found.shadow_longest) == (None, None)


def test_a_place_that_is_not_on_earth_is_none(sky: Callable[..., Sun]) -> None:
    with pytest.raises(PermanentFailure):
        sky("2024-06-21T07:00Z", lat=91, lon=0)
    with pytest.raises(PermanentFailure):
        sky("2024-06-21T07:00Z", lat=float("nan"), lon=0)


def test_the_sun_of_the_file_is_that_of_its_position_and_of_the_satellites_time(plain: Path, tmp_path: Path) -> None:
    exif = Image.Exif()
    lat, lon = VOSTOCHNY
    clock = (Fraction(2), Fraction(30), Fraction(0))
    exif[GPS] = at(lat, "N", lon, "E", t29="2024:06:21", t7=clock)
    exif[CAMERA] = {0x9003: "2024:06:21 11:30:00"}
    path = tmp_path / "made.jpg"
    Image.new("RGB", (8, 8)).save(path, exif=exif)
    found = seen(path, "2024-06-21T02:30:00Z", lat=42.74, lon=133.08)
    assert found.file
    assert found.file.when == "2024-06-21T02:30:00Z"
    assert found.file.sun_from_deg == pytest.approx(found.claimed.sun_from_deg, abs=0.2)
    elsewhere = seen(path, "2024-06-21T02:30:00Z", lat=42.74, lon=13.08)
    assert elsewhere.file == found.file
    assert elsewhere.claimed.sun_from_deg != pytest.approx(found.claimed.sun_from_deg, abs=5)


def test_a_time_of_the_file_without_a_zone_gives_no_direction(tmp_path: Path) -> None:
    exif = Image.Exif()
    lat, lon = VOSTOCHNY
    exif[GPS], exif[CAMERA] = at(lat, "N", lon, "E"), {0x9003: "2024:06:21 11:30:00"}
    path = tmp_path / "made.jpg"
    Image.new("RGB", (8, 8)).save(path, exif=exif)
    found = seen(path).file
    assert found
    assert found.when == "2024-06-21T11:30:00"
    assert (found.sun_from_deg, found.why_unknown) == (
        None,
        "the time is not known to 3 hours, as its zone is not given",
    )


def test_a_file_without_a_position_has_no_sun_of_its_own(plain: Path) -> None:
    assert seen(plain, "2024-06-21T02:30Z", lat=42.74, lon=133.08).file is None
