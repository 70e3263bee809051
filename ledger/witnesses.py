"""Witnesses of the log (C2SP tlog-witness): others who saw that it only grew, and say so under its heads.

A witness keeps the last head that it saw of a log and cosigns a newer one only with proof that the old is its
beginning. So an operator who shows one log to some people and another one to others needs the witness's help.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.utils import timezone

from ledger import attestors, fetch, log
from ledger.errors import Invalid
from ledger.fetch import Answer, Unanswered
from ledger.models import Cosignature, SignedHead
from ledger.rotation import turns
from ledger.signed_note import Note, WitnessKey, read_note, read_signature, read_witness_key

LARGEST = 16_384
"""Bytes of an answer: a few lines."""

EVERY = timedelta(seconds=10)
"""Between two heads that one witness is asked to cosign."""

EARLY = timedelta(minutes=5)
"""How far a witness's clock may be ahead of ours."""

_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n")
_WHY = {
    400: "it does not understand the request",
    403: "it does not trust the key that signed this head",
    404: "it does not know this log",
    409: "it saw another head of this size",
    422: "it does not accept the proof that this log only grew",
}


class NotCosigned(Exception):
    """A witness did not cosign; the text is ours and says why."""


@dataclass(frozen=True)
class Witness:
    """One witness: its key, and where it takes checkpoints."""

    key: WitnessKey
    url: str

    @property
    def name(self) -> str:
        return str(self.key)


def witnesses() -> list[Witness]:
    """List the witnesses that are set up.

    :raises Invalid: a key is none.
    """
    return [Witness(read_witness_key(key), url.rstrip("/")) for key, url in settings.WITNESSES]


def cosign_newest(head: SignedHead) -> None:
    """Ask each witness whose turn it is to cosign a head that it did not cosign yet."""
    for witness in witnesses():
        if not _is_cosigned(head, witness) and attestors.claim(witness.name, every=EVERY):
            cosign(head, witness)


def cosign_now(head: SignedHead) -> Iterator[str]:
    """Ask every witness now; yield why, where one did not cosign it."""
    for witness in witnesses():
        if not _is_cosigned(head, witness) and (why := cosign(head, witness)):
            yield f"{witness.key.name}: {why}"


def cosign(head: SignedHead, witness: Witness) -> str:
    """Let one witness cosign a head, keep its line, and return why not, if it did not. Nothing is raised."""
    try:
        answer = _ask(head, witness, old=_last_seen(head, witness))
        if answer.status == 409 and answer.type == "text/x.tlog.size":
            answer = _ask(head, witness, old=_size_told(answer, head))
        if answer.status != 200:
            raise NotCosigned(_WHY.get(answer.status, f"its answer has the status {answer.status}"))
        line, time = _cosignature(answer, head, witness)
    except (NotCosigned, Unanswered) as why:
        attestors.failed(witness.name, str(why))
        return str(why)
    Cosignature.objects.get_or_create(
        size=head.size, witness=witness.name, defaults={"line": line, "time": time, "at": timezone.now()}
    )
    attestors.did(witness.name)
    return ""


def cosigned(head: SignedHead) -> Note:
    """Give a head's note with the lines of the witnesses that cosigned it so far."""
    note = read_note(head.note)
    lines = Cosignature.objects.filter(size=head.size).order_by("witness").values_list("line", flat=True)
    return Note(note.text, (*note.signatures, *map(read_signature, lines)))


def _is_cosigned(head: SignedHead, witness: Witness) -> bool:
    return Cosignature.objects.filter(size=head.size, witness=witness.name).exists()


def _last_seen(head: SignedHead, witness: Witness) -> int:
    """Find the last head of this log, under its present name, that a witness cosigned (0: none)."""
    since = max((turn.position for turn in turns() if turn.position < head.size), default=-1)
    seen = Cosignature.objects.filter(witness=witness.name, size__lt=head.size, size__gt=since)
    return seen.order_by("-size").values_list("size", flat=True).first() or 0


def _ask(head: SignedHead, witness: Witness, *, old: int) -> Answer:
    proof = log.consistency(old, head.size)
    lines = "".join(f"{b64encode(each).decode()}\n" for each in proof)
    return fetch.post(
        f"{witness.url}/add-checkpoint",
        f"old {old}\n{lines}\n{head.note}".encode(),
        type="text/plain; charset=utf-8",
        largest=LARGEST,
        seconds=settings.ATTEST_TIMEOUT,
    )


def _size_told(answer: Answer, head: SignedHead) -> int:
    """Read how much of this log the witness has seen.

    :raises NotCosigned: more than there is, or nothing that can be read.
    """
    found = _SIZE.fullmatch(answer.body)
    if not found:
        raise NotCosigned("it saw another head, and does not say of which size")
    if int(found[1]) > head.size:
        raise NotCosigned(f"it has seen a head of {int(found[1])} entries, and this one has {head.size}")
    return int(found[1])


def _cosignature(answer: Answer, head: SignedHead, witness: Witness) -> tuple[str, datetime]:
    """Find the witness's own line in its answer, and read when it cosigned; other lines say nothing to us.

    :raises NotCosigned: there is no line that is right.
    """
    text = read_note(head.note).text
    for line in answer.body.decode(errors="replace").split("\n"):
        try:
            signature = read_signature(line)
        except Invalid:
            continue
        seconds = witness.key.time_of(text, signature)
        if not seconds:
            continue
        if seconds > (timezone.now() + EARLY).timestamp():
            raise NotCosigned("its clock is ahead of ours")
        return line, datetime.fromtimestamp(seconds, UTC)
    raise NotCosigned("no line of its answer is its signature under this head")


def cosigned_at(line: str, note: str, key: str) -> int | None:
    """Read when a kept line says that a witness cosigned a head; None where it does not hold."""
    try:
        return read_witness_key(key).time_of(read_note(note).text, read_signature(line))
    except Invalid:
        return None
