"""The enrichers of pictures called one after the other, with nothing around them: what a sandbox is measured against.

Reads paths from standard input, says when it has imported all, waits for a line, works, and prints what it took.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from enrichment import registry
from enrichment.domain import EnricherInput


def main() -> None:
    """Run every enricher that accepts pictures on each path."""
    enrichers = registry.accepting("image")
    for enricher in enrichers:
        enricher.prepare()
    paths = json.loads(sys.stdin.readline())
    print("ready", flush=True)
    sys.stdin.readline()
    began, used = time.perf_counter(), time.process_time()
    for path in paths:
        for enricher in enrichers:
            with tempfile.TemporaryDirectory() as folder:
                fields = {"file": {"name": Path(path).name}} if "file" in enricher.reads else {}
                enricher.run(EnricherInput(kind="image", fields=fields, original=Path(path), folder=Path(folder)))
    print(json.dumps({"seconds": time.perf_counter() - began, "cpu": time.process_time() - used}), flush=True)


if __name__ == "__main__":
    main()
