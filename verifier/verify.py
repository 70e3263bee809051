#!/usr/bin/env python3
# Long because it is one file on purpose: it is handed out with every bundle, and read by those who must trust it.
"""Check a Waterline bundle, with nothing but Python 3.9 and this file.

    python3 verify.py BUNDLE --key KEY

BUNDLE is the zip file, or the folder it was unpacked into. KEY is the log's verifier key, one line that reads
`name+hash+base64`; get it from those who run the log by a way of its own, not out of the bundle.

Give the keys of witnesses (--witness) and the root certificates of time stamp authorities (--tsa-roots) that you trust:
then it says when they saw the log. Timestamps are checked by the program openssl, where there is one.

Checked are: the bag's manifests (RFC 8493); each event's bytes, its place in the chain of its case, and its place in
the log's Merkle tree (RFC 6962); every disclosed field against its digest (in the manner of RFC 9901); every file
against the events that name it; the signature under the log's head (Ed25519, RFC 8032); that nothing is missing up to
the export; and the number of each finding, which is computed again from the evidence that the bundle discloses.

Exit code 0: all of it holds. 1: something does not, and is named. 2: this is no bundle that can be read.
"""

from __future__ import annotations

import abc
import argparse
import base64
import binascii
import bisect
import calendar
import copy
import datetime
import functools
import hashlib
import io
import json
import math
import os
import re
import shutil
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, BinaryIO, Optional

FORMAT = "waterline-bundle/1"
GENESIS = "0" * 64
ENVELOPE_KEYS = ("v", "id", "stream", "seq", "item", "type", "at", "actor", "cause", "prev", "fields")
EXPORTED = "case.exported"
ROTATED = "log.rotated/1"
ERASED = "event.redacted/1"
ALWAYS = {
    "evidence.submitted": ("kind",),
    "evidence.linked": ("relation", "target"),
    "event.redacted": ("targets", "ground", "requested_by", "approver"),
}
"""What no disclosure withholds: that there is an item, of what kind, and what it supports or contradicts; and what was
erased for good, why, and that two persons agreed."""
ATTESTED = "data/log/attested.ndjson"
COSIGNATURE = b"\x04"
COSIGNATURE_BYTES = 72

CHUNK = 1 << 20
MOST_ENTRIES = 250_000
"""Files in a bundle; a list of more would not fit the memory that this promises to need."""
LONGEST_LINE = 64 << 20
"""Bytes of one event with all it says."""
LARGEST_TEXT = 256 << 20
"""Bytes of a manifest."""
MOST_ROTATIONS = 1000
"""Exchanges of the log's key."""
MOST_ATTESTED = 100
"""Heads that others attested."""
LARGEST_REPLY = 1 << 20
"""Bytes of a time stamp reply."""
PATIENCE = 30
"""Seconds that openssl has for one step."""
MOST_FAULTS = 100
"""Faults that are printed; all are counted."""
INPUTS = "waterline-inputs/1"
"""The form of what a finding's digest is of."""
MOST_FINDINGS = 500
"""Findings whose numbers are computed again."""
MOST_PARTS = 100
"""Findings that one adds up."""
MOST_WORK = 10_000_000
"""Items that are looked at for that, each once for each finding and moment."""
SENTENCE = 160
"""Characters of a finding's sentence that are printed."""


class Unreadable(Exception):
    """This is no bundle; the message is a sentence."""


_BROKEN = (zipfile.BadZipFile, zlib.error, OSError, ValueError, EOFError, RuntimeError, MemoryError)
"""What Python's own modules raise at a file that is broken, or made to break them."""


# --- reading a bundle, which may be hostile --------------------------------------------------------------------------


class Bundle(abc.ABC):
    """The files of a bundle by their path below the bag, whether it is a zip file or a folder."""

    @abc.abstractmethod
    def names(self) -> list[str]:
        """List the paths."""

    @abc.abstractmethod
    def open(self, name: str) -> BinaryIO:
        """Open one file to read.

        :raises KeyError: there is none.
        """

    def text(self, name: str, encoding: str = "UTF-8") -> str:
        """Read a small file whole."""
        try:
            with self.open(name) as file:
                data = file.read(LARGEST_TEXT + 1)
            if len(data) > LARGEST_TEXT:
                raise Unreadable(f"{name} is too large.")
            return data.decode(encoding)
        except KeyError:
            raise Unreadable(f"{name} is not in it.") from None
        except UnicodeDecodeError:
            raise Unreadable(f"{name} is no text in {encoding}.") from None

    def lines(self, name: str) -> Iterator[bytes]:
        """Yield a file's lines, a bounded piece of it in memory at a time."""
        # Python's own reader of a packed file takes its lines apart letter by letter.
        with self.open(name) as packed, io.BufferedReader(packed, CHUNK) as file:  # type: ignore[type-var]
            while True:
                line = file.readline(LONGEST_LINE + 1)
                if len(line) > LONGEST_LINE:
                    raise Unreadable(f"{name} has a line of more than {LONGEST_LINE} bytes.")
                if not line:
                    return
                yield line.rstrip(b"\n")

    def digests(self, name: str, algorithms: Collection[str]) -> tuple[dict[str, str], int]:
        """Hash a file in one go; return its digests in hexadecimal by algorithm, and its size."""
        hashes = {each: hashlib.new(each) for each in algorithms}
        size = 0
        with self.open(name) as file:
            while True:
                chunk = file.read(CHUNK)
                if not chunk:
                    return {name: each.hexdigest() for name, each in hashes.items()}, size
                for each in hashes.values():
                    each.update(chunk)
                size += len(chunk)


class ZippedBundle(Bundle):
    """A zip file. Nothing of it is ever unpacked to the disk, so no name in it can lead anywhere."""

    def __init__(self, path: str) -> None:
        _refuse_crowds(path)
        self._zip = zipfile.ZipFile(path)
        infos = [info for info in self._zip.infolist() if not info.is_dir()]
        tops = {info.filename.split("/", 1)[0] for info in infos}
        if len(tops) != 1 or any("/" not in info.filename for info in infos):
            raise Unreadable("A bundle has one folder at its top, and this file has not.")
        top = tops.pop()
        self._infos: dict[str, zipfile.ZipInfo] = {}
        for info in infos:
            name = info.filename[len(top) + 1 :]
            _refuse_name(name)
            if name in self._infos:
                raise Unreadable(f"{name!r} is in it twice.")
            if info.flag_bits & 0x1:
                raise Unreadable(f"{name!r} is encrypted.")
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise Unreadable(f"{name!r} is packed in a way that is not used here.")
            if info.file_size > 100 * info.compress_size + (1 << 20):
                raise Unreadable(f"{name!r} unpacks to more than a hundred times its size: that is a bomb.")
            self._infos[name] = info

    def names(self) -> list[str]:
        return list(self._infos)

    def open(self, name: str) -> BinaryIO:
        return self._zip.open(self._infos[name])  # type: ignore[return-value]


class UnpackedBundle(Bundle):
    """A folder. Links are not followed."""

    def __init__(self, path: str) -> None:
        self._root = path
        self._names: list[str] = []
        for folder, folders, files in os.walk(path):
            for name in [*folders, *files]:
                if os.path.islink(os.path.join(folder, name)):
                    raise Unreadable(f"{name!r} is a link.")
            for name in files:
                relative = os.path.relpath(os.path.join(folder, name), path).replace(os.sep, "/")
                _refuse_name(relative)
                self._names.append(relative)
                if len(self._names) > MOST_ENTRIES:
                    raise Unreadable(f"There are more than {MOST_ENTRIES} files in it.")
        self._known = set(self._names)

    def names(self) -> list[str]:
        return list(self._names)

    def open(self, name: str) -> BinaryIO:
        if name not in self._known:
            raise KeyError(name)
        return open(os.path.join(self._root, *name.split("/")), "rb")


def open_bundle(path: str) -> Bundle:
    """Open a zip file or a folder.

    :raises Unreadable: it is neither, or no bundle.
    """
    try:
        if os.path.isdir(path):
            inner = os.listdir(path)
            if len(inner) == 1 and os.path.isdir(os.path.join(path, inner[0])):
                path = os.path.join(path, inner[0])
            return UnpackedBundle(path)
        return ZippedBundle(path)
    except _BROKEN as error:
        raise Unreadable(f"It can not be opened: {error}") from None


def _refuse_crowds(path: str) -> None:
    """Look at the number of entries before the list is read, which would take memory for each."""
    with open(path, "rb") as file:
        file.seek(0, os.SEEK_END)
        size = file.tell()
        file.seek(max(0, size - (1 << 16) - 22))
        tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        raise Unreadable("It is no zip file.")
    count = int.from_bytes(tail[at + 10 : at + 12], "little")
    listing = int.from_bytes(tail[at + 12 : at + 16], "little")
    wide = tail.rfind(b"PK\x06\x06")
    if wide >= 0 and len(tail) >= wide + 48:
        count = max(count, int.from_bytes(tail[wide + 32 : wide + 40], "little"))
        listing = max(listing if listing != 0xFFFFFFFF else 0, int.from_bytes(tail[wide + 40 : wide + 48], "little"))
    if count > MOST_ENTRIES or listing > MOST_ENTRIES * 1024:
        raise Unreadable(f"There are more than {MOST_ENTRIES} files in it.")


def _refuse_name(name: str) -> None:
    parts = name.split("/")
    if len(name) > 1000 or any(part in ("", ".", "..") for part in parts) or "\\" in name or "\0" in name:
        raise Unreadable(f"It holds a file with a name that leads elsewhere: {name[:100]!r}.")


# --- the report ------------------------------------------------------------------------------------------------------


class Report:
    """What holds, what fails, what was withheld, what was erased, and what was not checked."""

    def __init__(self) -> None:
        self.holds: list[str] = []
        self.fails: list[str] = []
        self.count = 0
        self.warns: list[str] = []
        self.withheld: list[str] = []
        self.erased: list[str] = []
        self.unchecked: list[str] = []

    def fail(self, sentence: str) -> None:
        """Note a fault; of very many only the first are kept."""
        self.count += 1
        if len(self.fails) < MOST_FAULTS:
            self.fails.append(sentence)

    def __str__(self) -> str:
        parts = [("HOLDS", self.holds), ("FAILS", self.fails), ("WARNING", self.warns), ("WITHHELD", self.withheld)]
        parts += [("ERASED", self.erased), ("NOT CHECKED", self.unchecked)]
        text = []
        for title, sentences in parts:
            if sentences:
                text.append(title)
                text += [f"  {_visible(sentence)}" for sentence in sentences]
        if self.count > len(self.fails):
            text.append(f"  … and {self.count - len(self.fails)} more")
        text.append("This bundle holds." if not self.count else f"This bundle does NOT hold: {self.count} faults.")
        return "\n".join(text)


def _visible(sentence: str) -> str:
    """Show what a hostile bundle would hide in a terminal."""
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in sentence)


# --- the bag (RFC 8493, and the drafts before it) --------------------------------------------------------------------

ALGORITHMS = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
ENCODINGS = ("UTF-8", "UTF-16", "UTF-16LE", "UTF-16BE", "ISO-8859-1", "US-ASCII")
_DECLARATION = re.compile(
    r"BagIt-Version: ([0-9]{1,4})\.([0-9]{1,4})(?:\r\n|\n|\r)Tag-File-Character-Encoding: (\S+)(?:\r\n|\n|\r)?"
)
_OXUM = re.compile(r"^Payload-Oxum:[ \t]*([0-9]{1,18})\.([0-9]{1,18})[ \t]*\r?$", re.MULTILINE)
Manifest = dict[str, str]


