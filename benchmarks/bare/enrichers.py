"""The enrichers of pictures called one after the other, with nothing around them: what a sandbox is measured against.

Reads a list of paths, says that it has imported all, waits for a line, works, and says that it is through.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from enrichment import registry
from enrichment.domain import Enricher, EnricherInput
from enrichment.playbooks import enrichers_of

PLAYBOOK = "pictures"


def main() -> None:
    """Run every enricher that reads photographs on each path."""
    enrichers = readers()
    for enricher in enrichers:
        enricher.prepare()
    paths = [Path(path) for path in json.loads(sys.stdin.readline())]
    print("ready", flush=True)
    sys.stdin.readline()
    for path in paths:
        for enricher in enrichers:
            call(enricher, path)
    print("through", flush=True)


def readers() -> list[Enricher]:
    """List those of the playbook for pictures that read a photograph: reading its text takes longer than all others."""
    names = enrichers_of(PLAYBOOK, registry.installed())
    return [enricher for enricher in registry.accepting("image", "image/jpeg") if enricher.name in names]


def call(enricher: Enricher, path: Path) -> None:
    """Run one on one picture."""
    with tempfile.TemporaryDirectory() as folder:
        fields = {"file": {"name": path.name}} if "file" in enricher.reads else {}
        enricher.run(EnricherInput(kind="image", fields=fields, original=path, folder=Path(folder)))


if __name__ == "__main__":
    main()
