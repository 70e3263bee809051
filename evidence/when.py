"""When something happened: EDTF (ISO 8601-2:2019, levels 0 to 2) and ISO 8601 times, as two instants.

A zone is never guessed. A time without one, and a calendar day, is somebody's local time somewhere: it spans
from where the day begins first (UTC+14) to where it ends last (UTC-12), and `zone` says so.

The grammar is our own because every submission passes here and the answer must be exact. The `edtf` package,
with which the tests compare it, needs 3 to 20 ms an expression, ignores times of day, takes 2023-02-29 and
refuses 2024-0X.
"""

from __future__ import annotations

import re
from calendar import isleap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import product
from typing import Literal

LONGEST = 120
"""Characters an expression may have."""

EAST = timedelta(hours=14)
WEST = timedelta(hours=12)
"""The most that local time is ahead of UTC and behind it."""

Zone = Literal["utc", "offset", "unknown", "date"]

_QUALIFIER = "[?~%]?"
_DATE = re.compile(
    rf"{_QUALIFIER}(?P<year>-?[0-9X]{{4}})(?:S(?P<significant>[1-9]))?{_QUALIFIER}"
    rf"(?:-{_QUALIFIER}(?P<month>[0-9X]{{2}}){_QUALIFIER}(?:-{_QUALIFIER}(?P<day>[0-9X]{{2}}){_QUALIFIER})?)?"
)
_LONG_YEAR = re.compile(
    rf"Y(?P<base>-?[1-9][0-9]*)(?:E(?P<exponent>[1-9][0-9]*))?(?:S(?P<significant>[1-9][0-9]*))?{_QUALIFIER}"
)
_TIME = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})T(?P<hour>[0-9]{2})"
    r"(?::(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,18}))?)?)?"
    r"(?P<zone>Z|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)

_MONTHS = range(1, 13)
_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_INSTANT = timedelta(microseconds=1)

# First and last month, counted from January of the year (0: December before, 13 to 15: the months after).
# A season is taken by the calendar's reckoning and by the sun's, in either hemisphere unless the code says
# which (ISO 8601-2, 4.8).
_SEASONS = {
    **{21: (3, 12), 22: (0, 15), 23: (3, 12), 24: (0, 15)},
    **{25: (3, 6), 26: (6, 9), 27: (9, 12), 28: (0, 15)},
    **{29: (9, 12), 30: (0, 15), 31: (3, 6), 32: (6, 9)},
    **{33: (1, 3), 34: (4, 6), 35: (7, 9), 36: (10, 12)},
    **{37: (1, 4), 38: (5, 8), 39: (9, 12), 40: (1, 6), 41: (7, 12)},
}


class InvalidWhen(ValueError):
    """The text names no time; the message is a sentence."""


@dataclass(frozen=True, kw_only=True)
class When:
    """A time as it was given, and the instants between which it lies.

    `earliest` and `latest` are in UTC, inclusive, to the microsecond; nothing on an open or unknown side; cut
    at the years 1 and 9999. `zone` is that of the least sure part.
    """

    text: str
    earliest: datetime | None
    latest: datetime | None
    zone: Zone
    uncertain: bool = False
    approximate: bool = False


@dataclass(frozen=True)
class _Span:
    """First and last instant, local where the zone is unknown; and the years, where no datetime has them."""

    first_year: int
    first: datetime
    last_year: int
    last: datetime
    zone: Zone

    @property
    def floats(self) -> bool:
        return self.zone in {"unknown", "date"}

    @property
    def earliest(self) -> datetime:
        return (_moved(self.first, -EAST) if self.floats else self.first).replace(tzinfo=UTC)

    @property
    def latest(self) -> datetime:
        return (_moved(self.last, WEST) if self.floats else self.last).replace(tzinfo=UTC)


@lru_cache(maxsize=2048)
def parse(text: str) -> When:
    """Read a time.

    :raises InvalidWhen: it is no EDTF and no ISO 8601 time, or it names a day or an hour that does not exist.
    """
    if not text or len(text) > LONGEST:
        raise InvalidWhen(f"A time has 1 to {LONGEST} characters.")
    if text[0] in "[{":
        pairs = _set(text)
    elif "/" in text:
        pairs = [_pair(text, *_sides(text))]
    else:
        span = _span(text)
        pairs = [(span, span)]
    lower = [low for low, _ in pairs]
    upper = [high for _, high in pairs]
    zones = {span.zone for pair in pairs for span in pair if span}
    return When(
        text=text,
        earliest=min(low.earliest for low in lower if low) if all(lower) else None,
        latest=max(high.latest for high in upper if high) if all(upper) else None,
        zone=next(zone for zone in ("unknown", "date", "offset", "utc") if zone in zones),
        uncertain="?" in text or "%" in text,
        approximate="~" in text or "%" in text,
    )