class Bag:
    """What a bag says of its files: for each algorithm their digests by path, of the payload and of what describes it.

    Bags of any version are read here, so that the reader can be tried on those of others. `sizes` are in bytes.
    """

    def __init__(self, bundle: Bundle, report: Report) -> None:
        declared = _DECLARATION.fullmatch(bundle.text("bagit.txt"))
        if not declared or declared[3].upper() not in ENCODINGS:
            raise Unreadable("bagit.txt does not tell a bag's version and the encoding of its texts.")
        self.version = (int(declared[1]), int(declared[2]))
        self.encoding = declared[3].upper()
        self.bundle, self.report = bundle, report
        self.names = set(bundle.names())
        self.payload = self._manifests("manifest")
        self.tags = self._manifests("tagmanifest")
        self.sizes: dict[str, int] = {}
        if not self.payload:
            raise Unreadable("It is no bag: no manifest tells the digests of its payload.")

    def _manifests(self, kind: str) -> dict[str, Manifest]:
        found = {}
        for name in sorted(self.names):
            match = re.fullmatch(rf"{kind}-([a-z0-9-]+)\.txt", name)
            if match and match[1] not in ALGORITHMS:
                self.report.unchecked.append(f"{name}: digests of this kind can not be computed here")
            elif match:
                found[match[1]] = self._manifest(name, match[1], of_payload=kind == "manifest")
        return found

    def _manifest(self, name: str, algorithm: str, *, of_payload: bool) -> Manifest:
        found: Manifest = {}
        line = re.compile(rf"([0-9a-fA-F]{{{hashlib.new(algorithm).digest_size * 2}}})[ \t]+(\*?)(.+)", re.DOTALL)
        for text in _lines(self.bundle.text(name, self.encoding)):
            match = line.fullmatch(text)
            if not match:
                raise Unreadable(f"{name} has a line that is none of a manifest.")
            path = self._path(match[3], name)
            if of_payload and not path.startswith("data/"):
                raise Unreadable(f"{name} names {path!r}, which is none of the payload.")
            if match[2]:
                self.report.warns.append(f"{name}: {path!r} is marked with an asterisk")
            if path in found:
                if self.version >= (1, 0) or found[path] != match[1].lower():
                    raise Unreadable(f"{name} names {path!r} twice.")
                self.report.warns.append(f"{name}: it names {path!r} twice")
            found[path] = match[1].lower()
        return found

    def _path(self, text: str, where: str) -> str:
        """Read a path of a manifest or of fetch.txt; one that leads out of the bag, on whatever system, is refused."""
        if text.startswith("./") and self.version < (1, 0):
            self.report.warns.append(f"{where}: {text!r} begins with a dot")
            text = text[2:]
        escapes = "0[AaDd]|25" if self.version >= (1, 0) else "0[AaDd]"
        path = re.sub(f"%({escapes})", lambda found: chr(int(found[1], 16)), text)
        if path.startswith("~"):
            raise Unreadable(f"{where} names {path[:100]!r}, which leads elsewhere.")
        _refuse_name(path)
        return path

    def check(self) -> None:
        """Compare the manifests with the files, both ways."""
        for path in sorted(name for name in self.names if name.startswith("data/")):
            # From version 1.0 on each manifest is of all the payload, before that one of them is enough.
            named = [path in each for each in self.payload.values()]
            if not any(named):
                self.report.fail(f"{path}: it is in the bundle, and no manifest speaks of it")
            elif self.version >= (1, 0) and not all(named):
                self.report.fail(f"{path}: it is in the bundle, and not every manifest speaks of it")
        for manifests in (self.payload, self.tags):
            for path in dict.fromkeys(path for each in manifests.values() for path in each):
                self._check_file(path, {name: each[path] for name, each in manifests.items() if path in each})
        self._check_sum()
        self._check_fetched()

    def _check_file(self, path: str, expected: dict[str, str]) -> None:
        name = path if path in self.names else self._otherwise_composed(path)
        if name is None:
            self.report.fail(f"{path}: the manifest names it, and it is not in the bundle")
            return
        found, self.sizes[name] = self.bundle.digests(name, expected)
        if found != expected:
            self.report.fail(f"{path}: its bytes are not those of the manifest")

    def _otherwise_composed(self, path: str) -> str | None:
        """Find the file whose name is the same letters: some file systems write accents apart (Unicode NFD)."""
        for name in () if path.isascii() else self.names:
            if unicodedata.normalize("NFC", name) == unicodedata.normalize("NFC", path):
                self.report.warns.append(f"{path}: its name is composed otherwise in the bundle")
                return name
        return None

    def _check_sum(self) -> None:
        found = _OXUM.search(self.bundle.text("bag-info.txt", self.encoding)) if "bag-info.txt" in self.names else None
        if found:
            sizes = [size for name, size in self.sizes.items() if name.startswith("data/")]
            if (sum(sizes), len(sizes)) != (int(found[1]), int(found[2])):
                self.report.fail("bag-info.txt: the payload is not as large as it says")

    def _check_fetched(self) -> None:
        """Look at what others would fetch: where it would be put. Nothing is fetched: what is not here is missing."""
        for line in _lines(self.bundle.text("fetch.txt", self.encoding)) if "fetch.txt" in self.names else ():
            match = re.fullmatch(r"\S+[ \t]+(?:[0-9]+|-)[ \t]+(.+)", line, re.DOTALL)
            if not match:
                raise Unreadable("fetch.txt has a line that can not be read.")
            path = self._path(match[1], "fetch.txt")
            if not any(path in each for each in self.payload.values()):
                self.report.fail(f"fetch.txt: {path!r} is to be fetched, and no manifest speaks of it")


def _lines(text: str) -> Iterator[str]:
    return (line for line in re.split(r"\r\n|\n|\r", text.lstrip("\ufeff")) if line)


def check_bag(bundle: Bundle, report: Report) -> Bag:
    """Check the bag of a bundle, of which more is asked: one version, one encoding, and SHA-256 of every file."""
    bag = Bag(bundle, report)
    ours = (bag.version, bag.encoding) == ((1, 0), "UTF-8") and "sha256" in bag.payload and "sha256" in bag.tags
    if not ours or "fetch.txt" in bag.names:
        raise Unreadable("It is no bag of version 1.0 that is whole, in UTF-8, with SHA-256 of every file.")
    bag.check()
    for name in sorted(bag.names):
        described = name.startswith("data/") or name in bag.tags["sha256"] or name == "tagmanifest-sha256.txt"
        if not described:
            report.fail(f"{name}: it is in the bundle, and no manifest speaks of it")
    count = len(bag.payload["sha256"]) + len(bag.tags["sha256"])
    report.holds.append(f"{count} files were compared with the bag's manifests")
    return bag


# --- events ----------------------------------------------------------------------------------------------------------


class Chain:
    """A case's events, one after the other: bytes, chain, disclosures; and what they say about files."""

    def __init__(self, report: Report, head: Head | None, later: dict[str, str]) -> None:
        self.report = report
        self.later = later
        self.handed = frozenset(later)
        self.paths = Paths(head.size, head.root) if head else None
        self.seq = 0
        self.hash = GENESIS
        self.case: Any = None
        self.last: dict[str, Any] | None = None
        self.said: dict[str, Any] = {}
        self.added: dict[str, Any] = {}
        self.findings = Findings()
        self.files: dict[str, int | None] = {}
        self.naming: dict[str, set[Any]] = {}
        self.owed: dict[tuple[Any, str], str] = {}
        self.last_position = -1
        self.places: list[int] = []
        self.disclosed = self.proved = 0
        self.before_last = (0, GENESIS)

    def check(self, line: bytes, number: int) -> None:
        """Check one line of events.ndjson."""
        here = f"event {self.seq + 1}"
        try:
            row = json.loads(line.decode())
            envelope_text, disclosures, withheld = row["envelope"], row["disclosures"], row.get("withheld", [])
            erased = row.get("redacted", [])
            envelope = json.loads(envelope_text)
            every = [*disclosures, *withheld, *erased]
            texts = isinstance(envelope_text, str) and all(isinstance(each, str) for each in every)
            named = tuple(envelope) == ENVELOPE_KEYS and isinstance(envelope["id"], str)
            if not texts or not named or envelope["v"] != 1:
                raise ValueError
            fields = list(envelope["fields"])
        except (ValueError, KeyError, TypeError, UnicodeDecodeError, RecursionError):
            self.report.fail(f"{here}: line {number} of events.ndjson is not an event")
            self.seq += 1
            return
        hash_ = hashlib.sha256(envelope_text.encode()).hexdigest()
        self._check_place(here, envelope, hash_)
        self._check_fields(here, envelope, fields, disclosures, withheld, erased)
        if envelope["type"] == ERASED:
            self._check_erasure(here, envelope)
        gone = tuple(each for each in withheld if each not in self.handed), tuple(erased)
        self.findings.see(self.seq, envelope, hash_, {**self.said, **self.added}, gone)
        self._check_proof(here, row, hash_)
        self.before_last = (self.seq - 1, self.hash)
        self.hash, self.last = hash_, envelope

    def _check_place(self, here: str, envelope: dict[str, Any], hash_: str) -> None:
        self.case = envelope["stream"] if self.seq == 0 else self.case
        if envelope["stream"] != self.case:
            self.report.fail(f"{here}: it belongs to another case")
        if envelope["seq"] != self.seq + 1:
            self.report.fail(f"{here}: it is missing; the next one here is {envelope['seq']}")
        if envelope["prev"] != self.hash:
            self.report.fail(f"{here} ({envelope['id']}): the chain breaks here, it does not follow the one before")
        self.seq = envelope["seq"] if isinstance(envelope["seq"], int) else self.seq + 1

    def _check_fields(
        self,
        here: str,
        envelope: dict[str, Any],
        fields: list[Any],
        given: list[str],
        withheld: list[str],
        erased: list[str],
    ) -> None:
        known = set(fields)
        by_digest = [(_digest(text), text) for text in given]
        digests = [digest for digest, _ in by_digest]
        self.said = {}
        for digest, text in by_digest:
            name = _disclosure(text)
            if name is None:
                self.report.fail(f"{here} ({envelope['id']}): a disclosure can not be read")
            elif digest not in known:
                self.report.fail(f"{here} ({envelope['id']}): the field {name[0]!r} is not what the event holds")
            else:
                self.said[name[0]] = name[1]
        self.disclosed += len(given)
        rest = known - set(digests)
        gone = [*withheld, *erased]
        if rest != set(gone) or any(len(set(each)) != len(each) for each in (fields, digests, gone)):
            self.report.fail(f"{here} ({envelope['id']}): its fields are not all accounted for")
        self.added = {}
        for each in withheld:
            if each in self.later:
                field, value = _disclosure(self.later.pop(each)) or ("?", None)
                self.added[field] = value
                self.report.holds.append(f"{here}: the field {field!r}, withheld here, is {json.dumps(value)}")
        if withheld:
            self.report.withheld.append(f"{here} ({envelope['type']}): {len(withheld)} of {len(fields)} fields")
        # Some event that is still to come must name them.
        self.owed.update({(envelope["id"], each): f"{here} ({envelope['id']})" for each in erased})
        for due in ALWAYS.get(str(envelope["type"]).partition("/")[0], ()):
            if due not in self.said:
                self.report.fail(f"{here} ({envelope['id']}): the field {due!r} is kept back, and always leaves")
        for sha256, size in _files_of(envelope["type"], self.said):
            self.files[sha256] = size
            self.naming.setdefault(sha256, set()).add(envelope["id"])

    def _check_erasure(self, here: str, envelope: dict[str, Any]) -> None:
        """Check that what this event erased is gone, and note that it is why."""
        try:
            if not isinstance(self.said["targets"], list):
                raise TypeError
            named = [(each["event"], one["digest"]) for each in self.said["targets"] for one in each["fields"]]
            files = [(str(each["sha256"]), set(map(str, each["events"]))) for each in self.said.get("files", [])]
            settled = [self.owed.pop(each, "") for each in named]
        except (KeyError, TypeError):
            self.report.fail(f"{here} ({envelope['id']}): what it erased can not be read")
            return
        if "" in settled:
            event = named[settled.index("")][0]
            self.report.fail(f"{here} ({envelope['id']}): a field of {event} that it erased is not gone, or never was")
        for sha256, events in files:
            self.naming.get(sha256, set()).difference_update(events)
            if not self.naming.get(sha256):
                self.files.pop(sha256, None)
        of = f"{len(named)} fields of {len({event for event, _ in named})} events and the bytes of {len(files)} files"
        self.report.erased.append(f"{here}: {of}, on the ground {self.said.get('ground')!r}, by two persons")
        if self.said.get("requested_by") == self.said.get("approver"):
            self.report.fail(f"{here} ({envelope['id']}): the person who asked for the erasure confirmed it, too")

    def close(self) -> None:
        """Demand a reason for everything that is said to be erased."""
        for where in self.owed.values():
            self.report.fail(f"{where}: a field is said to be erased, and no later event of the case erased it")

    def _check_proof(self, here: str, row: dict[str, Any], hash_: str) -> None:
        if self.paths is None:
            return
        position, path = row.get("position"), row.get("proof")
        leaf = hashlib.sha256(b"\x00" + bytes.fromhex(hash_)).digest()
        if not isinstance(path, list) or not all(isinstance(each, str) for each in path):
            path = []
        if not isinstance(position, int) or not self.paths.lead_up(leaf, position, path):
            self.report.fail(f"{here}: it is not in the log under the signed head")
        elif position <= self.last_position:
            self.report.fail(f"{here}: its place in the log is before that of the event before it")
        else:
            self.last_position = position
            self.places.append(position)
            self.proved += 1


_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_read_json = json.JSONDecoder().decode


def _digest(disclosure: str) -> str:
    digest = hashlib.sha256(disclosure.encode()).digest()
    return binascii.b2a_base64(digest, newline=False)[:-1].translate(_URL_SAFE).decode()


def _disclosure(text: str) -> tuple[str, Any] | None:
    try:
        salt, name, value = _read_json(text)
    except (ValueError, TypeError, RecursionError):
        return None
    return (name, value) if isinstance(salt, str) and isinstance(name, str) else None


def _files_of(type_: Any, said: dict[str, Any]) -> Iterator[tuple[str, int | None]]:
    """Name the files that an event speaks of: an original, or what a tool made."""
    named: list[Any] = []
    if type_ == "evidence.submitted/1":
        named = [said.get("file")]
    elif type_ == "evidence.enriched/1" and isinstance(said.get("derivatives"), list):
        named = said["derivatives"]
    for each in named:
        if isinstance(each, dict) and isinstance(each.get("sha256"), str):
            size = each.get("size")
            yield each["sha256"], size if isinstance(size, int) else None


