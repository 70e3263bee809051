"""A whole case in one file that an outsider checks without us: a BagIt 1.0 bag (RFC 8493) in a zip, streamed.

bagit.txt, bag-info.txt, manifest-sha256.txt, tagmanifest-sha256.txt
verify.py                the verifier: standard library only
data/index.html          the case for people; needs no network
data/bundle.json         what this is: format, case, head, log
data/events.ndjson       a line per event: envelope, disclosures, position in the log, audit path
data/log/checkpoint      the signed head of the log that the paths lead to
data/files/<sha256>      originals and what tools made of them
"""

from __future__ import annotations

import os
import time
import zipfile
from base64 import b64encode
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from django.template.loader import render_to_string

from cases.commands import record_export
from cases.domain import Sensitivity
from cases.models import Case
from enrichment.registry import installed
from evidence.models import ItemState
from evidence.projections import state_of
from exchange.profile import Profile, Withholding
from ledger import log, store
from ledger.actors import Actor
from ledger.codec import to_json
from ledger.envelope import instant
from ledger.files import named_by
from ledger.keys import NoKey, verifier
from ledger.read import read
from ledger.receipts import NotProvableYet, receipt_of
from ledger.recorded import Recorded
from ledger.sequence import sequence
from ledger.signed_note import Note
from ledger.signer import sign
from verifier import verify

CHUNK = 1 << 20
PATIENCE = 15.0
"""Seconds to wait for a signed head that covers the export."""

EVERYTHING = Profile()

_BAGIT = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Bundle:
    """What was written: the event that says so, how many events and files, and the size in bytes."""

    exported: Recorded
    events: int
    files: int
    size: int


def write_bundle(
    case_id: UUID,
    *,
    out: Path,
    by: Actor,
    profile: Profile = EVERYTHING,
    progress: Progress = lambda done, total: None,
) -> Bundle:
    """Write a case, as it stands, into a file that appears only when it is whole.

    :param profile: what is withheld; the event of the export says so.
    :raises NotFound: there is no such case.
    :raises NoKey: nothing can be signed here, and a bundle without a signed head proves nothing to an outsider.
    :raises MissingFile: the store lacks a file, or has other bytes than its event names.
    """
    exported = record_export(case_id=case_id, format=verify.FORMAT, withheld=profile.summary, by=by)
    note = _signed_head_over(exported)
    name = f"waterline-{case_id}-{exported.seq}"
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
            bag = _Bag(archive, name)
            _write_case(bag, exported, note, _withholding(exported, profile), progress)
            bag.close(case_id, exported)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.rename(out)
    finally:
        part.unlink(missing_ok=True)
    return Bundle(exported=exported, events=exported.seq, files=bag.files, size=out.stat().st_size)


class _Bag:
    """A bag that is written once, from its first byte to its last; only digests stay in memory."""

    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        self.archive = archive
        self.name = name
        self.payload: dict[str, str] = {}
        self.tags: dict[str, str] = {}
        self.octets = 0
        self.files = 0

    def add(self, path: str, chunks: Iterable[bytes]) -> None:
        """Write one file."""
        digest = sha256()
        info = zipfile.ZipInfo(f"{self.name}/{path}", date_time=time.gmtime()[:6])
        info.external_attr = 0o644 << 16
        # Texts shrink well; pictures are packed already.
        packed = not path.startswith("data/files/")
        info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        with self.archive.open(info, "w", force_zip64=True) as file:
            for chunk in chunks:
                digest.update(chunk)
                file.write(chunk)
                self.octets += len(chunk) if path.startswith("data/") else 0
        (self.payload if path.startswith("data/") else self.tags)[path] = digest.hexdigest()

    def text(self, path: str, text: str) -> None:
        self.add(path, [text.encode()])

    def close(self, case_id: UUID, exported: Recorded) -> None:
        """Write what makes a bag of the files."""
        self.text("bagit.txt", _BAGIT)
        self.text(
            "bag-info.txt",
            f"Bag-Software-Agent: Waterline, {verify.FORMAT}\n"
            f"Bagging-Date: {exported.at:%Y-%m-%d}\n"
            f"External-Identifier: urn:uuid:{case_id}\n"
            f"Payload-Oxum: {self.octets}.{len(self.payload)}\n",
        )
        self.add("verify.py", [Path(verify.__file__).read_bytes()])
        self.text("manifest-sha256.txt", _manifest(self.payload))
        self.text("tagmanifest-sha256.txt", _manifest(self.tags))