# --- several ----------------------------------------------------------------------------------------------

_Pair = tuple[_Span | None, _Span | None]


def _sides(text: str) -> tuple[str, str]:
    sides = text.split("/")
    if len(sides) != 2:
        raise InvalidWhen(f"{text!r}: an interval has two sides.")
    # An open side is written "..", an unknown one is empty.
    return sides[0].removeprefix(".."), sides[1].removeprefix("..")


def _set(text: str) -> list[_Pair]:
    if text[-1] != {"[": "]", "{": "}"}[text[0]]:
        raise InvalidWhen(f"{text!r}: a set ends with the bracket that belongs to its first.")
    pairs: list[_Pair] = []
    for each in text[1:-1].split(","):
        first, several, last = each.strip(" ").partition("..")
        if several:
            pairs.append(_pair(text, first, last))
        else:
            span = _span(first)
            pairs.append((span, span))
    return pairs


def _pair(text: str, first: str, last: str) -> _Pair:
    lower = _span(first) if first else None
    upper = _span(last) if last else None
    if lower and upper:
        if lower.floats and upper.floats:
            backwards = (lower.first_year, lower.first) > (upper.last_year, upper.last)
        else:
            backwards = lower.earliest > upper.latest
        if backwards:
            raise InvalidWhen(f"{text!r} ends before it begins.")
    elif not lower and not upper:
        raise InvalidWhen(f"{text!r}: both sides are open.")
    return lower, upper


# --- one --------------------------------------------------------------------------------------------------


def _span(text: str) -> _Span:
    if match := _TIME.fullmatch(text):
        return _time(text, match)
    if match := _LONG_YEAR.fullmatch(text):
        return _long_year(text, match)
    if match := _DATE.fullmatch(text):
        return _date(text, match)
    raise InvalidWhen(f"{text!r} is no EDTF or ISO 8601 time, such as 2024-03-05 or 2024-03-05T10:00Z.")


def _date(text: str, match: re.Match[str]) -> _Span:
    year, month, day, significant = match["year"], match["month"], match["day"], match["significant"]
    if year == "-0000":
        raise InvalidWhen(f"{text!r}: the year 0 has no sign.")
    if significant:
        if month or "X" in year or int(significant) > 4:
            raise InvalidWhen(f"{text!r}: significant digits belong to a plain year, one to four.")
        return _years(*_rounded(int(year), 4 - int(significant)))
    years = _candidates(year)
    if month and not day and "X" not in month and int(month) in _SEASONS:
        return _season(years[0], years[-1], int(month))
    months = [each for each in _MONTHS if not month or _fits(month, each)]
    if not months:
        raise InvalidWhen(f"{text!r}: there is no month {month}.")
    first = _first_day(years, months, day or "XX", last=False)
    last = _first_day(years[::-1], months[::-1], day or "XX", last=True)
    if first is None or last is None:
        raise InvalidWhen(f"{text!r}: there is no such day.")
    return _days(first, last)


def _candidates(pattern: str) -> Sequence[int]:
    """All years that a pattern of digits and X can mean, ascending."""
    if "X" not in pattern:
        return (int(pattern),)
    digits = pattern.removeprefix("-")
    years = [int("".join(each)) for each in product(*("0123456789" if c == "X" else c for c in digits))]
    return [-year for year in reversed(years)] if pattern[0] == "-" else years


def _fits(pattern: str, number: int) -> bool:
    return all(wanted in {"X", digit} for wanted, digit in zip(pattern, f"{number:02}", strict=True))


def _first_day(years: Iterable[int], months: Iterable[int], pattern: str, *, last: bool) -> tuple[int, int, int] | None:
    # What one leap year does not have, no other has: ten thousand years need not be tried.
    tried: set[bool] = set()
    for year in years:
        if (leap := isleap(year)) in tried:
            continue
        for month in months:
            length = 29 if month == 2 and leap else _LENGTHS[month - 1]
            days = [day for day in range(1, length + 1) if _fits(pattern, day)]
            if days:
                return year, month, days[-1] if last else days[0]
        tried.add(leap)
    return None


