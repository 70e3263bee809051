"""A bundle comes back: the case that left in it, with the same ids and hashes, in a system that does not have it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, transaction

from cases.commands import receive_case
from ledger import store
from ledger.codec import ShapeError
from ledger.envelope import chain_hash, digest
from ledger.errors import Conflict, DomainError, Invalid
from ledger.events import UnknownEvent
from ledger.files import file_references
from ledger.leftovers import claim, leave
from ledger.models import Event, Head
from ledger.restore import Stored, replay, restore
from verifier import verify

FILES = "data/files/"
CHUNK = 1 << 20
Watch = Callable[[str, int], None]
"""Is told what is being done, and how much of it is."""


class DoesNotHold(DomainError):
    """The bundle is not what left."""

    code = "bundle-does-not-hold"
    title = "The bundle does not hold"

    def __init__(self, report: verify.Report) -> None:
        first = "; ".join(report.fails[:3])
        super().__init__(f"The bundle does not hold, so nothing is taken from it: {first}. verify.py names all faults.")


class NotWhole(DomainError):
    """Something was withheld from the bundle."""

    code = "bundle-not-whole"
    title = "The bundle is not whole"


class CaseHere(Conflict):
    """The case is here already."""

    code = "case-here"
    title = "The case is here already"


@dataclass(frozen=True)
class Imported:
    """What came back."""

    case: UUID
    events: int
    files: int


@dataclass(frozen=True)
class _Survey:
    """What a look through a bundle's events found: the case, and the chain's last event."""

    case: UUID
    seq: int
    hash: str


def import_bundle(
    path: Path,
    *,
    key: str,
    owner: UUID | None = None,
    disclosures: Sequence[str] = (),
    watch: Watch = lambda what, done: None,
) -> Imported:
    """Restore the case that left in a bundle, once all of the bundle was verified.

    All of it appears at once, or nothing does. The import is an event of its own behind those that were restored.

    :param key: the verifier key of the log that the bundle comes from.
    :param owner: who is to own the case here; else nobody can see it but by emergency access.
    :param disclosures: those that the bundle withholds, handed over later.
    :raises Unreadable: it is no bundle, or the key is none.
    :raises DoesNotHold: something in it is not what left.
    :raises NotWhole: fields or files were withheld from it.
    :raises CaseHere: the case is here already, as it is in the bundle or otherwise.
    :raises Invalid: an event says what this version does not know or can not keep.
    """
    report = verify.verify(str(path), key, disclosures)
    if report.count:
        raise DoesNotHold(report)
    bundle = verify.open_bundle(str(path))
    later = {digest(each): each for each in disclosures}
    found = _survey(bundle, later)
    _require_absent(bundle, found)
    fresh: list[str] = []
    try:
        kept = _take_files(bundle, fresh, watch)
        with transaction.atomic():
            restore(found.case, _stored(bundle, later, watch), keeps=fresh.append)
            replay(found.case)
            for each in kept:
                # An erasure elsewhere may be about to remove the same bytes.
                claim(each)
            _require_files(found.case, set(kept))
            receive_case(
                case_id=found.case,
                format=verify.FORMAT,
                key=key.strip(),
                checkpoint=bundle.text("data/log/checkpoint"),
                owner=owner,
            )
    except BaseException as error:
        _give_back(fresh)
        if isinstance(error, UnknownEvent):
            raise Invalid(f"This version can not read all of it: {error}") from error
        if isinstance(error, ShapeError | ObjectDoesNotExist | DatabaseError):
            raise Invalid(f"Its events can not be kept here: {error}") from error
        raise
    return Imported(case=found.case, events=found.seq, files=len(kept))


def _survey(bundle: verify.Bundle, later: dict[str, str]) -> _Survey:
    """Look through the events once: refuse what was withheld, and find where the chain ends."""
    fields = events = seq = 0
    first, envelope = 0, ""
    for seq, line in enumerate(_lines(bundle), 1):
        envelope = line["envelope"]
        if gone := [each for each in line.get("withheld", []) if each not in later]:
            first, fields, events = first or seq, fields + len(gone), events + 1
    if fields:
        raise NotWhole(
            f"{fields} fields of {events} events are withheld, the first of event {first}: only a whole bundle can be "
            "imported. Ask for one, or for the disclosures (--also)."
        )
    return _Survey(case=UUID(json.loads(envelope)["stream"]), seq=seq, hash=chain_hash(envelope))


def _require_absent(bundle: verify.Bundle, found: _Survey) -> None:
    head = Head.objects.filter(pk=found.case).first()
    if head is None:
        return
    here = dict(Event.objects.filter(stream=found.case).values_list("seq", "hash").filter(seq__in=[found.seq]))
    if here.get(found.seq) == found.hash:
        further = f", and {head.seq - found.seq} more events" if head.seq > found.seq else ""
        raise CaseHere(f"The case {found.case} is here already: all {found.seq} events of the bundle{further}.")
    for seq, line in enumerate(_lines(bundle), 1):
        if seq == head.seq and chain_hash(line["envelope"]) == head.hash:
            raise CaseHere(
                f"The case {found.case} is here up to event {head.seq}, and the bundle goes on to {found.seq}: "
                "a case that is here is not continued from a bundle."
            )
    raise CaseHere(
        f"Another history of the case {found.case} is here: it has {head.seq} events, and does not hold the bundle's."
    )


def _stored(bundle: verify.Bundle, later: dict[str, str], watch: Watch) -> Iterator[Stored]:
    for seq, line in enumerate(_lines(bundle), 1):
        handed = [later[each] for each in line.get("withheld", [])]
        yield Stored(envelope=line["envelope"], disclosures=[*line["disclosures"], *handed])
        if seq % 100 == 0:
            watch("events", seq)


def _lines(bundle: verify.Bundle) -> Iterator[Any]:
    # Verified a moment ago; whoever exchanges the file meanwhile meets the ledger's own checks.
    return map(json.loads, bundle.lines("data/events.ndjson"))


def _take_files(bundle: verify.Bundle, fresh: list[str], watch: Watch) -> list[str]:
    """Put the files into the content store, before any event names them, as always; note those that are new to it."""
    kept = []
    for name in bundle.names():
        if not name.startswith(FILES):
            continue
        with store.incoming() as incoming, bundle.open(name) as source:
            while chunk := source.read(CHUNK):
                incoming.write(chunk)
            if f"{FILES}{incoming.sha256}" != name:
                raise Invalid(f"{name} is not what it was when it was verified.")
            if not store.exists(incoming.sha256):
                fresh.append(incoming.sha256)
            incoming.keep()
            kept.append(incoming.sha256)
        watch("files", len(kept))
    return kept


def _require_files(case: UUID, kept: set[str]) -> None:
    """Refuse a case whose files are not all here."""
    for each in file_references(case):
        if each.sha256 not in kept and not store.exists(each.sha256):
            raise NotWhole(
                f"The file {each.sha256} ({each.said_by}) is not in the bundle: only a whole one can be imported."
            )


def _give_back(fresh: Sequence[str]) -> None:
    """Let go of the files of a case that does not come: those that nobody else's event names by now."""
    if fresh:
        named = {each.sha256 for each in file_references()}
        with transaction.atomic():
            leave(*(each for each in fresh if each not in named))


def active_user(name: str) -> UUID:
    """Find an account that can own a case.

    :raises Invalid: there is none of that name, or it is not active.
    """
    found = get_user_model().objects.filter(username=name, is_active=True).values_list("pk", flat=True).first()
    if found is None:
        raise Invalid(f"No active person signs in as {name}.")
    person: UUID = found
    return person
