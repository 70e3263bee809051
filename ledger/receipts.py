"""Receipts: proof, in one text, that an event is in the log under a signed head (C2SP tlog-proof).

Who holds a receipt, the event's envelope and the log's verifier key needs nothing else, and asks nobody.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from ledger import log
from ledger.envelope import chain_hash
from ledger.errors import Invalid, Unavailable
from ledger.merkle import leaf_hash, verify_inclusion
from ledger.signed_note import Note, VerifierKey, read_checkpoint, read_note
from ledger.signer import published
from ledger.witnesses import cosigned

FIRST_LINE = "c2sp.org/tlog-proof@v1"
LONGEST = 100_000

_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")


class NotProvableYet(Unavailable):
    """The event is recorded, and no signed head covers it so far."""

    code = "not-provable-yet"
    title = "Not provable yet"


@dataclass(frozen=True)
class Receipt:
    """An event's position, the audit path from it, and the signed head at its end."""

    position: int
    proof: Sequence[bytes]
    note: Note

    def __str__(self) -> str:
        path = "".join(f"{b64encode(each).decode()}\n" for each in self.proof)
        return f"{FIRST_LINE}\nindex {self.position}\n{path}\n{self.note}"

    def holds(self, envelope: str, key: VerifierKey) -> bool:
        """Tell whether this proves that the event of this envelope is in the log of this key."""
        head = read_checkpoint(self.note)
        return (
            key.verified(self.note)
            and head.origin == key.name
            and verify_inclusion(
                leaf=leaf_hash(bytes.fromhex(chain_hash(envelope))),
                index=self.position,
                size=head.size,
                proof=self.proof,
                root=head.root,
            )
        )


def receipt_of(event: UUID) -> Receipt:
    """Make the receipt of a recorded event, under the newest signed head.

    :raises NotProvableYet: it has no place in the log yet, or no signed head covers its place.
    """
    entry, head = log.position_of(event), published()
    if entry is None or head is None or head.size <= entry.position:
        raise NotProvableYet("The event is recorded. A signed head covers it in a moment: ask again.")
    found = log.inclusion(entry, size=head.size)
    return Receipt(position=entry.position, proof=found.proof, note=cosigned(head))


def read_receipt(text: str) -> Receipt:
    """Read a receipt; nothing is verified by that.

    :raises Invalid: it is none.
    """
    before, gap, note = text.partition("\n\n")
    first, *lines = before.split("\n")
    if first != FIRST_LINE or not gap or len(text) > LONGEST:
        raise Invalid("This is no proof of a transparency log (c2sp.org/tlog-proof@v1).")
    if lines and lines[0].startswith("extra "):
        lines = lines[1:]
    index = _INDEX.fullmatch(lines[0]) if lines else None
    try:
        proof = [b64decode(line, validate=True) for line in lines[1:]]
    except (NotBase64, ValueError):
        index = None
    if index is None:
        raise Invalid("The proof's position or its path can not be read.")
    return Receipt(position=int(index[1]), proof=proof, note=read_note(note))
