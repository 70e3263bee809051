"""What people and workers do with evidence: each function is the whole story of one intention.

All of them raise `NotFound` for a case or item that does not exist for the caller and `Forbidden` where the caller's
role does not allow it. `seen` is the state of the item that the caller last saw (its `from_seq`), from If-Match;
`StaleStream` says that it stands differently now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from cases.access import Permission
from cases.queries import load_case, locked_case
from cases.rules import require_active
from evidence import rules
from evidence.domain import CustodyRecorded, EvidenceGraded, EvidenceLinked, EvidenceSubmitted, Handling
from evidence.models import Look
from evidence.queries import before_submission, load_item, require_items
from ledger.actors import Actor
from ledger.append import Fact, append, lock
from ledger.errors import DomainError
from ledger.ids import uuid7
from ledger.leftovers import claim
from ledger.recorded import Recorded
from ledger.rows import insert


@transaction.atomic
def require_acceptable(*, case_id: UUID, said: EvidenceSubmitted, by: Actor) -> None:
    """Refuse, as `submit_evidence` would, but record nothing: asked before the bytes of a file are kept."""
    require_active(load_case(case_id, by=by, permission=Permission.SUBMIT).status)
    _submission(case_id, said, by=by, now=timezone.now())


def submit_evidence(*, case_id: UUID, said: EvidenceSubmitted, by: Actor) -> Recorded:
    """Record an item of evidence. The bytes of its file must be in the store already.

    :raises Invalid: a field is impossible; `errors` names it.
    :raises CaseNotOpen: nothing is added to the case as it stands.
    """
    return submit_item(case_id=case_id, said=said, by=by)[0]


def submit_item(*, case_id: UUID, said: EvidenceSubmitted, by: Actor, inherits: bool = False) -> list[Recorded]:
    """Do as `submit_evidence` does, and return all events of the item: its submission, and a flag for each doubt.

    :param inherits: the item names no sensitivity and takes that of its case.
    """
    [result] = _submit(case_id=case_id, submissions=[said], by=by, inherits=inherits)
    if isinstance(result, DomainError):
        raise result
    return result


def submit_batch(
    *, case_id: UUID, submissions: Sequence[EvidenceSubmitted | DomainError], by: Actor
) -> list[Recorded | DomainError]:
    """Record many items in one transaction; each submission gets its record, or its own refusal.

    A `DomainError` among the submissions (a line that could not be read) is handed through to its place.
    """
    results = _submit(case_id=case_id, submissions=submissions, by=by)
    return [each if isinstance(each, DomainError) else each[0] for each in results]


@transaction.atomic
def _submit(
    *, case_id: UUID, submissions: Sequence[EvidenceSubmitted | DomainError], by: Actor, inherits: bool = False
) -> list[list[Recorded] | DomainError]:
    head = lock(case_id)
    case = locked_case(case_id, by=by, permission=Permission.SUBMIT)
    require_active(case.status)
    if inherits:
        submissions = [
            replace(said, sensitivity=case.sensitivity) if isinstance(said, EvidenceSubmitted) else said
            for said in submissions
        ]
    now = timezone.now()
    facts: list[list[Fact] | DomainError] = []
    for said in submissions:
        try:
            submission = _submission(case_id, said, by=by, now=now)
            if isinstance(said, EvidenceSubmitted) and said.file:
                claim(said.file.sha256)
            facts.append(submission)
        except DomainError as refusal:
            facts.append(refusal)
    submitted = [fact for each in facts if isinstance(each, list) for fact in each]
    for look_up in before_submission if submitted else ():
        look_up(case_id)
    recorded = iter(append(case_id, submitted, by=by, head=head))
    return [each if isinstance(each, DomainError) else list(islice(recorded, len(each))) for each in facts]


@transaction.atomic
def grade(*, case_id: UUID, item: UUID, graded: EvidenceGraded, by: Actor, seen: int | None = None) -> Recorded:
    """Judge an item's source (A to F) and information (1 to 6), the Admiralty code."""
    state = load_item(case_id, item, by=by, permission=Permission.GRADE, seen=seen)
    return _append(case_id, item, [rules.grade(state, graded=graded)], by=by)


@transaction.atomic
def correct(
    *,
    case_id: UUID,
    item: UUID,
    changes: Mapping[str, Any],
    reason: str,
    by: Actor,
    seen: int | None = None,
) -> Recorded:
    """Give named fields of an item new values; the old ones stay readable.

    :raises Invalid: a field is not known or its new value impossible; `errors` names it.
    """
    state = load_item(case_id, item, by=by, permission=Permission.EDIT, seen=seen)
    said = rules.correct(state, changes=changes, reason=reason, now=timezone.now())
    after = said[0].apply(state).said
    new = {*after.derived_from, *after.basis} - {*state.said.derived_from, *state.said.basis}
    require_items(case_id, new, by=by)
    return _append(case_id, item, said, by=by)


