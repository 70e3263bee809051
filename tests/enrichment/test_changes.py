"""What changed between two results: as a reader would say it, whatever the order of lists and fields."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrichment.changes import LONGEST, MOST, Change, changed


def told(before: Any, after: Any) -> list[tuple[str, str, str, str]]:
    return [(each.what, each.path, each.before, each.after) for each in changed(before, after).changes]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 1.0}, []),
        ({"a": None, "b": "", "c": []}, {}, []),
        ({"a": 1}, {"a": True}, [("changed", "a", "1", "true")]),
        ({"a": 1}, {"a": 2, "b": "x"}, [("changed", "a", "1", "2"), ("added", "b", "", "x")]),
        ({"a": {"b": {"c": 1, "d": 2}}}, {"a": {"b": {"c": 3, "d": 2}}}, [("changed", "a.b.c", "1", "3")]),
        ({"a": {"b": 1}}, {}, [("removed", "a", '{"b":1}', "")]),
        ({"a": [1]}, {"a": {"b": 1}}, [("changed", "a", "[1]", '{"b":1}')]),
        # A list of values is what is in it, how often.
        ({"a": ["x", "y"]}, {"a": ["y", "x"]}, []),
        ({"a": ["x"]}, {"a": ["x", "x", "y"]}, [("added", "a[]", "", "x"), ("added", "a[]", "", "y")]),
        ({"a": ["x", "y"]}, {"a": ["x", "z"]}, [("changed", "a[]", "y", "z")]),
        # Rows with names of their own are compared by them.
        (
            {"ports": [{"name": "A", "km": 1.0}, {"name": "B", "km": 2.0}]},
            {"ports": [{"name": "B", "km": 2.5}, {"name": "C", "km": 9}, {"name": "A", "km": 1}]},
            [("changed", "ports[B].km", "2", "2.5"), ("added", "ports[C]", "", '{"km":9,"name":"C"}')],
        ),
        # Where two share a name, they are compared whole.
        (
            {"imo": [{"value": "1", "at": 1}, {"value": "1", "at": 5}]},
            {"imo": [{"value": "1", "at": 5}]},
            [("removed", "imo[]", '{"at":1,"value":"1"}', "")],
        ),
        ({"a": [{"x": 1, "y": 2}]}, {"a": [{"x": 1, "y": 3}]}, [("changed", "a[].y", "2", "3")]),
    ],
)
def test_a_change_is_told_by_its_path(before: Any, after: Any, expected: list[Any]) -> None:
    assert told(before, after) == expected


def test_more_than_anybody_reads_is_counted() -> None:
    found = changed({}, {f"n{n:04}": n for n in range(1, MOST + 51)})
    assert (len(found.changes), found.left_out, found.total) == (MOST, 50, MOST + 50)
    [long] = changed({"a": "x"}, {"a": "y" * 10_000}).changes
    assert long.after == "y" * LONGEST + "…"
    [long] = changed({"a": list(range(9000))}, {"a": list(range(9001))}).changes
    assert (long.path, long.what) == ("a", "changed")


def test_what_lies_too_deep_is_another_or_the_same() -> None:
    def nested(value: int) -> Any:
        deep: Any = value
        for _ in range(30):
            deep = {"a": deep}
        return deep

    assert told(nested(1), nested(1)) == []
    [(what, path, _, _)] = told(nested(1), nested(2))
    assert (what, path.count("a")) == ("changed", 12)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["name", "a", "b"]), inner, max_size=3),
    max_leaves=12,
)
outputs = st.dictionaries(st.sampled_from(["name", "a", "b", "c"]), json_values, max_size=4)


@given(outputs, outputs)
def test_nothing_changed_against_itself_and_backwards_is_the_other_way_round(before: Any, after: Any) -> None:
    assert changed(before, before).changes == ()
    there, back = changed(before, after), changed(after, before)
    turned = {"added": "removed", "removed": "added", "changed": "changed"}
    assert sorted((each.path, each.what, each.before, each.after) for each in there.changes) == sorted(
        (each.path, turned[each.what], each.after, each.before) for each in back.changes
    )


def test_a_change_says_nothing_where_nothing_stood() -> None:
    [change] = changed({}, {"a": 1}).changes
    assert change == Change(path="a", what="added", before="", after="1")
