"""`make fuzz`: mutated files and texts through all enrichers, each in the sandbox, until so many were tried.

Not a part of the tests: it takes an hour or so. An input is made from the seed and its number alone, so `--seed 7
--first 1234 --inputs 1` gives the same one again. What misbehaves (see `examining`) is kept and printed, and the exit
code is 1. Reasons that no enricher wrote itself are counted, because behind each may stand a defect.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

REAL = Path(__file__).resolve().parents[2] / "shared" / "data"
"""Real files, where they lie beside the repository; what is made here does without."""

LARGEST = 300_000
"""Bytes of the largest real file that is taken: of larger ones most would be pixels."""

INTERESTING = (b"\0", b"\xff", b"\x7f", b"\x80", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\x80")
WORDS = (
    "IMO 9074729", "MMSI 273348830", "42°44′24″N 133°04′48″E", "42.7400, 133.0800", "3 May 2024", "12/11/10", "hxxps://a[.]b",
    "1,000,000 barrels", "+7 (423) 222-22-22", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "a@b.example", "стоит у причала",
    "두만강", "集装箱", "\u202e", "\u0000", "\ufffd", "e\u0301" * 50, "9" * 400, "." * 400, "((((", "N" * 300,
    "-" * 300, "\u00a0",
)  # fmt: skip


READ = "The file can not be read: "
"""How a reason begins that is an exception which no enricher expected (see `child`)."""


NUMBER = re.compile(r"\d+|b'.*'")


@dataclass(frozen=True, kw_only=True)
class Given:
    """One input: a kind of evidence with its fields, and the bytes of its original."""

    kind: str
    fields: Mapping[str, Any]
    original: bytes = b""


def main(arguments: Sequence[str] | None = None) -> int:
    """Try the inputs, print what misbehaved."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=20_000, metavar="N", help="how many to try (default 20,000)")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="the number of the first one")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="where the mutations begin")
    parser.add_argument("--keep", type=Path, default=Path("var/fuzz"), metavar="FOLDER", help="where to keep findings")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="waterline-fuzz-") as data:
        os.environ |= {"DJANGO_SETTINGS_MODULE": "osint.settings", "OSINT_DATA_DIR": data}
        import django

        django.setup()
        return fuzz(options.seed, range(options.first, options.first + options.inputs), keep=options.keep)


def fuzz(seed: int, numbers: range, *, keep: Path) -> int:
    """Try the inputs of these numbers; return 1 if one misbehaved, else 0."""
    from enrichment import forks

    seeds, found, began = beginnings(), 0, monotonic()
    unforeseen: dict[str, list[int]] = {}

    def attempt(number: int) -> tuple[int, str]:
        wrong, reasons = tried(make(seeds, seed, number))
        for reason in reasons:
            unforeseen.setdefault(reason, []).append(number)
        return number, wrong

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        todo = iter(numbers)
        # In parts: whoever stops it has not ordered all.
        for done in iter(lambda: list(islice(todo, 100)), []):
            for number, said in pool.map(attempt, done):
                if said:
                    found += 1
                    print(f"{number}: {said}", flush=True)
                    put_by(make(seeds, seed, number), keep / f"{seed}-{number}")
            if sys.stderr.isatty():
                tried_so_far = done[-1] + 1 - numbers.start
                rate = tried_so_far / (monotonic() - began)
                print(f"\r{tried_so_far:,} of {len(numbers):,}, {rate:.0f}/s ", end="", file=sys.stderr, flush=True)
    forks.stop()
    for reason, of in sorted(unforeseen.items(), key=lambda each: -len(each[1])):
        print(f"{len(of):>7,} x {reason} (first: {min(of)})")
    print(f"{len(numbers):,} inputs, seed {seed}: {found} misbehaved, {len(unforeseen)} kinds of unforeseen reasons.")
    return 1 if found else 0


def tried(given: Given) -> tuple[str, list[str]]:
    """Put one input through the enrichers; say what was wrong, or nothing, and the reasons that nobody wrote."""
    from tests.enrichment.examining import Misbehaved, examine

    with tempfile.NamedTemporaryFile() as original:
        original.write(given.original)
        original.flush()
        path = Path(original.name) if given.kind == "image" else None
        try:
            answers = examine(given.kind, given.fields, path)
        except Misbehaved as wrong:
            return str(wrong), []
    said = {name: answer.get("failure", {}).get("reason", "") for name, answer in answers.items()}
    # Without the numbers in them, which are those of the file.
    return "", [
        f"{name}: {NUMBER.sub('…', each[len(READ) :])[:60]}" for name, each in said.items() if each.startswith(READ)
    ]


