"""A whole case in one file that an outsider checks without us: a BagIt 1.0 bag (RFC 8493) in a zip, streamed.

bagit.txt, bag-info.txt, manifest-sha256.txt, tagmanifest-sha256.txt
verify.py                the verifier: standard library only
data/index.html          the case for people; needs no network
data/bundle.json         what this is: format, case, head, log
data/events.ndjson       a line per event: envelope, disclosures, position in the log, audit path
data/log/…               the signed head of the log that the paths lead to, and what proves it (see log_files)
data/files/<sha256>      originals and what tools made of them
"""

from __future__ import annotations

import fcntl
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

from analysis.queries import findings_that_used
from cases.commands import record_export
from cases.domain import Sensitivity
from cases.models import Case
from enrichment.registry import installed
from evidence.models import ItemState
from evidence.projections import state_of
from exchange.erased import erased_fields, erased_files, erasures
from exchange.log_files import log_files
from exchange.profile import Profile, Withholding
from ledger import log, store
from ledger.actors import Actor
from ledger.attest import attest_now
from ledger.codec import to_json
from ledger.envelope import instant
from ledger.errors import Invalid
from ledger.files import named_by
from ledger.keys import NoKey, verifier
from ledger.models import SignedHead
from ledger.read import read
from ledger.receipts import NotProvableYet, receipt_of
from ledger.recorded import Recorded
from ledger.sequence import sequence
from ledger.signed_note import Note, read_checkpoint
from ledger.signer import sign
from ledger.store import DamagedFile
from ledger.witnesses import cosigned
from verifier import verify

CHUNK = 1 << 20
PATIENCE = 15.0
"""Seconds to wait for a signed head that covers the export."""

EVERYTHING = Profile()

_BAGIT = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
ROWS = "<!-- rows -->"
"""Where the page's rows go: they are written one by one, so that many do not stand in memory."""


@dataclass
class Progress:
    """How far the writing of a bundle has come; how many files and octets there are is known after the events."""

    events: int = 0
    of_events: int = 0
    files: int = 0
    of_files: int = 0
    octets: int = 0
    of_octets: int = 0


Watch = Callable[[Progress], None]
"""Is told again and again how far it has come; what it raises ends the writing, and no file is left."""


@dataclass(frozen=True)
class Bundle:
    """What was written: the event that says so, how many events and files, and the size in bytes.

    `unattested` says who was asked to attest to its head and did not, and why.
    """

    exported: Recorded
    events: int
    files: int
    size: int
    unattested: tuple[str, ...] = ()


def write_bundle(
    case_id: UUID,
    *,
    out: Path,
    by: Actor,
    profile: Profile = EVERYTHING,
    watch: Watch = lambda progress: None,
    attest: bool = False,
) -> Bundle:
    """Record that a case is exported and write it, as it then stands, into a file.

    :param attest: ask time stamp authorities and witnesses now to attest to the head of the log that the bundle
        brings; else it brings the newest head that they attested.
    :raises NotFound: there is no such case.
    :raises Invalid: an item that is to be withheld is not in it.
    :raises NoKey: nothing can be signed here, and a bundle without a signed head proves nothing to an outsider.
    :raises MissingFile: the store lacks a file, or has other bytes than its event names.
    """
    there = ItemState.objects.now().filter(case=case_id, item__in=profile.items)
    if there.count() != len(profile.items):
        raise Invalid("An item that is to be withheld is not in the case.")
    exported = record_export(case_id=case_id, format=verify.FORMAT, withheld=profile.summary, by=by)
    return write_exported(exported, out=out, profile=profile, watch=watch, attest=attest)


def write_exported(
    exported: Recorded,
    *,
    out: Path,
    profile: Profile,
    watch: Watch = lambda progress: None,
    attest: bool = False,
) -> Bundle:
    """Write the case up to the event of its export into a file, which appears only when it is whole.

    :param profile: what is withheld: the one that the event of the export tells of.
    """
    note = _signed_head_over(exported)
    unattested: tuple[str, ...] = ()
    if attest:
        size = read_checkpoint(note).size
        unattested = tuple(attest_now(size))
        note = cosigned(SignedHead.objects.get(size=size))
    name = f"waterline-{exported.stream}-{exported.seq}"
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        with part.open("xb") as file:
            # Held until the file is closed or the process dies: who tidies up takes only what nobody holds.
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
                bag = _Bag(archive, name)
                _write_case(bag, exported, note, withholding_for(exported.stream, profile), watch)
                bag.close(exported)
            file.flush()
            os.fsync(file.fileno())
            part.rename(out)
    finally:
        part.unlink(missing_ok=True)
    size = out.stat().st_size
    return Bundle(exported=exported, events=exported.seq, files=bag.files, size=size, unattested=unattested)


class _Bag:
    """A bag that is written once, from its first byte to its last; only digests stay in memory."""

    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        self.archive = archive
        self.name = name
        self.payload: dict[str, str] = {}
        self.tags: dict[str, str] = {}
        self.octets = 0
        self.files = 0

    def add(self, path: str, chunks: Iterable[bytes]) -> str:
        """Write one file, and return its SHA-256."""
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
        return digest.hexdigest()

    def text(self, path: str, text: str) -> None:
        self.add(path, [text.encode()])

    def close(self, exported: Recorded) -> None:
        """Write what makes a bag of the files."""
        self.text("bagit.txt", _BAGIT)
        self.text(
            "bag-info.txt",
            f"Bag-Software-Agent: Waterline, {verify.FORMAT}\n"
            f"Bagging-Date: {exported.at:%Y-%m-%d}\n"
            f"External-Identifier: urn:uuid:{exported.stream}\n"
            f"Payload-Oxum: {self.octets}.{len(self.payload)}\n",
        )
        self.add("verify.py", [Path(verify.__file__).read_bytes()])
        self.text("manifest-sha256.txt", _manifest(self.payload))
        self.text("tagmanifest-sha256.txt", _manifest(self.tags))


