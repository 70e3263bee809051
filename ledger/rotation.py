"""The keys of the log, one after the other.

One tree goes on whatever key signs its heads. A rotation is an event in a stream of the log's own; it stands first
after the old head, cites it, and names the old key and the new one, which has an origin of its own. What makes it good
is the *last head*: a checkpoint over that event, signed by the old key, in which a line names the new key. An event
alone, which whoever can write to the database can append, hands nothing over.

A key that is lost, or not to be trusted any more, signs no last head: then the new key has to be made known anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from ledger.codec import ShapeError
from ledger.errors import DomainError, Invalid
from ledger.events import UnknownEvent, event
from ledger.models import Entry, LastHead
from ledger.read import read
from ledger.recorded import Recorded
from ledger.signed_note import Checkpoint, Note, VerifierKey, read_checkpoint, read_key, read_note

STREAM: UUID = uuid5(NAMESPACE_URL, "https://waterline.invalid/the-log")
"""The log's own stream: no case, so nobody is on its team, and no page or feed of a case shows it."""

SUCCESSOR = "successor "
"""Begins the line of a last head that names the key which follows."""


@event("log.rotated", version=1)
@dataclass(frozen=True, kw_only=True)
class LogRotated:
    """Another key signs the log's heads from here on; `old_root` (hexadecimal) is over the `old_size` events before."""

    old_origin: str
    old_key: str
    old_size: int
    old_root: str
    new_origin: str
    new_key: str
    lost: bool = False

    def apply(self, state: Any) -> Any:
        """Change nothing: no read row follows from it."""
        return state


@dataclass(frozen=True)
class Turn:
    """A rotation as it stands in the log; `last_head` is missing until the old key signed it, or if that was lost."""

    recorded: Recorded
    position: int
    old: VerifierKey
    new: VerifierKey
    lost: bool
    last_head: Note | None

    @property
    def event(self) -> LogRotated:
        data: LogRotated = self.recorded.data
        return data

    def last_checkpoint(self, root: bytes) -> Checkpoint:
        """Write the head by which the old key hands over; `root` is that of the log up to the rotation."""
        return Checkpoint(self.old.name, self.position + 1, root, (f"{SUCCESSOR}{self.new}",))

    def takes_over_from(self, note: Note) -> bool:
        """Tell whether this lets the new key go on where this note, signed by the old one, stands."""
        if not self.old.verified(note):
            return False
        head = read_checkpoint(note)
        handed_over = head.extensions == (f"{SUCCESSOR}{self.new}",) and head.size == self.position + 1
        return handed_over if not self.lost else head.size <= self.position


def turns() -> list[Turn]:
    """List the rotations that have their place in the log, in order.

    :raises Invalid: one of them can not be read, or does not follow from the one before.
    """
    try:
        recorded = list(read(STREAM))
        places = {each.event: each.position for each in Entry.objects.filter(event__in=[each.id for each in recorded])}
        notes = dict(LastHead.objects.filter(event__in=places).values_list("event", "note"))
        found = [_turn(each, places[each.id], notes.get(each.id)) for each in recorded if each.id in places]
    except (DomainError, ShapeError, UnknownEvent, ValueError, TypeError) as error:
        raise Invalid(f"A rotation of the log's key can not be read: {error}") from error
    for before, after in pairwise(found):
        if before.new != after.old:
            raise Invalid("A rotation of the log's key does not go on from the key before it.")
    return found


def _turn(recorded: Recorded, position: int, note: str | None) -> Turn:
    said = recorded.data
    if not isinstance(said, LogRotated):
        raise Invalid(f"{recorded.type} is none.")
    old, new = read_key(said.old_key), read_key(said.new_key)
    if (old.name, new.name) != (said.old_origin, said.new_origin):
        raise Invalid("its keys are not those of its origins.")
    return Turn(recorded, position, old, new, said.lost, read_note(note) if note else None)


def key_of(size: int, known: Sequence[Turn], now: VerifierKey) -> VerifierKey:
    """Find the key that signed heads of this size: until a rotation had its place, the one before it."""
    return next((turn.old for turn in known if size <= turn.position), now)
