"""What the numbers of a sighted ship say: IMO check digit, the states of MMSI and call sign against the claimed flag.

A number tells which administration gave it, not today's flag and not the owner: what differs is flagged for a person.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from enrichment.callsigns import plain, series_state
from enrichment.domain import SIGHTINGS, Enricher, EnricherInput, Flag, Result
from enrichment.identifiers import imo_is_of_company, imo_is_valid
from enrichment.mmsi import Mmsi, has_digits_of_its_own, read_mmsi
from enrichment.states import kin, name_of, state_named

YES, KIN, NO = "yes", "a territory of the same state", "no"
EDITIONS = "ITU tables of 2020 (call signs) and 2023 (MMSI)"


@dataclass(frozen=True, kw_only=True)
class ShipFindings:
    """`imo_is`: a ship's number, a company's, either, or none by its check digit (IMO A.1117(30); company scheme).

    States are ISO 3166-1 codes with names; `agrees` compares with the claimed flag and says why where it does not.
    """

    imo: str
    imo_is: str
    mmsi: str
    mmsi_kind: str
    mmsi_states: tuple[str, ...]
    mmsi_administrations: tuple[str, ...]
    mmsi_agrees: str
    call_sign: str
    call_sign_state: str
    call_sign_agrees: str
    flag: str
    flag_state: str


def read_ship(given: EnricherInput) -> Result:
    """Read the numbers of the sighted ship and compare the states behind them with the flag."""
    subject: Mapping[str, Any] = given.fields.get("subject") or {}
    imo, flag = _digits_of_imo(_of(subject, "imo")), _of(subject, "flag")
    written, sign = _of(subject, "mmsi"), _of(subject, "call_sign")
    mmsi = read_mmsi(re.sub(r"[\s-]", "", written))
    state = state_named(flag) if flag else None
    by_sign = series_state(sign) if sign else None
    output = ShipFindings(
        imo=imo,
        imo_is=_kind_of_imo(imo),
        mmsi=mmsi.value if mmsi else written,
        mmsi_kind=mmsi.kind if mmsi else "not nine digits" if written else "",
        mmsi_states=tuple(_named(each) for each in mmsi.states) if mmsi else (),
        mmsi_administrations=mmsi.administrations if mmsi else (),
        mmsi_agrees=_agrees(flag, state, mmsi.states if mmsi else (), own=has_digits_of_its_own) if written else "",
        call_sign=plain(sign),
        call_sign_state=_named(by_sign) if by_sign else "no series of the ITU's" if sign else "",
        call_sign_agrees=_agrees(flag, state, (by_sign,) if by_sign else ()) if sign else "",
        flag=flag,
        flag_state=_named(state) if state else "",
    )
    return Result(output=output, flags=tuple(_flags(output, mmsi)))


def _of(subject: Mapping[str, Any], name: str) -> str:
    return str(subject.get(name) or "").strip()[:200]


def _digits_of_imo(text: str) -> str:
    return re.sub(r"^imo[\s:.#]*|(?<=\d)\s(?=\d)", "", text, flags=re.IGNORECASE).strip()


def _kind_of_imo(imo: str) -> str:
    if not imo:
        return ""
    if not re.fullmatch(r"[0-9]{7}", imo):
        return "not seven digits"
    kinds = [word for word, holds in (("ship", imo_is_valid(imo)), ("company", imo_is_of_company(imo))) if holds]
    return " or ".join(kinds) or "none: its check digit is wrong"


def _agrees(flag: str, state: str | None, found: tuple[str, ...], *, own: Any = None) -> str:
    if not flag:
        return "not compared: no flag is given"
    if state is None:
        return "not compared: the flag is not a name that is known here"
    if not found:
        return "not compared: the number tells no state"
    if state in found:
        return YES
    if any(kin(state, each) for each in found):
        return KIN
    return NO if own is None or own(state) else "not compared: the flag's state has no numbers of its own"


def _named(state: str) -> str:
    return f"{state} {name_of(state)}" if name_of(state) != state else state


def _flags(found: ShipFindings, mmsi: Mmsi | None) -> list[Flag]:
    flags = []
    if found.imo_is == "company":
        detail = f"{found.imo} is given as the ship's IMO number; by its check digit it is a company's."
        flags.append(Flag(flag="imo_of_company", detail=detail))
    elif found.imo_is.startswith("no"):
        detail = f"{found.imo} is given as the ship's IMO number; the check digit, or its length, says otherwise."
        flags.append(Flag(flag="imo_check_digit", detail=detail))
    if found.mmsi and (mmsi is None or mmsi.kind != "ship station"):
        flags.append(Flag(flag="mmsi_of_no_ship", detail=f"The MMSI {found.mmsi}: {found.mmsi_kind}."))
    if found.mmsi_agrees == NO:
        detail = (
            f"The flag is given as {found.flag}; the MMSI {found.mmsi} was given out by {', '.join(found.mmsi_states)}."
        )
        flags.append(Flag(flag="flag_differs_from_mmsi", detail=detail))
    if found.call_sign_agrees == NO:
        detail = f"The flag is given as {found.flag}; the call sign {found.call_sign} is of {found.call_sign_state}."
        flags.append(Flag(flag="flag_differs_from_call_sign", detail=detail))
    return flags


def _load() -> None:
    series_state("AAAA")
    read_mmsi("201000000")
    state_named("")


ENRICHER = Enricher(
    name="ship",
    version=1,
    accepts=SIGHTINGS,
    reads=frozenset({"subject"}),
    run=read_ship,
    tool=lambda: "ITU tables 2023",
    parameters={"tables": EDITIONS},
    prepare=_load,
)