def withholding_for(case_id: UUID, profile: Profile) -> Withholding:
    """Find the items that a profile withholds whole: whatever their sensitivity was at any time counts."""
    covered = [label for label in Sensitivity if profile.covers(label)]
    sensitive = ItemState.objects.filter(case=case_id, sensitivity__in=covered).values_list("item", flat=True)
    reads = {enricher.name: enricher.reads for enricher in installed().values()}
    whole = {*sensitive, *profile.items}
    findings = findings_that_used(case_id, whole)
    return Withholding(profile=profile, whole_items=whole, findings=findings, reads=reads)


def _write_case(bag: _Bag, exported: Recorded, note: Note, withholding: Withholding, watch: Watch) -> None:
    files: dict[str, int] = {}
    progress = Progress(of_events=exported.seq)
    bag.add("data/events.ndjson", _event_lines(exported, note, files, withholding, progress, watch))
    for path, data in log_files(note):
        bag.add(path, [data])
    progress.of_files, progress.of_octets = len(files), sum(files.values())
    watch(progress)
    for digest in files:
        # Hashed while it is copied: of a file that is not what it was nothing leaves, for no bundle appears.
        if bag.add(f"data/files/{digest}", _pieces(digest, progress, watch)) != digest:
            raise DamagedFile(digest)
        progress.files += 1
        watch(progress)
    bag.files = len(files)
    bag.text("data/bundle.json", f"{to_json(_about(exported, note, withholding))}\n")
    bag.add("data/index.html", _page(exported, withholding))


def _pieces(digest: str, progress: Progress, watch: Watch) -> Iterator[bytes]:
    with store.open_stored(digest) as source:
        while chunk := source.read(CHUNK):
            yield chunk
            progress.octets += len(chunk)
            watch(progress)


def _event_lines(
    exported: Recorded, note: Note, files: dict[str, int], withholding: Withholding, progress: Progress, watch: Watch
) -> Iterator[bytes]:
    """Write each event, prove its place, and note the files that it names, with their size."""
    nodes, size = log.Nodes(), int(note.text.split("\n")[1])
    no_bytes = {(event, file) for event, _, file in erased_files(exported.stream)}
    for event in read(exported.stream, until=exported.seq):
        entry = log.position_of(event.id)
        if entry is None:
            raise NotProvableYet(f"Event {event.seq} has no place in the log yet: try again.")
        path = log.audit_path(entry.position, size, nodes)
        given, kept = withholding.split(event)
        shown = "".join(given)
        named = {digest: octets for digest, octets in named_by(event) if digest in shown}
        files.update({digest: octets for digest, octets in named.items() if (event.id, digest) not in no_bytes})
        erased = erased_fields(event, until=exported.seq)
        line = {
            "envelope": event.envelope,
            "disclosures": given,
            "withheld": sorted([*kept, *erased.later]),
            **({"redacted": erased.named} if erased.named else {}),
            "position": entry.position,
            "proof": [b64encode(each).decode() for each in path],
        }
        yield f"{to_json(line)}\n".encode()
        progress.events = event.seq
        if event.seq % 100 == 0 or event.seq == exported.seq:
            watch(progress)


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


def _page(exported: Recorded, withholding: Withholding) -> Iterator[bytes]:
    case = Case.objects.get(pk=exported.stream)
    of_case = withholding.masked.get(None, set())
    context = {
        "title": MASK if "title" in of_case else case.title,
        "description": MASK if "description" in of_case else case.description,
        "case": case,
        "exported": exported,
        "withheld": withholding.profile.summary,
        "erasures": erasures(exported.stream, until=exported.seq),
    }
    before, _, after = render_to_string("exchange/index.html", context).partition(ROWS)
    yield before.encode()
    no_bytes = {(item, file) for _, item, file in erased_files(exported.stream)}
    rows = ItemState.objects.at(exported.seq).filter(case=case).order_by("seq")
    for row in rows.iterator():
        item = _shown(row, withholding.masked.get(row.item, set()))
        item |= {"file": ""} if (row.item, row.sha256) in no_bytes else {}
        yield render_to_string("exchange/row.html", {"item": item}).encode()
    yield after.encode()


MASK = "▇▇▇ withheld"
ERASED = "▇▇▇ erased"


def _shown(row: ItemState, masked: Collection[str]) -> dict[str, Any]:
    """Show an item, each field as it stands, or that it is withheld; after a withheld correction, nothing is sure."""
    item = state_of(row)
    said = item.said
    what = {"title": said.title or said.text, "when": said.when, "source": row.source_name, "file": row.sha256}
    named = {"title": {"title", "text"}, "when": {"when"}, "source": {"source"}, "file": {"file"}}
    hidden = {name for name, fields in named.items() if fields & set(masked) or "changes" in masked}
    shown = {name: MASK if name in hidden and value else value for name, value in what.items()}
    gone = {name for name, fields in named.items() if not what[name] and fields & set(item.erased)}
    shown |= dict.fromkeys(gone, ERASED)
    return {**shown, "file": "" if "file" in hidden else row.sha256, "row": row, "erased": item.erased}


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
