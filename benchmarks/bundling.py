"""A case in one file: memory of writing and of verifying a large bundle; the verifier against SHA-256 and JSON alone.

The full size wants 10 GB of files, and room for them twice: in the store, and in the bundle. Where there is less room,
fewer are taken, and the figures say how many.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from time import perf_counter, sleep
from uuid import UUID

from benchmarks.figures import Figure, in_turns
from benchmarks.fill import fill, new_case
from benchmarks.place import Place
from benchmarks.web import broker

DATABASES = ("sqlite",)
MB = 1_000_000
CHUNK = 1 << 20
ALLOWED_MB = 200
SPARE = 4_000 * MB
ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Size:
    """Bytes of all files and of one, events of the case without files, and rounds."""

    files: int
    one: int
    events: int
    rounds: int


FULL = Size(files=10_000 * MB, one=500 * MB, events=100_000, rounds=3)
QUICK = Size(files=600 * MB, one=100 * MB, events=10_000, rounds=3)
TINY = Size(files=4 * MB, one=2 * MB, events=60, rounds=1)


def run(place: Place, size: Size) -> list[Figure]:
    """Measure megabytes of memory, and megabytes a second."""
    from django.core.management import call_command

    from ledger import keys
    from osint.models import User

    owner = User.objects.create(username="owner").pk
    call_command("keys", "init", verbosity=0)
    room = max(size.one, (shutil.disk_usage(place.data).free - SPARE) // 2)
    total = min(size.files, room) // size.one * size.one
    small, large, long = (new_case(owner) for _ in range(3))
    with broker(place):
        add_files(small, octets=1000, one=1000)
        add_files(large, octets=total, one=size.one)
        fill(long, events=size.events)
    key = str(keys.verifier())
    bundles = {case: place.data / f"{case}.zip" for case in (small, large, long)}
    written = {case: peak_mb("manage.py", "export", str(case), "--out", str(bundles[case])) for case in bundles}
    read = {case: peak_mb("verifier/verify.py", str(bundles[case]), "--key", key) for case in (large, long)}
    what = f"{total / MB:,.0f} MB of files"
    events = f"{size.events:,} events"
    return [
        Figure(
            what=f"memory of an export, {what}, against one of a small case",
            ours=written[large], control=written[small], unit="MB", most=1.2,
        ),
        Figure(
            what=f"memory of an export, {events}, against one of a small case",
            ours=written[long], control=written[small], unit="MB", most=1.5,
        ),
        *(
            Figure(
                what=f"memory of the verifier, {said}, against what is allowed",
                ours=read[case], control=ALLOWED_MB, unit="MB", most=1,
            )
            for case, said in ((large, what), (long, events))
        ),
        *(pace(bundles[case], key, said, rounds=size.rounds) for case, said in ((large, what), (long, events))),
    ]  # fmt: skip


def add_files(case: UUID, *, octets: int, one: int) -> None:
    """Submit images of no content, each of its own bytes."""
    from enrichment.models import Job
    from evidence.domain import EvidenceSubmitted, FileReference, Kind
    from ledger import store
    from ledger.actors import Actor
    from ledger.append import Fact, append
    from ledger.ids import uuid7

    for number in range(octets // one):
        with store.incoming() as incoming:
            incoming.write(f"{case} {number}".encode().ljust(64))
            while incoming.size < one:
                incoming.write(bytes(min(CHUNK, one - incoming.size)))
            kept = incoming.keep()
        file = FileReference(sha256=kept.sha256, size=kept.size, name="scene.tif")
        said = EvidenceSubmitted(kind=Kind.IMAGE, title=f"Scene {number}", file=file)
        append(case, [Fact(said, item=uuid7())], by=Actor.worker("benchmark", 1))
    Job.objects.filter(case_id=case).update(status=Job.DONE)


def peak_mb(*words: str) -> float:
    """Run a program of ours to its end, and tell the most memory that it had (resident, in MB).

    The kernel counts it for each program anew; what a process tells of itself in the end counts its parent's as well.
    """
    with subprocess.Popen([sys.executable, *words], cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        peak = 0
        while process.poll() is None:
            peak = high_water(process.pid) or peak
            sleep(0.02)
    assert process.returncode == 0, f"{words[0]} failed"
    return peak * 1024 / MB


def high_water(pid: int) -> int:
    """Read a process's peak from the kernel, in KiB; 0 once it has none."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return 0
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    return int(found[1]) if found else 0


def pace(bundle: Path, key: str, what: str, *, rounds: int) -> Figure:
    rates = in_turns(partial(_verify, bundle, key), partial(_hash_and_parse, bundle), rounds=rounds)
    what = f"verifying a bundle, {what}, against SHA-256 and JSON of the same bytes"
    return Figure(what=what, ours=rates[0], control=rates[1], unit="MB/s", least=0.5)


def _verify(bundle: Path, key: str) -> float:
    from verifier.verify import verify

    begin = perf_counter()
    assert verify(str(bundle), key).fails == []
    return _octets(bundle) / MB / (perf_counter() - begin)


def _hash_and_parse(bundle: Path) -> float:
    """Do what no verifier can do without: read and hash each byte, and parse what is JSON, each text by itself."""
    begin = perf_counter()
    with zipfile.ZipFile(bundle) as archive:
        for info in archive.infolist():
            digest = sha256()
            with archive.open(info) as file:
                if info.filename.endswith("events.ndjson"):
                    for line in file:
                        digest.update(line)
                        row = json.loads(line)
                        for text in (row["envelope"], *row["disclosures"]):
                            sha256(text.encode()).hexdigest()
                            json.loads(text)
                    continue
                while chunk := file.read(CHUNK):
                    digest.update(chunk)
            digest.hexdigest()
    return _octets(bundle) / MB / (perf_counter() - begin)


def _octets(bundle: Path) -> int:
    with zipfile.ZipFile(bundle) as archive:
        return sum(info.file_size for info in archive.infolist())
