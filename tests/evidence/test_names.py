"""File names: shown so that nothing hides in them, sent so that nothing breaks."""

import json
import re
import unicodedata
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from evidence.names import SENT, content_disposition, shown

INVISIBLE = [
    "\x00",
    "\x07",
    "\x1b",
    "\t",
    "\n",
    "\r",
    "\x7f",
    "\x85",
    "\u00a0",
    "\u00ad",
    "\u034f",
    "\u061c",
    "\u180e",
    "\u200b",
    "\u200d",
    "\u200e",
    "\u2028",
    "\u202e",
    "\u2060",
    "\u2066",
    "\u2800",
    "\u3000",
    "\u3164",
    "\ufe0f",
    "\ufeff",
    "\U000e0041",
    "\U000e0100",
    "\ue000",
    "\ud800",
]

# (https://www.rfc-editor.org/rfc/rfc6266, 4.1; RFC 8187, 3.2.1: attr-char)
HEADER = re.compile(
    r"attachment; filename=\"[^\"\\\x00-\x1f\x7f-\U0010ffff]+\"(; filename\*=UTF-8''[A-Za-z0-9._~%-]+)?"
)


def saved_as(header: str) -> str:
    """The name that a client reads out of the header: the extended form counts where there is one."""
    plain, _, extended = header.removeprefix("attachment; filename=").partition("; filename*=UTF-8''")
    return unquote(extended, errors="strict") if extended else plain[1:-1]


# -- shown --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("character", INVISIBLE)
def test_what_cannot_be_seen_is_named(character: str) -> None:
    assert shown(f"a{character}b.png") == f"a\u2039U+{ord(character):04X}\u203ab.png"


@pytest.mark.parametrize(
    "name", ["ship.png", "корабль 2.png", "船.png", "für.png", "a b.png", "नौका.png", "🚢.png", ""]
)
def test_a_plain_name_is_shown_as_it_is(name: str) -> None:
    assert shown(name) == name


def test_spaces_at_the_ends_are_named_and_those_within_are_not() -> None:
    assert shown(" a b ") == "\u2039U+0020\u203aa b\u2039U+0020\u203a"
    assert shown(" ") == "\u2039U+0020\u203a"


def test_a_name_cannot_pretend_that_something_was_named() -> None:
    assert shown("a\u2039U+202E\u203ab") != shown("a\u202eb")


def test_of_a_long_name_the_middle_is_left_out() -> None:
    text = shown("n" * 10_000 + ".png")
    assert len(text) <= 120
    assert "…" in text
    assert text.endswith("n.png")


@given(st.text(max_size=300))
@example("\u202e" * 300)
def test_whatever_is_shown_is_short_and_visible(name: str) -> None:
    text = shown(name)
    assert len(text) <= 120
    assert not any(unicodedata.category(c)[0] == "C" for c in text)


@given(st.text(max_size=12), st.text(max_size=12))
def test_two_names_that_differ_are_shown_differently(one: str, other: str) -> None:
    assert (shown(one, limit=1000) == shown(other, limit=1000)) == (one == other)


# -- sent ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "saved"),
    [
        ("ship.png", "ship.png"),
        ("корабль.png", "корабль.png"),
        ("船.png", "船.png"),
        ("fu\u0308r.png", "für.png"),
        ("a b;c.png", "a b;c.png"),
        ("100%.png", "100%.png"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("C:\\me\\ship.png", "C__me_ship.png"),
        ('a"b.png', "a_b.png"),
        ("a\r\nSet-Cookie: x=1", "a__Set-Cookie_ x=1"),
        ("ship\u202egnp.exe", "ship_gnp.exe"),
        (".bashrc", "bashrc"),
        ("ship.png. .", "ship.png"),
        ("CON", "_CON"),
        ("con.png", "_con.png"),
        ("NUL .txt", "_NUL .txt"),
        ("com1.tar.gz", "_com1.tar.gz"),
        ("LPT\u00b9", "_LPT\u00b9"),
        ("CONSOLE.png", "CONSOLE.png"),
        ("", "original"),
        ("..", "original"),
        ("///", "original"),
        ("\ud800.png", "_.png"),
    ],
)
def test_a_name_is_saved_harmlessly(name: str, saved: str) -> None:
    header = content_disposition(name)
    assert HEADER.fullmatch(header)
    assert saved_as(header) == saved


def test_a_long_name_keeps_its_extension() -> None:
    for name in ("n" * 10_000 + ".png", "船" * 10_000 + ".png"):
        saved = saved_as(content_disposition(name))
        assert saved.endswith(".png")
        assert SENT - 3 <= len(saved.encode()) <= SENT
    assert len(saved_as(content_disposition("a." + "n" * 10_000))) <= SENT


@given(st.text(max_size=300))
@example("CON\u00b9")
@example("%")
@example("\u00b9.")
def test_no_name_breaks_the_header(name: str) -> None:
    header = content_disposition(name)
    assert HEADER.fullmatch(header)
    assert not set(saved_as(header)) & set('<>:"/\\|?*')
    assert len(saved_as(header).encode()) <= SENT + 1


def test_no_naughty_name_breaks_anything(shared: Path) -> None:
    for name in json.loads((shared / "data/naughty-strings/blns.json").read_text(encoding="utf-8")):
        assert HEADER.fullmatch(content_disposition(name))
        assert not any(unicodedata.category(c)[0] == "C" for c in shown(name))
