"""`make fuzz` can be relied on: an input comes again by its number, and what misbehaves is not passed over."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import fuzz
from tests.enrichment import examining


def test_an_input_is_made_from_the_seed_and_its_number_alone() -> None:
    seeds = fuzz.beginnings()
    several = [fuzz.make(seeds, 1, number) for number in range(60)]
    assert [fuzz.make(seeds, 1, number) for number in reversed(range(60))] == several[::-1]
    assert {each.kind for each in several} == {"image", "statement", "sighting"}
    assert fuzz.make(seeds, 2, 0) != several[0]


def test_what_behaves_is_passed(tmp_path: Path) -> None:
    assert fuzz.fuzz(1, range(8), keep=tmp_path) == 0
    assert list(tmp_path.iterdir()) == []


def test_what_takes_too_much_is_printed_and_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examining, "MOST_MEMORY", 1)
    assert fuzz.fuzz(1, range(3), keep=tmp_path) == 1
    assert "bytes of memory" in capsys.readouterr().out
    assert {path.stem for path in tmp_path.iterdir()} == {"1-0", "1-1", "1-2"}
