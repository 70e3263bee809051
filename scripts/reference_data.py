"""Make the reference data in enrichment/data anew, from what its publishers give out: a maintainer's task.

    python scripts/reference_data.py ports UpdatedPub150.csv       the World Port Index as NGA publishes it (CSV)
    python scripts/reference_data.py mids MaritimeIdentificationDigits.csv    the ITU's table, columns MID, Allocated_to
    python scripts/reference_data.py states                        fetches cldr-core with npm; iso3166.tab of tzdata
    python scripts/reference_data.py territories                   fetches world-atlas with npm

Licences and editions stand in enrichment/data/README.md. Standard library only; the product never runs this.
"""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import zlib
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parents[1] / "enrichment" / "data"
sys.path.insert(0, str(DATA.parents[1]))

from enrichment.states import state_named  # noqa: E402 -- found by the line above

WORLD_ATLAS, CLDR = "world-atlas@2.0.2", "cldr-core@48.2.0"

# What Natural Earth draws and ISO 3166 has no code for, and what of it is disputed.
SPECIAL = {
    "Dhekelia": ("GB", "British sovereign base area on Cyprus"),
    "Akrotiri": ("GB", "British sovereign base area on Cyprus"),
    "Somaliland": ("SO", "administers itself; recognised by few as a state"),
    "Kosovo": ("XK", "recognised by some states, claimed by Serbia"),
    "USNB Guantanamo Bay": ("CU", "United States naval base"),
    "N. Cyprus": ("CY", "Northern Cyprus; recognised by Türkiye only"),
    "Cyprus U.N. Buffer Zone": ("CY", "United Nations buffer zone"),
    "Siachen Glacier": ("", "claimed by India and Pakistan"),
    "Baikonur": ("KZ", "leased to Russia"),
    "Indian Ocean Ter.": ("AU", "Christmas Island or Cocos (Keeling) Islands"),
    "Coral Sea Is.": ("AU", ""),
    "Ashmore and Cartier Is.": ("AU", ""),
    "Spratly Is.": ("", "claimed by several states"),
    "Clipperton I.": ("FR", ""),
    "Bajo Nuevo Bank": ("CO", "claimed by several states"),
    "Serranilla Bank": ("CO", "claimed by several states"),
    "Scarborough Reef": ("", "claimed by several states"),
    "W. Sahara": ("EH", "largely held by Morocco; a non-self-governing territory to the United Nations"),
    "Falkland Is.": ("FK", "claimed by Argentina"),
    "Taiwan": ("TW", "claimed by China"),
}
CRIMEA = ("Crimea", "UA", "held by Russia since 2014; Ukraine's to the United Nations (A/RES/68/262)")
"""Natural Earth draws it as held; its polygon is told apart by lying in these bounds (west, south, east, north)."""
CRIMEA_BOUNDS = (32.4, 44.3, 36.7, 46.3)


def ports(source: Path) -> None:
    """Keep of each port of the World Port Index what tells where it is and what it is called."""
    with source.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    found, seen = [], set()
    for row in rows:
        number = str(int(float(row["World Port Index Number"])))
        lat, lon = float(row["Latitude"]), float(row["Longitude"])
        name, other = row["Main Port Name"].strip(), row["Alternate Port Name"].strip()
        if not name or (number, lat, lon) in seen or abs(lat) > 90 or abs(lon) > 180:
            continue
        seen.add((number, lat, lon))
        code = row["UN/LOCODE"].strip().replace(" ", "")
        waters = row["World Water Body"].strip()
        found.append({
            "wpi": number,
            "name": name,
            "other": "" if other == name else other,
            "locode": code if re.fullmatch(r"[A-Z]{2}[A-Z2-9]{3}", code) else "",
            "state": state_named(row["Country Code"].strip()) or "",
            "lat": f"{lat:.6f}".rstrip("0").rstrip("."),
            "lon": f"{lon:.6f}".rstrip("0").rstrip("."),
            "size": row["Harbor Size"].strip().lower(),
            "waters": waters,
        })  # fmt: skip
    _write("ports.csv", sorted(found, key=lambda port: (int(port["wpi"]), port["name"])))


def mids(source: Path) -> None:
    """Keep the maritime identification digits, each with the state's code and the name as the ITU writes it."""
    with source.open(newline="", encoding="utf-8-sig") as file:
        rows = [(row["MID"].strip(), row["Allocated_to"].strip()) for row in csv.DictReader(file)]
    found = [{"mid": mid, "state": _of_itu(name), "name": name} for mid, name in sorted(set(rows))]
    assert all(row["state"] for row in found), [row for row in found if not row["state"]]  # noqa: S101
    _write("mids.csv", found)


def _of_itu(name: str) -> str:
    """Find the state of a name such as "France - Reunion (French Department of)": the part, where it has a code."""
    for part in (name, *reversed(name.split(" - "))):
        plain = re.sub(r"\s*\(.*?\)", "", part).strip()
        if state := state_named(part) or state_named(plain):
            return state
    return ""