def _season(first: int, last: int, code: int) -> _Span:
    begins, ends = _SEASONS[code]
    year, month = first + (begins - 1) // 12, (begins - 1) % 12 + 1
    end_year, end_month = last + (ends - 1) // 12, (ends - 1) % 12 + 1
    length = 29 if end_month == 2 and isleap(end_year) else _LENGTHS[end_month - 1]
    return _days((year, month, 1), (end_year, end_month, length))


def _long_year(text: str, match: re.Match[str]) -> _Span:
    digits, exponent = match["base"], match["exponent"]
    if not exponent and len(digits.removeprefix("-")) < 5:
        raise InvalidWhen(f"{text!r}: a year after Y has at least five digits.")
    # Beyond all calendars anyway; ten to the power of a large number would take for ever.
    year = int(digits) * 10 ** (int(exponent) if exponent and len(exponent) < 3 else 99 if exponent else 0)
    if match["significant"] is None:
        return _years(year, year)
    return _years(*_rounded(year, len(str(abs(year))) - int(match["significant"])))


def _rounded(year: int, unknown: int) -> tuple[int, int]:
    """The years that agree with this one but for its last digits."""
    step = 10 ** max(unknown, 0)
    low = abs(year) // step * step
    return (low, low + step - 1) if year >= 0 else (-(low + step - 1), -low)


def _years(first: int, last: int) -> _Span:
    return _days((first, 1, 1), (last, 12, 31))


def _days(first: tuple[int, int, int], last: tuple[int, int, int]) -> _Span:
    end = _clipped(*last)
    return _Span(first[0], _clipped(*first), last[0], _moved(end, timedelta(days=1) - _INSTANT), "date")


def _clipped(year: int, month: int, day: int) -> datetime:
    if year < 1:
        return datetime.min  # noqa: DTZ901 -- local to a place that is not known
    if year > 9999:
        return datetime.max  # noqa: DTZ901 -- as above
    return datetime(year, month, day)  # noqa: DTZ001 -- as above


def _moved(moment: datetime, by: timedelta) -> datetime:
    # The ends of the calendar stand for everything beyond them, and stay.
    if moment in {datetime.min, datetime.max}:  # noqa: DTZ901 -- naive, as what it is compared with
        return moment
    try:
        return moment + by
    except OverflowError:
        return datetime.max if by > timedelta() else datetime.min  # noqa: DTZ901 -- as above


# --- a time of day ----------------------------------------------------------------------------------------


def _time(text: str, match: re.Match[str]) -> _Span:
    year, month, day = (int(part) for part in match["date"].split("-"))
    hour, minute, second = (int(match[name] or 0) for name in ("hour", "minute", "second"))
    if not 1 <= month <= 12 or not 1 <= day <= (29 if month == 2 and isleap(year) else _LENGTHS[month - 1]):
        raise InvalidWhen(f"{text!r}: there is no such day.")
    fraction = (match["fraction"] or "").ljust(6, "0")[:6]
    # 24:00 is the end of the day; a leap second is the 61st of the last minute of an hour.
    midnight = hour == 24 and not minute and not second and not int(fraction)
    if not (hour < 24 or midnight) or minute > 59 or second > (60 if minute == 59 else 59):
        raise InvalidWhen(f"{text!r}: there is no such time of day.")
    offset, zone = _zone(text, match["zone"])
    of_day = timedelta(hours=hour, minutes=minute, seconds=second, microseconds=int(fraction))
    first = _moved(_moved(_clipped(year, month, day), of_day), -offset)
    last = _moved(first, _precision(match) - _INSTANT)
    return _Span(year, first, year, last, zone)


def _precision(match: re.Match[str]) -> timedelta:
    if fraction := match["fraction"]:
        return timedelta(microseconds=int("1".ljust(max(7 - len(fraction), 1), "0")))
    if match["second"]:
        return timedelta(seconds=1)
    return timedelta(minutes=1) if match["minute"] else timedelta(hours=1)


def _zone(text: str, zone: str | None) -> tuple[timedelta, Zone]:
    if zone is None:
        return timedelta(), "unknown"
    if zone == "Z":
        return timedelta(), "utc"
    digits = zone[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:] or 0)
    # Local mean times of the past went to almost sixteen hours; PostgreSQL draws the same line.
    if hours > 15 or minutes > 59:
        raise InvalidWhen(f"{text!r}: no place is that far from UTC.")
    offset = timedelta(hours=hours, minutes=minutes)
    return (-offset if zone[0] == "-" else offset), "offset" if offset else "utc"
