"""Event types: one frozen dataclass each, registered under a permanent name and version.

The law of evolution: a stored type only grows. Fields are never renamed, reordered or removed; a new field has a
default; a default never changes. Anything else is a new version, and the old one is upcast when it is read.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Protocol, TypeVar, dataclass_transform

from ledger import codec

Values = dict[str, Any]
Upcast = Callable[[Values], Values]


class Data(Protocol):
    """What an event says: its payload as a frozen dataclass."""

    def apply(self, state: Any) -> Any: ...


D = TypeVar("D")


@dataclasses.dataclass(frozen=True)
class Shape:
    """A registered event type; `personal` names the fields that may hold personal data, erasable one by one."""

    name: str
    version: int
    cls: type
    personal: frozenset[str]

    @property
    def type(self) -> str:
        return f"{self.name}/{self.version}"


_by_type: dict[str, Shape] = {}
_by_class: dict[type, Shape] = {}
_upcasts: dict[str, Upcast] = {}


@dataclass_transform(frozen_default=True, kw_only_default=True)
def event(name: str, *, version: int, personal: tuple[str, ...] = ()) -> Callable[[type[D]], type[D]]:
    """Register a frozen dataclass as the event type `name/version`.

    :raises ValueError: the type is taken, or `personal` names a field that is not there.
    """

    def register(cls: type[D]) -> type[D]:
        shape = Shape(name, version, cls, frozenset(personal))
        unknown = shape.personal - {field.name for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
        if shape.type in _by_type:
            raise ValueError(f"The event type {shape.type} is taken by {_by_type[shape.type].cls.__qualname__}.")
        if unknown:
            raise ValueError(f"{shape.type} has no field {', '.join(sorted(unknown))}.")
        _by_type[shape.type] = _by_class[cls] = shape
        return cls

    return register


def upcasts(type_: str) -> Callable[[Upcast], Upcast]:
    """Register how the values of an old type (`name/version`) become those of the next version."""

    def register(function: Upcast) -> Upcast:
        if type_ in _upcasts:
            raise ValueError(f"{type_} has an upcast already.")
        _upcasts[type_] = function
        return function

    return register


def shape_of(data: object) -> Shape:
    """Find the registered shape of an event's data (or of its class)."""
    cls = data if isinstance(data, type) else type(data)
    return _by_class[cls]


def shapes() -> list[Shape]:
    """List all registered types by name and version."""
    return sorted(_by_type.values(), key=lambda shape: (shape.name, shape.version))


def decode(type_: str, values: Values) -> Any:
    """Rebuild an event's data from stored values, through every upcast up to the newest version.

    :raises UnknownEvent: no code here knows the type.
    """
    while type_ in _upcasts:
        values = _upcasts[type_](dict(values))
        name, _, version = type_.rpartition("/")
        type_ = f"{name}/{int(version) + 1}"
    if type_ not in _by_type:
        raise UnknownEvent(type_)
    return codec.from_values(_by_type[type_].cls, values)


class UnknownEvent(LookupError):
    """A stored event of a type that this version of the code does not know."""

    def __init__(self, type_: str) -> None:
        super().__init__(f"No code here knows the event type {type_}.")
