"""How much ships loaded, or unloaded, at a place: from how deep they sat in the water before and after each call.

    tonnes  = change of draught x length x beam x waterplane coefficient x density of the water
    barrels = tonnes x barrels per tonne

The change of displacement of a hull whose waterplane hardly changes: Barrass and Derrett, Ship Stability for Masters
and Mates, "TPC". Draughts, lengths and beams in metres, densities in tonnes per cubic metre. What a call loads is never
more than the ship's deadweight, as it is stated or else as ships of its size carry (see `deadweight`). A reading deeper
than 1.1 times the design draught is left out, not believed.

Errors: a reading's is its own (its stated error is a standard uncertainty; several readings of one moment are averaged,
and their spread counts where it is larger), the waterplane coefficient's is one for each ship, the densities' are one
for all calls: they do not average out. Propagated to first order (JCGM 100:2008, 5.1.2 and 5.2.2), and by Monte Carlo
with a fixed seed (JCGM 101:2008), whose 2.5th and 97.5th percentiles are the interval.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from statistics import fmean, stdev
from typing import Any
from uuid import UUID

import numpy as np

from analysis.calls import Call, Calling, calls_in
from analysis.deadweight import estimate
from analysis.domain import About, Result, Role, Step
from analysis.rule import Given, Outcome, Rule
from analysis.selection import Seen

SEED, DRAWS, FEWER_DRAWS, MANY = 20_241_122, 20_000, 4_000, 1_000
"""The Monte Carlo's seed; how often it draws, and how often where there are more than so many calls."""

DEEPEST = 1.1
"""Times the design draught: a deeper reading is an error."""

UNSTATED_M = 0.5
"""The standard uncertainty, in metres, of a draught whose error nobody stated."""

NORMAL_95 = 1.959964
"""Standard deviations on either side of a normal distribution's middle that hold 95 % of it."""


class Unit(StrEnum):
    BARRELS = "barrels"
    TONNES = "tonnes"


@dataclass(frozen=True, kw_only=True)
class Between:
    """A quantity that lies between two bounds with a probability of 95 %, most likely in the middle."""

    low: float
    high: float

    @property
    def middle(self) -> float:
        return (self.low + self.high) / 2

    @property
    def sd(self) -> float:
        return (self.high - self.low) / 2 / NORMAL_95


@dataclass(frozen=True, kw_only=True)
class Cargo(Calling):
    """What makes a call, and what is known of water and cargo. The defaults: sea water, tankers, gas oil."""

    unit: Unit = Unit.BARRELS
    waterplane_coefficient: Between = Between(low=0.76, high=0.84)
    water_density: Between = Between(low=1.020, high=1.030)
    barrels_per_tonne: Between = Between(low=7.25, high=7.65)

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield each parameter that can not be meant, and why."""
        yield from super().problems()
        for name, least, most in (
            ("waterplane_coefficient", 0.5, 1.0),
            ("water_density", 0.99, 1.06),
            ("barrels_per_tonne", 5.0, 12.0),
        ):
            given: Between = getattr(self, name)
            if not (least <= given.low <= given.high <= most):
                yield name, f"Two numbers from {least:g} to {most:g}, the lower one first."


@dataclass(frozen=True)
class Draught:
    """How deep a ship sat at one moment: metres, with its standard uncertainty, and the readings behind it."""

    metres: float
    sd: float
    items: tuple[UUID, ...]


@dataclass(frozen=True)
class Load:
    """What one call changed, in metres of draught, and the area (length x beam, m²) and deadweight (t) of its ship."""

    call: Call
    before: Draught
    after: Draught
    area: float
    deadweight: float
    deadweight_stated: bool

    @property
    def change(self) -> float:
        return self.after.metres - self.before.metres


def cargo(parameters: Cargo, given: Given) -> Outcome:
    """Add up what the calls loaded; one that lacks a reading or its ship's measures adds nothing, and is named."""
    calls = calls_in(given.items, parameters)
    loads, steps, too_deep = [], [], set[UUID]()
    for call in calls.surely:
        readings, deep = _readings(call)
        too_deep |= deep
        load = _load(call, readings)
        if load is None:
            text = "A call without draughts before and after, or without length and beam of its ship: adds nothing."
            steps.append(Step(text=text, about=About.LEFT_OUT, items=tuple(each.item for each in call.seen)))
        else:
            loads.append(load)
    scale = parameters.barrels_per_tonne if parameters.unit is Unit.BARRELS else Between(low=1.0, high=1.0)
    per_metre = parameters.waterplane_coefficient.middle * parameters.water_density.middle * scale.middle
    values = [_capped(load, load.change * load.area * per_metre, scale.middle) for load in loads]
    total = math.fsum(values)
    parts = _first_order(loads, values, parameters, scale)
    sd = math.sqrt(math.fsum(parts.values()))
    low, high = _monte_carlo(loads, parameters, scale)
    unit = parameters.unit.value
    steps = [*_of_calls(loads, values, unit), *steps]
    if too_deep:
        text = f"Readings deeper than {DEEPEST:g} times the design draught: left out."
        items = tuple(sorted(too_deep))
        steps.append(Step(text=text, about=About.LEFT_OUT, value=float(len(items)), unit="readings", items=items))
    steps += [
        Step(text="To first order: the lower end.", about=About.CHECK, value=total - NORMAL_95 * sd, unit=unit),
        Step(text="To first order: the upper end.", about=About.CHECK, value=total + NORMAL_95 * sd, unit=unit),
    ]
    for name, part in sorted(parts.items(), key=lambda pair: -pair[1]):
        share = 100 * part / sd**2 if sd else 0.0
        steps.append(Step(text=name, about=About.SHARE, value=share, unit="%"))
    counted = {item for load in loads for item in (*load.before.items, *load.after.items)}
    roles = {
        **{each.item: Role.MAY_COUNT for call in calls.surely for each in call.seen if each.item not in counted},
        **dict.fromkeys(calls.doubtful, Role.MAY_COUNT),
        **dict.fromkeys(counted, Role.COUNTS),
        **dict.fromkeys(calls.not_there, Role.SPEAKS_AGAINST),
    }
    result = (
        Result(value=total, low=low, high=high, unit=unit)
        if loads
        else Result(value=None, low=None, high=None, unit=unit)
    )
    return Outcome(result=result, steps=tuple(steps), roles=roles)


