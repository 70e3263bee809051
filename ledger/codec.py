"""Between event dataclasses and JSON values, without a hand-kept mapping for each.

A field that equals its default is left out, so a default is part of the stored shape and never changes
(the frozen list of event shapes holds it).
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar, get_args, get_origin
from uuid import UUID

from cattrs import Converter
from cattrs.errors import (
    BaseValidationError,
    ForbiddenExtraKeysError,
    IterableValidationError,
    IterableValidationNote,
)
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn

T = TypeVar("T")

_converter = Converter(detailed_validation=True)
_plain = Converter()
# One for all: `json.dumps` would make another one for each value.
_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _scalar(kind: type) -> Any:
    def structure(value: Any, wanted: type) -> Any:
        if issubclass(wanted, Enum):  # A StrEnum is a str too.
            return _member(value, wanted)
        # bool is an int in Python and must not pass for one; a whole number is a fine float.
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if type(value) is not kind:
            raise TypeError(f"expected {kind.__name__}, not {type(value).__name__}")
        return value

    return structure


def _member(value: Any, kind: type[Enum]) -> Enum:
    try:
        return kind(value)
    except ValueError:
        raise ValueError(f"expected one of {', '.join(str(member.value) for member in kind)}") from None


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Enum)


for _kind in (str, int, float, bool):
    _converter.register_structure_hook(_kind, _scalar(_kind))
_converter.register_structure_hook(UUID, lambda value, _: UUID(_scalar(str)(value, str)))
_converter.register_structure_hook(datetime, lambda value, _: datetime.fromisoformat(value))
for _writer in (_converter, _plain):
    _writer.register_unstructure_hook_func(_is_enum, lambda member: member.value)
    _writer.register_unstructure_hook(UUID, str)
    # A whole number that stands for a float is one when it is read back; so it is written as one.
    _writer.register_unstructure_hook(float, float)
    _writer.register_unstructure_hook(datetime, lambda value: value.isoformat())
_converter.register_unstructure_hook_factory(
    dataclasses.is_dataclass,
    lambda cls: make_dict_unstructure_fn(cls, _converter, _cattrs_omit_if_default=True),
)
_converter.register_structure_hook_factory(
    dataclasses.is_dataclass,
    lambda cls: make_dict_structure_fn(cls, _converter, _cattrs_forbid_extra_keys=True),
)


def _is_tuple(kind: Any) -> bool:
    origin: Any = get_origin(kind)
    return origin is tuple


def _structure_tuple(value: Any, kind: Any) -> tuple[Any, ...]:
    # A text is a sequence too, and must not pass for a list of its letters.
    if not isinstance(value, list | tuple):
        raise TypeError(f"expected a list, not {type(value).__name__}")
    return _read_list(value, get_args(kind)[0])


def _read_list(values: Sequence[Any], kind: Any) -> tuple[Any, ...]:
    read, faults = [], []
    for index, value in enumerate(values):
        try:
            read.append(_converter.structure(value, kind))
        except (BaseValidationError, ForbiddenExtraKeysError, ValueError, TypeError) as error:
            error.add_note(IterableValidationNote(f"index {index}", index, kind))
            faults.append(error)
    if faults:
        raise IterableValidationError("a list", faults, tuple)
    return tuple(read)


_converter.register_structure_hook_func(_is_tuple, _structure_tuple)


def to_values(data: Any) -> dict[str, Any]:
    """Turn a dataclass into JSON values, a key for each field that differs from its default."""
    values: dict[str, Any] = _converter.unstructure(data)
    return values


def to_plain(data: Any) -> Any:
    """Turn a dataclass into JSON values with every field written out, for people and clients to read."""
    return _plain.unstructure(data)


def from_values(cls: type[T], values: Any) -> T:
    """Turn JSON values into `cls`.

    :raises ShapeError: a field is unknown, missing or of another type; `errors` maps dotted paths to sentences.
    """
    try:
        return _converter.structure(values, cls)
    except BaseValidationError as group:
        raise ShapeError(_sentences(group)) from group


class ShapeError(ValueError):
    """Values that do not have the shape; `errors` maps dotted field paths to sentences."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__("; ".join(f"{path}: {' '.join(said)}" for path, said in errors.items()))
        self.errors = errors


def to_json(value: Any) -> str:
    """Write compact JSON in UTF-8 text; NaN and infinities are refused."""
    return _encoder.encode(value)


def _sentences(error: BaseException, path: str = "") -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    if isinstance(error, BaseValidationError):
        for inner, note in _with_notes(error):
            for key, said in _sentences(inner, _join(path, note)).items():
                found.setdefault(key, []).extend(said)
    elif isinstance(error, ForbiddenExtraKeysError):
        for name in sorted(error.extra_fields):
            found.setdefault(_join(path, name), []).append("This field is not known here.")
    elif isinstance(error, KeyError):
        found[_join(path, str(error.args[0]))] = ["This field is required."]
    else:
        found[path] = [f"Not valid: {error}."]
    return found


def _with_notes(group: BaseValidationError) -> list[tuple[BaseException, str]]:
    with_notes, without = group.group_exceptions()  # type: ignore[attr-defined]
    named = [(inner, str(getattr(note, "name", getattr(note, "index", "")))) for inner, note in with_notes]
    return [*named, *((inner, "") for inner in without)]


def _join(path: str, name: str) -> str:
    # A missing required field carries its own name both in the note and in the KeyError.
    if not name or path.rpartition(".")[2] == name:
        return path
    return f"{path}.{name}" if path else name
