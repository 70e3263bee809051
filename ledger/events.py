"""Event types: one frozen dataclass each, registered under a permanent name and version.

The law of evolution: a stored type only grows. Fields are never renamed, reordered or removed; a new field has a
default; a default never changes. Anything else is a new version, and the old one is upcast when it is read.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol, TypeVar, dataclass_transform

from ledger import codec

Values = dict[str, Any]
Upcast = Callable[[Values], Values]

ERASED = "(erased)"
"""What stands in the place of a text that was erased and that its event can not do without."""


class Data(Protocol):
    """What an event says: its payload as a frozen dataclass."""

    def apply(self, state: Any) -> Any: ...


D = TypeVar("D")


@dataclasses.dataclass(frozen=True)
class Shape:
    """A registered event type; `personal` names the fields that may hold personal data, erasable one by one.

    `stands_in` holds, as a JSON value, what stands in the place of each of these once it is erased.
    """

    name: str
    version: int
    cls: type
    personal: frozenset[str]
    stands_in: Mapping[str, Any]

    @property
    def type(self) -> str:
        return f"{self.name}/{self.version}"


_by_type: dict[str, Shape] = {}
_by_class: dict[type, Shape] = {}
_upcasts: dict[str, Upcast] = {}
_of_old_types: dict[str, Mapping[str, Any]] = {}


@dataclass_transform(frozen_default=True, kw_only_default=True)
def event(name: str, *, version: int, personal: tuple[str, ...] = ()) -> Callable[[type[D]], type[D]]:
    """Register a frozen dataclass as the event type `name/version`.

    :raises ValueError: the type is taken, or `personal` names a field that is not there, or one for which nothing can
        stand in once it is erased.
    """

    def register(cls: type[D]) -> type[D]:
        fields = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
        type_ = f"{name}/{version}"
        if type_ in _by_type:
            raise ValueError(f"The event type {type_} is taken by {_by_type[type_].cls.__qualname__}.")
        if unknown := sorted(set(personal) - set(fields)):
            raise ValueError(f"{type_} has no field {', '.join(unknown)}.")
        stands_in = {each: _stand_in(type_, fields[each]) for each in personal}
        shape = Shape(name, version, cls, frozenset(personal), stands_in)
        _by_type[shape.type] = _by_class[cls] = shape
        return cls

    return register


def _stand_in(type_: str, field: dataclasses.Field[Any]) -> Any:
    """Find what stands in an erased field's place: its default, else what is empty, or a text that says so."""
    if field.default is not dataclasses.MISSING:
        return codec.to_plain(field.default)
    if field.default_factory is not dataclasses.MISSING:
        return codec.to_plain(field.default_factory())
    # Annotations are text where their module says so.
    kind = field.type.__name__ if isinstance(field.type, type) else str(field.type).removeprefix("collections.abc.")
    if kind == "str":
        return ERASED
    if kind.startswith("tuple["):
        return []
    if kind.startswith("Mapping["):
        return {}
    raise ValueError(f"{type_}.{field.name} is personal: give it a default, which stands there once it is erased.")


def upcasts(type_: str, *, personal: Mapping[str, Any] | None = None) -> Callable[[Upcast], Upcast]:
    """Register how the values of an old type (`name/version`) become those of the next version.

    :param personal: the old type's erasable fields, each with the JSON value that stands in for it.
    """

    def register(function: Upcast) -> Upcast:
        if type_ in _upcasts:
            raise ValueError(f"{type_} has an upcast already.")
        _upcasts[type_] = function
        _of_old_types[type_] = personal or {}
        return function

    return register


def shape_of(data: object) -> Shape:
    """Find the registered shape of an event's data (or of its class)."""
    cls = data if isinstance(data, type) else type(data)
    return _by_class[cls]


def shapes() -> list[Shape]:
    """List all registered types by name and version."""
    return sorted(_by_type.values(), key=lambda shape: (shape.name, shape.version))


def erasable(type_: str) -> Mapping[str, Any]:
    """Map the fields of a stored type (`name/version`) that can be erased to what then stands in their place."""
    shape = _by_type.get(type_)
    return shape.stands_in if shape else _of_old_types.get(type_, {})


def decode(type_: str, values: Values, *, erased: Collection[str] = ()) -> Any:
    """Rebuild an event's data from stored values, through every upcast up to the newest version.

    :param erased: the fields that were erased.
    :raises UnknownEvent: no code here knows the type.
    """
    if erased:
        stands_in = erasable(type_)
        values = {**{name: stands_in[name] for name in erased if name in stands_in}, **values}
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
