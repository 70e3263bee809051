"""Texts out of hostile files: harmless to store and show, without hiding what they were."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from enrichment.printable import LONGEST, printable
from ledger.codec import to_json
from ledger.strict_json import parse_strict


@pytest.mark.parametrize(
    ("value", "clean"),
    [
        ("a\0b", "a␀b"),
        ("a\ud800b", "a\ufffdb"),
        ("\ud83d\ude00", "😀"),
        ("\x1b[31m<b>\r\n{{7*7}}", "\x1b[31m<b>\r\n{{7*7}}"),
        ("a\u202eb", "a\u202eb"),
        ("x" * LONGEST, "x" * LONGEST),
        ("x" * (LONGEST + 1), "x" * LONGEST + f"… ({LONGEST + 1} characters)"),
        (float("nan"), None),
        (float("inf"), None),
        (1.5e308, "1.5e+308"),
        (-1e308, -1e308),
        (2**53, str(2**53)),
        (2**53 - 1, 2**53 - 1),
        (True, True),
        ({"a\0": (1, "\0")}, {"a␀": [1, "␀"]}),
        ({1: None}, {"1": None}),
    ],
)
def test_what_databases_and_parsers_refuse_is_replaced_and_nothing_else(value: Any, clean: Any) -> None:
    assert printable(value) == clean
    assert type(printable(value)) is type(clean)


ANYTHING = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(some.characters()),
    lambda inner: some.lists(inner, max_size=5) | some.dictionaries(some.text(some.characters()), inner, max_size=5),
    max_leaves=20,
)


@given(ANYTHING)
def test_whatever_a_library_gives_becomes_strict_json(value: Any) -> None:
    clean = printable({"value": value})
    assert parse_strict(to_json(clean).encode()) == clean