def check_events(bundle: Bundle, report: Report, head: Head | None, later: dict[str, str]) -> Chain:
    """Check every event, and that the last one is the export which says what came before it."""
    chain = Chain(report, head, later)
    try:
        for number, line in enumerate(bundle.lines("data/events.ndjson"), 1):
            chain.check(line, number)
    except KeyError:
        raise Unreadable("data/events.ndjson is not in it.") from None
    chain.close()
    if chain.last is None:
        report.fail("there is no event in it")
        return chain
    said = chain.said if str(chain.last["type"]).startswith(f"{EXPORTED}/") else {}
    if (said.get("head_seq"), said.get("head_hash")) != chain.before_last:
        report.fail("the last event is not an export of all that came before it: the end may be missing")
    report.holds.append(f"{chain.seq} events of case {chain.case} were read, {chain.disclosed} fields are disclosed")
    for text in later.values():
        report.fail(f"the disclosure handed over is of no withheld field: {text[:200]}")
    if head is not None:
        report.holds.append(f"{chain.proved} events are in the log of {head.size} entries whose head is signed")
    return chain


def check_files(bag: Bag, chain: Chain, report: Report) -> None:
    """Compare the files with what the events say of them, both ways."""
    # What the manifest names and the bundle lacks was said before.
    payload = bag.payload["sha256"]
    there = payload.keys() & bag.sizes.keys()
    here = {name[len("data/files/") :]: name for name in sorted(there) if name.startswith("data/files/")}
    brought = set(here)
    for sha256, size in chain.files.items():
        name = here.pop(sha256, None)
        if name is None:
            report.fail(f"data/files/{sha256}: it is not in the bundle, and a disclosed event names it")
            continue
        # The manifest's digest was compared with the bytes.
        if payload[name] != sha256 or size not in (None, bag.sizes[name]):
            report.fail(f"{name}: it is not the file that its event names")
    for name in here.values():
        report.fail(f"{name}: no disclosed event speaks of it")
    report.holds.append(f"{len(chain.files.keys() & brought)} files are those that the events name")


# --- the log ---------------------------------------------------------------------------------------------------------


class Head:
    """A signed head of the log: its origin, its size, its root."""

    def __init__(self, origin: str, size: int, root: bytes) -> None:
        self.origin, self.size, self.root = origin, size, root


class Paths:
    """Audit paths of one tree (RFC 9162, section 2.1.3.2): what one shares with the one before is hashed once."""

    def __init__(self, size: int, root: bytes) -> None:
        self.size, self.root = size, root
        # The nodes on the last path, by their level: their index, hash, and how much of the path was left from there.
        self._known: dict[int, tuple[int, bytes, int]] = {}
        self._path: Sequence[Any] = []

    def lead_up(self, leaf: bytes, index: int, path: Sequence[Any]) -> bool:
        """Tell whether a path (hashes, as bytes or in base64) leads from a leaf to the root."""
        at, last, level, hash_ = index, self.size - 1, 0, leaf
        nodes: dict[int, tuple[int, bytes, int]] = {}
        if not 0 <= at <= last:
            return False
        for left in range(len(path), 0, -1):
            here = (at, hash_, left)
            if self._known.get(level) == here and path[-left:] == self._path[-left:]:
                break
            nodes[level] = here
            each = path[-left]
            beside = each if isinstance(each, bytes) else _base64(each)
            if last == 0 or len(beside) != 32:
                return False
            if at & 1 or at == last:
                hash_ = _node(beside, hash_)
                while not at & 1 and at:
                    at, last, level = at >> 1, last >> 1, level + 1
            else:
                hash_ = _node(hash_, beside)
            at, last, level = at >> 1, last >> 1, level + 1
        else:
            if last or hash_ != self.root:
                return False
        self._known = {**{each: node for each, node in self._known.items() if each >= level}, **nodes}
        self._path = path
        return True


def included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Check one audit path."""
    return Paths(size, root).lead_up(leaf, index, proof)


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def consistent(first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """Check that a tree of at least one leaf is the beginning of another (RFC 9162, section 2.1.4.2)."""
    if not 0 < first <= second or any(len(each) != 32 for each in proof):
        return False
    if first == second:
        return not proof and first_root == second_root
    path = list(proof) if first & (first - 1) else [first_root, *proof]
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = path[0] if path else b""
    for each in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = _node(each, old), _node(each, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = _node(new, each)
        at, last = at >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


class SignedHead(Head):
    """A checkpoint (C2SP tlog-checkpoint): a head, the lines after it, and the signatures under it (C2SP signed-note).

    :raises ValueError: the text is none.
    """

    def __init__(self, note: str) -> None:
        self.text, gap, signatures = note.rpartition("\n\n")
        origin, size, root, *self.extensions = [*self.text.split("\n"), "", ""]
        del self.extensions[-2:]
        super().__init__(origin, int(size) if re.fullmatch(r"0|[1-9][0-9]{0,18}", size) else -1, _base64(root))
        if not gap or not origin or self.size < 0 or len(self.root) != 32:
            raise ValueError("it is no signed head")
        found = [re.fullmatch(r"— (\S+) (\S+)", line) for line in signatures.splitlines()]
        self.signatures = [(match[1], _base64(match[2])) for match in found if match]

    def signed_by(self, key: str) -> bool:
        """Tell whether a key signed this as its own log's head; one wrong signature in its name spoils it."""
        name, public, key_hash = read_key(key)
        own = [signature[4:] for by, signature in self.signatures if (by, signature[:4]) == (name, key_hash)]
        message = f"{self.text}\n".encode()
        return self.origin == name and bool(own) and all(ed25519_verify(public, message, each) for each in own)


def check_head(bundle: Bundle, report: Report, key: str) -> Head | None:
    """Check the signature under the log's head, by the key that was given or one that it handed over to."""
    here = "data/log/checkpoint"
    try:
        head = SignedHead(bundle.text(here))
    except ValueError as error:
        report.fail(f"{here}: {error}")
        return None
    rotations = _rotations(bundle, report)
    if head.signed_by(key):
        report.holds.append(f"the log's head ({head.size} entries) is signed by {head.origin}")
        trusted = key
    else:
        trusted = _handed_over(key, rotations)
        if trusted == key or not head.signed_by(trusted):
            report.fail(f"{here}: it is not signed by the key that was given{_why_not(trusted, head, rotations)}")
            return None
        by = f"{head.origin}, to which the key that was given, that of {read_key(key)[0]}, handed over"
        report.holds.append(f"the log's head ({head.size} entries) is signed by {by}")
    _check_rotations(rotations, head, trusted, report)
    return head


def _why_not(trusted: str, head: Head, rotations: Sequence[Rotation]) -> str:
    for each in rotations:
        if each.old == trusted:
            if each.lost:
                return f"; after that one was lost the log took the name {head.origin!r}: its key has to be had anew"
            return f"; and no key that one handed over to, for {each.why_not_handed_over()}"
    return f"; it is the head of {head.origin!r}"


class Rotation:
    """An exchange of the log's key: an event that names both, and the head by which the old one handed over.

    :raises ValueError, KeyError, TypeError: the line does not read so.
    """

    def __init__(self, line: bytes) -> None:
        row = json.loads(line.decode())
        self.envelope: str = row["envelope"]
        self.position: int = row["position"]
        self.proof = _proof(row["proof"])
        envelope, disclosures = json.loads(self.envelope), row["disclosures"]
        said = dict([_disclosure(each) for each in disclosures])  # type: ignore[misc]
        self.is_whole = envelope["type"] == ROTATED and sorted(map(_digest, disclosures)) == envelope["fields"]
        self.leaf = hashlib.sha256(b"\x00" + hashlib.sha256(self.envelope.encode()).digest()).digest()
        self.old: str = said["old_key"]
        self.new: str = said["new_key"]
        self.cited = (said["old_size"], said["old_root"])
        self.lost = said.get("lost", False) is True
        read_key(self.old), read_key(self.new)
        last = row.get("last_head")
        self.last_head = SignedHead(last["note"]) if last else None
        self.last_proof = _proof(last["proof"]) if last else []
        self.consistency = _proof(last["consistency"]) if last else []
        if not isinstance(self.position, int):
            raise TypeError

    def why_not_handed_over(self) -> str:
        """Say why the old key's last head does not hand over to the new one; empty if it does."""
        last = self.last_head
        if last is None:
            return "it signed no last head"
        if not last.signed_by(self.old):
            return "its last head is not signed by it"
        if last.extensions != [f"successor {self.new}"]:
            return "its last head does not name the key that follows"
        if last.size != self.position + 1 or not included(
            self.leaf, self.position, last.size, self.last_proof, last.root
        ):
            return "its last head is not over the event that says so"
        return "" if self._cites_the_head_before() else "the event that says so does not cite the head before it"

    def _cites_the_head_before(self) -> bool:
        """The path of a tree's last leaf is made of all that was there before it, the smallest part first."""
        before = hashlib.sha256().digest()
        for n, part in enumerate(self.last_proof):
            before = _node(part, before) if n else part
        return self.cited == (self.position, before.hex())


def _proof(hashes: Any) -> list[bytes]:
    proof = [_base64(each) for each in hashes]
    if not all(len(each) == 32 for each in proof):
        raise ValueError("it is no proof")
    return proof


def _rotations(bundle: Bundle, report: Report) -> list[Rotation]:
    name = "data/log/rotations.ndjson"
    found: list[Rotation] = []
    if name not in bundle.names():
        return found
    try:
        for line in bundle.lines(name):
            if len(found) == MOST_ROTATIONS:
                raise Unreadable(f"{name} has more than {MOST_ROTATIONS} lines.")
            found.append(Rotation(line))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, Unreadable):
        report.fail(f"{name}: line {len(found) + 1} is no rotation of the log's key")
    return found


def _handed_over(key: str, rotations: Sequence[Rotation]) -> str:
    """Follow the rotations from a key, as far as each key handed over to the next."""
    for each in rotations:
        if each.old == key and not each.why_not_handed_over():
            key = each.new
    return key


def _check_rotations(rotations: Sequence[Rotation], head: Head, trusted: str, report: Report) -> None:
    """Check that all rotations are in the log, one after the other up to the key that signed its head."""
    for n, each in enumerate(rotations):
        follows = rotations[n + 1].old if n + 1 < len(rotations) else trusted
        name = read_key(each.old)[0]
        here = f"data/log/rotations.ndjson: the rotation at position {each.position}"
        if not each.is_whole or each.new != follows:
            report.fail(f"{here} does not lead to the key after it")
        elif not included(each.leaf, each.position, head.size, each.proof, head.root):
            report.fail(f"{here} is not in the log")
        elif each.lost:
            report.holds.append(f"up to position {each.position} the log was {name}, whose key was then lost")
        elif each.why_not_handed_over():
            report.fail(f"{here} was not made by the key of {name}: {each.why_not_handed_over()}")
        elif not _is_beginning(each, head):
            report.fail(f"{here}: what the key of {name} signed is no beginning of the log")
        else:
            report.holds.append(f"up to position {each.position} the log was {name}, whose key handed over")


def _is_beginning(rotation: Rotation, head: Head) -> bool:
    last = rotation.last_head
    return last is not None and consistent(last.size, head.size, last.root, head.root, rotation.consistency)


def read_key(text: str, kind: bytes = b"\x01") -> tuple[str, bytes, bytes]:
    """Read a verifier key: its name, the public key, the hash of both; `kind` tells a log's from a witness's.

    :raises Unreadable: it is none.
    """
    name, _, rest = text.strip().partition("+")
    key_hash, _, encoded = rest.partition("+")
    data = _base64(encoded)
    whole = hashlib.sha256(f"{name}\n".encode() + data).digest()[:4]
    if not name or len(data) != 33 or data[:1] != kind or whole.hex() != key_hash:
        whose = "of a witness" if kind == COSIGNATURE else "of a log"
        raise Unreadable(f"The key is no verifier key {whose}: it reads name+hash+base64, on one line.")
    return name, data[1:], whole


def _base64(text: str) -> bytes:
    """Decode the one spelling of some bytes; anything else is empty."""
    try:
        data = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return b""
    return data if base64.b64encode(data).decode() == text else b""


# --- who attests to the log's heads ----------------------------------------------------------------------------------


class Attested:
    """A head that others attested: the note as it was signed, cosignatures, and time stamp replies by authority.

    :raises ValueError, KeyError, TypeError: the line does not read so.
    """

    def __init__(self, line: bytes) -> None:
        row = json.loads(line.decode())
        self.note: str = row["note"]
        self.head = SignedHead(self.note)
        self.consistency = _proof(row["consistency"])
        self.cosignatures = SignedHead(self.note + "".join(f"{each}\n" for each in row["cosignatures"])).signatures
        self.replies = [(str(each["authority"]), str(each["reply"])) for each in row["timestamps"]]

    def leads_to(self, head: Head) -> bool:
        return consistent(self.head.size, head.size, self.head.root, head.root, self.consistency)


