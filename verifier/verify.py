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
against the events that name it; the signature under the log's head (Ed25519, RFC 8032); and that nothing is missing up
to the export.

Exit code 0: all of it holds. 1: something does not, and is named. 2: this is no bundle that can be read.
"""

from __future__ import annotations

import abc
import argparse
import base64
import binascii
import bisect
import calendar
import hashlib
import io
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
import unicodedata
import zipfile
import zlib
from collections.abc import Collection, Iterator, Sequence
from typing import Any, BinaryIO

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
        self.paths = Paths(head.size, head.root) if head else None
        self.seq = 0
        self.hash = GENESIS
        self.case: Any = None
        self.last: dict[str, Any] | None = None
        self.said: dict[str, Any] = {}
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
            if not texts or tuple(envelope) != ENVELOPE_KEYS or envelope["v"] != 1:
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
        for each in withheld:
            if each in self.later:
                field, value = _disclosure(self.later.pop(each)) or ("?", None)
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
        chain = check_events(bundle, report, head, {_digest(each): each for each in disclosures})
        check_files(bag, chain, report)
        if about.get("case") != chain.case:
            report.fail("data/bundle.json: it speaks of another case than the events do")
        if head is not None:
            check_attested(bundle, report, head, chain, witnesses, roots)
    except _BROKEN as error:
        raise Unreadable(f"It can not be read to its end: {type(error).__name__}: {error}") from None
    if head is None:
        report.unchecked.append("whether the events are in the log: its head is not signed by the given key")
        report.unchecked.append("timestamps and cosignatures, for that reason")
    report.unchecked.append("the numbers of findings: the bundle brings none")
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
