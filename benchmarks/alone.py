"""One benchmark on one database, in a process of its own, because settings are read once; prints figures as JSON."""

from __future__ import annotations

import json
import sys
from importlib import import_module

from benchmarks.place import standing


def main(name: str, database: str, size: str) -> None:
    """Run the benchmark and print the figures, alone on the last line."""
    module = import_module(f"benchmarks.{name}")
    with standing(database) as place:
        figures = module.run(place, getattr(module, size.upper()))
    print(json.dumps([figure.as_json() for figure in figures]))


if __name__ == "__main__":
    main(*sys.argv[1:])
