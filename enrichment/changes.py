"""What changed between two outputs of a tool: what is new, what is gone, what is another value. Pure.

A path names a value as a reader would: `ports[Nakhodka].distance_km`. Rows of a list are told apart by what they are
called, where each has a name of its own, else by what they hold: their order says nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ledger import codec

MOST = 200
"""How many changes are told."""

DEEPEST = 12
"""How deep values are looked into: below, one is the same as another or is not."""

LONGEST = 500
"""Characters of a value that are told."""

COMPARED = 5000
"""Rows of a list that are told apart; a longer one is the same as another or is not."""

_NAMES = ("name", "value", "said", "text", "key", "code", "imo", "mmsi", "type", "kind", "flag")
"""By which field rows are told apart: the first that all have, each another one."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """One value that is another: `what` is added, removed or changed; a value is JSON, cut where it is long."""

    path: str
    what: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True, kw_only=True)
class Changes:
    """All that changed; `left_out` counts those that are not told."""

    changes: tuple[Change, ...]
    left_out: int = 0

    @property
    def total(self) -> int:
        return len(self.changes) + self.left_out


def changed(before: Any, after: Any) -> Changes:
    """Compare two outputs, as JSON values."""
    told, left_out = [], 0
    for each in _compare(before, after, "", 0):
        if len(told) < MOST:
            told.append(each)
        else:
            left_out += 1
    return Changes(changes=tuple(told), left_out=left_out)


def _compare(before: Any, after: Any, path: str, depth: int) -> Iterator[Change]:
    if _same(before, after):
        return
    if depth < DEEPEST:
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from _fields(before, after, path, depth)
            return
        if _is_list(before) and _is_list(after) and max(len(before), len(after)) <= COMPARED:
            yield from _rows(before, after, path, depth)
            return
    # Where nothing stood, something is new, and the other way round.
    if _empty(before):
        yield Change(path=path, what="added", after=_written(after))
    elif _empty(after):
        yield Change(path=path, what="removed", before=_written(before))
    else:
        yield Change(path=path, what="changed", before=_written(before), after=_written(after))


def _fields(before: Mapping[str, Any], after: Mapping[str, Any], path: str, depth: int) -> Iterator[Change]:
    for name in sorted({*before, *after}):
        inner = f"{path}.{name}" if path else str(name)
        yield from _compare(before.get(name), after.get(name), inner, depth + 1)


def _rows(before: Sequence[Any], after: Sequence[Any], path: str, depth: int) -> Iterator[Change]:
    name = _told_apart_by([before, after])
    if name:
        was = {_written(row[name]): row for row in before}
        now = {_written(row[name]): row for row in after}
        for key in dict.fromkeys([*was, *now]):
            yield from _compare(was.get(key), now.get(key), f"{path}[{_plain(key)}]", depth + 1)
        return
    gone, new = _without_equals(before, after)
    if len(gone) == len(new) == 1:
        yield from _compare(gone[0], new[0], f"{path}[]", depth + 1)
        return
    for row in gone:
        yield Change(path=f"{path}[]", what="removed", before=_written(row))
    for row in new:
        yield Change(path=f"{path}[]", what="added", after=_written(row))


def _told_apart_by(lists: Sequence[Sequence[Any]]) -> str | None:
    rows = [row for each in lists for row in each]
    if not rows or not all(isinstance(row, Mapping) for row in rows):
        return None
    for name in _NAMES:
        if all(isinstance(row.get(name), str | int) and row[name] != "" for row in rows) and all(
            len({_written(row[name]) for row in each}) == len(each) for each in lists
        ):
            return name
    return None


def _without_equals(before: Sequence[Any], after: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Leave out of both lists what stands in the other, as often as it does."""
    was, now = Counter(map(_key, before)), Counter(map(_key, after))
    return _left(before, was - now), _left(after, now - was)


def _left(rows: Sequence[Any], more: Counter[str]) -> list[Any]:
    left = []
    for row in rows:
        key = _key(row)
        if more[key] > 0:
            more[key] -= 1
            left.append(row)
    return left


def _same(one: Any, other: Any) -> bool:
    # To Python, true is 1.
    return _key(one) == _key(other) or (_empty(one) and _empty(other))


def _key(value: Any) -> str:
    """Write a value so that equal ones are written alike: fields by name; 1 is 1.0, as JSON has one kind of number."""
    return codec.to_json(_ordered(value))


def _ordered(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _ordered(value[name]) for name in sorted(value)}
    if _is_list(value):
        return [_ordered(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _empty(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, Mapping | list | tuple) and not value)


def _written(value: Any) -> str:
    text = value if isinstance(value, str) else _key(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _plain(key: str) -> str:
    return key if len(key) <= 60 else f"{key[:60]}…"
