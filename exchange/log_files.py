"""What a bundle says of the log itself: the signed head, and the keys before the one that signed it.

data/log/checkpoint          the signed head that the events' paths lead to
data/log/rotations.ndjson    a line per exchange of the log's key, where there was one
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from typing import Any

from ledger import log
from ledger.codec import to_json
from ledger.rotation import Turn, turns
from ledger.signed_note import Note, read_checkpoint

File = tuple[str, bytes]


def log_files(note: Note) -> Iterator[File]:
    """Yield the files about the log, by their path in the bag, whose signed head is this note."""
    yield "data/log/checkpoint", str(note).encode()
    size, nodes = read_checkpoint(note).size, log.Nodes()
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


def _lines(values: Iterator[dict[str, Any]]) -> bytes:
    return "".join(f"{to_json(value)}\n" for value in values).encode()


def _hashes(hashes: Sequence[bytes]) -> list[str]:
    return [b64encode(each).decode() for each in hashes]
