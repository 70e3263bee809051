"""What a bundle says of the log itself: the signed head, the keys before the one that signed it, and who attests to it.

data/log/checkpoint                    the signed head that the events' paths lead to, with its cosignatures
data/log/rotations.ndjson              a line per exchange of the log's key, where there was one
data/log/attested.ndjson               a line per head that others attested: the newest of each of them up to this one
data/log/timestamps/<n>.tsr            an authority's reply (RFC 3161), byte for byte
data/log/timestamps/<n>.pem            the certificates that it brings
data/log/timestamps/roots.pem          the roots that the operator trusts; who checks has roots of their own
"""

from __future__ import annotations

from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings

from ledger import log
from ledger.codec import to_json
from ledger.models import Cosignature, SignedHead, Timestamp
from ledger.rotation import Turn, turns
from ledger.signed_note import Note, read_checkpoint
from ledger.timestamps import certificates_in

File = tuple[str, bytes]


def log_files(note: Note) -> Iterator[File]:
    """Yield the files about the log, by their path in the bag, whose signed head is this note."""
    yield "data/log/checkpoint", str(note).encode()
    size, nodes = read_checkpoint(note).size, log.Nodes()
    yield from _attested(size, nodes)
    if known := [turn for turn in turns() if turn.position < size]:
        yield "data/log/rotations.ndjson", _lines(_rotation(turn, size, nodes) for turn in known)


def _rotation(turn: Turn, size: int, nodes: log.Nodes) -> dict[str, Any]:
    """Write a rotation: the event and its place, and the head by which the old key handed over."""
    line: dict[str, Any] = {
        "envelope": turn.recorded.envelope,
        "disclosures": list(turn.recorded.disclosures),
        "position": turn.position,
        "proof": _hashes(log.audit_path(turn.position, size, nodes)),
    }
    if turn.last_head:
        line["last_head"] = {
            "note": str(turn.last_head),
            "proof": _hashes(log.audit_path(turn.position, turn.position + 1, nodes)),
            "consistency": _hashes(log.consistency(turn.position + 1, size)),
        }
    return line


def _attested(size: int, nodes: log.Nodes) -> Iterator[File]:
    """Write the newest head, up to this size, that each authority stamped and each witness cosigned."""
    stamps, lines = _newest_stamps(size), _newest_cosignatures(size)
    heads = {head.size: head for head in SignedHead.objects.filter(size__in={*stamps, *lines})}
    records, number = [], 0
    for at, head in sorted(heads.items()):
        record: dict[str, Any] = {
            "note": head.note,
            "consistency": _hashes(log.consistency(at, size)),
            "cosignatures": lines.get(at, []),
            "timestamps": [],
        }
        for stamp in stamps.get(at, []):
            number += 1
            name, reply = f"data/log/timestamps/{number}", bytes(stamp.reply)
            record["timestamps"].append({"authority": stamp.authority, "reply": f"{name}.tsr"})
            yield f"{name}.tsr", reply
            if brought := certificates_in(reply):
                yield f"{name}.pem", b"".join(each.public_bytes(Encoding.PEM) for each in brought)
        records.append(record)
    if records:
        yield "data/log/attested.ndjson", _lines(iter(records))
    if number and settings.TSA_ROOTS:
        yield "data/log/timestamps/roots.pem", Path(settings.TSA_ROOTS).read_bytes()


def _newest_stamps(size: int) -> dict[int, list[Timestamp]]:
    """Find, for each authority, the newest stamp that nobody doubts, or else the newest."""
    found: dict[int, list[Timestamp]] = defaultdict(list)
    stamps = Timestamp.objects.filter(size__lte=size)
    for authority in stamps.order_by("authority").values_list("authority", flat=True).distinct():
        own = stamps.filter(authority=authority).order_by("-size")
        newest = own.filter(doubt="").first() or own.first()
        if newest:
            found[newest.size].append(newest)
    return found


def _newest_cosignatures(size: int) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    cosignatures = Cosignature.objects.filter(size__lte=size)
    for witness in cosignatures.order_by("witness").values_list("witness", flat=True).distinct():
        newest = cosignatures.filter(witness=witness).order_by("-size").first()
        if newest:
            found[newest.size].append(newest.line)
    return found


def _lines(values: Iterator[dict[str, Any]]) -> bytes:
    return "".join(f"{to_json(value)}\n" for value in values).encode()


def _hashes(hashes: Sequence[bytes]) -> list[str]:
    return [b64encode(each).decode() for each in hashes]
