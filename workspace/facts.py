"""An item of evidence in words: what a reader of its page sees, as labels and values. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from evidence.when import InvalidWhen, When, parse

MOST = 200
"""How many values of one list, or fields of one object, a page writes out."""
DEEPEST = 8

_ZONES = {
    "utc": "in UTC",
    "offset": "with an offset from UTC",
    "unknown": "local time, zone unknown",
    "date": "calendar time, zone unknown",
}
_LABELS = {
    "lat": "latitude",
    "lon": "longitude",
    "radius_m": "within",
    "url": "address",
    "imo": "IMO number",
    "mmsi": "MMSI",
    "sha256": "SHA-256",
    "said": "",
    "gps": "GPS",
    "wpi_number": "WPI number",
    "locode": "UN/LOCODE",
    "lies_on": "lies on",
    "lowest_deg": "sun's lowest elevation",
    "highest_deg": "sun's highest elevation",
    "azimuth_deg": "sun's azimuth",
    "or_value": "or",
    "of_this": "share of this text",
    "of_other": "share of the other",
}
_FIRST = (
    "name",
    "title",
    "ship",
    "said",
    "value",
    "kind",
    "type",
    "imo",
    "mmsi",
    "call_sign",
    "flag",
    "distance_km",
    "state",
    "locode",
    "lat",
    "lon",
    "radius_m",
)
"""What a reader looks for first. PostgreSQL keeps no order of an object's fields, so a page needs one of its own."""
_UNITS = {"_m": "m", "_t": "t", "_km": "km", "_px": "px", "_s": "s", "_kn": "kn", "_deg": "°", "_bytes": "bytes"}


@dataclass(frozen=True)
class Node:
    """A value with its label: a text, parts with labels of their own, or a table of texts.

    `left_out` counts what is not shown.
    """

    label: str
    text: str = ""
    parts: list[Node] = field(default_factory=list)
    left_out: int = 0
    columns: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)

    @property
    def leaves(self) -> int:
        """Count the texts in it."""
        if self.rows:
            return sum(map(len, self.rows))
        return sum(part.leaves for part in self.parts) if self.parts else 1


def label_of(name: str) -> tuple[str, str]:
    """Write a field's name as words, and find its unit."""
    if name in _LABELS:
        return _LABELS[name], _UNITS.get(name[name.rfind("_") :], "") if "_" in name else ""
    for ending, unit in _UNITS.items():
        if name.endswith(ending) and len(name) > len(ending):
            return name.removesuffix(ending).replace("_", " "), unit
    return name.replace("_", " "), ""


def tree(value: Any, *, label: str = "", unit: str = "", depth: int = 0) -> Node:
    """Write any JSON value as a tree of labels and texts."""
    if depth >= DEEPEST and isinstance(value, Mapping | list | tuple):
        return Node(label, text="…", left_out=len(value))
    if isinstance(value, Mapping):
        parts = [_named(key, value[key], depth) for key in in_order(value)[:MOST] if not _empty(value[key])]
        return Node(label, parts=parts, left_out=max(0, len(value) - MOST))
    if isinstance(value, list | tuple):
        if all(not isinstance(each, Mapping | list | tuple) for each in value):
            return Node(label, text=", ".join(text_of(each, unit) for each in value[:MOST]), left_out=_over(value))
        if all(isinstance(each, Mapping) and _is_flat(each) for each in value):
            return _table(value, label)
        parts = [tree(each, label=str(n), depth=depth + 1) for n, each in enumerate(value[:MOST], 1)]
        return Node(label, parts=parts, left_out=_over(value))
    return Node(label, text=text_of(value, unit))


def in_order(names: Iterable[str]) -> list[str]:
    """Put fields into the order of pages: those that say most, then the others by name."""
    return sorted(dict.fromkeys(names), key=lambda name: (_FIRST.index(name) if name in _FIRST else len(_FIRST), name))


def _is_flat(row: Mapping[str, Any]) -> bool:
    """Say whether a row holds texts, numbers and lists of them alone."""
    return not any(
        isinstance(value, Mapping) or (isinstance(value, list | tuple) and any(isinstance(v, Mapping) for v in value))
        for value in row.values()
    )


def _table(value: Sequence[Mapping[str, Any]], label: str) -> Node:
    """Write rows of the same fields as a table, without the columns that are empty in all of them."""
    shown = value[:MOST]
    names = [
        name
        for name in in_order(key for row in shown for key in row)
        if not all(_empty(row.get(name)) for row in shown)
    ]
    labels = [label_of(str(name)) for name in names]
    return Node(
        label,
        left_out=_over(value),
        columns=[f"{words} ({unit})" if unit else words for words, unit in labels],
        rows=[[_cell(row.get(name)) for name in names] for row in shown],
    )


def _cell(value: Any) -> str:
    return (
        ", ".join(map(text_of, value)) if isinstance(value, list | tuple) else "" if _empty(value) else text_of(value)
    )


def text_of(value: Any, unit: str = "") -> str:
    """Write one scalar for people."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        value = f"{value:.6f}".rstrip("0").rstrip(".") if abs(value) < 1e9 else f"{value:g}"
    return f"{value}{'' if unit == '°' else ' '}{unit}" if unit else str(value)


def flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield each scalar of a nested value with the words of its path."""
    if isinstance(value, Mapping):
        for key in in_order(value):
            each = value[key]
            label, _ = label_of(str(key))
            yield from flat(each, f"{path} {label}".strip())
    elif isinstance(value, list | tuple) and any(isinstance(each, Mapping) for each in value):
        for n, each in enumerate(value, 1):
            yield from flat(each, f"{path} {n}")
    elif isinstance(value, list | tuple):
        yield path, ", ".join(map(text_of, value)) or "–"
    else:
        yield path, text_of(value)


@dataclass(frozen=True)
class Moment:
    """A time as somebody wrote it (EDTF), and what that can mean."""

    text: str
    when: When | None

    @property
    def note(self) -> str:
        """Say how exact it is."""
        if self.when is None:
            return "not readable as a time"
        doubts = [
            word for word, is_so in (("uncertain", self.when.uncertain), ("about", self.when.approximate)) if is_so
        ]
        return ", ".join([_ZONES[self.when.zone], *doubts])


def moment(text: str) -> Moment | None:
    """Read a time for showing; None where there is none."""
    if not text:
        return None
    try:
        return Moment(text, parse(text))
    except InvalidWhen:
        return Moment(text, None)


def given(part: Mapping[str, Any] | None, *, without: tuple[str, ...] = ()) -> list[Node]:
    """List the fields of a part that were given."""
    part = part or {}
    return [
        _named(name, part[name], 0)
        for name in in_order(part)
        if name not in without and not _empty(part[name]) and part[name] is not False
    ]


def _named(name: str, value: Any, depth: int) -> Node:
    label, unit = label_of(str(name))
    return tree(value, label=label, unit=unit, depth=depth + 1)


def _empty(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, Mapping | list | tuple) and not value)


def _over(value: Sequence[Any]) -> int:
    return max(0, len(value) - MOST)
