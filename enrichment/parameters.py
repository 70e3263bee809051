"""Parameters of an enricher that people may set: a frozen dataclass, whose fields say their unit and bounds. Pure.

The sandbox reads this too, so it knows nothing of how anything is stored.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Scalar = bool | int | float | str


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What a parameter may be: a number from `least` to `most`, or of some texts, `choices`; a list has `most` of them.

    `says` is a sentence for people; `unit` is that of a number, or empty.
    """

    says: str
    unit: str = ""
    least: float | None = None
    most: float | None = None
    choices: Sequence[str] = ()


def bounded(default: int | float, *, least: float, most: float, says: str, unit: str = "") -> Any:
    """Declare a number that may be set, both bounds included."""
    return _declared(default, Bounds(says=says, unit=unit, least=least, most=most))


def choice(default: str | tuple[str, ...], *, of: Sequence[str], says: str, most: int = 20) -> Any:
    """Declare a text that is one of some, or a list of them: from one to `most`, none twice."""
    return _declared(default, Bounds(says=says, choices=tuple(of), most=most if isinstance(default, tuple) else None))


def switched(default: bool, *, says: str) -> Any:
    """Declare what is done or not."""
    return _declared(default, Bounds(says=says))


def _declared(default: Any, bounds: Bounds) -> Any:
    return dataclasses.field(default=default, metadata={"bounds": bounds})


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter, as it is declared."""

    name: str
    default: Scalar | tuple[str, ...]
    bounds: Bounds


def declared(adjustable: type | None) -> list[Parameter]:
    """List the parameters of a dataclass, in its order; none where an enricher has none."""
    if adjustable is None:
        return []
    return [
        Parameter(name=each.name, default=each.default, bounds=each.metadata["bounds"])
        for each in dataclasses.fields(adjustable)
    ]


def read(adjustable: type | None, values: Mapping[str, Any]) -> tuple[Any, dict[str, str]]:
    """Read values, as JSON has them, into the dataclass; what is not said stays at its default.

    :returns: the instance (None where an enricher has no parameters), and a sentence for each value that can not be.
    """
    known = {each.name: each for each in declared(adjustable)}
    faults = {name: "It has no such parameter." for name in values if name not in known}
    held: dict[str, Any] = {}
    for name in known.keys() & values.keys():
        try:
            held[name] = _value(known[name], values[name])
        except ValueError as fault:
            faults[name] = str(fault)
    return (adjustable(**held) if adjustable else None), faults


def written(instance: Any) -> dict[str, Any]:
    """Write all parameters out as JSON values; none where an enricher has none."""
    values = dataclasses.asdict(instance) if instance is not None else {}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def adjusted(instance: Any) -> dict[str, Any]:
    """Write those parameters that are not at their defaults."""
    usual = written(type(instance)()) if instance is not None else {}
    return {name: value for name, value in written(instance).items() if value != usual[name]}


def _value(parameter: Parameter, value: Any) -> Any:
    default, bounds = parameter.default, parameter.bounds
    if isinstance(default, tuple):
        return _texts(bounds, value)
    if isinstance(default, str):
        if not isinstance(value, str) or value not in bounds.choices:
            raise ValueError(f"One of {', '.join(bounds.choices)}.")
        return value
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise ValueError("True or false.")
        return value
    return _number(default, bounds, value)


def _number(default: int | float, bounds: Bounds, value: Any) -> int | float:
    whole = isinstance(default, int)
    fits = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
    least, most = bounds.least, bounds.most
    # NaN is within no bounds.
    if not fits or least is None or most is None or not least <= value <= most:
        unit = f" {bounds.unit}" if bounds.unit else ""
        raise ValueError(f"A {'whole ' if whole else ''}number from {least:g} to {most:g}{unit}.")
    return value if whole else float(value)


def _texts(bounds: Bounds, value: Any) -> tuple[str, ...]:
    most = int(bounds.most or 0)
    # How many first: a hostile list is not looked through.
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= most:
        raise ValueError(f"A list of 1 to {most}.")
    if not all(isinstance(each, str) and each in bounds.choices for each in value) or len(set(value)) < len(value):
        raise ValueError(f"Each once, of {', '.join(bounds.choices)}.")
    return tuple(value)
