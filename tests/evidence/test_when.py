"""When something happened: every form of EDTF as two instants, and no zone guessed."""

import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from edtf import parse_edtf
from hypothesis import example, given
from hypothesis import strategies as st

from evidence.when import LONGEST, InvalidWhen, When, parse


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(first: str, last: str) -> tuple[datetime, datetime]:
    """The instants of local days, first and last, of which nobody knows where."""
    return (
        at(first) - timedelta(hours=14),
        at(last) + timedelta(days=1, hours=12) - timedelta(microseconds=1),
    )


def span(text: str) -> tuple[datetime | None, datetime | None]:
    when = parse(text)
    return when.earliest, when.latest


# -- an instant ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "earliest", "latest", "zone"),
    [
        ("2024-03-05T10:00:07Z", "2024-03-05T10:00:07", "2024-03-05T10:00:07.999999", "utc"),
        ("2024-03-05T10:00Z", "2024-03-05T10:00", "2024-03-05T10:00:59.999999", "utc"),
        ("2024-03-05T10Z", "2024-03-05T10:00", "2024-03-05T10:59:59.999999", "utc"),
        ("2024-03-05T10:00:07.5Z", "2024-03-05T10:00:07.5", "2024-03-05T10:00:07.599999", "utc"),
        ("2024-03-05T10:00:07,25Z", "2024-03-05T10:00:07.25", "2024-03-05T10:00:07.259999", "utc"),
        ("2024-03-05T10:00:07.123456Z", "2024-03-05T10:00:07.123456", "2024-03-05T10:00:07.123456", "utc"),
        ("2024-03-05T10:00:07.123456789Z", "2024-03-05T10:00:07.123456", "2024-03-05T10:00:07.123456", "utc"),
        ("2024-03-05T10:00+09:00", "2024-03-05T01:00", "2024-03-05T01:00:59.999999", "offset"),
        ("2024-03-05T10:00-0330", "2024-03-05T13:30", "2024-03-05T13:30:59.999999", "offset"),
        ("2024-03-05T10:00+09", "2024-03-05T01:00", "2024-03-05T01:00:59.999999", "offset"),
        ("2024-03-05T10:00+00:00", "2024-03-05T10:00", "2024-03-05T10:00:59.999999", "utc"),
        ("2024-12-31T24:00Z", "2025-01-01T00:00", "2025-01-01T00:00:59.999999", "utc"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00", "2017-01-01T00:00:00.999999", "utc"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00", "2024-02-29T00:00:00.999999", "utc"),
    ],
)
def test_a_time_with_a_zone_covers_what_it_leaves_open(text: str, earliest: str, latest: str, zone: str) -> None:
    assert parse(text) == When(text=text, earliest=at(earliest), latest=at(latest), zone=zone)


def test_a_time_without_a_zone_may_be_anywhere_and_says_so() -> None:
    when = parse("2024-03-05T10:00")
    assert when.zone == "unknown"
    assert when.earliest == at("2024-03-04T20:00")
    assert when.latest == at("2024-03-05T22:00:59.999999")


# -- days, months, years ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024-03-05", "2024-03-05", "2024-03-05"),
        ("2024-03", "2024-03-01", "2024-03-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2023-02", "2023-02-01", "2023-02-28"),
        ("2024", "2024-01-01", "2024-12-31"),
        # level 1
        ("2024-XX", "2024-01-01", "2024-12-31"),
        ("2024-03-XX", "2024-03-01", "2024-03-31"),
        ("2024-XX-XX", "2024-01-01", "2024-12-31"),
        ("202X", "2020-01-01", "2029-12-31"),
        ("20XX", "2000-01-01", "2099-12-31"),
        ("2024-21", "2024-03-01", "2024-12-31"),
        ("2024-22", "2023-12-01", "2025-03-31"),
        ("2024-23", "2024-03-01", "2024-12-31"),
        ("2024-24", "2023-12-01", "2025-03-31"),
        # level 2
        ("2024-25", "2024-03-01", "2024-06-30"),
        ("2024-28", "2023-12-01", "2025-03-31"),
        ("2024-29", "2024-09-01", "2024-12-31"),
        ("2024-32", "2024-06-01", "2024-09-30"),
        ("2024-33", "2024-01-01", "2024-03-31"),
        ("2024-36", "2024-10-01", "2024-12-31"),
        ("2024-38", "2024-05-01", "2024-08-31"),
        ("2024-40", "2024-01-01", "2024-06-30"),
        ("2024-0X", "2024-01-01", "2024-09-30"),
        ("2024-1X-3X", "2024-10-30", "2024-12-31"),
        ("2024-X2-30", "2024-12-30", "2024-12-30"),
        ("2024-02-3X", "", ""),
        ("2024-XX-31", "2024-01-31", "2024-12-31"),
        ("19XX-02-29", "1904-02-29", "1996-02-29"),
        ("1X0X", "1000-01-01", "1909-12-31"),
        ("1950S2", "1900-01-01", "1999-12-31"),
        ("1950S4", "1950-01-01", "1950-12-31"),
        ("[1667,1668-12,1670..1672]", "1667-01-01", "1672-12-31"),
        ("{2024-03-05, 2024-01-02}", "2024-01-02", "2024-03-05"),
        ("2024-03/2024-05", "2024-03-01", "2024-05-31"),
        ("2024-03-05/2024-03-05", "2024-03-05", "2024-03-05"),
        ("2004-06-~01/2004-06-~20", "2004-06-01", "2004-06-20"),
        ("2024-XX/2025-0X", "2024-01-01", "2025-09-30"),
    ],
)
def test_days_span_every_place_on_earth(text: str, first: str, last: str) -> None:
    if not first:
        with pytest.raises(InvalidWhen, match="no such day"):
            parse(text)
        return
    assert span(text) == local(first, last)
    assert parse(text).zone == "date"


