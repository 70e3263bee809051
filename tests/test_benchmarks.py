"""The benchmarks still run: each in its smallest size, with a figure of ours beside one of a control."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import ALL
from benchmarks.accuracy import COLLECTIONS, Score, scores
from benchmarks.figures import Figure, in_turns, table, together

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.slow
@pytest.mark.processes
@pytest.mark.parametrize("name", ALL)
def test_a_benchmark_measures_us_and_a_control(name: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", name, "--tiny", "--keep", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    [kept] = tmp_path.glob("*.json")
    figures = json.loads(kept.read_text())["figures"]
    assert figures
    for figure in figures:
        assert figure["control"] > 0
        assert figure["ours"] >= 0
        assert figure["verdict"] in {"meets", "misses"}
        assert figure["what"] in done.stdout
        assert figure["what"] in kept.with_suffix(".md").read_text()


def test_a_benchmark_that_is_not_there_is_named() -> None:
    command = [sys.executable, "-m", "benchmarks", "flying"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "no such benchmark: flying" in done.stderr


@pytest.mark.parametrize(
    ("goal", "ours", "verdict"),
    [({"least": 0.5}, 5, "meets"), ({"least": 0.5}, 4.9, "misses"), ({"most": 1.5}, 15, "meets"),
     ({"most": 1.5}, 15.1, "misses")],
)  # fmt: skip
def test_a_figure_says_whether_it_meets_its_goal(goal: dict[str, float], ours: float, verdict: str) -> None:
    figure = Figure(what="x", ours=ours, control=10, unit="events/s", **goal)
    assert figure.verdict == verdict
    assert table([figure]).endswith(f"| {verdict} | {figure.day} |")
    assert Figure.from_json(json.loads(json.dumps(figure.as_json()))) == figure


def test_figures_of_another_day_stay_until_they_are_measured_again() -> None:
    before = [Figure(what=name, ours=1, control=1, unit="s", most=1, day="2026-01-01") for name in ("a", "b")]
    again = Figure(what="a", ours=2, control=1, unit="s", most=1, day="2026-02-02")
    new = Figure(what="c", ours=3, control=1, unit="s", most=1, day="2026-02-02")
    assert together(before, [again, new]) == [again, before[1], new]


def test_two_things_are_measured_in_turns_and_the_first_round_does_not_count() -> None:
    order: list[str] = []

    def ours() -> float:
        order.append("ours")
        return float(len(order))

    def control() -> float:
        order.append("control")
        return 0.0

    assert in_turns(ours, control, rounds=2)[1] == 0
    assert order == ["ours", "control", "control", "ours", "ours", "control"]


def test_accuracy_scores_every_collection_that_is_here(shared: Path) -> None:
    found = list(scores(shared / "data"))
    assert all(isinstance(each, Score) and each.of > 0 for each in found)
    assert len(found) > len(COLLECTIONS)


def test_accuracy_names_a_collection_that_is_absent(tmp_path: Path) -> None:
    assert list(scores(tmp_path)) == list(COLLECTIONS)
