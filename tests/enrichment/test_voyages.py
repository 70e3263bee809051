"""Whether a ship can have been in two places: everything read in its favour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrichment.voyages import FAR_APART, Sighted, around, impossible
from evidence.when import parse

VOSTOCHNY, NAKHODKA, RAJIN = (42.74, 133.08), (42.8, 132.88), (42.24, 130.30)


def sighted(place: tuple[float, float], when: str, radius_m: float | None = 0) -> Sighted:
    time = parse(when)
    assert time.earliest
    assert time.latest
    return Sighted(lat=place[0], lon=place[1], radius_m=radius_m, earliest=time.earliest, latest=time.latest)


def test_too_fast_says_how_fast_at_least() -> None:
    # 235 km in two hours and a minute: what is given to the minute may be its first or its last second.
    found = impossible(sighted(VOSTOCHNY, "2024-05-03T10:00Z"), sighted(RAJIN, "2024-05-03T12:00Z"))
    assert found
    assert found.distance_km == pytest.approx(234.7, abs=0.5)
    assert (found.hours, found.at_once) == (2.02, False)
    assert found.speed_kn == pytest.approx(62.8, abs=0.3)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # Eight hours are enough at 16 knots.
        (sighted(VOSTOCHNY, "2024-05-03T10:00Z"), sighted(RAJIN, "2024-05-03T18:00Z")),
        # Without a zone the times may be 28 hours apart, and a day may be any of its hours.
        (sighted(VOSTOCHNY, "2024-05-03T10:00Z"), sighted(RAJIN, "2024-05-03T12:00")),
        (sighted(VOSTOCHNY, "2024-05-03"), sighted(RAJIN, "2024-05-03")),
        (sighted(VOSTOCHNY, "2024-05"), sighted(RAJIN, "2024-05-03T12:00Z")),
        # The places may be nearer to one another than their middles.
        (sighted(VOSTOCHNY, "2024-05-03T10:00Z", 120_000), sighted(RAJIN, "2024-05-03T10:00Z", 120_000)),
        # A position without a radius is not exact.
        (sighted(VOSTOCHNY, "2024-05-03T10:00:00Z", None), sighted((42.80, 133.10), "2024-05-03T10:00:00Z", None)),
    ],
)
def test_what_is_possible_in_one_reading_is_possible(one: Sighted, other: Sighted) -> None:
    assert impossible(one, other) is None
    assert impossible(other, one) is None


def test_two_places_at_one_moment_need_no_speed() -> None:
    moment = parse("2024-05-03T10:00:00.000000Z").earliest
    assert moment
    one = Sighted(lat=42.74, lon=133.08, radius_m=0, earliest=moment, latest=moment)
    other = Sighted(lat=42.8, lon=132.88, radius_m=0, earliest=moment, latest=moment)
    found = impossible(one, other)
    assert found
    assert (found.speed_kn, found.at_once) == (None, True)


def test_a_limit_of_ones_own_counts() -> None:
    one, other = sighted(VOSTOCHNY, "2024-05-03T10:00Z"), sighted(RAJIN, "2024-05-03T18:00Z")
    assert impossible(one, other, fastest_kn=10)


PLACES = st.tuples(st.floats(-90, 90), st.floats(-180, 180))
MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001 -- bounds


@given(one=PLACES, other=PLACES, at=MOMENTS, later=st.timedeltas(timedelta(), timedelta(days=40)))
def test_it_is_the_same_from_both_sides_and_never_so_after_long_enough(
    one: Any, other: Any, at: datetime, later: timedelta
) -> None:
    then = min(at, datetime(9999, 11, 1, tzinfo=UTC)) + later
    a = Sighted(lat=one[0], lon=one[1], radius_m=0, earliest=min(then, at), latest=min(then, at))
    b = Sighted(lat=other[0], lon=other[1], radius_m=0, earliest=then, latest=then)
    found = impossible(a, b)
    assert impossible(b, a) == found
    assert not (found and then - a.latest > FAR_APART)


@given(earliest=MOMENTS, latest=MOMENTS)
def test_the_ends_of_the_calendar_hold(earliest: datetime, latest: datetime) -> None:
    first, last = around(min(earliest, latest), max(earliest, latest))
    assert first <= earliest
    assert last >= latest