@pytest.mark.parametrize(
    ("text", "uncertain", "approximate"),
    [
        ("2024", False, False),
        ("2024?", True, False),
        ("2024-03~", False, True),
        ("2024-03-05%", True, True),
        ("?2024-03", True, False),
        ("2024?-03-05", True, False),
        ("2024-~03-05", False, True),
        ("2024-?03-1X", True, False),
        ("202X~", False, True),
        ("2024-21?", True, False),
        ("2024~/2025?", True, True),
    ],
)
def test_a_doubt_is_kept_and_moves_no_limit(text: str, uncertain: bool, approximate: bool) -> None:
    when = parse(text)
    assert (when.uncertain, when.approximate) == (uncertain, approximate)
    assert span(text) == span("".join(c for c in text if c not in "?~%"))


@pytest.mark.parametrize(
    ("text", "open_side"),
    [
        ("../2024-03", "earliest"),
        ("/2024-03", "earliest"),
        ("[..2024-03]", "earliest"),
        ("[..2024-02,2024-03]", "earliest"),
        ("2024-03/..", "latest"),
        ("2024-03/", "latest"),
        ("{2024-03..}", "latest"),
    ],
)
def test_an_open_side_has_no_limit(text: str, open_side: str) -> None:
    when = parse(text)
    first, last = local("2024-03-01", "2024-03-31")
    assert (when.earliest, when.latest) == ((None, last) if open_side == "earliest" else (first, None))


def test_an_interval_between_instants_is_exact() -> None:
    assert span("2024-03-05T10:00Z/2024-03-05T21:30+09:00") == (
        at("2024-03-05T10:00"),
        at("2024-03-05T12:30:59.999999"),
    )


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("2024-03-05T10:00Z/2024-03-05T12:00Z", "utc"),
        ("2024-03-05T10:00Z/2024-03-05T21:00+09:00", "offset"),
        ("2024-03-05T10:00Z/2024-03-07", "date"),
        ("2024-03-05/2024-03-07T10:00", "unknown"),
    ],
)
def test_an_interval_is_as_sure_as_its_less_sure_side(text: str, zone: str) -> None:
    assert parse(text).zone == zone


@pytest.mark.parametrize("text", ["0001", "9999", "0000", "-0044-03-15", "Y170000002", "Y-17E7", "Y12345S3", "XXXX"])
def test_a_doubtful_year_is_possible_and_cut_at_the_ends_of_the_calendar(text: str) -> None:
    when = parse(text)
    assert when.earliest
    assert when.latest
    assert when.earliest.year <= 1 or when.latest.year >= 9999


def test_the_future_is_no_mistake_here() -> None:
    assert span("2999-01-01") == local("2999-01-01", "2999-01-01")


# -- what is impossible -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "yesterday",
        "2024-13",
        "2024-00",
        "2024-42",
        "2024-99",
        "2024-03-00",
        "2024-03-32",
        "2024-04-31",
        "2023-02-29",
        "1900-02-29",
        "2024-2X",
        "2024-02-3X",
        "XXXX-02-3X",
        "2024-21-05",
        "-0000",
        "24-03-05",
        "2024-3-5",
        "2024/03/05",
        "05.03.2024",
        "2024-03-05 10:00",
        "2024-03-05T24:01Z",
        "2024-03-05T25:00Z",
        "2024-03-05T10:60Z",
        "2024-03-05T10:00:60Z",
        "2024-03-05T10:59:61Z",
        "2023-02-29T10:00Z",
        "2024-13-01T10:00Z",
        "2024-03-05T10:00+16:00",
        "2024-03-05T10:00+09:60",
        "2024-03-XXT10:00Z",
        "2024-03-05T10:00Z?",
        "2024-03-05T",
        "2024-W10",
        "2024-065",
        "1710000000",
        "Y2024",
        "1950S5",
        "2024-03S2",
        "2024-05/2024-03",
        "2024-03-02/2024-03-01",
        "Y200000/Y100000",
        "2024-03-05T12:00Z/2024-03-05T10:00Z",
        "[2020..2019]",
        "../..",
        "/",
        "..",
        "2024/2025/2026",
        "[2024",
        "[2024}",
        "[]",
        "[,]",
        "2024\n",
        " 2024",
        "２０２４",
        "٢٠٢٤",
        "2024\u00a0",
        "2024-03-05T10:00Z\x00",
        "2" * (LONGEST + 1),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(InvalidWhen, match=r"\w.*\.$"):
        parse(text)


