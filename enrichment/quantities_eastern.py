"""Numbers with units in Korean, Chinese and Japanese, where the two stand together: 43만 톤, 四十三万吨. Pure.

Units are looked for first, and each number backwards from there, no further than a number is long.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from enrichment.number_words import LARGEST, readings
from enrichment.sentences import sentence_at
from enrichment.units import COUNTERS, COUNTERS_NEED, EASTERN, eastern_unit


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """A number with its unit. `to` ends a range; `or_value` is a second reading of the digits; `comparator` is the
    text's own limit ("" where it gives none); "several" means two at least of `value`."""

    text: str
    start: int
    value: float
    to: float | None
    or_value: float | None
    unit: str
    comparator: str
    sentence: str


_BACK = 30
"""Characters that are looked at before a unit."""

_UNIT = re.compile(
    "|".join(sorted({w for words in EASTERN.values() for w in words.split()} | set(COUNTERS), key=len)[::-1])
)
_AFTER = re.compile(r"\s?(이상|넘는|초과|이하|미만|以上|以下|以内|未満)")
_ONES = {word: n for n, word in enumerate(["한", "두", "세", "네", "다섯", "여섯", "일곱", "여덟", "아홉"], 1)}
_NATIVE = {**_ONES, "열": 10, "스무": 20, **{f"열{word}": 10 + n for word, n in _ONES.items()}}
_TENS = {"十": 10, "百": 100, "千": 1000, "십": 10, "백": 100, "천": 1000}
_MYRIADS = {"万": 1e4, "萬": 1e4, "만": 1e4, "亿": 1e8, "億": 1e8, "억": 1e8}
_DIGITS = {
    **{character: n for n, character in enumerate("零一二三四五六七八九")},
    **{character: n for n, character in enumerate("영일이삼사오육칠팔구")},
    **{"〇": 0, "两": 2, "兩": 2},
}
_SIGNS = "".join(map(re.escape, [*_TENS, *_MYRIADS, *_DIGITS]))
_LIMITS = {
    word: limit
    for limit, words in {
        "about": "약 대략 约 大约 近 約",
        "at least": "최소 至少 이상 以上",
        "at most": "최대 最多 이하 以下 以内",
        "more than": "超过 넘는 초과",
        "less than": "미만 未満",
    }.items()
    for word in words.split()
}
# Korean numbers of its own are the end of many a word, too: they stand alone.
_OWN = rf"(?<![가-힣])(?:{'|'.join(sorted(_NATIVE, key=len)[::-1])})"
_BEFORE = re.compile(
    r"(?:(?P<limit>약|대략|최소|최대|大约|约|超过|至少|最多|近|約)\s?)?"
    rf"(?P<number>\d{{1,12}}(?:,\d{{3}})*(?:\.\d{{1,6}})?[{_SIGNS}\d多]{{0,8}}|[{_SIGNS}]{{1,12}}多?[万亿]?|{_OWN})"
    r"\s?(?P<more>여|餘|余|多)?\s?(?:명의|개의|발의|명|개|발|名|个|個|枚|发)?\s?$"
)
_ENDS = set(_SIGNS.replace("\\", "")) | set("0123456789여餘余多의명개발名个個枚发") | {word[-1] for word in _NATIVE}


def eastern(text: str) -> Iterator[Quantity]:
    """Yield numbers with units, in the order of the text."""
    for match in _UNIT.finditer(text):
        begin = max(0, match.start() - _BACK)
        before = text[begin : match.start()]
        if before.rstrip()[-1:] not in _ENDS or not (found := _BEFORE.search(before)):
            continue
        unit = COUNTERS.get(match[0]) or eastern_unit(match[0])
        if match[0] in COUNTERS and not re.search(COUNTERS_NEED[match[0]], before[: found.start()]):
            continue
        value, more = _value(found["number"])
        after = _AFTER.match(text, match.end())
        if value is None or not 0 < value <= LARGEST:
            continue
        start, stop = begin + found.start(), after.end() if after else match.end()
        limit = _LIMITS.get(after[1] if after else "") or _LIMITS.get(found["limit"] or "") or ""
        yield Quantity(
            text=text[start:stop],
            start=start,
            value=value,
            to=None,
            or_value=None,
            unit=unit,
            comparator=limit or ("more than" if more or found["more"] else ""),
            sentence=sentence_at(text, start, stop),
        )


def _value(number: str) -> tuple[float | None, bool]:
    """Read a number of digits and characters: 1만2천, 100多万, 三千五百. Also say whether it says "and more"."""
    if number in _NATIVE:
        return float(_NATIVE[number]), False
    plain = number.replace("多", "")
    total = section = 0.0
    current: float | None = None
    for part in re.findall(r"[\d,.]+|\D", plain):
        if part[0].isdigit():
            found = readings(part)
            if not found or current is not None:
                return None, False
            current = found[0]
        elif part in _DIGITS:
            current = (current or 0) * 10 + _DIGITS[part]
        elif part in _TENS:
            section, current = section + (1 if current is None else current) * _TENS[part], None
        else:
            whole = section + (current or 0)
            total, section, current = total + (whole or 1) * _MYRIADS[part], 0.0, None
    return total + section + (current or 0), plain != number