def put_by(given: Given, path: Path) -> None:
    """Keep an input for whoever looks into it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".json").write_text(json.dumps({"kind": given.kind, "fields": given.fields}), encoding="utf-8")
    if given.kind == "image":
        path.with_suffix(".original").write_bytes(given.original)


# --- making inputs ----------------------------------------------------------------------------------------


def beginnings() -> list[bytes]:
    """Make a small picture of each format, with metadata, and add real files where there are some."""
    from PIL import Image

    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112], exif[0x0132] = "Maker", "Camera", 6, "2024:11:23 10:00:00"
    exif.get_ifd(0x8769).update({0x9003: "2024:11:23 10:00:00", 0x9011: "+10:00", 0x927C: bytes(range(64))})
    exif.get_ifd(0x8825).update({1: "N", 2: (42.0, 44.0, 24.0), 3: "E", 4: (133.0, 4.0, 48.0)})
    made = []
    for format_, mode in (
        ("JPEG", "RGB"), ("JPEG", "CMYK"), ("JPEG", "L"), ("PNG", "RGBA"), ("PNG", "P"), ("PNG", "I;16"), ("PNG", "1"),
        ("GIF", "P"), ("WEBP", "RGB"), ("TIFF", "RGB"), ("TIFF", "I;16"), ("TIFF", "F"), ("BMP", "RGB"),
    ):  # fmt: skip
        file = BytesIO()
        Image.effect_noise((96, 64), 60).convert(mode).save(
            file, format_, **({} if format_ in {"GIF", "BMP"} else {"exif": exif})
        )
        made.append(file.getvalue())
    folders = ("exif-samples/jpg", "pillow-hostile/files", "pdq-bridge-mods", "geotiff-samples", "c2pa-samples")
    real = sorted(path for folder in folders for path in (REAL / folder).rglob("*") if path.is_file())
    return made + [path.read_bytes() for path in real if path.stat().st_size <= LARGEST]


def make(seeds: Sequence[bytes], seed: int, number: int) -> Given:
    """Make the input of a number: most are pictures, for there the parsers are."""
    random = Random(f"{seed} {number}")
    kind = random.choices(("image", "statement", "sighting"), (70, 20, 10))[0]
    if kind == "image":
        name = _text(random, 3) + random.choice((".jpg", ".PNG", ".tif", "", ".html"))
        file = {"name": name, "media_type": random.choice(("image/jpeg", "image/png", "text/html", ""))}
        return Given(kind=kind, fields={"file": file, **_whereabouts(random)}, original=_mutated(random, seeds))
    if kind == "statement":
        return Given(kind=kind, fields={"text": _text(random, random.choice((5, 50, 500)))})
    subject = {name: _text(random, 2) for name in ("name", "imo", "mmsi", "flag", "call_sign") if random.random() < 0.8}
    return Given(kind=kind, fields={"subject": subject, **_whereabouts(random)})


def _whereabouts(random: Random) -> dict[str, Any]:
    place = {"name": _text(random, 2), "lat": random.uniform(-90, 90), "lon": random.uniform(-180, 180)}
    place["radius_m"] = random.choice((None, 0.0, 1e9))
    when = random.choice(
        ("2024-05-03", "2024-11-23T10:00:00+10:00", "2024", "201X", "1066-10-14", "2024-05-03/2024-05-09", "")
    )
    return {"place": place, "when": when} if random.random() < 0.9 else {}


def _text(random: Random, most: int) -> str:
    """Join words that some enricher looks for, cut, doubled, and with any other sign in between."""
    pieces = []
    for _ in range(random.randint(1, most)):
        word = random.choice(WORDS)
        cut = random.randint(0, len(word))
        pieces.append(
            random.choice((word, word, word[:cut], word[cut:], word + word, chr(random.randrange(1, 0xD800))))
        )
    # A statement holds no NUL: the door refuses it.
    return random.choice((" ", "", "\n", ", ")).join(pieces).replace("\0", "")


def _mutated(random: Random, seeds: Sequence[bytes]) -> bytes:
    data = bytearray(random.choice(seeds))
    for _ in range(random.choice((1, 2, 4, 16, 64))):
        random.choice(MUTATIONS)(random, data, seeds)
    return bytes(data)


def _flip(random: Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    if data:
        data[_place(random, data)] ^= 1 << random.randrange(8)


def _put(random: Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    at, value = _place(random, data), random.choice(INTERESTING)
    data[at : at + len(value)] = value


def _cut(random: Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    at = _place(random, data)
    del data[at : at + random.choice((1, 2, 16, 256, len(data)))]


def _double(random: Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    at = _place(random, data)
    data[at:at] = data[at : at + random.choice((1, 4, 64, 1024))]


def _splice(random: Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    other = random.choice(seeds)
    begin, at = random.randrange(len(other)), _place(random, data)
    data[at:at] = other[begin : begin + random.choice((4, 64, 1024))]


def _place(random: Random, data: bytearray) -> int:
    """Choose a place, half of the time near the beginning, where headers and metadata are."""
    return random.randrange(min(len(data), 2000 if random.random() < 0.5 else len(data)) or 1)


MUTATIONS: tuple[Callable[[Random, bytearray, Sequence[bytes]], None], ...] = (
    _flip,
    _flip,
    _put,
    _cut,
    _double,
    _splice,
)

if __name__ == "__main__":
    sys.exit(main())
