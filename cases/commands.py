"""What people do with a case: each function is the whole story of one intention (load, decide, append).

Every command takes `by` (who), most take `seen`: the `seq` of the case as the caller last saw it, from If-Match.
All of them raise `NotFound` for a case that does not exist for the caller, `Forbidden` where the caller's role does
not allow it, and `StaleStream` where the case changed since `seen`.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import transaction

from cases import domain, rules
from cases.access import Permission, require
from cases.domain import Role, Sensitivity
from cases.models import Case
from cases.queries import load_case, state_of
from ledger.actors import Actor
from ledger.append import Fact, append, lock
from ledger.errors import Forbidden, Invalid, NotFound
from ledger.ids import uuid7
from ledger.models import Event
from ledger.read import last_event
from ledger.recorded import Recorded


@transaction.atomic
def open_case(
    *, title: str, description: str = "", sensitivity: Sensitivity = Sensitivity.AMBER, by: Actor
) -> Recorded:
    """Open a case; the caller becomes its owner.

    :raises Forbidden: the caller is no person, or holds a token that is bound to another case.
    """
    if by.user is None or by.case is not None:
        raise Forbidden("Only a person, or a token of theirs that is not bound to one case, can open a case.")
    opened = rules.open_case(title=title, description=description, sensitivity=sensitivity, owner=by.user)
    return append(uuid7(), [Fact(opened)], by=by, expected=0)[0]


@transaction.atomic
def rename_case(*, case_id: UUID, title: str, by: Actor, seen: int | None = None) -> Recorded:
    """Give a case another title."""
    case = load_case(case_id, by=by, permission=Permission.MANAGE, seen=seen)
    return _append(case_id, rules.rename(case, title=title), by=by)


@transaction.atomic
def describe_case(*, case_id: UUID, description: str, by: Actor, seen: int | None = None) -> Recorded:
    """Give a case another description."""
    case = load_case(case_id, by=by, permission=Permission.MANAGE, seen=seen)
    return _append(case_id, rules.describe(case, description=description), by=by)


@transaction.atomic
def set_sensitivity(
    *, case_id: UUID, sensitivity: Sensitivity, reason: str = "", by: Actor, seen: int | None = None
) -> Recorded:
    """Say how widely a case may be shared (TLP 2.0)."""
    case = load_case(case_id, by=by, permission=Permission.MANAGE, seen=seen)
    return _append(case_id, rules.set_sensitivity(case, sensitivity=sensitivity, reason=reason), by=by)


def hold_case(*, case_id: UUID, reason: str, by: Actor, seen: int | None = None) -> Recorded:
    """Let work on a case rest."""
    return _change_status(case_id, domain.CaseHeld, reason=reason, by=by, seen=seen)


def resume_case(*, case_id: UUID, reason: str, by: Actor, seen: int | None = None) -> Recorded:
    """Go on with a case after a rest or a review."""
    return _change_status(case_id, domain.CaseResumed, reason=reason, by=by, seen=seen)


def send_to_review(*, case_id: UUID, reason: str, by: Actor, seen: int | None = None) -> Recorded:
    """Ask the reviewers of a case to look at it."""
    return _change_status(case_id, domain.CaseSentToReview, reason=reason, by=by, seen=seen)


def close_case(*, case_id: UUID, reason: str, by: Actor, seen: int | None = None) -> Recorded:
    """Close a case: nothing more is added until it is reopened.

    :raises CaseNotOpen: it is closed already.
    """
    return _change_status(case_id, domain.CaseClosed, reason=reason, by=by, seen=seen)


def reopen_case(*, case_id: UUID, reason: str, by: Actor, seen: int | None = None) -> Recorded:
    """Go on with a case after it was closed or archived."""
    return _change_status(case_id, domain.CaseReopened, reason=reason, by=by, seen=seen)


def archive_case(*, case_id: UUID, reason: str, by: Actor, seen: int | None = None) -> Recorded:
    """Put a closed case away; it stays readable."""
    return _change_status(case_id, domain.CaseArchived, reason=reason, by=by, seen=seen)


@transaction.atomic
def add_member(*, case_id: UUID, user: UUID, role: Role, by: Actor, seen: int | None = None) -> Recorded:
    """Take a person into the team of a case.

    :raises Invalid: there is no such person.
    """
    case = load_case(case_id, by=by, permission=Permission.MANAGE, seen=seen)
    if not get_user_model().objects.filter(pk=user, is_active=True).exists():
        raise Invalid("There is no such person.", errors={"user": ["No active person has this id."]})
    return _append(case_id, rules.add_member(case, user=user, role=role), by=by)


@transaction.atomic
def change_role(*, case_id: UUID, user: UUID, role: Role, by: Actor, seen: int | None = None) -> Recorded:
    """Give a member of the team another role.

    :raises LastOwner: the case would have no owner.
    """
    case = load_case(case_id, by=by, permission=Permission.MANAGE, seen=seen)
    return _append(case_id, rules.change_role(case, user=user, role=role), by=by)


@transaction.atomic
def remove_member(*, case_id: UUID, user: UUID, reason: str = "", by: Actor, seen: int | None = None) -> Recorded:
    """Take a person off the team of a case.

    :raises LastOwner: the case would have no owner.
    """
    case = load_case(case_id, by=by, permission=Permission.MANAGE, seen=seen)
    return _append(case_id, rules.remove_member(case, user=user, reason=reason), by=by)


@transaction.atomic
def take_emergency_access(*, case_id: UUID, reason: str, by: Actor) -> Recorded:
    """Break the glass: a superuser reads a case whose team they are not on, and the team sees it.

    :raises NotFound: there is no such case, or the caller is no superuser.
    """
    lock(case_id)
    row = Case.objects.filter(pk=case_id).first()
    superusers = get_user_model().objects.filter(is_active=True, is_superuser=True)
    if row is None or by.user is None or by.case is not None or not superusers.filter(pk=by.user).exists():
        raise NotFound
    case = state_of(row)
    return _append(case_id, rules.take_emergency_access(case, user=by.user, reason=reason), by=by)


@transaction.atomic
def comment_on_case(*, case_id: UUID, text: str, by: Actor, seen: int | None = None) -> Recorded:
    """Write a comment about a case."""
    load_case(case_id, by=by, permission=Permission.COMMENT, seen=seen)
    return _append(case_id, rules.comment(text=text), by=by)


@transaction.atomic
def tag_case(*, case_id: UUID, tag: str, by: Actor, seen: int | None = None) -> Recorded:
    """Put a tag on a case."""
    case = load_case(case_id, by=by, permission=Permission.EDIT, seen=seen)
    return _append(case_id, rules.tag(case, tag=tag), by=by)


@transaction.atomic
def untag_case(*, case_id: UUID, tag: str, by: Actor, seen: int | None = None) -> Recorded:
    """Take a tag off a case."""
    case = load_case(case_id, by=by, permission=Permission.EDIT, seen=seen)
    return _append(case_id, rules.untag(case, tag=tag), by=by)


@transaction.atomic
def record_export(*, case_id: UUID, format: str, withheld: tuple[str, ...] = (), by: Actor) -> Recorded:
    """Record that a whole case leaves in a bundle; the event names the head of the chain before it.

    A person must be allowed to export the case; who runs the system, and acts as a tool, may export any.

    :raises NotFound: there is no such case, or not for this caller.
    """
    lock(case_id)
    if by.user is not None:
        require(case_id, Permission.EXPORT, by=by)
    last = last_event(case_id)
    if last is None:
        raise NotFound("There is no such case.")
    said = domain.CaseExported(head_seq=last.seq, head_hash=last.hash, format=format, withheld=withheld)
    return _append(case_id, said, by=by)


@transaction.atomic
def receive_case(*, case_id: UUID, format: str, key: str, checkpoint: str, owner: UUID | None) -> Recorded:
    """Record that a case came out of a bundle, and who is to own it here; whoever runs the system does so.

    :raises Invalid: there is no such person.
    """
    lock(case_id)
    last, row = last_event(case_id), Case.objects.filter(pk=case_id).first()
    if last is None or row is None:
        raise NotFound("There is no such case.")
    said: list[Any] = [
        domain.CaseImported(head_seq=last.seq, head_hash=last.hash, format=format, key=key, checkpoint=checkpoint)
    ]
    role = state_of(row).team.get(owner) if owner else None
    if owner and role is not Role.OWNER:
        if not get_user_model().objects.filter(pk=owner, is_active=True).exists():
            raise Invalid("There is no such person.", errors={"owner": ["No active person has this id."]})
        change = domain.RoleChanged if role else domain.MemberAdded
        said.append(change(user=owner, role=Role.OWNER))
    return append(case_id, [Fact(each) for each in said], by=Actor.worker("import", 1))[0]


@transaction.atomic
def record_download(*, case_id: UUID, downloaded: domain.BundleDownloaded, again: bool, by: Actor) -> Recorded | None:
    """Record that somebody takes the bundle of an export away.

    :param again: they go on where an earlier download broke off, which is recorded; if it is not, this one is.
    """
    load_case(case_id, by=by, permission=Permission.EXPORT)
    earlier = Event.objects.filter(
        stream=case_id, seq__gt=downloaded.seq, type="case.bundle_downloaded/1", actor=by.name, cause=downloaded.export
    )
    if again and earlier.exists():
        return None
    return append(case_id, [Fact(downloaded, cause=downloaded.export)], by=by)[0]


@transaction.atomic
def _change_status(case_id: UUID, change: Any, *, reason: str, by: Actor, seen: int | None) -> Recorded:
    case = load_case(case_id, by=by, permission=Permission.MANAGE, seen=seen)
    return _append(case_id, rules.change_status(case, change, reason=reason), by=by)


def _append(case_id: UUID, data: Any, *, by: Actor) -> Recorded:
    return append(case_id, [Fact(data)], by=by)[0]
