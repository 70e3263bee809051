"""Words: split before they are stored, so that both databases search the same ones."""

import json
import sqlite3
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from evidence.words import ASKED, LONGEST, MOST, query, words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The tanker loads.", ["the", "tanker", "loads"]),
        ("snake_case and kebab-case", ["snake", "case", "and", "kebab"]),
        ("1,000,000 barrels", ["1", "000", "barrels"]),
        ("IMO9123456", ["imo9123456"]),
        ("ВОСТОЧНЫЙ порт", ["восточный", "порт"]),
        ("STRASSE Straße", ["strasse"]),
        ("ﬁne ＦＵＬＬ ①", ["fine", "full", "1"]),
        ("cafe\u0301 café", ["café"]),
        ("東方港", ["東", "方", "港"]),
        ("タンカーが着いた", ["タ", "ン", "カ", "ー", "が", "着", "い", "た"]),
        ("ﾀﾝｶｰ", ["タ", "ン", "カ", "ー"]),
        ("유조선 도착", ["유조선", "도착"]),
        ("MV船2号", ["mv", "船", "2", "号"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("وَصَلَت", ["وَصَلَت"]),
        ("Vost\u200bochny Vostoch\u00adny", ["vostochny"]),
        ("🚢 ❤️ 👩‍🚀", []),
        ("a\x00b\ud800c", ["a", "b", "c"]),
        ("\u0301", []),
        ("l'Île", ["l", "île"]),
        ("", []),
        (" \n\t", []),
    ],
)
def test_a_text_is_split_into_its_words(text: str, found: list[str]) -> None:
    assert words(text) == found


def test_a_word_has_a_longest() -> None:
    [word] = words("x" * 10_000)
    assert len(word) == LONGEST
    assert query("x" * 20_000) == [word]


def test_all_words_of_a_huge_text_fit_into_an_index() -> None:
    found = words(" ".join(f"{n:060}" for n in range(20_000)))
    assert MOST - 60 <= sum(len(word.encode()) for word in found) <= MOST


def test_the_last_word_of_a_query_stays_last_for_it_may_be_unfinished() -> None:
    assert query("new ship new") == ["ship", "new"]
    assert query("ship ship") == ["ship"]
    assert query("?!") == []


def test_of_a_long_query_the_last_words_count() -> None:
    asked = query(" ".join(f"w{n}" for n in range(100)))
    assert len(asked) == ASKED
    assert asked[-1] == "w99"


@given(st.text(max_size=200))
@example("ŉ")
@example("\u0345\u03b1")
@example("İ")
def test_whatever_was_written_is_found_again_in_any_case_and_form(text: str) -> None:
    found = words(text)
    assert words(" ".join(found)) == found
    assert set(query(" ".join(found[:ASKED]))) == set(found[:ASKED])
    assert words(unicodedata.normalize("NFD", text)) == found
    for word in found:
        assert 0 < len(word) <= LONGEST
        assert not any(unicodedata.category(c)[0] not in "LNM" for c in word)


def test_sqlite_takes_each_word_for_one_word(shared: Path) -> None:
    texts = json.loads((shared / "data/naughty-strings/blns.json").read_text(encoding="utf-8"))
    texts += ["हिन्दी", "ภาษาไทย", "Ω≈ç√∫˜µ≤≥÷"]
    database = sqlite3.connect(":memory:")
    # The categories of a word here: letters, marks, numbers.
    tokenizer = "unicode61 remove_diacritics 0 categories 'L* M* N*'"
    database.execute(f'CREATE VIRTUAL TABLE texts USING fts5(words, tokenize="{tokenizer}")')
    database.execute("CREATE VIRTUAL TABLE found USING fts5vocab(texts, 'row')")
    expected = set()
    for text in texts:
        expected |= set(words(text))
        database.execute("INSERT INTO texts VALUES (?)", [" ".join(words(text))])
    found = {term for (term,) in database.execute("SELECT term FROM found")}
    database.close()
    assert found == expected
