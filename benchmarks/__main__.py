"""Measure how fast it is: `python -m benchmarks [NAME ...]`, `make bench` for all.

Each figure is a ratio to a control measured in the same run. A figure that misses its goal is no error: the exit code
is 0 unless a benchmark could not run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from benchmarks.figures import Figure, table, together

ALL = {
    "append": "ledger.append against bare psycopg, PostgreSQL with fsync on",
    "ordering": "the order of all events against none, and against one lock; how soon an event can be proved",
    "post": "POST of a statement against a bare Django REST view",
    "intake": "images against hashing and writing the same bytes; memory for a large file",
    "enriching": "photographs through jobs and sandboxes against their enrichers in bare processes",
    "queueing": "the web API while workers have 10,000 jobs against idle ones",
    "reading": "lists, items and feed of a large case against a small one",
    "bundling": "memory of a large export and of its verifier; the verifier against SHA-256 and JSON parsing",
    "computing": "findings over many items against few, and against what somebody waits for",
    "alike": "looking up near-duplicates of a picture against comparing all hashes; memory for them",
    "verifying": "verify against SHA-256 and JSON parsing",
}
RESULTS = Path(__file__).parent / "results"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks, print their table, and keep it under benchmarks/results/."""
    epilog = "\n".join(f"  {name:<10} {what}" for name, what in ALL.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        epilog=f"benchmarks:\n{epilog}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="which to run (all unless told)")
    parser.add_argument("--quick", action="store_true", help="smaller sizes, a few minutes in all")
    parser.add_argument("--tiny", action="store_true", help="the smallest sizes, to see that they work")
    parser.add_argument("--keep", type=Path, default=RESULTS, metavar="FOLDER", help="where results are written")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(ALL):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    size = "tiny" if options.tiny else "quick" if options.quick else "full"
    figures: list[Figure] = []
    failed = []
    for name in options.names or ALL:
        for database in import_module(f"benchmarks.{name}").DATABASES:
            print(f"{name} on {database} ...", file=sys.stderr, flush=True)
            found = alone(name, database, size)
            if found is None:
                failed.append(f"{name} on {database}")
                continue
            print(table(found), flush=True)
            figures += found
    if figures:
        write(figures, size=size, folder=options.keep)
    for each in failed:
        print(f"could not run: {each}", file=sys.stderr)
    return 1 if failed else 0


def alone(name: str, database: str, size: str) -> list[Figure] | None:
    """Run one benchmark in a process of its own; None where it fails, which it says itself."""
    command = [sys.executable, "-m", "benchmarks.alone", name, database, size]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        return None
    return [Figure.from_json(each) for each in json.loads(done.stdout.splitlines()[-1])]


def write(figures: Sequence[Figure], *, size: str, folder: Path) -> None:
    """Keep the figures as a Markdown table and as JSON, under a name that tells the kind of machine.

    What an earlier run found and this one did not measure stays, with its day.
    """
    kind = f"{platform.system().lower()}-{platform.machine()}-{os.cpu_count()}cores"
    name = f"{kind}-{size}" if size != "full" else kind
    about = (
        f"Python {platform.python_version()}, {platform.system()} on {platform.machine()}, {os.cpu_count()} cores, "
        f"an fsync takes {fsync_ms():.2f} ms; sizes: {size}."
    )
    folder.mkdir(parents=True, exist_ok=True)
    kept = together(earlier(folder / f"{name}.json"), figures)
    (folder / f"{name}.md").write_text(f"# How fast\n\n{about}\n\n{table(kept)}\n", encoding="utf-8")
    document = {"about": about, "figures": [figure.as_json() for figure in kept]}
    (folder / f"{name}.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def earlier(results: Path) -> list[Figure]:
    """Read the figures that are kept, if any are."""
    if not results.exists():
        return []
    return [Figure.from_json(each) for each in json.loads(results.read_text(encoding="utf-8"))["figures"]]


def fsync_ms() -> float:
    """Measure what one small durable write costs here, in milliseconds: the median of 50."""
    with tempfile.TemporaryFile() as file:
        times = []
        for _ in range(50):
            file.write(b"x" * 4096)
            file.flush()
            begin = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - begin)
    return sorted(times)[len(times) // 2] * 1000


if __name__ == "__main__":
    sys.exit(main())
