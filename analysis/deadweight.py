"""What a tanker of some length, beam and draught carries, where nobody says: a relation fitted on ships that do.

    ln(deadweight / V) = c0 + c1 ln V + c2 (ln V)² + c3 ln(beam / draught) + c4 ln(length / beam)
    V = length x beam x draught

Deadweight in tonnes at the design draught, lengths in metres. Robust least squares (Huber, Annals of Mathematical
Statistics 35, 1964, with the constant 1.345), since registers hold wrong ships. One coefficient for all sizes would
overstate small tankers by a tenth: they have more hull for what they carry.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from math import exp, log
from pathlib import Path
from typing import Any

import numpy as np

FITTED = Path(__file__).parent / "data" / "deadweight.json"
HUBER, ROUNDS = 1.345, 30
MAD_TO_SD = 1.4826
"""A normal distribution's standard deviation over its median absolute deviation."""


@dataclass(frozen=True, kw_only=True)
class Particulars:
    """A ship as a register has it: metres, tonnes."""

    length_m: float
    beam_m: float
    draught_m: float
    deadweight_t: float


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A fitted relation: its coefficients; the 10th and 90th percentile of what it leaves over (natural logarithms);
    how many ships it is from, and between which V (m³) those lie."""

    coefficients: tuple[float, ...]
    low: float
    high: float
    ships: int
    smallest: float
    largest: float
    source: str


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Tonnes of deadweight with the interval that holds 80 % of ships; `within` the sizes of those it is fitted on."""

    value: float
    low: float
    high: float
    within: bool


def estimate(*, length_m: float, beam_m: float, draught_m: float, fitted: Fit | None = None) -> Estimate:
    """Estimate the deadweight at a draught, in tonnes. A draught below the design draught gives what it then carries,
    hull and stores taken to be what they are at that size.

    :raises ValueError: one of the measures is not above 0.
    """
    known = fitted or stored()
    volume = length_m * beam_m * draught_m
    if min(length_m, beam_m, draught_m) <= 0:
        raise ValueError("Lengths are above 0.")
    middle = log(volume) + sum(
        c * x for c, x in zip(known.coefficients, _terms(length_m, beam_m, draught_m), strict=True)
    )
    return Estimate(
        value=exp(middle),
        low=exp(middle + known.low),
        high=exp(middle + known.high),
        within=known.smallest <= volume <= known.largest,
    )


@cache
def stored() -> Fit:
    """Read the relation that the product comes with (see `scripts/fit_deadweight.py`)."""
    values: dict[str, Any] = json.loads(FITTED.read_text(encoding="utf-8"))
    return Fit(**{**values, "coefficients": tuple(values["coefficients"])})


def fit(ships: Sequence[Particulars], *, source: str = "") -> Fit:
    """Fit the relation on ships with all particulars.

    :raises ValueError: there are fewer than twice as many as coefficients.
    """
    terms = np.array([_terms(ship.length_m, ship.beam_m, ship.draught_m) for ship in ships])
    volumes = np.array([ship.length_m * ship.beam_m * ship.draught_m for ship in ships])
    if len(ships) < 2 * terms.shape[-1]:
        raise ValueError("There are too few ships to fit a relation on.")
    left = np.log(np.array([ship.deadweight_t for ship in ships]) / volumes)
    weights, coefficients, over = np.ones(len(ships)), np.zeros(terms.shape[1]), left
    for _ in range(ROUNDS):
        root = np.sqrt(weights)
        coefficients, *_ = np.linalg.lstsq(terms * root[:, None], left * root, rcond=None)
        over = left - terms @ coefficients
        sd = MAD_TO_SD * float(np.median(np.abs(over)))
        weights = np.minimum(1.0, HUBER * sd / np.maximum(np.abs(over), 1e-12))
    low, high = np.percentile(over, [10, 90])
    return Fit(
        coefficients=tuple(round(float(each), 9) for each in coefficients),
        low=round(float(low), 6),
        high=round(float(high), 6),
        ships=len(ships),
        smallest=round(float(volumes.min()), 1),
        largest=round(float(volumes.max()), 1),
        source=source,
    )


def as_json(fitted: Fit) -> str:
    """Write a relation as the file that `stored` reads."""
    return json.dumps(asdict(fitted), indent=1) + "\n"


def _terms(length_m: float, beam_m: float, draught_m: float) -> tuple[float, ...]:
    volume = log(length_m * beam_m * draught_m)
    return (1.0, volume, volume**2, log(beam_m / draught_m), log(length_m / beam_m))
