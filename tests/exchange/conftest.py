"""A small case that left in a bundle, and the means to change a bundle as an attacker does: with fresh manifests."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import connection

from cases import commands as cases
from evidence import commands as evidence
from evidence.domain import EvidenceSubmitted, FileReference, Kind, Speaker
from exchange.bundle import write_bundle
from ledger import keys, store
from ledger.actors import Actor
from ledger.triggers import lifted
from tests.api.bodies import picture

Files = dict[str, bytes]


@dataclass(frozen=True)
class Left:
    """A bundle, its case, and the verifier key of the log it came from."""

    path: Path
    case: UUID
    key: str

    def files(self) -> Files:
        """Read the bundle's files by their path below the bag."""
        with zipfile.ZipFile(self.path) as archive:
            return {name.split("/", 1)[1]: archive.read(name) for name in archive.namelist()}

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.files()["data/events.ndjson"].splitlines()]


@pytest.fixture
def left(alice: Any, log_folder: Path, tmp_path: Path) -> Left:
    keys.make("waterline.example/exported")
    case = make_case(alice, title="Tankers")
    return export(case, tmp_path / "bundle.zip")


def make_case(owner: Any, *, title: str) -> UUID:
    by = Actor.person(owner.pk)
    case = cases.open_case(title=title, by=by).stream
    with store.incoming() as incoming:
        incoming.write(picture())
        kept = incoming.keep()
    file = FileReference(sha256=kept.sha256, size=kept.size, name="scene.png", media_type="image/png")
    for said in (
        EvidenceSubmitted(kind=Kind.IMAGE, title="A scene", file=file),
        EvidenceSubmitted(kind=Kind.STATEMENT, text="43 times", speaker=Speaker(name="A witness")),
    ):
        evidence.submit_evidence(case_id=case, said=said, by=by)
    return case


def export(case: UUID, path: Path) -> Left:
    write_bundle(case, out=path, by=Actor.worker("export", 1))
    return Left(path=path, case=case, key=str(keys.load().verifier))


def rebag(path: Path, files: Mapping[str, bytes]) -> Path:
    """Write a bundle of these files with manifests that fit them: who changes a bundle changes those too."""
    whole = {name: data for name, data in files.items() if not name.endswith("manifest-sha256.txt")}
    payload = {name: data for name, data in whole.items() if name.startswith("data/")}
    if "bag-info.txt" in whole:
        size = f"Payload-Oxum: {sum(map(len, payload.values()))}.{len(payload)}".encode()
        whole["bag-info.txt"] = re.sub(rb"Payload-Oxum: \S+", size, whole["bag-info.txt"])
    whole["manifest-sha256.txt"] = _manifest(payload)
    whole["tagmanifest-sha256.txt"] = _manifest(
        {name: data for name, data in whole.items() if not name.startswith("data/")}
    )
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in whole.items():
            archive.writestr(f"bag/{name}", data)
    return path


@pytest.fixture
def forged(left: Left, tmp_path: Path) -> Callable[..., Path]:
    """Change files of the bundle; None takes one out."""

    def forged(changes: Mapping[str, bytes | None]) -> Path:
        files = {name: data for name, data in {**left.files(), **changes}.items() if data is not None}
        return rebag(tmp_path / "forged.zip", files)

    return forged


@pytest.fixture
def with_events(forged: Callable[..., Path]) -> Callable[..., Path]:
    """Give the bundle other events."""

    def with_events(events: list[dict[str, Any]]) -> Path:
        lines = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in events)
        return forged({"data/events.ndjson": lines.encode()})

    return with_events


def lose_everything(folder: Path) -> None:
    """Empty the database, the store and the log's folder."""
    with lifted(connection):
        call_command("flush", interactive=False, verbosity=0)
    for name in list(store.foreign(())):
        with store.local_path(name.rpartition("/")[2]) as path:
            path.unlink()
    for path in [*folder.glob("keys/*"), *folder.glob("anchor/*")]:
        path.unlink()
    keys.make("waterline.example/new")


def _manifest(files: Mapping[str, bytes]) -> bytes:
    return "".join(f"{sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items())).encode()
