"""Twelve tankers that never existed, and what was never seen of them: SYNTHETIC, and every record says so.

The sightings are generated from the published totals, the other way round than a finding is computed:

    barrels in all                      published total, a little over a million (PARAMETERS.barrels)
    share of a call                     tonnes per centimetre x design draught x chance, over the sum of these
    tonnes of a call                    share x barrels / barrels per tonne
    tonnes per centimetre               length x beam x waterplane coefficient x water density / 100
    draught change, in centimetres      tonnes / tonnes per centimetre, rounded as a reading is

So whoever computes the volume from the draughts with the same parameters comes back to the total, apart from
the rounding. Tonnes per centimetre: Barrass and Derrett, Ship Stability for Masters and Mates, "TPC":
waterplane area times density over 100.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

Body = dict[str, Any]

SYNTHETIC = "SYNTHETIC: invented for the sample, stands for no real ship and no real observation."
ARRIVAL, DEPARTURE = "arrival", "departure"
SILENT, TRACKER_POSITION, LOOKED = "tracker silent", "tracker position", "looked"

TERMINAL: Body = {
    # The World Port Index (Pub. 150, public domain) has Vostochnyy, 60725, at 42.75 N 133.083 E, in whole
    # minutes; the terminal lies about a kilometre from there, and 17 km from Nakhodka, the next port.
    "name": "Oil terminal, Vostochny Port",
    "lat": 42.74,
    "lon": 133.08,
    "radius_m": 1500.0,
}
LAST_HEARD = {"name": "Where the tracker was last heard", "lat": 41.35, "lon": 131.6, "radius_m": 20_000.0}
HEARD_ELSEWHERE = {"name": "Position sent by the tracker", "lat": 41.62, "lon": 131.95, "radius_m": 500.0}


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """All numbers that the fleet is generated from. Metres, tonnes, days; density in t/m³."""

    seed: int = 43_12_2024
    ships: int = 12
    calls: int = 43
    barrels: float = 1_080_000
    # Gas oil: Energy Institute, Statistical Review of World Energy, approximate conversion factors (7.46).
    barrels_per_tonne: float = 7.45
    water_density: float = 1.025
    waterplane_coefficient: float = 0.80
    block_coefficient: float = 0.75
    deadweight_per_displacement: float = 0.70
    first_arrival: datetime = datetime(2024, 3, 7, tzinfo=UTC)
    last_arrival: datetime = datetime(2024, 11, 7, tzinfo=UTC)
    jitter_days: float = 1.3
    reading_step_m: float = 0.05
    error_with_scene_m: float = 0.25
    error_without_scene_m: float = 0.35
    silent_share: float = 0.75
    absences: int = 6


PARAMETERS = Parameters()

NAMES = (
    "Grey Heron", "Snow Bunting", "Red Knot", "Sea Eagle", "Black Kite", "Little Tern",
    "White Stork", "Sand Martin", "Reed Warbler", "Blue Rail", "Rock Dove", "Marsh Harrier",
)  # fmt: skip

SCENES: dict[tuple[int, str], str] = {
    (2, DEPARTURE): "scene-1",
    (9, ARRIVAL): "scene-2",
    (9, DEPARTURE): "scene-3",
    (21, ARRIVAL): "scene-4",
    (30, DEPARTURE): "scene-5",
    (38, DEPARTURE): "scene-6",
}
"""Which moments of which calls a picture of the sample shows."""

EMPTY_SCENE = "scene-7"
"""The picture of the first absence: nobody at the jetty."""

CONTRADICTED_CALL = 21
"""During this call's arrival the ship's tracker says that it is somewhere else."""


@dataclass(frozen=True, kw_only=True)
class Ship:
    """An invented tanker. Metres, and tonnes of deadweight."""

    number: int
    name: str
    length_m: float
    beam_m: float
    design_draught_m: float
    deadweight_t: float


@dataclass(frozen=True, kw_only=True)
class PortCall:
    """One call at the terminal: in ballast when it comes, loaded when it goes. Metres, `tonnes` of cargo."""

    number: int
    ship: Ship
    arrived: datetime
    departed: datetime
    arrival_draught_m: float
    departure_draught_m: float
    tonnes: float


def tonnes_per_centimetre(*, length_m: float, beam_m: float, parameters: Parameters = PARAMETERS) -> float:
    """Compute the tonnes that sink a hull by one centimetre."""
    return length_m * beam_m * parameters.waterplane_coefficient * parameters.water_density / 100


@lru_cache(maxsize=1)
def fleet(parameters: Parameters = PARAMETERS) -> tuple[Ship, ...]:
    """Make the ships, of the proportions that small tankers have."""
    rng = _chance(parameters, "fleet")
    ships = []
    for number in range(1, parameters.ships + 1):
        length = round(rng.uniform(92, 112), 1)
        beam = round(length / rng.uniform(6.2, 6.5), 1)
        draught = round(beam / rng.uniform(2.4, 2.55), 1)
        displacement = length * beam * draught * parameters.block_coefficient * parameters.water_density
        ships.append(
            Ship(
                number=number,
                name=f"Sample Tanker {number:02} “{NAMES[number - 1]}”",
                length_m=length,
                beam_m=beam,
                design_draught_m=draught,
                deadweight_t=float(round(displacement * parameters.deadweight_per_displacement, -1)),
            )
        )
    return tuple(ships)


@lru_cache(maxsize=1)
def port_calls(parameters: Parameters = PARAMETERS) -> tuple[PortCall, ...]:
    """Make the calls, in the order of their arrival (see the formula at the top of this module)."""
    rng = _chance(parameters, "calls")
    ships = _turns(parameters, rng)
    weights = [
        tonnes_per_centimetre(length_m=ship.length_m, beam_m=ship.beam_m, parameters=parameters)
        * ship.design_draught_m
        * rng.uniform(0.93, 1.07)
        for ship in ships
    ]
    tonnes_in_all = parameters.barrels / parameters.barrels_per_tonne
    step = (parameters.last_arrival - parameters.first_arrival) / (parameters.calls - 1)
    calls = []
    for index, (ship, weight) in enumerate(zip(ships, weights, strict=True)):
        jitter = rng.uniform(-1, 1) * parameters.jitter_days * (0 < index < parameters.calls - 1)
        arrived = _satellite_pass(parameters.first_arrival + index * step + timedelta(days=jitter), rng)
        departed = _satellite_pass(arrived + timedelta(days=rng.choice((3, 3, 4))), rng)
        tonnes = tonnes_in_all * weight / sum(weights)
        tpc = tonnes_per_centimetre(length_m=ship.length_m, beam_m=ship.beam_m, parameters=parameters)
        loaded = _reading(ship.design_draught_m * rng.uniform(0.93, 0.98), parameters)
        calls.append(
            PortCall(
                number=index + 1,
                ship=ship,
                arrived=arrived,
                departed=departed,
                arrival_draught_m=_reading(loaded - tonnes / tpc / 100, parameters),
                departure_draught_m=loaded,
                tonnes=tonnes,
            )
        )
    return tuple(calls)


def sightings(*, scenes: Mapping[str, str] | None = None, parameters: Parameters = PARAMETERS) -> list[Body]:
    """Make the sightings as evidence bodies: calls, silent trackers, an empty jetty, one that contradicts.

    :param scenes: the ids of the image items by scene name; a sighting stands on the picture that shows it.
    """
    known = scenes or {}
    calls = port_calls(parameters)
    bodies = [_call_sighting(call, activity, known, parameters) for call in calls for activity in (ARRIVAL, DEPARTURE)]
    bodies += _silences(calls, parameters)
    bodies += [_absence(number, moment, known) for number, moment in enumerate(absences(parameters), start=1)]
    bodies.append(_contradicting_position(calls[CONTRADICTED_CALL - 1]))
    return bodies


@lru_cache(maxsize=1)
def absences(parameters: Parameters = PARAMETERS) -> tuple[datetime, ...]:
    """Choose satellite passes on days when no ship of the fleet is within a day of the terminal."""
    rng = _chance(parameters, "absences")
    day, free = timedelta(days=1), []
    moment = parameters.first_arrival
    while moment < parameters.last_arrival:
        looked = _satellite_pass(moment, rng)
        if all(looked < call.arrived - day or looked > call.departed + day for call in port_calls(parameters)):
            free.append(looked)
        moment += day
    every = len(free) // parameters.absences
    return tuple(free[every // 2 :: every][: parameters.absences])


# --- bodies ---------------------------------------------------------------------------------------


def key(call: PortCall, activity: str) -> str:
    """Name a moment of a call, as `external_id` does."""
    return f"sample/call-{call.number:02}/{activity.replace(' ', '-')}"


def minute(moment: datetime) -> str:
    """Write an instant as EDTF, to the minute, in UTC."""
    return f"{moment:%Y-%m-%dT%H:%MZ}"


def _call_sighting(call: PortCall, activity: str, scenes: Mapping[str, str], parameters: Parameters) -> Body:
    arrival = activity == ARRIVAL
    moment = call.arrived if arrival else call.departed
    scene = SCENES.get((call.number, activity))
    did = "arrives in ballast" if arrival else "leaves loaded"
    return _sighting(
        title=f"{call.ship.name} {did} (call {call.number} of {parameters.calls})",
        key=key(call, activity),
        activity=activity,
        # Where no picture is in the case, the note gives the day only, and no more is claimed.
        when=minute(moment) if scene else f"{moment:%Y-%m-%d}",
        place=TERMINAL,
        subject=_subject(call.ship),
        draught_m=call.arrival_draught_m if arrival else call.departure_draught_m,
        draught_error_m=parameters.error_with_scene_m if scene else parameters.error_without_scene_m,
        basis=[scenes[scene]] if scene and scene in scenes else [],
        notes="Draught read from a drawn scene." if scene else "Draught as an analyst's note would give it.",
        tags=["port call"],
    )


def _silences(calls: tuple[PortCall, ...], parameters: Parameters) -> list[Body]:
    rng = _chance(parameters, "silences")
    bodies = []
    for call in calls:
        hours_before, hours_after, kept = rng.uniform(20, 60), rng.uniform(20, 60), rng.random()
        if kept < parameters.silent_share:
            begin, end = (
                call.arrived - timedelta(hours=hours_before),
                call.departed + timedelta(hours=hours_after),
            )
            bodies.append(
                _sighting(
                    title=f"The tracker of {call.ship.name} is silent around call {call.number}",
                    key=key(call, SILENT),
                    activity=SILENT,
                    when=f"{minute(begin)}/{minute(end)}",
                    place=LAST_HEARD,
                    subject=_subject(call.ship),
                    notes="From the last message before the call to the first one after it.",
                    tags=["trackers"],
                )
            )
    return bodies


def _absence(number: int, moment: datetime, scenes: Mapping[str, str]) -> Body:
    basis = [scenes[EMPTY_SCENE]] if number == 1 and EMPTY_SCENE in scenes else []
    return _sighting(
        title=f"No tanker at the oil terminal, {moment:%d %B %Y}",
        key=f"sample/absence-{number}",
        activity=LOOKED,
        observed=False,
        when=minute(moment),
        place=TERMINAL,
        subject={"kind": "ship", "type": "oil products tanker", "notes": SYNTHETIC},
        basis=basis,
        notes="Somebody looked, and nothing was there: an absence is evidence too.",
        tags=["absence"],
    )


def _contradicting_position(call: PortCall) -> Body:
    return _sighting(
        title=f"The tracker of {call.ship.name} reports another place during call {call.number}",
        key=key(call, TRACKER_POSITION),
        activity=TRACKER_POSITION,
        when=minute(call.arrived + timedelta(minutes=4)),
        place=HEARD_ELSEWHERE,
        subject=_subject(call.ship),
        notes="Contradicts the scene that shows the ship at the jetty at this time: one of the two is wrong.",
        tags=["trackers"],
    )


def _sighting(*, title: str, key: str, notes: str, tags: list[str], **fields: Any) -> Body:
    body = {
        "kind": "sighting",
        "title": f"SYNTHETIC: {title}",
        "source": {"name": "Waterline sample", "kind": "generated", "publisher": "synthetic"},
        "collection": {
            "by": "Waterline sample",
            "method": "generated from published totals",
            "notes": f"{SYNTHETIC} {notes}",
        },
        "observed": True,
        "observer": "Sample analyst (synthetic)",
        "tags": ["synthetic", *tags],
        "sensitivity": "clear",
        "external_id": key,
        **fields,
    }
    return {name: value for name, value in body.items() if value != []}


def _subject(ship: Ship) -> Body:
    return {
        "kind": "ship",
        "name": ship.name,
        "flag": "KP",
        "type": "oil products tanker",
        "length_m": ship.length_m,
        "beam_m": ship.beam_m,
        "design_draught_m": ship.design_draught_m,
        "deadweight_t": ship.deadweight_t,
        "notes": SYNTHETIC,
    }


# --- chance, the same each time -------------------------------------------------------------------


def _chance(parameters: Parameters, purpose: str) -> random.Random:
    # A generator for each purpose: to change one part of the sample leaves the others as they were.
    return random.Random(f"{parameters.seed}/{purpose}")  # noqa: S311 -- guards nothing, must be the same each time


def _turns(parameters: Parameters, rng: random.Random) -> list[Ship]:
    """Say whose turn each call is: round after round in a wandering order, nobody twice in a short time."""
    ships = fleet(parameters)
    turns: list[tuple[float, Ship]] = []
    while len(turns) < parameters.calls:
        start = len(turns)
        left = min(parameters.calls - start, len(ships))
        chosen = sorted(rng.sample(range(len(ships)), left))
        turns += [(start + place + rng.uniform(-2.5, 2.5), ships[ship]) for place, ship in enumerate(chosen)]
    return [ship for _, ship in sorted(turns, key=lambda turn: turn[0])]


def _satellite_pass(moment: datetime, rng: random.Random) -> datetime:
    """Move a moment to late morning there (UTC+10), when satellites that need the sun look down."""
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return day + timedelta(minutes=rng.randrange(25, 125))


def _reading(metres: float, parameters: Parameters) -> float:
    return round(round(metres / parameters.reading_step_m) * parameters.reading_step_m, 2)
