"""Between dataclasses and JSON: nothing is coerced, every fault has its path."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest

from ledger.codec import ShapeError, from_values, to_plain, to_values


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, kw_only=True)
class Part:
    name: str
    size: float | None = None


@dataclass(frozen=True, kw_only=True)
class Whole:
    id: UUID
    colour: Colour = Colour.RED
    whole: bool = True
    count: int = 0
    parts: tuple[Part, ...] = ()


ID = UUID(int=7)


def test_what_equals_its_default_is_left_out_and_comes_back() -> None:
    whole = Whole(id=ID, parts=(Part(name="a"), Part(name="b", size=2.0)))
    values = to_values(whole)
    assert values == {"id": str(ID), "parts": [{"name": "a"}, {"name": "b", "size": 2.0}]}
    assert from_values(Whole, values) == whole


def test_a_whole_number_that_stands_for_a_float_is_written_as_one() -> None:
    """So what is hashed before it is stored is what is hashed after it was read back."""
    values = to_values(Part(name="a", size=2))
    assert str(values) == "{'name': 'a', 'size': 2.0}"
    assert to_values(from_values(Part, values)) == values


def test_for_people_every_field_is_written_out() -> None:
    assert to_plain(Whole(id=ID)) == {"id": str(ID), "colour": "red", "whole": True, "count": 0, "parts": []}


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({}, "id"),
        ({"id": 7}, "id"),
        ({"id": "7"}, "id"),
        ({"id": str(ID), "colour": "blue"}, "colour"),
        ({"id": str(ID), "colour": 1}, "colour"),
        ({"id": str(ID), "whole": 1}, "whole"),
        ({"id": str(ID), "whole": "true"}, "whole"),
        ({"id": str(ID), "count": True}, "count"),
        ({"id": str(ID), "count": 1.5}, "count"),
        ({"id": str(ID), "parts": [{"name": "a"}, {"name": 1}]}, "parts.1.name"),
        ({"id": str(ID), "parts": [{"name": "a", "size": "2"}]}, "parts.0.size"),
        ({"id": str(ID), "parts": [{}]}, "parts.0.name"),
        ({"id": str(ID), "more": 1}, "more"),
        ({"id": str(ID), "parts": [{"name": "a", "more": 1}]}, "parts.0.more"),
    ],
)
def test_a_fault_is_named_by_its_path(values: dict[str, Any], path: str) -> None:
    with pytest.raises(ShapeError) as error:
        from_values(Whole, values)
    assert list(error.value.errors) == [path]


def test_a_whole_number_is_a_fine_float() -> None:
    assert from_values(Part, {"name": "a", "size": 2}) == Part(name="a", size=2.0)