def _readings(call: Call) -> tuple[list[Draught], set[UUID]]:
    """Put the readings of each moment together, the earliest first; tell those that are too deep to be true."""
    deep = set[UUID]()
    kept = []
    for each in call.seen:
        metres, design = each.said.get("draught_m"), _measure(each, "design_draught_m")
        if metres is not None and metres > 0:
            if design and metres > DEEPEST * design:
                deep.add(each.item)
            else:
                kept.append(each)
    moments = [list(group) for _, group in groupby(kept, key=lambda each: (each.earliest, each.latest))]
    return [_averaged(moment) for moment in moments], deep


def _averaged(moment: Sequence[Seen]) -> Draught:
    metres = [each.said["draught_m"] for each in moment]
    stated = [each.said.get("draught_error_m") or UNSTATED_M for each in moment]
    # Readers of one image share its errors: their mean is no better than they are, and worse where they disagree.
    spread = stdev(metres) if len(metres) > 1 else 0.0
    return Draught(fmean(metres), max(fmean(stated), spread), tuple(each.item for each in moment))


def _load(call: Call, readings: Sequence[Draught]) -> Load | None:
    length, beam, design = (_of_ship(call, name) for name in ("length_m", "beam_m", "design_draught_m"))
    if len(readings) < 2 or not length or not beam:
        return None
    stated = _of_ship(call, "deadweight_t")
    deepest = design or max(reading.metres for reading in readings)
    most = stated or estimate(length_m=length, beam_m=beam, draught_m=deepest).high
    return Load(call, readings[0], readings[-1], length * beam, most, stated is not None)


def _of_ship(call: Call, name: str) -> float | None:
    """Give a measure of the call's ship as its last sighting that has it says."""
    return next((found for each in reversed(call.seen) if (found := _measure(each, name))), None)


def _measure(seen: Seen, name: str) -> float | None:
    value = (seen.said.get("subject") or {}).get(name)
    return float(value) if value and value > 0 else None


def _capped(load: Load, amount: float, per_tonne: float) -> float:
    most = load.deadweight * per_tonne
    return max(-most, min(most, amount))


def _of_calls(loads: Sequence[Load], values: Sequence[float], unit: str) -> Iterator[Step]:
    for load, value in zip(loads, values, strict=True):
        items = (*load.before.items, *load.after.items)
        yield Step(text="One call: draught after less draught before.", value=value, unit=unit, items=items)


def _first_order(
    loads: Sequence[Load], values: Sequence[float], parameters: Cargo, scale: Between
) -> Mapping[str, float]:
    """Give the variance that each input adds: sums of squares where errors are apart, squares of sums where common."""
    waterplane, water = parameters.waterplane_coefficient, parameters.water_density
    per_metre = [load.area * waterplane.middle * water.middle * scale.middle for load in loads]
    readings = math.fsum(
        each**2 * (load.before.sd**2 + load.after.sd**2) for each, load in zip(per_metre, loads, strict=True)
    )
    of_ships: dict[Any, float] = {}
    for load, value in zip(loads, values, strict=True):
        of_ships[load.call.ship] = of_ships.get(load.call.ship, 0.0) + value
    total = math.fsum(values)
    return {
        "readings of draughts": readings,
        "waterplane coefficients": math.fsum(
            (each * waterplane.sd / waterplane.middle) ** 2 for each in of_ships.values()
        ),
        "density of the water": (total * water.sd / water.middle) ** 2,
        "density of the cargo": (total * scale.sd / scale.middle) ** 2,
    }


def _monte_carlo(loads: Sequence[Load], parameters: Cargo, scale: Between) -> tuple[float, float]:
    """Draw all inputs again and again; give the 2.5th and the 97.5th percentile of the total."""
    rng = np.random.Generator(np.random.PCG64(SEED))
    draws = DRAWS if len(loads) <= MANY else FEWER_DRAWS

    def drawn(between: Between) -> Any:
        return rng.normal(between.middle, between.sd, draws)

    water, per_tonne = drawn(parameters.water_density), drawn(scale)
    waterplane = {ship: drawn(parameters.waterplane_coefficient) for ship in sorted({load.call.ship for load in loads})}
    total = np.zeros(draws)
    for load in loads:
        sd = math.hypot(load.before.sd, load.after.sd)
        tonnes = rng.normal(load.change, sd, draws) * load.area * waterplane[load.call.ship] * water
        total += np.clip(tonnes, -load.deadweight, load.deadweight) * per_tonne
    low, high = np.percentile(total, [2.5, 97.5])
    return float(low), float(high)


RULE = Rule(
    name="cargo",
    version=1,
    says="How much ships loaded at a place, from how deep they sat in the water.",
    parameters=Cargo,
    run=cargo,
    selection=lambda parameters: parameters.selection,
    reads=frozenset({"subject", "place", "when", "observed", "draught_m", "draught_error_m"}),
)