@transaction.atomic
def retract(*, case_id: UUID, item: UUID, reason: str, by: Actor, seen: int | None = None) -> Recorded:
    """Take an item back, for a reason; it stays visible as retracted."""
    state = load_item(case_id, item, by=by, permission=Permission.EDIT, seen=seen)
    return _append(case_id, item, [rules.retract(state, reason=reason)], by=by)


@transaction.atomic
def link(*, case_id: UUID, item: UUID, linked: EvidenceLinked, by: Actor, seen: int | None = None) -> Recorded:
    """Say how an item relates to another one of the case.

    :raises NotFound: there is no such target in this case, for this caller.
    """
    state = load_item(case_id, item, by=by, permission=Permission.EDIT, seen=seen)
    require_items(case_id, {linked.target}, by=by)
    said = rules.link(state, linked=linked, to_itself=linked.target == item)
    return _append(case_id, item, [said], by=by)


@transaction.atomic
def tag(*, case_id: UUID, item: UUID, tag: str, by: Actor, seen: int | None = None) -> Recorded:
    """Put a tag on an item."""
    state = load_item(case_id, item, by=by, permission=Permission.EDIT, seen=seen)
    return _append(case_id, item, [rules.tag(state, tag=tag)], by=by)


@transaction.atomic
def untag(*, case_id: UUID, item: UUID, tag: str, by: Actor, seen: int | None = None) -> Recorded:
    """Take a tag off an item."""
    state = load_item(case_id, item, by=by, permission=Permission.EDIT, seen=seen)
    return _append(case_id, item, [rules.untag(state, tag=tag)], by=by)


@transaction.atomic
def comment(*, case_id: UUID, item: UUID, text: str, by: Actor, seen: int | None = None) -> Recorded:
    """Write a comment about an item."""
    load_item(case_id, item, by=by, permission=Permission.COMMENT, seen=seen)
    return _append(case_id, item, [rules.comment(text=text)], by=by)


def look(*, case_id: UUID, items: Iterable[UUID], action: str, by: Actor) -> None:
    """Note that somebody viewed or downloaded items; `record_custody` makes events of such notes."""
    _note([(case_id, item) for item in items], action=action, by=by)


def note_listed(items: Iterable[tuple[UUID, UUID]], *, by: Actor) -> None:
    """Note that a list handed items out whole, each given as its case and its id."""
    _note(items, action="listed", by=by)


@transaction.atomic
def record_custody(*, case_id: UUID, limit: int = 1000) -> int:
    """Turn the oldest looks at a case's items into one custody event, and return how many there were."""
    looks = list(Look.objects.select_for_update(skip_locked=True).filter(case_id=case_id).order_by("id")[:limit])
    handled: dict[tuple[UUID, str, str], Handling] = {}
    for each in looks:
        key = (each.item, each.actor, each.action)
        known = handled.get(key)
        handled[key] = (
            replace(known, times=known.times + 1, last=each.at)
            if known
            else Handling(item=each.item, actor=each.actor, action=each.action, times=1, first=each.at, last=each.at)
        )
    if handled:
        append(case_id, [Fact(CustodyRecorded(handlings=tuple(handled.values())))], by=Actor.worker("custody", 1))
        Look.objects.filter(pk__in=[each.pk for each in looks]).delete()
    return len(looks)


def _note(items: Iterable[tuple[UUID, UUID]], *, action: str, by: Actor) -> None:
    now = timezone.now()
    insert([Look(case_id=case_id, item=item, actor=by.name, action=action, at=now) for case_id, item in items])


def _submission(case_id: UUID, said: EvidenceSubmitted | DomainError, *, by: Actor, now: Any) -> list[Fact]:
    if isinstance(said, DomainError):
        raise said
    decided = rules.submit(replace(said, submitter=by.user), now=now)
    require_items(case_id, {*said.derived_from, *said.basis}, by=by)
    item = uuid7()
    if len(decided) == 1:
        return [Fact(decided[0], item=item)]
    # The doubts name the submission as their cause, so its id is chosen here.
    first = uuid7()
    return [Fact(decided[0], item=item, id=first), *(Fact(data, item=item, cause=first) for data in decided[1:])]


def _append(case_id: UUID, item: UUID, said: Sequence[Any], *, by: Actor) -> Recorded:
    return append(case_id, [Fact(data, item=item) for data in said], by=by)[0]