def check_attested(
    bundle: Bundle, report: Report, head: Head, chain: Chain, witnesses: Sequence[str], roots: str
) -> None:
    """Check what witnesses and time stamp authorities say of this head, and of heads that lead to it."""
    found: list[Attested] = []
    for each in _attested(bundle, report):
        if each.leads_to(head):
            found.append(each)
        else:
            report.fail(f"{ATTESTED}: the head of {each.head.size} entries is no beginning of the log")
    _check_witnesses(bundle, report, found, chain, witnesses)
    stamped = [(each, authority, reply) for each in found for authority, reply in each.replies]
    for each, authority, reply in stamped:
        verdict, said = _judge(bundle, reply, each.note.encode(), roots)
        what = f"the head of {each.head.size} entries{_covering(chain, each.head.size)}"
        if verdict == "holds":
            report.holds.append(f"{what} was stamped by {authority}: {said}")
        elif verdict == "fails":
            report.fail(f"{reply}: the timestamp of {what} by {authority}: {said}")
        else:
            report.unchecked.append(f"the timestamp of {what} by {authority}: {said}")
    if not stamped:
        report.unchecked.append("trusted timestamps: the bundle brings none")


def _attested(bundle: Bundle, report: Report) -> list[Attested]:
    found: list[Attested] = []
    if ATTESTED not in bundle.names():
        return found
    try:
        for line in bundle.lines(ATTESTED):
            if len(found) == MOST_ATTESTED:
                raise Unreadable(f"{ATTESTED} has more than {MOST_ATTESTED} lines.")
            found.append(Attested(line))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, Unreadable):
        report.fail(f"{ATTESTED}: line {len(found) + 1} is no head that was attested")
    return found


def _covering(chain: Chain, size: int) -> str:
    """Say which events of the case a head covers."""
    count = bisect.bisect_left(chain.places, size)
    if count == len(chain.places):
        return f" (all {count} events of the case)"
    return f" (events 1 to {count} of the case)" if count else " (none of the case's events)"


def _check_witnesses(
    bundle: Bundle, report: Report, found: Sequence[Attested], chain: Chain, witnesses: Sequence[str]
) -> None:
    now = SignedHead(bundle.text("data/log/checkpoint"))
    heads = [(each.head, each.cosignatures) for each in found] + [(now, now.signatures)]
    wanted = {key: read_key(key, COSIGNATURE) for key in witnesses}
    seen: dict[str, tuple[int, int]] = {}
    others: dict[str, int] = {}
    for head, signatures in sorted(heads, key=lambda each: each[0].size):
        for by, signature in signatures:
            if len(signature) != 4 + COSIGNATURE_BYTES:
                continue
            keys = [key for key, (name, _, key_hash) in wanted.items() if (name, key_hash) == (by, signature[:4])]
            if not keys:
                others[by] = head.size
            elif (at := _cosigned_at(head.text, wanted[keys[0]][1], signature[4:])) is None:
                report.fail(f"the cosignature of {by} under the head of {head.size} entries is not right")
            else:
                seen[keys[0]] = (head.size, at)
    for key in wanted:
        if key in seen:
            size, at = seen[key]
            what = f"the head of {size} entries{_covering(chain, size)}"
            report.holds.append(f"the witness {wanted[key][0]} cosigned {what} at {_instant(at)}")
        else:
            report.fail(f"no head in it is cosigned by the witness {wanted[key][0]}, whose key was given")
    for by, size in sorted(others.items()):
        report.unchecked.append(f"the cosignature of {by} under the head of {size} entries: its key was not given")


def _cosigned_at(text: str, public: bytes, signature: bytes) -> int | None:
    """Check a cosignature (C2SP tlog-cosignature, version 1); give its time in seconds of Unix time."""
    at = int.from_bytes(signature[:8], "big")
    message = f"cosignature/v1\ntime {at}\n{text}\n".encode()
    return at if 0 < at < 1 << 40 and ed25519_verify(public, message, signature[8:]) else None


