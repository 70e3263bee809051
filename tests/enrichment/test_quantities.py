"""Numbers with units, as statements about shipments and forces give them."""

from __future__ import annotations

import pytest

from enrichment.quantities import SEARCHED, quantities
from enrichment.sentences import LONGEST, sentence_at


def read(text: str) -> list[tuple[float, float | None, str, str]]:
    return [(each.value, each.to, each.unit, each.comparator) for each in quantities(text)]


@pytest.mark.parametrize(
    ("text", "value", "unit", "comparator"),
    [
        ("more than a million barrels of oil", 1e6, "barrel", "more than"),
        ("43 times", 43, "call or time", ""),
        ("a dozen calls", 12, "call or time", ""),
        ("half a dozen tankers", 6, "ship", ""),
        ("about 1,000 containers", 1000, "container", "about"),
        ("more than 16,000 containers", 16_000, "container", "more than"),
        ("at least 12,000 North Korean troops", 12_000, "person", "at least"),
        ("up to 3 million artillery shells", 3e6, "shell", "at most"),
        ("fewer than twenty-five ships", 25, "ship", "less than"),
        ("one hundred and twenty vessels", 120, "ship", ""),
        ("twenty-five thousand tonnes", 25_000, "t", ""),
        ("5,000 metric tons", 5000, "t", ""),
        ("5,000 tons", 5000, "ton, metric or short", ""),
        ("a 50,000-tonne tanker", 50_000, "t", ""),
        ("2.5 million bbl", 2.5e6, "barrel", ""),
        ("1,500 TEU", 1500, "TEU", ""),
        ("17 km", 17, "km", ""),
        ("3 nautical miles", 3, "nautical mile", ""),
        ("roughly five per cent", 5, "%", "about"),
        ("12.5%", 12.5, "%", ""),
        ("$3.5 million", 3.5e6, "dollar", ""),
        ("over €200", 200, "euro", "more than"),
        ("dozens of vessels", 12, "ship", "several"),
        ("hundreds of soldiers", 100, "person", "several"),
        ("43 тысячи тонн нефти", 43_000, "t", ""),
        ("не менее двадцати судов", 20, "ship", "at least"),
        ("около 3 тыс. контейнеров", 3000, "container", "about"),
        ("свыше 1,5 млн баррелей", 1.5e6, "barrel", "more than"),
        ("1 000 000 баррелей", 1e6, "barrel", ""),
        ("миллион баррелей", 1e6, "barrel", ""),
        ("до 12 тысяч военнослужащих", 12_000, "person", "at most"),
        ("сорок три рейса", 43, "call or time", ""),
        ("43만 톤", 430_000, "t", ""),
        ("병력 1만2천 명 이상", 12_000, "person", "at least"),
        ("포탄 약 800만 발", 8e6, "shell", "about"),
        ("유조선 12척", 12, "ship", ""),
        ("열두 척", 12, "ship", ""),
        ("백만 배럴", 1e6, "barrel", ""),
        ("四十三万吨", 430_000, "t", ""),
        ("超过一万名士兵", 10_000, "person", "more than"),
        ("三艘油轮", 3, "ship", ""),
        ("100多万桶", 1e6, "barrel", "more than"),
    ],
)
def test_a_number_is_read_with_its_unit_and_its_limit(text: str, value: float, unit: str, comparator: str) -> None:
    assert read(text) == [(value, None, unit, comparator)]
    assert read(f"It was said: {text}.") == [(value, None, unit, comparator)]


@pytest.mark.parametrize(
    ("text", "value", "to", "unit"),
    [
        ("10 to 12 ships", 10, 12, "ship"),
        ("2-3 million shells", 2e6, 3e6, "shell"),
        ("between 6,000 and 7,000 rounds", 6000, 7000, "shell"),
        ("10–15 тысяч тонн", 10_000, 15_000, "t"),
    ],
)
def test_a_range_is_read_with_both_ends(text: str, value: float, to: float, unit: str) -> None:
    assert read(text) == [(value, to, unit, "")]


@pytest.mark.parametrize(
    ("text", "value", "or_value"),
    [
        ("1.234.567,89 barrels", 1_234_567.89, None),
        ("1,234,567.89 barrels", 1_234_567.89, None),
        ("1,500 tonnes", 1500, None),
        ("1.500 tonnes", 1.5, 1500),
        ("1,500 тонны", 1.5, 1500),
        ("0.500 tonnes", 0.5, None),
    ],
)
def test_digits_that_mean_two_numbers_give_both(text: str, value: float, or_value: float | None) -> None:
    [found] = quantities(text)
    assert (found.value, found.or_value) == (value, or_value)


@pytest.mark.parametrize(
    "text",
    ["IMO 9074729", "3 May 2024", "at 42.7400, 133.0800", "43", "a million reasons", "152-mm rounds", "two, ships",
     "99999999999999999999999 tonnes", "1.2.3 tonnes",
     "중요한 회의", "필요한 척", "첫번째", "the one and only", "", "…"],
)  # fmt: skip
def test_what_counts_nothing_is_left_out(text: str) -> None:
    assert read(text) == []


def test_a_range_that_ends_in_nothing_is_none() -> None:
    assert read("from 5 to 0 million barrels") == [(0, None, "barrel", "")]


def test_a_quantity_stands_in_its_sentence() -> None:
    text = "They left in May. It carried about 43,000 tonnes of coal, e.g. anthracite! Nobody saw it."
    [found] = quantities(text)
    assert found.text == "about 43,000 tonnes"
    assert text[found.start :].startswith(found.text)
    assert found.sentence == "It carried about 43,000 tonnes of coal, e.g."
    assert len(sentence_at("x" * 5000, 2000, 2010)) == LONGEST


def test_a_very_long_text_is_searched_up_to_a_place() -> None:
    text = " ".join(["word"] * (SEARCHED // 5 + 10)) + " 12 ships"
    assert read(text) == []
