"""What is decided about an erasure, or refused in a sentence. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from cases.folding import folded, texts_in
from cases.rules import required_text
from evidence.erasure.domain import NewErasure, OfItem, RedactionDeclined, RedactionRequested
from evidence.erasure.plan import Plan
from ledger.errors import Conflict, Forbidden, Invalid, StaleStream
from ledger.redaction import MOST, EventRedacted

SHORT = 200
"""The longest value, in characters, that is searched for as a whole."""
SHORTEST = 3
"""The shortest name that is looked for."""
FEW = 5
"""So many words, at most, are no sentence, in which a capital means little."""
RUN = 4
"""Words of a reason that, standing together in an erased text, repeat it."""


class AlreadyDecided(Conflict):
    """The erasure was confirmed or declined before."""

    code = "already-decided"
    title = "It is decided already"


class NothingGoes(Conflict):
    """What is asked for is not there, or not any more."""

    code = "nothing-goes"
    title = "There is nothing to erase"


class SamePerson(Forbidden):
    """Two persons are needed, however many accounts of tokens one of them has."""

    code = "second-person-needed"
    title = "A second person must confirm it"


class OtherList(StaleStream):
    """What would go is not what the caller has seen."""

    code = "other-list"
    title = "The list is another one by now"


def request(plan: Plan, *, wanted: NewErasure, person: UUID) -> RedactionRequested:
    """Decide on a request.

    :raises NothingGoes: nothing of what is asked for is there.
    :raises OtherList: the requester has seen another preview.
    :raises Invalid: the reason is missing, or repeats what is to go.
    """
    require_something(plan)
    if wanted.fingerprint:
        _require_seen(plan, wanted.fingerprint)
    reason = required_text("reason", wanted.reason)
    if repeats(reason, [line.value for line in plan.lines]):
        said = "It repeats something that is to be erased. Say why without it: the reason stays."
        raise Invalid("The reason can not stand.", errors={"reason": [said]})
    return RedactionRequested(
        person=person,
        targets=plan.targets,
        files=tuple(plan.files),
        items=_sorted(wanted.items),
        ground=wanted.ground,
        reason=reason,
    )


def confirm(
    request: RedactionRequested, plan: Plan, *, id: UUID, status: str, fingerprint: str, person: UUID
) -> EventRedacted:
    """Decide on a confirmation: the list is the one that stands now, and that the second person has seen.

    :raises AlreadyDecided: it was confirmed or declined before.
    :raises SamePerson: who asked does not confirm.
    :raises NothingGoes: all of it was erased meanwhile.
    :raises OtherList: the list is another one than the caller has seen.
    """
    _require_open(status)
    if person == request.person:
        raise SamePerson("You asked for this erasure yourself, so somebody else must confirm it.")
    require_something(plan)
    _require_seen(plan, fingerprint)
    return EventRedacted(
        request=id,
        targets=plan.targets,
        files=tuple(plan.files),
        ground=request.ground,
        requested_by=request.person,
        approver=person,
    )


def decline(*, id: UUID, status: str, reason: str) -> RedactionDeclined:
    """Decide not to do it; who asked may take it back so.

    :raises AlreadyDecided: it was confirmed or declined before.
    """
    _require_open(status)
    return RedactionDeclined(request=id, reason=required_text("reason", reason))


def with_files(redacted: EventRedacted, kept_in: Mapping[UUID, str]) -> EventRedacted:
    """Name the files that hold what is left of large payloads."""
    targets = [replace(each, kept_in=kept_in.get(each.event, "")) for each in redacted.targets]
    return replace(redacted, targets=tuple(targets))


def repeats(reason: str, values: Collection[Any]) -> bool:
    """Say whether a reason gives away what it is the reason for: a whole short value, a name in it, a run of words.

    It can not know everything: the second person reads the reason, too.
    """
    said = f" {' '.join(_words(reason))} "
    runs = [f" {' '.join(run)} " for run in _runs(_words(reason))]
    for text in (each for value in values for each in texts_in(value)):
        inside = f" {' '.join(_words(text))} "
        if len(text) <= SHORT and len(inside) > SHORTEST + 1 and inside in said:
            return True
        if any(f" {name} " in said for name in _names(text)) or any(run in inside for run in runs):
            return True
    return False


def _names(text: str) -> Iterator[str]:
    """Yield words that look like names: with a capital; in a longer text, only beside another one."""
    written = text.split() if len(text) <= SHORT else []
    capital = [word[:1].isupper() for word in written]
    for n, word in enumerate(written):
        beside = any(capital[max(n - 1, 0) : n]) or any(capital[n + 1 : n + 2])
        if capital[n] and (len(written) <= FEW or beside):
            yield from (each for each in _words(word) if len(each) >= SHORTEST)


def _words(text: str) -> list[str]:
    return "".join(each if each.isalnum() else " " for each in folded(text)).split()


def _runs(words: list[str]) -> Iterator[list[str]]:
    return (words[n : n + RUN] for n in range(len(words) - RUN + 1))


def _sorted(items: Collection[OfItem]) -> tuple[OfItem, ...]:
    return tuple(replace(each, fields=tuple(sorted(set(each.fields)))) for each in items)


def require_something(plan: Plan) -> None:
    """Refuse a plan of which nothing, or too much, would go."""
    if not plan.lines and not plan.files:
        raise NothingGoes("Nothing of this is there, or not any more.")
    if len(plan.lines) > MOST or len(plan.files) > MOST:
        raise Invalid(f"More than {MOST} fields or files would go: ask for them in parts.")


def _require_seen(plan: Plan, fingerprint: str) -> None:
    if fingerprint != plan.fingerprint:
        raise OtherList("What would be erased is another list than the one that you saw. Look at it, then decide.")


def _require_open(status: str) -> None:
    if status != "open":
        raise AlreadyDecided(f"This erasure is {status} already.")
