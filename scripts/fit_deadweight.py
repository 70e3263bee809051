"""Fit what tankers carry on a list of ships, and write it to analysis/data:

    python scripts/fit_deadweight.py ships.csv "where the list is from"

The list has the columns imo, ais_type, dwt, length, beam, design_draught; taken are tankers (AIS types 80 to 89) with
an IMO number and all four particulars above 0. Only the relation is kept, no ship.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from analysis.deadweight import FITTED, Particulars, as_json, fit


def tankers(path: Path) -> list[Particulars]:
    """Read the tankers of a list that are described wholly."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    found = []
    for row in rows:
        numbers = [float(row[name] or 0) for name in ("length", "beam", "design_draught", "dwt")]
        if row["imo"] and row["ais_type"].startswith("8") and min(numbers) > 0:
            length, beam, draught, deadweight = numbers
            found.append(Particulars(length_m=length, beam_m=beam, draught_m=draught, deadweight_t=deadweight))
    return found


if __name__ == "__main__":
    fitted = fit(tankers(Path(sys.argv[1])), source=sys.argv[2])
    FITTED.write_text(as_json(fitted), encoding="utf-8")
    print(f"{fitted.ships} ships: {FITTED.name}")
