"""Signing the head of the log, and refusing to where the database is not the one that was signed before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db import transaction
from django.utils import timezone

from ledger import anchor, keys, log, merkle
from ledger.errors import DomainError, Invalid
from ledger.merkle import Frontier
from ledger.models import SignedHead
from ledger.rotation import Turn, turns
from ledger.signed_note import Checkpoint, Note, VerifierKey, read_checkpoint


class State(StrEnum):
    """How the database stands to the anchor."""

    NEW = "nothing was signed yet"
    SAME = "the head is signed"
    AHEAD = "events came since the last signature"
    HANDED_OVER = "the key was exchanged, and the new one signs next"
    BEHIND = "the database is behind the last signed head"
    DIFFERENT = "the database is not the one that was signed"
    UNREADABLE = "the anchor can not be read"
    ROTATED = (
        "the log names another key as its newest: a rotation was begun and not ended, or this process has an old key"
    )


@dataclass(frozen=True)
class Standing:
    """What `compare` found: the state, the entries that are signed, and the edge of the tree that was compared."""

    state: State
    edge: Frontier
    signed: int = 0

    @property
    def is_sound(self) -> bool:
        return self.state in {State.NEW, State.SAME, State.AHEAD, State.HANDED_OVER}

    def __str__(self) -> str:
        return f"{self.state}: {self.signed} entries signed, {self.edge.size} in the database"


class Refused(DomainError):
    """The signer does not put its name to this database."""

    code = "signing-refused"
    title = "The log is not signed"
    status = 409


def compare(key: VerifierKey | None = None) -> Standing:
    """Compare the database with the anchor, without signing anything; the public key is enough.

    :param key: the key that is to sign; unless given, that of the configuration.
    :raises NoKey: there is no key.
    """
    key = key or keys.verifier()
    try:
        # Before the database is read: what is signed meanwhile must not look as if the database were behind.
        note = anchor.read()
    except Invalid:
        return Standing(State.UNREADABLE, log.edge())
    # The edge before the rotations: one that is in the tree is then among them.
    edge = log.edge()
    try:
        known = turns()
    except Invalid:
        return Standing(State.ROTATED, edge)
    if known and known[-1].new != key:
        return Standing(State.ROTATED, edge)
    try:
        before = checked(note, key, known) if note else None
    except Invalid:
        return Standing(State.UNREADABLE, edge)
    standing = stand(before, edge)
    if before and standing.is_sound and before.origin != key.name:
        return Standing(State.HANDED_OVER, edge, before.size)
    return standing


def stand(before: Checkpoint | None, edge: Frontier) -> Standing:
    """Say how the database stands to what was signed before."""
    if before is None:
        return Standing(State.NEW, edge)
    if edge.size < before.size:
        return Standing(State.BEHIND, edge, before.size)
    # The nodes, not only the edge, must lead to what was signed.
    begins_so = before.root == log.root_at(before.size) and merkle.verify_consistency(
        first=before.size,
        second=edge.size,
        first_root=before.root,
        second_root=edge.root,
        proof=log.consistency(before.size, edge.size),
    )
    if not begins_so:
        return Standing(State.DIFFERENT, edge, before.size)
    return Standing(State.SAME if edge.size == before.size else State.AHEAD, edge, before.size)


def sign() -> Note | None:
    """Sign the log's head if it moved: anchor it first, then publish it. Return the note that is new, if one is.

    A kill between the two leaves a head that is anchored and not published: the next call publishes it.

    :raises Refused: the database is behind the anchor or differs from it; nothing is signed.
    :raises NoKey: there is no key.
    """
    key = keys.load()
    with anchor.held(), transaction.atomic():
        standing = compare(key.verifier)
        if not standing.is_sound:
            raise Refused(f"Not signed, because {standing}.")
        anchored = anchor.read()
        if anchored is not None:
            publish(anchored)
        if standing.state is State.SAME or not standing.edge.size:
            return None
        note = key.sign(Checkpoint(key.name, standing.edge.size, standing.edge.root).text())
        anchor.write(note)
        publish(note)
        return note


def published() -> SignedHead | None:
    """Find the newest signed head that is published."""
    return SignedHead.objects.order_by("-size").first()


def publish(note: Note) -> None:
    """Publish an anchored head, unless it is. The last head of a key stands with its rotation instead."""
    head = read_checkpoint(note)
    if not head.extensions:
        SignedHead.objects.get_or_create(
            size=head.size, defaults={"root": head.root.hex(), "note": str(note), "at": timezone.now()}
        )


def checked(note: Note, key: VerifierKey, known: Sequence[Turn]) -> Checkpoint:
    """Read an anchored head that this key signed, or that one signed which it took over from.

    :raises Invalid: it is signed by neither.
    """
    if key.verified(note):
        return read_checkpoint(note)
    for turn in reversed(known):
        if turn.takes_over_from(note):
            return read_checkpoint(note)
        if not turn.lost:
            break
    raise Invalid("The anchor is not signed by this log's key.")
