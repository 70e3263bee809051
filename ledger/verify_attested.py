"""Check what others attested: each kept timestamp and cosignature is of the head that it stands beside."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography.x509 import Certificate

from ledger.models import Cosignature, SignedHead, Timestamp
from ledger.timestamps import NoTimestamp, Unreadable, read_token, refusal, roots
from ledger.witnesses import cosigned_at

BATCH = 500


@dataclass
class AttestedReport:
    """How many were checked, what does not hold, and what could not be checked."""

    timestamps: int = 0
    cosignatures: int = 0
    faults: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)


def verify_attested() -> AttestedReport:
    """Check every timestamp and every cosignature that is kept."""
    report = AttestedReport()
    try:
        trusted = roots()
    except (OSError, ValueError) as error:
        trusted = []
        report.unchecked.append(f"the signatures of timestamps: the roots can not be read ({type(error).__name__})")
    not_judged: Counter[str] = Counter()
    for row in Timestamp.objects.order_by("size", "authority").iterator(chunk_size=BATCH):
        report.timestamps += 1
        note = SignedHead.objects.filter(size=row.size).values_list("note", flat=True).first()
        if fault := _timestamp_fault(row, note, trusted):
            report.faults.append(f"log: the timestamp of the head of {row.size} by {row.authority}: {fault}")
        elif row.doubt:
            report.unchecked.append(f"the timestamp of the head of {row.size} by {row.authority}: {row.doubt}")
        elif not trusted:
            not_judged[row.authority] += 1
    for authority, count in not_judged.items():
        report.unchecked.append(f"the signatures of {count} timestamps by {authority}: OSINT_TSA_ROOTS names no roots")
    _cosignatures(report)
    return report


def _timestamp_fault(row: Timestamp, note: str | None, trusted: list[Certificate]) -> str:
    if note is None:
        return "there is no such head"
    reply, data = bytes(row.reply), note.encode()
    try:
        token = read_token(reply)
    except Unreadable as why:
        # So it was when it came; then nothing was read out of it either.
        return "" if row.doubt and row.gen_time is None else str(why)
    except NoTimestamp as why:
        return str(why)
    if not token.is_of(data):
        return "it stamps something else"
    if row.gen_time != token.gen_time:
        return "its time is not the one that is kept beside it"
    return refusal(reply, data, trusted) if trusted and not row.doubt else ""


def _cosignatures(report: AttestedReport) -> None:
    for row in Cosignature.objects.order_by("size", "witness").iterator(chunk_size=BATCH):
        report.cosignatures += 1
        here = f"log: the cosignature of the head of {row.size} by {row.witness.partition('+')[0]}"
        note = SignedHead.objects.filter(size=row.size).values_list("note", flat=True).first()
        seconds = cosigned_at(row.line, note, row.witness) if note else None
        if seconds is None:
            report.faults.append(f"{here} is not one of that head")
        elif row.time != datetime.fromtimestamp(seconds, UTC):
            report.faults.append(f"{here} has another time than the one that is kept beside it")
