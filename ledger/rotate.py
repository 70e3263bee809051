"""Exchanging the log's key, step by step; killed between any two of them, the next call goes on.

1. The new key is written beside the one in use (or its secret half is handed out).
2. The event that names both gets the next place in the log: from here on the old key signs no ordinary head.
3. The old key signs its last head, over that event, and names the new key in it. Not if it is lost.
4. The new key takes the old one's place. What it signs comes next.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from ledger import anchor, keys, log, signer
from ledger.actors import Actor
from ledger.append import Fact, append
from ledger.errors import Conflict, Invalid
from ledger.models import LastHead, Pending
from ledger.rotation import STREAM, LogRotated, Turn, turns
from ledger.rows import execute
from ledger.sequence import hold, place
from ledger.signed_note import SigningKey, VerifierKey
from ledger.signer import Refused

if TYPE_CHECKING:
    from ledger.recorded import Recorded

BY = Actor.worker("keys", 1)

HandOut = Callable[[SigningKey], None]


def rotate(*, origin: str = "", lost: bool = False, hand_out: HandOut | None = None) -> Turn:
    """Let another key, with an origin of its own, sign the log's heads from here on; return the rotation.

    :param origin: the new name of the log; unless given, the old one and a number.
    :param lost: the old key is lost, or not to be trusted: it signs nothing any more.
    :param hand_out: gets the new key, once, before anything happened; its secret half is then not kept here.
    :raises Refused: the database is not the one that was signed.
    :raises Conflict: the secret half comes from the environment, and nobody takes the new one; or all is done.
    :raises NoKey: there is no key.
    """
    with anchor.held():
        turn = _begun(lost=lost) or _begin(origin, lost=lost, hand_out=hand_out)
        if origin and turn.new.name != origin:
            raise Conflict(f"A rotation to {turn.new.name} was begun: end it first, without --origin.")
        if not turn.lost:
            _sign_last_head(turn)
        keys.exchange(turn.new)
    return turn


def _begun(*, lost: bool) -> Turn | None:
    """Find the rotation that has its place in the log and was not ended.

    :raises Refused: it names a key that was not made here: whoever can write to the database can append such an event.
    """
    known = turns()
    if not known:
        return None
    last, kept = known[-1], keys.pending()
    if kept and kept.verifier == last.new:
        return last
    in_use = keys.verifier() if lost else keys.load().verifier
    if in_use != last.old or lost != last.lost:
        return None
    if (last.last_head or last.lost) and keys.verifier() == last.new:
        raise Conflict(f"The log has the key of {last.new.name} already: give this process its secret half.")
    if not keys.was_prepared(last.new):
        raise Refused(
            f"The log names the key of {last.new.name} as the next one, and it was not made here. If it was made on "
            "another machine, end the rotation there; else somebody wrote that into the database."
        )
    return last


def _begin(origin: str, *, lost: bool, hand_out: HandOut | None) -> Turn:
    kept = keys.pending()
    if keys.given() and hand_out is None:
        raise Conflict("The key comes from the environment: --print hands out the next one, to be put in its place.")
    if kept and hand_out:
        raise Conflict("A rotation was begun whose key is kept here: end it first, without --print.")
    old = keys.verifier() if lost else keys.load().verifier
    standing = signer.compare(old)
    if not standing.is_sound:
        raise Refused(f"The key is not exchanged, because {standing}.")
    origin = origin or _following(old.name)
    if origin in {old.name, *(turn.old.name for turn in turns())}:
        raise Invalid("The new key needs an origin that none before it had.")
    new = kept or keys.prepare(origin, keep_secret=hand_out is None)
    if hand_out:
        hand_out(new)
    _place(old, new.verifier, lost=lost)
    return turns()[-1]


def _following(origin: str) -> str:
    """Name the log anew: what it was called, and which of its keys it is."""
    name, number = re.fullmatch(r"(.*?)(?:/key-([0-9]+))?", origin).groups()  # type: ignore[union-attr]
    return f"{name}/key-{int(number or 1) + 1}"


@transaction.atomic
def _place(old: VerifierKey, new: VerifierKey, *, lost: bool) -> None:
    """Append the event, and give it the place right after the head that it cites, whoever else appends meanwhile."""
    edge = hold()
    said = LogRotated(
        old_origin=old.name,
        old_key=str(old),
        old_size=edge.size,
        old_root=edge.root.hex(),
        new_origin=new.name,
        new_key=str(new),
        lost=lost,
    )
    [recorded] = append(STREAM, [Fact(said)], by=BY)
    _place_now(recorded)


def _place_now(recorded: Recorded) -> None:
    """Give an event that waits for its place the next one; where the append gave it, none waits."""
    if Pending.objects.filter(event=recorded.id).delete()[0]:
        execute(place([(recorded.id, recorded.hash)]))


def _sign_last_head(turn: Turn) -> None:
    """Let the old key hand over: anchor its last head first, then publish it, as with any other head."""
    anchored, key = anchor.read(), keys.load()
    if key.verifier != turn.old:
        raise Refused("The key in use is not the one that has to hand over.")
    earlier = [each for each in turns() if each.position < turn.position]
    before = signer.checked(anchored, turn.old, earlier) if anchored else None
    standing = signer.stand(before, log.edge())
    if not standing.is_sound:
        raise Refused(f"The key is not exchanged, because {standing}.")
    note = key.sign(turn.last_checkpoint(log.root_at(turn.position + 1)).text())
    if anchored:
        signer.publish(anchored)
    anchor.write(note)
    LastHead.objects.get_or_create(
        event=turn.recorded.id, defaults={"size": turn.position + 1, "note": str(note), "at": timezone.now()}
    )
