"""Fingerprints of texts: what a copy shares with its origin."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrichment.fingerprints import METHOD, MOST, RUN, WINDOW, fingerprint, marks_of

SAID = (
    "According to two dock workers the tanker lay at the northern pier of Vostochny for three days in May, "
    "took on about 43,000 tonnes of coal, and left at night with its transponder switched off, bound for a port in "
    "the south."
)


def shared_part(one: str, other: str) -> float:
    a, b = (set(marks_of(fingerprint(text).marks)) for text in (one, other))
    return len(a & b) / min(len(a), len(b))


def test_quotes_case_and_punctuation_do_not_count() -> None:
    copied = f"«{SAID.upper()}»!!"
    assert fingerprint(copied) == fingerprint(SAID)


@pytest.mark.parametrize(
    ("copied", "least"),
    [
        (SAID.replace("dock workers", "stevedores"), 0.6),
        (SAID.replace("43,000", "45,000"), 0.6),
        ("Our reporters write: " + SAID + " The ministry did not answer.", 0.8),
    ],
)
def test_a_copy_with_small_changes_shares_most(copied: str, least: float) -> None:
    assert fingerprint(copied).whole != fingerprint(SAID).whole
    assert shared_part(SAID, copied) >= least


def test_a_part_that_was_copied_is_found_in_the_longer_text() -> None:
    longer = " ".join(f"word{n}" for n in range(600)) + " " + SAID
    assert shared_part(SAID, longer) >= 0.8


def test_texts_of_their_own_share_nothing(shared: Path) -> None:
    pairs = json.loads((shared / "data/language-samples/cld2-pairs.json").read_text())["pairs"]
    texts = {pair["text"] for pair in pairs if pair["text"] and len(pair["text"].split()) > RUN}
    marks = [set(marks_of(fingerprint(text).marks)) for text in sorted(texts)]
    alike = sum(1 for n, one in enumerate(marks) for other in marks[n + 1 :] if one & other)
    # Two of a pair of close languages share a passage in this collection.
    assert alike <= 2
    assert len(marks) > 80


@given(
    before=st.lists(st.text("abc", min_size=1), max_size=30),
    run=st.lists(st.text("xyz", min_size=1), min_size=RUN + WINDOW - 1, max_size=30),
    after=st.lists(st.text("def", min_size=1), max_size=30),
)
def test_a_run_that_is_long_enough_is_always_found(before: list[str], run: list[str], after: list[str]) -> None:
    one, other = " ".join([*before, *run]), " ".join([*run, *after])
    assert set(marks_of(fingerprint(one).marks)) & set(marks_of(fingerprint(other).marks))


@pytest.mark.parametrize("text", ["", "…!?", "\n\n", "😀"])
def test_a_text_without_words_has_no_marks(text: str) -> None:
    found = fingerprint(text)
    assert (found.words, found.whole, found.of, found.marks) == (0, "", 0, "")


@pytest.mark.parametrize("text", ["one", "one two three", "가나다 라마바", "船舶停靠在东方港"])
def test_a_short_text_has_at_least_one(text: str) -> None:
    assert fingerprint(text).of >= 1


def test_of_a_long_text_a_sample_is_kept() -> None:
    found = fingerprint(" ".join(f"word{n}" for n in range(10_000)))
    assert len(marks_of(found.marks)) == MOST
    assert found.of > MOST
    assert sorted(marks_of(found.marks)) == marks_of(found.marks)


def test_the_method_is_frozen() -> None:
    # A change would part all earlier fingerprints from all later ones: it needs another name.
    assert METHOD == "winnowing/4-5"
    found = fingerprint("The tanker lay at the pier for three days in May and left at night.")
    assert found.whole == "5b52cbfcb936c267e55df4c9a491b58b88f2775b548e1bbc16713095e5752261"
    assert found.marks == "402711f96116452369c3dc5ac155cb1a7a53264a2399694880224d0e8b0a8cc9"