def _instant(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


# --- timestamps (RFC 3161), by the program openssl -------------------------------------------------------------------


class OpenSSL:
    """The program openssl and a folder to hand it files in; it is given no name that comes out of a bundle."""

    def __init__(self, program: str, folder: str) -> None:
        self.program, self.folder = program, folder

    def path(self, name: str) -> str:
        return os.path.join(self.folder, name)

    def write(self, name: str, data: bytes) -> str:
        with open(self.path(name), "wb") as file:
            file.write(data)
        return self.path(name)

    def __call__(self, *words: str) -> str:
        """Run it, and return all that it says."""
        environment = {**os.environ, "LC_ALL": "C"}
        try:
            done = subprocess.run(  # noqa: S603 -- the words are ours
                [self.program, *words], capture_output=True, timeout=PATIENCE, check=False, env=environment
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"it did not run: {type(error).__name__}"
        return (done.stdout + done.stderr).decode("utf-8", "replace")


def _judge(bundle: Bundle, name: str, data: bytes, roots: str) -> tuple[str, str]:
    try:
        with bundle.open(name) as file:
            reply = file.read(LARGEST_REPLY + 1)
    except KeyError:
        return "fails", "it is not in the bundle"
    return ("fails", "it is too large") if len(reply) > LARGEST_REPLY else judge_timestamp(reply, data, roots)


def judge_timestamp(reply: bytes, data: bytes, roots: str = "") -> tuple[str, str]:
    """Say whether a time stamp reply over some bytes "holds", "fails" or is "unchecked", and when and why.

    It is judged as of its own time: that a certificate has expired since is said, and is no fault.

    :param roots: a file with the root certificates that are trusted; unless given, those of this machine.
    """
    program = shutil.which("openssl")
    if program is None:
        return "unchecked", "there is no program openssl on this machine"
    with tempfile.TemporaryDirectory(prefix="waterline-") as folder:
        openssl = OpenSSL(program, folder)
        stamp, stamped = openssl.write("reply", reply), openssl.write("data", data)
        status = openssl("ts", "-reply", "-in", stamp, "-text")
        # The token alone: beside it stand words that nobody signed, and that could read like another token.
        token = openssl("ts", "-reply", "-in", stamp, "-token_out", "-text")
        try:
            at = _read_reply(status, token, data)
        except ValueError as error:
            return "fails", str(error)
        trusted = roots or _roots_of_this_machine()
        if not trusted:
            return "unchecked", f"it says {_instant(at)}, and no root certificates are given (--tsa-roots)"
        command = ("ts", "-verify", "-in", stamp, "-data", stamped, "-CAfile", trusted)
        then = openssl(*command, "-attime", str(int(at)))
        if "Verification: OK" not in then:
            return _why_refused(then, at, given=bool(roots))
        subject, ends = _signer(openssl, stamp)
        said = f"{_instant(at)}, by {subject}, valid at that time"
        now = openssl(*command)
        if "Verification: OK" in now:
            return "holds", said
        if "certificate has expired" in now:
            return "holds", f"{said}; its certificate has expired since{f' ({ends})' if ends else ''}"
        return "holds", f"{said}; it is not any more ({_verify_error(now)})"


def _read_reply(reply: str, token: str, data: bytes) -> float:
    """Read what openssl prints of a reply, and of the token in it; give its time in seconds of Unix time.

    :raises ValueError: it is no timestamp of these bytes.
    """
    status = re.search(r"^Status: (.*)$", reply, re.MULTILINE)
    if status is None:
        raise ValueError("openssl can not read it as a reply")
    kind = re.search(r"^Hash Algorithm: (\S+)$", token, re.MULTILINE)
    when = re.search(r"^Time stamp: (\w{3} +\d+ \d\d:\d\d:\d\d)(\.\d+)? (\d{4}) GMT$", token, re.MULTILINE)
    if not status[1].startswith("Granted") or kind is None or when is None:
        raise ValueError("it says that nothing was stamped")
    if kind[1].lower() not in ("sha256", "sha384", "sha512"):
        raise ValueError("its digest is of a kind that proves nothing, or that is not known here")
    dump = token.partition("Message data:\n")[2].partition("Serial number:")[0]
    imprint = "".join("".join(re.findall("[0-9a-f]{2}", each)) for each in _DUMPED.findall(dump))
    if imprint != hashlib.new(kind[1].lower(), data).hexdigest():
        raise ValueError("it stamps something else")
    return _seconds(f"{when[1]} {when[3]}") + float(when[2] or 0)


_DUMPED = re.compile(r"^ +[0-9a-f]{4} - ((?:[0-9a-f]{2}[ -]?){1,16})", re.MULTILINE)


def _seconds(when: str) -> float:
    """Read a time as openssl prints it, in English and UTC."""
    month, day, clock, year = when.split()
    number = "JanFebMarAprMayJunJulAugSepOctNovDec".index(month) // 3 + 1
    hour, minute, second = map(int, clock.split(":"))
    return calendar.timegm((int(year), number, int(day), hour, minute, second))


def _why_refused(text: str, at: float, *, given: bool) -> tuple[str, str]:
    why = _verify_error(text)
    if "Verification: FAILED" not in text:
        return "unchecked", f"it says {_instant(at)}, and this openssl can not check it"
    if not given and re.search("unable to (get|verify)|self.signed", why):
        return "unchecked", f"it says {_instant(at)}, and leads to no root certificate of this machine (--tsa-roots)"
    return "fails", f"it says {_instant(at)}, and is not valid at that time ({why})"


def _verify_error(text: str) -> str:
    found = re.search(r"Verify error: ?([^\n]*)", text) or re.search(r":([^:\n]+):[^:\n]*:\d+:[^\n]*$", text.strip())
    return found[1] if found else "openssl refuses it"


def _signer(openssl: OpenSSL, stamp: str) -> tuple[str, str]:
    """Read whose certificate stamped, and when that ends, out of those that the reply brings."""
    token, certificates = openssl.path("token"), openssl.path("certificates")
    openssl("ts", "-reply", "-in", stamp, "-token_out", "-out", token)
    openssl("pkcs7", "-inform", "DER", "-in", token, "-print_certs", "-out", certificates)
    try:
        with open(certificates, encoding="utf-8", errors="replace") as file:
            found = re.findall("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", file.read(), re.DOTALL)
    except OSError:
        found = []
    for pem in found:
        text = openssl("x509", "-noout", "-text", "-in", openssl.write("certificate", pem.encode()))
        ends = re.search(r"Not After ?: (.+) GMT", text)
        subject = re.search(r"Subject: (.*)", text)
        if "Time Stamping" in text and "CA:TRUE" not in text and ends and subject:
            name = re.search(r"CN ?= ?(.+)", subject[1])
            return (name[1] if name else subject[1])[:200], _instant(_seconds(ends[1]))
    return "a certificate that the reply does not bring", ""


def _roots_of_this_machine() -> str:
    paths = ssl.get_default_verify_paths()
    usual = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
    return next((each for each in (paths.cafile, *usual) if each and os.path.isfile(each)), "")


# --- findings: what was stated, and what came out --------------------------------------------------------------------


class Blocked(Exception):
    """A number can not be computed again here; the message says why."""


class Number:
    """A number with the ends of its interval; `ends` is False where only the value was computed again.

    `scale` is the size of what was added up to it: what cancels out leaves an error that is small beside that alone.
    """

    def __init__(
        self,
        value: float | None,
        low: float | None,
        high: float | None,
        unit: str,
        ends: bool = True,
        summands: Iterable[float | None] = (),
    ) -> None:
        self.value, self.low, self.high, self.unit, self.ends = value, low, high, unit, ends
        self.scale = max(math.fsum(abs(each or 0) for each in some) for some in ((value,), (low,), (high,), summands))

    def __str__(self) -> str:
        if self.value is None:
            return "no number"
        value, unit = f"{self.value:.12g}", _short(self.unit, 40)
        whole = self.ends and self.low is not None and self.high is not None
        return f"{value} {unit} ({self.low:.12g} to {self.high:.12g})" if whole else f"{value} {unit}"

    def with_ends(self) -> Number:
        """Give it as one whose ends count."""
        whole = copy.copy(self)
        whole.ends = True
        return whole

    def is_as(self, other: Number, within: float) -> bool:
        """Compare with another one, whose ends count only where both have them; `within` is a part of their size."""
        pairs = [(self.value, other.value)]
        if self.ends and other.ends:
            pairs += [(self.low, other.low), (self.high, other.high)]
        most = within * max(self.scale, other.scale)
        return self.unit == other.unit and all(_is_near(one, another, most) for one, another in pairs)


def _is_near(one: float | None, other: float | None, most: float) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= most


class Computed:
    """One result of a finding: the event that says so, its fields, and the digests of those that are not here."""

    def __init__(self, seq: int, event: str, hash_: str, said: dict[str, Any], gone: Gone) -> None:
        self.seq, self.event, self.hash, self.said, self.gone = seq, event, hash_, said, gone

    def result(self) -> Number:
        """Read the number.

        :raises Blocked: it is withheld.
        :raises ValueError, KeyError, TypeError: it can not be read.
        """
        if "result" not in self.said and any(self.gone):
            raise Blocked("its result is withheld or erased")
        result = self.said["result"]
        value, low, high = (None if result[end] is None else _number(result[end]) for end in ("value", "low", "high"))
        return Number(value, low, high, _text(result["unit"]))


class Finding:
    """A finding as its events leave it; `results` are all that came out, the oldest first."""

    def __init__(self) -> None:
        self.stated: dict[str, Any] = {}
        self.present: Computed | None = None
        self.results: list[Computed] = []
        self.withdrawn = False
        self.unread = ""

    @property
    def name(self) -> str:
        """Name it by its sentence, or say that there is none to read."""
        sentence = self.stated.get("sentence")
        return f"the finding {_short(sentence, SENTENCE)!r}" if isinstance(sentence, str) else "a withheld finding"


_OF_FINDINGS = {
    f"finding.{each}" for each in ("stated", "restated", "computed", "reviewed", "signed_off", "published", "withdrawn")
}


class Findings:
    """The findings of a case, from its events; and which fields of its events were erased, by event and digest."""

    def __init__(self) -> None:
        self.known: dict[str, Finding] = {}
        self.erased: dict[tuple[str, str], Erased] = {}

    def see(self, seq: int, envelope: dict[str, Any], hash_: str, said: dict[str, Any], gone: Gone) -> None:
        """Take in an event, with those of its fields that are what it holds."""
        name, _, version = str(envelope["type"]).partition("/")
        if name == "event.redacted":
            self._note_erased(seq, said)
        if not name.startswith("finding."):
            return
        finding = self.known.setdefault(str(envelope["item"]), Finding())
        if version != "1" or name not in _OF_FINDINGS:
            finding.unread = f"this verifier can not read what event {seq} ({_short(envelope['type'], 60)}) says of it"
        elif name in ("finding.stated", "finding.restated"):
            finding.stated, finding.present = said, None
        elif name == "finding.withdrawn":
            finding.withdrawn = True
        elif name == "finding.computed":
            if finding.present:
                # What the number of before stood on is not looked at any more, and may be long.
                finding.present.said = {name: each for name, each in finding.present.said.items() if name == "result"}
            finding.present = Computed(seq, str(envelope["id"]), hash_, said, gone)
            finding.results.append(finding.present)

    def _note_erased(self, seq: int, said: dict[str, Any]) -> None:
        try:
            for target in said["targets"]:
                for field in target["fields"]:
                    lost = [*field.get("parts", ()), *field.get("others", ())]
                    erased = Erased(seq, str(field["name"]), frozenset(map(str, lost)))
                    self.erased[str(target["event"]), str(field["digest"])] = erased
        except _ODD:
            return  # It was named as a fault by who checks erasures.


class Erased:
    """A field that event `seq` erased: its name, and of one that holds others which of them are lost."""

    def __init__(self, seq: int, name: str, lost: frozenset[str]) -> None:
        self.seq, self.name, self.lost = seq, name, lost


Gone = tuple[tuple[str, ...], tuple[str, ...]]
"""Digests of an event's fields that are withheld here, and of those that were erased."""


class Missing:
    """Which fields of an event are not here, by name: an erasure is an event and names them, and data/bundle.json
    names those that are withheld. That nobody proves; `trusted` tells whether anything was made of it."""

    def __init__(self, about: dict[str, Any], erased: dict[tuple[str, str], Erased]) -> None:
        self.erased = erased
        self.withheld: dict[int, set[str]] = {}
        self.trusted = False
        try:
            for each in about["withheld"]["events"]:
                self.withheld[int(each["event"])] = set(map(str, each["fields"]))
        except _ODD:
            self.withheld = {}

    def names(self, seq: int, event: str, said: dict[str, Any], gone: Gone, every: Collection[str]) -> set[str]:
        """Name them; where that can not be told, all of `every` that the event does not say."""
        withheld, erased = gone
        if not withheld and not erased:
            return set()
        by_bundle = self.withheld.get(seq, set()) if withheld else set()
        told = by_bundle | {each.name for each in self.erasures(event, erased)}
        if len(told) != len(withheld) + len(erased) or told & said.keys():
            return {each for each in every if each not in said}
        self.trusted |= bool(by_bundle)
        return told & {*every}

    def erasures(self, event: str, digests: Iterable[str]) -> list[Erased]:
        """List what is known of fields that were erased."""
        return [self.erased[event, each] for each in digests if (event, each) in self.erased]


def check_findings(
    bundle: Bundle, report: Report, chain: Chain, about: dict[str, Any], disclosures: dict[str, str]
) -> None:
    """Compute the present result of each finding again from the evidence, as it stood then and as it stands at last.

    :param disclosures: disclosures of withheld fields that were handed over, by their digest.
    """
    findings = chain.findings
    standing = {id_: each for id_, each in findings.known.items() if each.present and not each.withdrawn}
    if not standing:
        report.unchecked.append("the numbers of findings: the bundle brings none")
        return
    none = sum(1 for each in findings.known.values() if not each.present and not each.withdrawn)
    if none:
        report.unchecked.append(f"{none} findings of which no number was computed since they were stated")
    if len(standing) > MOST_FINDINGS:
        report.unchecked.append(f"{len(standing) - MOST_FINDINGS} findings: only {MOST_FINDINGS} are looked at")
        standing = dict(list(standing.items())[:MOST_FINDINGS])
    missing = Missing(about, findings.erased)
    evidence = Evidence(missing, _moments(standing.values()), _used(standing.values()))
    for line in bundle.lines("data/events.ndjson"):
        evidence.see(line, disclosures)
    Judge(report, findings, standing, evidence, missing).judge()
    if missing.trusted:
        report.unchecked.append("that the fields withheld are those that data/bundle.json names: findings rely on it")


def _moments(findings: Iterable[Finding]) -> list[int]:
    """List after which events the evidence was looked at."""
    asked = (each.present.said.get("as_of") for each in findings if each.present)
    return sorted({each for each in asked if isinstance(each, int)})


def _used(findings: Iterable[Finding]) -> set[str]:
    """List the events that results say they stand on, as far as that can be read."""
    found: set[str] = set()
    for each in findings:
        uses = each.present.said.get("uses") if each.present else None
        for use in uses if isinstance(uses, list) else ():
            events = use.get("events") if isinstance(use, dict) else None
            found.update(event for event in (events if isinstance(events, list) else ()) if isinstance(event, str))
    return found


class Judge:
    """Looks at one finding after the other; `now` holds what comes out of each by the evidence of the whole bundle."""

    def __init__(
        self, report: Report, findings: Findings, standing: dict[str, Finding], evidence: Evidence, missing: Missing
    ) -> None:
        self.report, self.all, self.standing = report, findings.known, standing
        self.evidence, self.missing = evidence, missing
        self.results = {each.event: each for finding in findings.known.values() for each in finding.results}
        self.parts = {id_: _parts(each) for id_, each in standing.items()}
        self.work = 0
        self.now: dict[str, Number] = {}

    def judge(self) -> None:
        """Say of each finding what its evidence gives; those that rest on others come after them."""
        todo = dict(self.standing)
        while todo:
            ready = [id_ for id_ in todo if not any(part in todo for part in self.parts[id_])]
            for id_ in ready or list(todo):
                finding = todo.pop(id_)
                assert finding.present is not None  # noqa: S101 -- only such are standing
                here = f"event {finding.present.seq}, {finding.name}"
                try:
                    if not ready:
                        self.report.fail(f"{here}: it rests on itself, or on others that do")
                    else:
                        self._judge(id_, finding, finding.present, here)
                except Blocked as why:
                    self.report.unchecked.append(f"{here}: not computed again, for {why}")
                except _ODD:
                    self.report.fail(f"{here}: its result can not be read")

    def _judge(self, id_: str, finding: Finding, computed: Computed, here: str) -> None:
        if finding.unread:
            raise Blocked(finding.unread)
        said, faults = computed.said, self.report.count
        hidden = self.missing.names(computed.seq, computed.event, said, computed.gone, COMPUTED)
        self.now[id_] = stored = computed.result()
        if hidden & {"parameters", "uses", "findings"}:
            raise Blocked(f"{', '.join(sorted(hidden))} of its result is withheld or erased")
        if type(said["as_of"]) is not int or not 0 <= said["as_of"] < computed.seq:
            raise ValueError
        if any(finding.stated.get(name, said[name]) != said[name] for name in ("rule", "version", "parameters")):
            self.report.fail(f"{here}: it was computed by another rule, or with other parameters, than it was stated")
        count = self._check_inputs(computed, self.parts[id_], here)
        try:
            found = self._compute(said, said["as_of"], lambda part: self._last_result(part, said["as_of"]).result())
        except Blocked as why:
            if self.report.count == faults:
                self.report.holds.append(f"{here}: {stored}; its digest is that of its inputs ({count} events)")
            self.report.unchecked.append(f"{here}: {stored} was not computed again, for {why}")
            return
        if self._is_same(stored, found, said, here):
            self.report.holds.append(f"{here}: {stored}, the same as the evidence gives; it stands on {count} events")
        else:
            self.report.fail(f"{here}: it says {stored}, and the evidence gives {found}")
        self._look_at_now(id_, said, stored, here)

    def _is_same(self, stored: Number, found: Number, said: dict[str, Any], here: str) -> bool:
        rule = _rule_of(said)
        if found.ends or stored.value is None:
            return stored.is_as(found, rule.within)
        checks = [_number(each["value"]) for each in said.get("steps", ()) if each.get("about") == "check"]
        drawn = f"{here}: the ends of {stored} are drawn by chance, which is not done again"
        self.report.unchecked.append(drawn + ("; its ends to first order were compared" if checks else ""))
        if not checks:
            return stored.is_as(found, rule.within)
        low, high = checks
        by_steps = Number(stored.value, low, high, stored.unit)
        return by_steps.is_as(found.with_ends(), rule.within)

    def _check_inputs(self, computed: Computed, parts: Sequence[str], here: str) -> int:
        """Compare the digest of the inputs with that of the events that it stands on; count those."""
        said = computed.said
        lines = [INPUTS, f"rule {said['rule']} {said['version']}", f"parameters {_sorted_json(said['parameters'])}"]
        events: set[str] = set()
        for use in sorted(said.get("uses", ()), key=lambda each: str(each["item"])):
            known = [self.evidence.hashes.get(event, ("", "", 0)) for event in use["events"]]
            if any(item != use["item"] or seq >= computed.seq for _, item, seq in known):
                self.report.fail(f"{here}: it stands on an event that is none of its item {_short(use['item'], 36)!r}")
            lines.append(" ".join(["item", use["item"], use["role"], *(hash_ for hash_, _, _ in known)]))
            events.update(use["events"])
        for part, event in sorted(said.get("findings", {}).items()):
            lines.append(f"finding {part} {self.results[event].hash if event in self.results else ''}")
            events.add(event)
        for part in parts:
            if said.get("findings", {}).get(part) != self._last_result(part, said["as_of"]).event:
                self.report.fail(f"{here}: it rests on a result of another finding that was not the last one of then")
        if hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest() != said["digest"]:
            self.report.fail(f"{here}: the digest of its inputs is not that of the events that it stands on")
        return len(events)

    def _compute(self, said: dict[str, Any], seq: int, result: Callable[[str], Number]) -> Number:
        rule = _rule_of(said)
        items: list[Seen] = []
        if not rule.of_findings:
            self._spend(self.evidence.states)
            items = self.evidence.at(seq)
        try:
            return rule.run(said["parameters"], Given(items, result))
        except _ODD:
            raise Blocked("its parameters, or what it is computed from, are not what its rule reads") from None

    def _spend(self, work: int) -> None:
        self.work += work
        if self.work > MOST_WORK:
            raise Blocked("there are too many findings over too much")

    def _last_result(self, part: str, seq: int) -> Computed:
        """Give the last result of a finding up to an event."""
        known = self.all[part].results if part in self.all else []
        self._spend(len(known))
        last = next((each for each in reversed(known) if each.seq <= seq), None)
        if last is None:
            raise Blocked("a finding that it rests on had no result by then")
        return last

    def _look_at_now(self, id_: str, said: dict[str, Any], stored: Number, here: str) -> None:
        """Compute it over the evidence of the whole bundle, where that is not what it was computed over."""
        parts = self.parts[id_]
        if any(not self.all[part].present or self.all[part].withdrawn for part in parts if part in self.all):
            self.report.warns.append(f"{here}: a finding that it rests on has no present result, or was withdrawn")
            return
        if not parts and self.evidence.changed <= said["as_of"]:
            return
        try:
            now = self._compute(said, self.evidence.seq, lambda part: self.now[part])
        except Blocked as why:
            self.report.unchecked.append(f"{here}: whether later evidence changes it, for {why}")
            return
        if not now.ends:
            now = Number(now.value, None, None, now.unit, ends=False)
        if not now.is_as(stored, _rule_of(said).within):
            self.now[id_] = now
            self.report.warns.append(f"{here}: it says {stored}; the evidence in this bundle gives {now} now")


def _rule_of(said: dict[str, Any]) -> Rule:
    name, version = said["rule"], said["version"]
    rule = RULES.get((name, version)) if isinstance(name, str) and type(version) is int else None
    if rule is None:
        raise Blocked(f"this verifier has no rule {_short(name, 40)}@{_short(version, 9)}")
    return rule


def _parts(finding: Finding) -> list[str]:
    """List the findings that a finding is computed from, as far as that can be read."""
    said = finding.present.said if finding.present else {}
    try:
        return [part for part in _rule_of(said).parts(said["parameters"]) if isinstance(part, str)]
    except (Blocked, *_ODD):
        return []


# --- findings: the evidence, as it stood -----------------------------------------------------------------------------

READ = (
    "kind", "when", "place", "source", "speaker", "attribution", "subject", "activity", "observed", "tags", "file",
    "draught_m", "draught_error_m", "derived_from",
)  # fmt: skip
"""The fields of an item that some rule reads."""
COMPUTED = ("rule", "version", "parameters", "as_of", "digest", "result", "steps", "uses", "findings")
_ODD = (ValueError, KeyError, TypeError, AttributeError, IndexError, ArithmeticError, RecursionError)
"""What reading values of the wrong shape raises."""


class Seen:
    """An item as it stood from event `seq` on; `unknown` are those of its fields that are withheld or erased.

    From the erasure on the case takes an erased field for one that was never given: `until` gives its event.
    """

    def __init__(self, item: str, seq: int, said: dict[str, Any], unknown: frozenset[str]) -> None:
        self.item, self.seq, self.said, self.unknown = item, seq, said, unknown
        self.until: dict[str, int] = {}
        self.retracted = False
        self.grade: dict[str, str] | None = None

    def part(self, name: str) -> dict[str, Any]:
        """Give a field that has fields of its own, empty where it was not given."""
        value = self.said.get(name) or {}
        if not isinstance(value, dict):
            raise TypeError
        return value

    def span(self) -> Span:
        """Give the instants between which it happened.

        :raises Blocked: its time is in a form that is not read here.
        """
        text = self.said.get("when")
        return read_when(text) if text else (None, None)


class Evidence:
    """The items of a case after some of its events, and at last; and the hashes of events that findings stand on."""

    def __init__(self, missing: Missing, moments: list[int], used: set[str]) -> None:
        self.missing, self.moments, self.used = missing, moments, used
        self.items: dict[str, list[Seen]] = {}
        self.hashes: dict[str, tuple[str, str, int]] = {}
        self.erased: dict[int, set[str]] = {}
        self.seq = self.changed = self.states = 0
        self.unread = ""

    def see(self, line: bytes, disclosures: dict[str, str]) -> None:
        """Take in an event; one that is none was named as a fault before."""
        try:
            row = json.loads(line.decode())
            text: str = row["envelope"]
            envelope = json.loads(text)
            name, _, version = envelope["type"].partition("/")
            seq, id_, item = int(envelope["seq"]), str(envelope["id"]), str(envelope["item"])
        except _ODD:
            return
        self.seq = max(self.seq, seq)
        if id_ in self.used:
            self.hashes[id_] = (hashlib.sha256(text.encode()).hexdigest(), item, seq)
        if name == "event.redacted":
            self._forget(seq)
        if name not in _CHANGES:
            return
        try:
            if version != "1":
                raise ValueError
            later = [each for each in row.get("withheld", ()) if each in disclosures]
            said = dict(_true_fields(envelope["fields"], [*row["disclosures"], *map(disclosures.__getitem__, later)]))
            gone = (tuple(set(row.get("withheld", ())) - set(later)), tuple(row.get("redacted", ())))
            every = READ if name == "evidence.submitted" else _CHANGES[name]
            unknown = self.missing.names(seq, id_, said, gone, every)
            self._change(name, item, seq, said, unknown, self.missing.erasures(id_, gone[1]))
        except _ODD:
            self.unread = f"this verifier can not read what event {seq} ({_short(envelope['type'], 60)}) changes"

    def at(self, seq: int) -> list[Seen]:
        """List the items as they stood after an event, in the order they were submitted.

        :raises Blocked: something changed them that is not known here.
        """
        if self.unread:
            raise Blocked(self.unread)
        last = (next((each for each in reversed(states) if each.seq <= seq), None) for states in self.items.values())
        return [each for each in last if each]

    def _change(
        self, name: str, item: str, seq: int, said: dict[str, Any], unknown: set[str], erased: list[Erased]
    ) -> None:
        if name == "evidence.submitted":
            after = Seen(item, seq, _only_read(said), frozenset(unknown))
            after.until = {each.name: each.seq for each in erased if each.name in unknown}
            self._keep(after, erased)
            return
        before = self.items[item][-1]
        after = copy.copy(before)
        after.seq = seq
        if name == "evidence.retracted":
            after.retracted = True
        elif name == "evidence.corrected":
            changes: dict[str, Any] = {} if unknown else said["changes"]
            until = {field: each.seq for each in erased for field in each.lost if each.name == "changes"}
            # Where nobody tells which fields a hidden correction changed, it may be all.
            hidden = until.keys() or {*READ} - {"kind"} if unknown else set()
            rest = {field: value for field, value in before.said.items() if field not in until}
            after.said = {**rest, **_only_read(changes)}
            after.unknown = frozenset((before.unknown | hidden) - changes.keys())
            after.until = {**before.until, **until} if until or not unknown else {}
        elif unknown:
            of, until_then = _OF[name], max((each.seq for each in erased), default=0)
            before_then = before.until.get(of, 0) if of in before.unknown else until_then
            after.unknown |= {of}
            # Known again when all that hides it is taken for never given; 0: not at all.
            after.until = {**before.until, of: max(until_then, before_then) if until_then and before_then else 0}
        elif name == "evidence.graded":
            after.grade, after.unknown = said, after.unknown - {"grade"}
        else:
            tags = {*before.said.get("tags", ())}
            tags = tags | {said["tag"]} if name == "evidence.tagged" else tags - {said["tag"]}
            after.said = {**before.said, "tags": tags}
        self._keep(after, erased)

    def _keep(self, after: Seen, erased: Iterable[Erased] = ()) -> None:
        """Let an item stand so from now on. How it stood before is kept where some finding looked at it."""
        states = self.items.setdefault(after.item, [])
        if states and bisect.bisect_left(self.moments, states[-1].seq) == bisect.bisect_left(self.moments, after.seq):
            states.pop()
            self.states -= 1
        states.append(after)
        self.states += 1
        self.changed = after.seq
        for each in erased:
            self.erased.setdefault(each.seq, set()).add(after.item)

    def _forget(self, seq: int) -> None:
        """Take what an event erased for what was never given."""
        for item in self.erased.pop(seq, ()):
            after = copy.copy(self.items[item][-1])
            after.seq, after.unknown = seq, after.unknown - {name for name, at in after.until.items() if at == seq}
            self._keep(after)


_CHANGES: dict[str, Sequence[str]] = {
    "evidence.submitted": READ,
    "evidence.corrected": ("changes",),
    "evidence.retracted": (),
    "evidence.graded": ("reliability", "credibility"),
    "evidence.tagged": ("tag",),
    "evidence.untagged": ("tag",),
}
"""The events after which an item stands otherwise for a rule, and which of their fields tell how."""
_OF = {"evidence.graded": "grade", "evidence.tagged": "tags", "evidence.untagged": "tags"}


def _only_read(said: dict[str, Any]) -> dict[str, Any]:
    return {name: said[name] for name in READ if name in said}


def _true_fields(fields: Sequence[str], disclosures: Iterable[str]) -> Iterator[tuple[str, Any]]:
    known = set(fields)
    for text in disclosures:
        field = _disclosure(text) if _digest(text) in known else None
        if field:
            yield field


def _number(value: Any) -> float:
    """Read a number that is one.

    :raises ValueError, OverflowError: it is none, or not finite.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError
    return float(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _texts(value: Any) -> frozenset[str]:
    """Read a list of texts, of which the order does not matter."""
    if not isinstance(value, (list, tuple)):
        raise TypeError
    return frozenset(map(_text, value))


def _short(text: Any, most: int) -> str:
    text = str(text)
    return text if len(text) <= most else f"{text[:most]}…"


def _sorted_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


# --- findings: which items are selected ------------------------------------------------------------------------------

NOT, MAYBE, SURELY = range(3)
"""Whether an item is in a selection. What is not known of it is no no: so it may be."""


class Selection:
    """What an item must be, as a finding's parameters say it; see the product's analysis/selection.py.

    `reads` names the fields that decide. Conditions on fields that are withheld do not rule an item out.
    """

    def __init__(self, said: dict[str, Any], *, area: Any = None, kinds: Any = None, activities: Any = None) -> None:
        self.kinds = _texts(said.get("kinds", ()) if kinds is None else kinds)
        self.activities = _texts(said.get("activities", ()) if activities is None else activities)
        self.tags, self.subjects = _texts(said.get("tags", ())), _texts(said.get("subject_kinds", ()))
        self.items, self.without = _texts(said.get("items", ())), _texts(said.get("without", ()))
        self.observed = said.get("observed")
        self.grade = _text(said.get("grade_at_least", ""))
        first, last = _text(said.get("when_from", "")), _text(said.get("when_to", ""))
        self.first = read_when(first)[0] if first else None
        self.last = read_when(last)[1] if last else None
        area = said.get("area") if area is None else area
        self.area = area and tuple(_number(area[name]) for name in ("lat", "lon", "radius_m"))
        asked = {
            "tags": self.tags,
            "subject": self.subjects,
            "activity": self.activities,
            "observed": self.observed is not None,
            "place": self.area,
            "when": first or last,
            "grade": self.grade,
        }
        self.reads = {name for name, given in asked.items() if given}

    def fit(self, seen: Seen) -> int:
        """Say whether an item is in it."""
        said = seen.said
        if seen.retracted or seen.item in self.without or (self.items and seen.item not in self.items):
            return NOT
        for name, wanted, value in (
            ("kind", self.kinds, said.get("kind", "")),
            ("subject", self.subjects, seen.part("subject").get("kind", "")),
            ("activity", self.activities, said.get("activity", "")),
        ):
            if wanted and value not in wanted and name not in seen.unknown:
                return NOT
        if self.tags and "tags" not in seen.unknown and not self.tags <= set(said.get("tags", ())):
            return NOT
        if self.observed not in (None, said.get("observed", True)) and "observed" not in seen.unknown:
            return NOT
        if self.grade and "grade" not in seen.unknown and not _graded(seen.grade, self.grade):
            return NOT
        return min(self._in_time(seen), self._in_area(seen.part("place")))

    def _in_time(self, seen: Seen) -> int:
        first, last = self.first, self.last
        if first is None and last is None:
            return SURELY
        early, late = seen.span()
        if _before(late, first) or _before(last, early):
            return NOT
        begins = first is None or (early is not None and early >= first)
        ends = last is None or (late is not None and late <= last)
        return SURELY if begins and ends else MAYBE

    def _in_area(self, place: dict[str, Any]) -> int:
        if not self.area:
            return SURELY
        lat, lon, radius = self.area
        if place.get("lat") is None or place.get("lon") is None:
            return MAYBE
        away = geodesic_m(lat, lon, _number(place["lat"]), _number(place["lon"]))
        off = _number(place.get("radius_m") or 0)
        if away - off > radius:
            return NOT
        return SURELY if away + off <= radius else MAYBE


def _before(one: int | None, other: int | None) -> bool:
    return one is not None and other is not None and one < other


def _graded(grade: dict[str, str] | None, least: str) -> bool:
    return grade is not None and grade["reliability"] <= least[0] and grade["credibility"] <= least[1]


class Given:
    """What a rule computes from: items as they stood, and the results of other findings."""

    def __init__(self, items: Sequence[Seen], result: Callable[[str], Number]) -> None:
        self.items, self.result = items, result

    def select(self, selection: Selection, reads: Collection[str] = ()) -> list[tuple[Seen, int]]:
        """List the items that are, or may be, in a selection.

        :raises Blocked: one may be of which something is withheld that matters.
        """
        wanted, found = {*selection.reads, *reads}, []
        for each in self.items:
            fit = selection.fit(each)
            if fit == NOT:
                continue
            if hidden := each.unknown & wanted:
                raise Blocked(f"{', '.join(sorted(hidden))} of an item ({_short(each.item, 36)}) is withheld or erased")
            found.append((each, fit))
        return found


# --- findings: the rules ---------------------------------------------------------------------------------------------


def _count(asked: dict[str, Any], given: Given) -> Number:
    fits = [fit for _, fit in given.select(Selection(asked["of"]))]
    return _interval(fits.count(SURELY), fits.count(MAYBE), _text(asked["unit"]))


def _interval(surely: int, perhaps: int, unit: str) -> Number:
    return Number(float(surely), float(surely), float(surely + perhaps), unit)


def _distinct(asked: dict[str, Any], given: Given) -> Number:
    by = asked["by"]
    seen = given.select(Selection(asked["of"]), ("subject", "source", "speaker", "place"))
    if by == "ship":
        keys: dict[str, Any] = dict(_ships([each for each, _ in seen]))
    elif by in ("source", "speaker", "place"):
        keys = {each.item: folded_name(each.part(by).get("name", "")) for each, _ in seen}
    else:
        raise ValueError
    fits = {each.item: fit for each, fit in seen}
    surely = {key for item, key in keys.items() if key and fits[item] == SURELY}
    return _interval(len(surely), len({key for key in keys.values() if key} - surely), f"{by}s")


def _sum(asked: dict[str, Any], given: Given) -> Number:
    if not 1 <= len(asked["of"]) <= MOST_PARTS:
        raise ValueError
    parts = [given.result(each) for each in asked["of"]]
    if len({part.unit for part in parts}) != 1:
        return Number(None, None, None, "")
    value, low, high = (
        None if None in ends else math.fsum(end for end in ends if end is not None)
        for ends in zip(*((part.value, part.low, part.high) for part in parts))  # noqa: B905 -- Python 3.9
    )
    summands = [each for part in parts for each in (part.value, part.low, part.high)]
    return Number(value, low, high, parts[0].unit, all(part.ends for part in parts), summands)


def _ratio(asked: dict[str, Any], given: Given) -> Number:
    of = given.result(asked["of"])
    if asked["over"] is not None:
        over = given.result(asked["over"])
    else:
        number = _number(asked["number"])
        over = Number(number, number, number, "")
    ends = of.ends and over.ends
    return Number(_over(of.value, over.value), _over(of.low, over.high), _over(of.high, over.low), "times", ends)


def _over(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None or other <= 0 else one / other


def _port_calls(asked: dict[str, Any], given: Given) -> Number:
    surely, perhaps = _calls(asked, given, ())
    return _interval(len(surely), max(0, len(perhaps) - len(surely)), "port calls")


Ship = tuple[str, str]
Call = tuple[Ship, list[Seen]]


def _calls(asked: dict[str, Any], given: Given, reads: Collection[str]) -> tuple[list[Call], list[Call]]:
    """Find the calls at a place: those surely seen, and all with those that only doubtful sightings show."""
    selection = Selection(asked["of"], area=asked["at"], kinds=["sighting"])
    seen = given.select(selection, ("subject", "place", "when", "observed", *reads))
    there = [(each, fit) for each, fit in seen if each.said.get("observed", True)]
    looks = [each for each, fit in seen if fit == SURELY and not each.said.get("observed", True)]
    named = _ships([*(each for each, _ in there), *looks])
    dated = [(each, fit) for each, fit in there if each.item in named and each.span()[0] is not None]
    within = _hours(asked["merge_hours"])
    surely = [each for each, fit in dated if fit == SURELY]
    return _merged(surely, named, looks, within), _merged([each for each, _ in dated], named, looks, within)


def _hours(value: Any) -> int:
    return round(_number(value) * 3_600_000_000)


def _merged(seen: Sequence[Seen], named: dict[str, Ship], looks: Sequence[Seen], within: int) -> list[Call]:
    """Put together sightings of one ship less than some time apart, unless somebody looked and it was not there."""
    # A look that names no ship is one at all of them.
    at_all, at_one = Looks([each for each in looks if each.item not in named]), _by_ship(looks, named)
    found: list[Call] = []
    for ship, of_ship in _by_ship(seen, named).items():
        absences = (at_all, Looks(at_one.get(ship, [])))
        last: Seen | None = None
        for each in sorted(of_ship, key=_in_order):
            begin = each.span()[0] or 0
            end = _end(last) if last else 0
            if last and begin - end < within and not any(looked.between(end, begin) for looked in absences):
                found[-1][1].append(each)
            else:
                found.append((ship, [each]))
            last = each
    return found


def _by_ship(seen: Iterable[Seen], named: dict[str, Ship]) -> dict[Ship, list[Seen]]:
    found: dict[Ship, list[Seen]] = {}
    for each in seen:
        if each.item in named:
            found.setdefault(named[each.item], []).append(each)
    return found


def _in_order(seen: Seen) -> tuple[int, str]:
    return seen.span()[0] or 0, seen.item


def _end(seen: Seen) -> int:
    early, late = seen.span()
    return late if late is not None else early or 0


class Looks:
    """Looks that found nothing, the earliest first, each with the soonest end of it and of those after it."""

    def __init__(self, looks: Iterable[Seen]) -> None:
        spans = sorted((early, late) for early, late in map(Seen.span, looks) if early is not None and late is not None)
        self.begins = [early for early, _ in spans]
        self.soonest = [late for _, late in spans]
        for n in range(len(spans) - 2, -1, -1):
            self.soonest[n] = min(self.soonest[n], self.soonest[n + 1])

    def between(self, end: int, begin: int) -> bool:
        """Say whether one lies after an end and before a beginning."""
        at = bisect.bisect_right(self.begins, end)
        return at < len(self.begins) and self.soonest[at] < begin


def _dark_periods(asked: dict[str, Any], given: Given) -> Number:
    selection = Selection(asked["of"], kinds=["sighting"], activities=[asked["activity"]])
    fits = {each.item: (each, fit) for each, fit in given.select(selection, ("subject", "place", "when"))}
    named = _ships([each for each, _ in fits.values()])
    known = [each for each, _ in fits.values() if each.item in named and None not in each.span()]
    least, surely, perhaps = _hours(asked["least_hours"]), 0, 0
    for of_ship in _by_ship(known, named).values():
        begin, end, sure = -1, -1, False
        for each in [*sorted(of_ship, key=_in_order), None]:
            if each is None or _in_order(each)[0] > end:
                if begin >= 0 and end - begin >= least:
                    surely, perhaps = surely + sure, perhaps + (not sure)
                begin, sure = (_in_order(each)[0] if each else -1), False
            if each:
                end, sure = max(end, _end(each)), sure or fits[each.item][1] == SURELY
    return _interval(surely, perhaps + len(fits) - len(known), "dark periods")


def _origins(asked: dict[str, Any], given: Given) -> Number:
    seen = given.select(Selection(asked["of"]), ("attribution", "speaker", "derived_from", "file"))
    leader = {each.item: each.item for each, _ in seen}

    def find(item: str) -> str:
        while leader[item] != item:
            leader[item] = leader[leader[item]]
            item = leader[item]
        return item

    by_trait: dict[tuple[str, str], str] = {}
    for each, _ in seen:
        traits = [("said", _said_by(each)), ("item", each.item), ("file", each.part("file").get("sha256", ""))]
        traits += [("item", source) for source in each.said.get("derived_from", ())]
        for kind, value in traits:
            if value:
                leader[find(each.item)] = find(by_trait.setdefault((kind, value), each.item))
    groups = {find(each.item) for each, _ in seen}
    sure = {find(each.item) for each, fit in seen if fit == SURELY and _said_by(each)}
    return _interval(len(sure), len(groups - sure), "origins")


def _said_by(seen: Seen) -> str:
    """Name who said it, as far as anybody does."""
    chain, speaker = seen.said.get("attribution", ()), seen.part("speaker")
    first = next((link["name"] for link in chain if link["role"] == "said"), "")
    return "" if speaker.get("anonymous") else folded_name(first or speaker.get("name", ""))


# --- findings: what ships loaded -------------------------------------------------------------------------------------

DEEPEST = 1.1
"""Times the design draught: a deeper reading is an error."""
UNSTATED_M = 0.5
"""The standard uncertainty, in metres, of a draught whose error nobody stated."""
NORMAL_95 = 1.959964
"""Standard deviations on either side of a normal distribution's middle that hold 95 % of it."""
DEADWEIGHT = (0.213977388, -0.403219866, 0.025402247, -0.129784417, 0.426942785)
DEADWEIGHT_HIGH = 0.123772
"""ln(deadweight / V) = c0 + c1 ln V + c2 (ln V)² + c3 ln(beam / draught) + c4 ln(length / beam), and what the most
laden tenth lies above it; V = length x beam x draught in m³, deadweight in tonnes."""

Draught = tuple[float, float]
"""Metres, and their standard uncertainty."""


def _cargo(asked: dict[str, Any], given: Given) -> Number:
    """Add up what calls loaded: tonnes = change of draught x length x beam x waterplane coefficient x density.

    The ends are those to first order (JCGM 100:2008, 5.1.2 and 5.2.2); they are no part of the result itself.
    """
    if asked["unit"] not in ("barrels", "tonnes"):
        raise ValueError
    waterplane, water = _between(asked["waterplane_coefficient"]), _between(asked["water_density"])
    scale = _between(asked["barrels_per_tonne"]) if asked["unit"] == "barrels" else (1.0, 0.0)
    values: list[float] = []
    of_readings: list[float] = []
    of_ships: dict[Ship, float] = {}
    for ship, seen in _calls(asked, given, ("draught_m", "draught_error_m"))[0]:
        load = _load(seen)
        if load is None:
            continue
        before, after, area, deadweight = load
        per_metre, most = area * waterplane[0] * water[0] * scale[0], deadweight * scale[0]
        value = max(-most, min(most, (after[0] - before[0]) * per_metre))
        values.append(value)
        of_readings.append(per_metre**2 * (before[1] ** 2 + after[1] ** 2))
        of_ships[ship] = of_ships.get(ship, 0.0) + value
    total = math.fsum(values)
    of_hulls = math.fsum((each * waterplane[1] / waterplane[0]) ** 2 for each in of_ships.values())
    common = (total * water[1] / water[0]) ** 2 + (total * scale[1] / scale[0]) ** 2
    half = NORMAL_95 * math.sqrt(math.fsum(of_readings) + of_hulls + common)
    return Number(total if values else None, total - half, total + half, asked["unit"], ends=False, summands=values)


def _between(said: dict[str, Any]) -> tuple[float, float]:
    """Read a quantity between two bounds: its middle, its standard uncertainty."""
    low, high = _number(said["low"]), _number(said["high"])
    return (low + high) / 2, (high - low) / 2 / NORMAL_95


def _load(seen: Sequence[Seen]) -> tuple[Draught, Draught, float, float] | None:
    """Give the draughts before and after a call, length x beam (m²), and what the ship carries at most (t)."""
    moments: dict[Span, list[Seen]] = {}
    for each in seen:
        metres, design = each.said.get("draught_m"), _measure(each, "design_draught_m")
        if metres is not None and _number(metres) > 0 and not (design and metres > DEEPEST * design):
            moments.setdefault(each.span(), []).append(each)
    readings = [_averaged(each) for each in moments.values()]
    names = ("length_m", "beam_m", "design_draught_m", "deadweight_t")
    measures = {name: next(filter(None, (_measure(each, name) for each in reversed(seen))), None) for name in names}
    length, beam, design, stated = (measures[name] for name in names)
    if len(readings) < 2 or not length or not beam:
        return None
    draught = design or max(metres for metres, _ in readings)
    return readings[0], readings[-1], length * beam, stated or _most_deadweight(length, beam, draught)


def _averaged(seen: Sequence[Seen]) -> Draught:
    metres = [_number(each.said["draught_m"]) for each in seen]
    stated = [_number(each.said.get("draught_error_m") or UNSTATED_M) for each in seen]
    spread = statistics.stdev(metres) if len(metres) > 1 else 0.0
    return statistics.fmean(metres), max(statistics.fmean(stated), spread)


def _measure(seen: Seen, name: str) -> float | None:
    value = seen.part("subject").get(name)
    return _number(value) if value and value > 0 else None


def _most_deadweight(length: float, beam: float, draught: float) -> float:
    volume = math.log(length * beam * draught)
    terms = (1.0, volume, volume**2, math.log(beam / draught), math.log(length / beam))
    middle = volume + sum(c * x for c, x in zip(DEADWEIGHT, terms))  # noqa: B905 -- Python 3.9
    return math.exp(middle + DEADWEIGHT_HIGH)


class Rule:
    """How a rule's number is computed again, how nearly it must agree, and which findings it is computed from."""

    def __init__(
        self,
        run: Callable[[dict[str, Any], Given], Number],
        within: float = 0.0,
        parts: Callable[[dict[str, Any]], list[Any]] = lambda asked: [],
        of_findings: bool = False,
    ) -> None:
        self.run, self.within, self.parts, self.of_findings = run, within, parts, of_findings


RULES: dict[tuple[Any, Any], Rule] = {
    ("count", 1): Rule(_count),
    ("distinct", 1): Rule(_distinct),
    ("port-calls", 1): Rule(_port_calls),
    ("dark-periods", 1): Rule(_dark_periods),
    ("origins", 1): Rule(_origins),
    ("cargo", 1): Rule(_cargo, within=1e-9),
    ("sum", 1): Rule(_sum, within=1e-9, parts=lambda asked: asked["of"][:MOST_PARTS], of_findings=True),
    ("ratio", 1): Rule(_ratio, within=1e-9, parts=lambda asked: [asked["of"], asked["over"]], of_findings=True),
}


# --- findings: ships, names, distances -------------------------------------------------------------------------------


def _ships(seen: Sequence[Seen]) -> dict[str, Ship]:
    """Tell the ship of each item that names one: an IMO number decides, else an MMSI, else the name."""
    known = {each.item: _numbers_of_ship(each.part("subject")) for each in seen}
    imo_of_mmsi: dict[str, set[str]] = {}
    for imo, mmsi, _ in known.values():
        if imo and mmsi:
            imo_of_mmsi.setdefault(mmsi, set()).add(imo)
    found: dict[str, Ship] = {}
    numbered: dict[str, set[Ship]] = {}
    for item, (imo, mmsi, name) in known.items():
        # An MMSI that two hulls have used tells neither.
        hulls = imo_of_mmsi.get(mmsi, set())
        hull = imo or (min(hulls) if len(hulls) == 1 else "")
        if hull or mmsi:
            found[item] = ("imo", hull) if hull else ("mmsi", mmsi)
            if name:
                numbered.setdefault(name, set()).add(found[item])
    for item, (_, _, name) in known.items():
        if item not in found and name:
            of_name = numbered.get(name, set())
            found[item] = min(of_name) if len(of_name) == 1 else ("name", name)
    return found


def _numbers_of_ship(subject: dict[str, Any]) -> tuple[str, str, str]:
    imo = re.sub(r"^imo[\s:.#]*", "", subject.get("imo", "").strip(), flags=re.IGNORECASE)
    mmsi = re.sub(r"[\s-]", "", subject.get("mmsi", ""))
    mmsi = mmsi if re.fullmatch("[2-7][0-9]{8}", mmsi) else ""
    return imo if imo_is_valid(imo) else "", mmsi, folded_name(subject.get("name", ""))


def imo_is_valid(number: str) -> bool:
    """Check an IMO ship number: its first six digits times 7 to 2 add up to a number that ends in the seventh."""
    if not re.fullmatch("[0-9]{7}", number) or number == "0000000":
        return False
    return sum(int(number[n]) * (7 - n) for n in range(6)) % 10 == int(number[6])


_ABBREVIATED = {"st": "saint", "is": "islands", "rep": "republic", "dem": "democratic", "&": "and"}
_ABBREVIATED["herz"] = "herzegovina"


def folded_name(text: str) -> str:
    """Fold a name for comparing: no case, accents or points, usual abbreviations written out.

    :raises Blocked: it has letters that this Python does not know, and might fold otherwise than another.
    """
    if any(unicodedata.category(letter) == "Cn" for letter in text):
        raise Blocked("this Python does not know a letter of a name")
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    kept = "".join(c if c.isalnum() or c == "&" else " " for c in unicodedata.normalize("NFC", plain) if c not in ".'’")
    return " ".join(_ABBREVIATED.get(word, word) for word in kept.split() if word != "the")


_A, _FLAT = 6_378_137.0, 1 / 298.257223563
_B = _A * (1 - _FLAT)
EARTH_RADIUS_M = 6_371_008.8


def geodesic_m(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Measure the metres between two positions in degrees (WGS 84; Vincenty, Survey Review 23, 1975), and on the
    sphere where they are nearly opposite and the series does not settle."""
    if (lat1, lon1) == (lat2, lon2):
        return 0.0
    one, other = (math.radians(lat) for lat in (lat1, lat2))
    u1, u2 = (math.atan2((1 - _FLAT) * math.sin(lat), math.cos(lat)) for lat in (one, other))
    apart = turned = math.radians((lon2 - lon1 + 540) % 360 - 180)
    sines, cosines = math.sin(u1) * math.sin(u2), math.cos(u1) * math.cos(u2)
    for _ in range(100):
        across = math.cos(u2) * math.sin(turned)
        along = math.cos(u1) * math.sin(u2) - math.sin(u1) * math.cos(u2) * math.cos(turned)
        sine, cosine = math.sqrt(across**2 + along**2), sines + cosines * math.cos(turned)
        if sine == 0:
            return 0.0
        arc, azimuth = math.atan2(sine, cosine), cosines * math.sin(turned) / sine
        square = 1 - azimuth**2
        middle = cosine - 2 * sines / square if square else 0.0
        c = _FLAT / 16 * square * (4 + _FLAT * (4 - 3 * square))
        bent = arc + c * sine * (middle + c * cosine * (2 * middle**2 - 1))
        before, turned = turned, apart + (1 - c) * _FLAT * azimuth * bent
        if abs(turned - before) < 1e-12:
            return _arc_m(square, arc, sine, cosine, middle)
    half = math.sin((other - one) / 2) ** 2
    half += math.cos(one) * math.cos(other) * math.sin(math.radians(lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, half)))


def _arc_m(square: float, arc: float, sine: float, cosine: float, middle: float) -> float:
    u = square * (_A**2 - _B**2) / _B**2
    a = 1 + u / 16384 * (4096 + u * (u * (320 - 175 * u) - 768))
    b = u / 1024 * (256 + u * (u * (74 - 47 * u) - 128))
    inner = cosine * (2 * middle**2 - 1) - b / 6 * middle * (4 * sine**2 - 3) * (4 * middle**2 - 3)
    return _B * a * (arc - b * sine * (middle + b / 4 * inner))


# --- findings: times (EDTF, ISO 8601-2:2019, and ISO 8601) -----------------------------------------------------------

Span = tuple[Optional[int], Optional[int]]  # noqa: UP045 -- Python 3.9
"""First and last instant in microseconds since the year 1 (UTC), nothing on an open side."""

_HOUR = 3_600_000_000
_DAY = 24 * _HOUR
_LAST = datetime.date.max.toordinal() * _DAY - 1
_DATE_FORM = re.compile(r"[?~%]?(\d{4})[?~%]?(?:-[?~%]?(\d\d)[?~%]?(?:-[?~%]?(\d\d)[?~%]?)?)?", re.ASCII)
_TIME_FORM = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d)(?::(\d\d)(?::(\d\d)(?:[.,](\d{1,18}))?)?)?(?:(Z)|([+-])(\d\d)(?::?(\d\d))?)?",
    re.ASCII,
)


@functools.lru_cache(maxsize=1 << 16)
def read_when(text: str) -> Span:
    """Read a year, month, day, time of day, or an interval of two such, uncertain or approximate as they may be.

    A day, and a time without a zone, is local somewhere: it lasts from where it begins first (UTC+14) to where it ends
    last (UTC-12).

    :raises Blocked: it is of another form, or no time.
    """
    first, interval, last = _text(text).partition("/")
    if len(text) > 120 or not text or "/" in last:
        raise _unread(text)
    if not interval:
        span = _read_one(text, first)
        return _from(span), _to(span)
    low = None if first in ("", "..") else _read_one(text, first)
    high = None if last in ("", "..") else _read_one(text, last)
    if low is None and high is None:
        raise _unread(text)
    if low and high and (low[0] > high[1] if low[2] and high[2] else _from(low) > _to(high)):
        raise _unread(text)
    return low and _from(low), high and _to(high)


def _unread(text: str) -> Blocked:
    return Blocked(f"the time {_short(text, 60)!r} is of a form that is not read here")


def _from(span: tuple[int, int, bool]) -> int:
    return _moved(span[0], -14 * _HOUR) if span[2] else span[0]


def _to(span: tuple[int, int, bool]) -> int:
    return _moved(span[1], 12 * _HOUR) if span[2] else span[1]


def _moved(instant: int, by: int) -> int:
    """Move an instant; the ends of the calendar stand for what lies beyond, and stay."""
    return instant if instant in (0, _LAST) else max(0, min(_LAST, instant + by))


def _read_one(whole: str, text: str) -> tuple[int, int, bool]:
    """Give first and last instant, and whether they are local to a place that is not known."""
    try:
        if match := _DATE_FORM.fullmatch(text):
            return _read_date(*(int(each) if each else None for each in match.groups()))
        if match := _TIME_FORM.fullmatch(text):
            return _read_time(match)
    except ValueError:
        raise _unread(whole) from None
    raise _unread(whole)


def _read_date(year: int | None, month: int | None, day: int | None) -> tuple[int, int, bool]:
    first = datetime.date(year or 0, 1 if month is None else month, 1 if day is None else day)
    if day is None:
        month = 12 if month is None else month
        last = datetime.date(first.year, month, calendar.monthrange(first.year, month)[1])
    else:
        last = first
    return (first.toordinal() - 1) * _DAY, _moved((last.toordinal() - 1) * _DAY, _DAY - 1), True


def _read_time(match: re.Match[str]) -> tuple[int, int, bool]:
    hour, minute, second = (int(match[n] or 0) for n in (4, 5, 6))
    fraction = (match[7] or "").ljust(6, "0")[:6]
    midnight = hour == 24 and not minute and not second and not int(fraction)
    hours, minutes = int(match[10] or 0), int(match[11] or 0)
    right = (hour < 24 or midnight) and minute < 60 and second < (61 if minute == 59 else 60)
    if not right or hours > 15 or minutes > 59:
        raise ValueError
    day = (datetime.date(*(int(match[n]) for n in (1, 2, 3))).toordinal() - 1) * _DAY
    of_day = ((hour * 60 + minute) * 60 + second) * 1_000_000 + int(fraction)
    offset = (hours * 60 + minutes) * 60_000_000 * (-1 if match[9] == "-" else 1)
    first = _moved(_moved(day, of_day), -offset)
    lasts = 1_000_000 if match[6] else 60_000_000 if match[5] else _HOUR
    lasts = 10 ** max(6 - len(match[7]), 0) if match[7] else lasts
    return first, _moved(first, lasts - 1), not (match[8] or match[9])


# --- Ed25519 (RFC 8032, section 5.1.7), to verify only ---------------------------------------------------------------

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_ROOT = pow(2, (_P - 1) // 4, _P)
Point = tuple[int, int, int, int]


def ed25519_verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Check a signature. Nothing here is secret, so nothing has to take the same time."""
    if len(public) != 32 or len(signature) != 64:
        return False
    key, r = _decompress(public), _decompress(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if key is None or r is None or s >= _L:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % _L
    return _equal(_multiply(s, _BASE), _add(r, _multiply(k, key)))


def _add(one: Point, other: Point) -> Point:
    a = (one[1] - one[0]) * (other[1] - other[0]) % _P
    b = (one[1] + one[0]) * (other[1] + other[0]) % _P
    c = 2 * one[3] * other[3] * _D % _P
    d = 2 * one[2] * other[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _multiply(times: int, point: Point) -> Point:
    product: Point = (0, 1, 1, 0)
    while times:
        if times & 1:
            product = _add(product, point)
        point = _add(point, point)
        times >>= 1
    return product


def _equal(one: Point, other: Point) -> bool:
    return (one[0] * other[2] - other[0] * one[2]) % _P == 0 and (one[1] * other[2] - other[1] * one[2]) % _P == 0


def _decompress(data: bytes) -> Point | None:
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if y >= _P:
        return None
    x2 = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    if x2 == 0:
        return None if sign else (0, y, 1, 0)
    x = pow(x2, (_P + 3) // 8, _P)
    if (x * x - x2) % _P:
        x = x * _ROOT % _P
    if (x * x - x2) % _P:
        return None
    if x & 1 != sign:
        x = _P - x
    return x, y, 1, x * y % _P


_BASE = _decompress((4 * pow(5, _P - 2, _P) % _P).to_bytes(32, "little")) or (0, 1, 1, 0)


# --- all of it -------------------------------------------------------------------------------------------------------


def verify(
    path: str, key: str, disclosures: Sequence[str] = (), *, witnesses: Sequence[str] = (), roots: str = ""
) -> Report:
    """Check a bundle, and disclosures of withheld fields that were handed over later.

    :param witnesses: verifier keys of witnesses, each of which must have cosigned a head in it.
    :param roots: a file with the root certificates that are trusted to lead to time stamp authorities.
    :raises Unreadable: it is no bundle, or a key is none.
    """
    report, key = Report(), key.strip()
    read_key(key)
    for each in witnesses:
        read_key(each, COSIGNATURE)
    if roots and not os.path.isfile(roots):
        raise Unreadable(f"There is no file {roots!r} of root certificates.")
    bundle = open_bundle(path)
    try:
        about = json.loads(bundle.text("data/bundle.json"))
        if not isinstance(about, dict) or about.get("format") != FORMAT:
            raise Unreadable(f"data/bundle.json does not say {FORMAT}.")
        bag = check_bag(bundle, report)
        head = check_head(bundle, report, key)
        handed = {_digest(each): each for each in disclosures}
        chain = check_events(bundle, report, head, dict(handed))
        check_files(bag, chain, report)
        if about.get("case") != chain.case:
            report.fail("data/bundle.json: it speaks of another case than the events do")
        if head is not None:
            check_attested(bundle, report, head, chain, witnesses, roots)
        check_findings(bundle, report, chain, about, handed)
    except _BROKEN as error:
        raise Unreadable(f"It can not be read to its end: {type(error).__name__}: {error}") from None
    if head is None:
        report.unchecked.append("whether the events are in the log: its head is not signed by the given key")
        report.unchecked.append("timestamps and cosignatures, for that reason")
    return report


def lines_of(path: str) -> list[str]:
    """Read disclosures out of a file, one a line.

    :raises Unreadable: it is no text.
    """
    try:
        with open(path, encoding="utf-8") as file:
            return [line for line in file.read(LARGEST_TEXT).split("\n") if line]
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(f"The disclosures can not be read: {error}") from None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", metavar="BUNDLE", help="the zip file, or the folder it was unpacked into")
    parser.add_argument("--key", required=True, help="the log's verifier key: name+hash+base64")
    parser.add_argument("--also", metavar="FILE", help="disclosures handed over later, one a line")
    parser.add_argument(
        "--witness", action="append", default=[], metavar="KEY", help="the verifier key of a witness; may be repeated"
    )
    parser.add_argument(
        "--tsa-roots",
        metavar="FILE",
        default="",
        help="root certificates of time stamp authorities (else the system's)",
    )
    options = parser.parse_args(arguments)
    try:
        also = lines_of(options.also) if options.also else ()
        report = verify(options.bundle, options.key, also, witnesses=options.witness, roots=options.tsa_roots)
    except Unreadable as refusal:
        print(f"This is no bundle that can be read. {_visible(str(refusal))}", file=sys.stderr)
        return 2
    print(report)
    return 1 if report.count else 0


if __name__ == "__main__":
    sys.exit(main())