STEPS = 500_000
"""Lines of Python: far more than any of these takes, far fewer than days or combinations counted one by one."""


@pytest.mark.parametrize(
    "text",
    [
        "Y1E999999999999999999",
        "Y" + "9" * 110,
        "Y1S" + "9" * 110,
        "Y10000S" + "9" * 100,
        "[" + ",".join(["XXXX-02-3X"] * 10) + "]",
        "[" + ",".join(["XXXX-02-29"] * 10) + "]",
        "[" * 120,
        "X" * 120,
        "2024/" * 20,
    ],
)
def test_nothing_takes_many_steps(text: str) -> None:
    steps = 0

    def count(frame: Any, happened: str, argument: Any) -> Any:
        nonlocal steps
        steps += 1
        return count

    traced = sys.gettrace()
    sys.settrace(count)
    try:
        with suppress(InvalidWhen):
            parse(text)
    finally:
        sys.settrace(traced)
    assert 0 < steps < STEPS


# -- any text, any date -------------------------------------------------------------------------------

# Naive: what a clock on a wall shows.
MOMENTS = st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1))  # noqa: DTZ001
PIECES = st.sampled_from(
    [
        *"0123456789XYESTZ-:+./?~%[]{},",
        "..",
        "20",
        "2024",
        "-03",
        "-05",
        "-21",
        "T10:00",
        "Z",
        "+09:00",
        "/",
        "XX",
    ]
)


@given(st.lists(PIECES, max_size=30).map("".join) | st.text(max_size=40))
@example("9999-12-31T24:00-15:59")
@example("0001-01-01T00:00+15:59")
@example("0000-01-01T24:00")
@example("-0001-24")
@example("9999-24")
@example("0000-24")
@example("Y-99999/9999-12-31")
def test_any_text_is_a_time_in_order_or_refused(text: str) -> None:
    try:
        when = parse(text)
    except InvalidWhen:
        return
    assert when.text == text
    assert when.earliest is not None or when.latest is not None
    if when.earliest and when.latest:
        assert when.earliest <= when.latest
    for each in (when.earliest, when.latest):
        assert each is None or each.tzinfo is UTC


@given(MOMENTS, st.integers(-959, 959))
def test_an_exact_time_is_that_instant(moment: datetime, minutes: int) -> None:
    offset = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    when = parse(moment.isoformat(timespec="microseconds") + offset)
    assert when.earliest == when.latest == moment.replace(tzinfo=UTC) - timedelta(minutes=minutes)


@given(MOMENTS, st.integers(-12 * 60, 14 * 60))
def test_wherever_a_local_time_was_true_it_lies_within(moment: datetime, minutes: int) -> None:
    actually = moment.replace(tzinfo=UTC) - timedelta(minutes=minutes)
    for text in (
        moment.isoformat(timespec="microseconds"),
        moment.isoformat(timespec="minutes"),
        moment.date().isoformat(),
        moment.date().isoformat()[:7],
        moment.date().isoformat()[:4],
        moment.date().isoformat()[:3] + "X",
    ):
        when = parse(text)
        assert when.earliest
        assert when.latest
        assert when.earliest <= actually <= when.latest, text


YEARS = st.from_regex(r"\A[12][0-9]{3}\Z") | st.from_regex(r"\A[12][0-9]([0-9]|X)X\Z")
MONTHS = st.sampled_from(["", *(f"-{month:02}" for month in (1, *range(3, 13)))])
DAYS = st.sampled_from(["", *(f"-{day:02}" for day in range(1, 31)), "-XX"])
# It lets the 29th of February be in every year, so that month is left out.
DATES = st.builds(lambda year, month, day: year + month + (month and day), YEARS, MONTHS, DAYS)


@given(DATES)
def test_the_edtf_package_gives_the_same_days(text: str) -> None:
    theirs = parse_edtf(text)
    first, last = theirs.lower_strict(), theirs.upper_strict()
    assert span(text) == local(
        f"{first.tm_year:04}-{first.tm_mon:02}-{first.tm_mday:02}",
        f"{last.tm_year:04}-{last.tm_mon:02}-{last.tm_mday:02}",
    )


@pytest.mark.parametrize("text", ["2024-03/2024-05", "2004-06-~01/2004-06-~20", "2024~", "%2001"])
def test_the_edtf_package_reads_what_we_read(text: str) -> None:
    assert str(parse_edtf(text)) == parse(text).text