def _withholding(exported: Recorded, profile: Profile) -> Withholding:
    """Find the items that a profile withholds whole: whatever their sensitivity was at any time counts."""
    states = ItemState.objects.filter(case=exported.stream)
    sensitive = {
        item for item, label in states.values_list("item", "sensitivity") if profile.covers(Sensitivity(label))
    }
    reads = {enricher.name: enricher.reads for enricher in installed().values()}
    return Withholding(profile=profile, whole_items=sensitive | profile.items, reads=reads)


def _write_case(bag: _Bag, exported: Recorded, note: Note, withholding: Withholding, progress: Progress) -> None:
    files: dict[str, None] = {}
    bag.add("data/events.ndjson", _event_lines(exported, note, files, withholding, progress))
    bag.text("data/log/checkpoint", str(note))
    for digest in files:
        with store.open_verified(digest) as source:
            bag.add(f"data/files/{digest}", iter(lambda source=source: source.read(CHUNK), b""))  # type: ignore[misc]
    bag.files = len(files)
    bag.text("data/bundle.json", f"{to_json(_about(exported, note, withholding))}\n")
    bag.text("data/index.html", _page(exported, withholding))


def _event_lines(
    exported: Recorded, note: Note, files: dict[str, None], withholding: Withholding, progress: Progress
) -> Iterator[bytes]:
    """Write each event, prove its place, and note the files that it names."""
    nodes, size = log.Nodes(), int(note.text.split("\n")[1])
    for event in read(exported.stream, until=exported.seq):
        entry = log.position_of(event.id)
        if entry is None:
            raise NotProvableYet(f"Event {event.seq} has no place in the log yet: try again.")
        path = log.audit_path(entry.position, size, nodes)
        given, kept = withholding.split(event)
        shown = "".join(given)
        files.update(dict.fromkeys(digest for digest, _ in named_by(event) if digest in shown))
        line = {
            "envelope": event.envelope,
            "disclosures": given,
            "withheld": kept,
            "position": entry.position,
            "proof": [b64encode(each).decode() for each in path],
        }
        yield f"{to_json(line)}\n".encode()
        if event.seq % 100 == 0 or event.seq == exported.seq:
            progress(event.seq, exported.seq)


def _about(exported: Recorded, note: Note, withholding: Withholding) -> dict[str, Any]:
    origin, size, *_ = note.text.split("\n")
    return {
        "format": verify.FORMAT,
        "case": str(exported.stream),
        "head": {"seq": exported.seq, "hash": exported.hash},
        "exported_at": instant(exported.at),
        "log": {"origin": origin, "size": int(size)},
        "withheld": {"profile": list(withholding.profile.summary), "events": withholding.noted},
    }


def _page(exported: Recorded, withholding: Withholding) -> str:
    case = Case.objects.get(pk=exported.stream)
    rows = ItemState.objects.at(exported.seq).filter(case=case).order_by("seq")
    of_case = withholding.masked.get(None, set())
    context = {
        "title": MASK if "title" in of_case else case.title,
        "description": MASK if "description" in of_case else case.description,
        "case": case,
        "exported": exported,
        "withheld": withholding.profile.summary,
        "items": (_shown(row, withholding.masked.get(row.item, set())) for row in rows.iterator()),
    }
    return render_to_string("exchange/index.html", context)


MASK = "▇▇▇ withheld"


def _shown(row: ItemState, masked: Collection[str]) -> dict[str, Any]:
    """Show an item, each field as it stands, or that it is withheld; after a withheld correction, nothing is sure."""
    said = state_of(row).said
    what = {"title": said.title or said.text, "when": said.when, "source": row.source_name, "file": row.sha256}
    named = {"title": {"title", "text"}, "when": {"when"}, "source": {"source"}, "file": {"file"}}
    hidden = {name for name, fields in named.items() if fields & set(masked) or "changes" in masked}
    shown = {name: MASK if name in hidden and value else value for name, value in what.items()}
    return {**shown, "file": "" if "file" in hidden else row.sha256, "row": row}


def _signed_head_over(exported: Recorded) -> Note:
    """Give the export its place and a signed head; elsewhere the sequencer does, and is waited for."""
    deadline = time.monotonic() + PATIENCE
    while True:
        sequence()
        try:
            sign()
        except NoKey:
            # The signer is another process; where nobody has a key there is none to wait for.
            verifier()
        try:
            return receipt_of(exported.id).note
        except NotProvableYet:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _manifest(digests: dict[str, str]) -> str:
    return "".join(f"{digest}  {path}\n" for path, digest in sorted(digests.items()))