def states() -> None:
    """Write the codes of ISO 3166-1 with the usual English names, and further names that flags are called by."""
    tab = Path("/usr/share/zoneinfo/iso3166.tab").read_text(encoding="utf-8")
    names = dict(line.split("\t") for line in tab.splitlines() if line and not line.startswith("#"))
    codes = json.loads(_of_package(CLDR, "supplemental/codeMappings.json"))["supplemental"]["codeMappings"]
    more = dict(_more_names())
    found = []
    for code in sorted({*names, *more}):
        of, usual, also = more.get(code, ("", "", ""))
        found.append({
            "alpha2": code,
            "alpha3": codes.get(code, {}).get("_alpha3", ""),
            "numeric": codes.get(code, {}).get("_numeric", ""),
            "name": usual or names[code].replace(" & ", " and "),
            "of": of,
            "also": also,
        })  # fmt: skip
    _write("states.csv", found)


def _more_names() -> Iterator[tuple[str, tuple[str, str, str]]]:
    """Yield from the list beside this file each code with its state, its usual name and its further names."""
    text = Path(__file__).with_name("state_names.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if not line.startswith("#"):
            code, _, rest = line.partition(" ")
            of, rest = rest.partition(" ")[::2] if rest.startswith("<") else ("", rest)
            names = rest.split(";")
            usual = names.pop(0).removeprefix("=") if rest.startswith("=") else ""
            yield code, (of.removeprefix("<"), usual, ";".join(names))


def territories() -> None:
    """Pack the countries of Natural Earth 1:10m: an index of polygons with their bounds, and their rings.

    The file: four bytes of length, an index (JSON, zlib), then each polygon as zlib of 32-bit differences in a grid.
    """
    topology = json.loads(_of_package(WORLD_ATLAS, "countries-10m.json"))
    arcs = [list(_summed(arc)) for arc in topology["arcs"]]
    (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    with (DATA / "states.csv").open(newline="", encoding="utf-8") as file:
        by_number = {row["numeric"]: row["alpha2"] for row in csv.DictReader(file) if row["numeric"]}
    lands: list[list[str]] = []
    polygons, blobs, at = [], [], 0
    for geometry in topology["objects"]["countries"]["geometries"]:
        name = geometry["properties"]["name"]
        code, note = SPECIAL.get(name, (by_number.get(geometry.get("id", ""), ""), ""))
        assert code or name in SPECIAL, geometry  # noqa: S101
        for shape in [geometry["arcs"]] if geometry["type"] == "Polygon" else geometry["arcs"]:
            rings = [_ring(arcs, ring) for ring in shape]
            xs, ys = [x for x, _ in rings[0]], [y for _, y in rings[0]]
            west, south, east, north = min(xs) * sx + tx, min(ys) * sy + ty, max(xs) * sx + tx, max(ys) * sy + ty
            bounds = CRIMEA_BOUNDS
            is_crimea = name == "Russia" and west > bounds[0] and south > bounds[1] and east < bounds[2]
            is_crimea = is_crimea and north < bounds[3]
            land = [CRIMEA[1], CRIMEA[0], CRIMEA[2]] if is_crimea else [code, name, note]
            if land not in lands:
                lands.append(land)
            blob = zlib.compress(_differences(rings), 9)
            box = [round(west, 4), round(south, 4), round(east, 4), round(north, 4)]
            polygons.append([lands.index(land), *box, [len(ring) for ring in rings], at, len(blob)])
            blobs.append(blob)
            at += len(blob)
    assert any(land[1] == CRIMEA[0] for land in lands)  # noqa: S101
    index = {"scale": [sx, sy], "translate": [tx, ty], "lands": lands, "polygons": polygons}
    head = zlib.compress(json.dumps(index, separators=(",", ":")).encode(), 9)
    (DATA / "territories.bin").write_bytes(len(head).to_bytes(4, "big") + head + b"".join(blobs))


def _summed(arc: list[list[int]]) -> Iterator[tuple[int, int]]:
    x = y = 0
    for dx, dy in arc:
        x, y = x + dx, y + dy
        yield x, y


def _ring(arcs: list[list[tuple[int, int]]], ids: list[int]) -> list[tuple[int, int]]:
    points: list[tuple[int, int]] = []
    for each in ids:
        arc = arcs[each] if each >= 0 else arcs[~each][::-1]
        points += arc[1:] if points else arc
    return points


def _differences(rings: list[list[tuple[int, int]]]) -> bytes:
    values, x, y = array("i"), 0, 0
    for ring in rings:
        for next_x, next_y in ring:
            values.extend((next_x - x, next_y - y))
            x, y = next_x, next_y
    if sys.byteorder == "big":
        values.byteswap()
    return values.tobytes()


def _of_package(package: str, path: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", package], cwd=folder, check=True, stdout=subprocess.DEVNULL)  # noqa: S603, S607
        [archive] = Path(folder).glob("*.tgz")
        with tarfile.open(archive) as tar:
            file = tar.extractfile(f"package/{path}")
            assert file  # noqa: S101
            return file.read()


def _write(name: str, rows: list[dict[str, Any]]) -> None:
    with (DATA / name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{name}: {len(rows)} rows")


if __name__ == "__main__":
    what, *given = sys.argv[1:] or ["help"]
    task = {"ports": ports, "mids": mids, "states": states, "territories": territories}.get(what)
    if task is None or len(given) != (what in {"ports", "mids"}):
        sys.exit(__doc__)
    task(*map(Path, given))
