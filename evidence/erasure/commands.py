"""What people do about an erasure: one asks for it, a second one confirms or declines it.

All of them raise `NotFound` for a case that does not exist for the caller and `Forbidden` where the caller's role does
not allow it. Whether the case is open makes no difference: the law does not wait for that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from cases.access import Permission, require
from cases.queries import load_case
from evidence.domain import EvidenceCorrected
from evidence.erasure import rules
from evidence.erasure.domain import NewErasure, WhatGoes
from evidence.erasure.plan import Plan
from evidence.erasure.queries import Preview, asked_before, asked_of, plan_of, preview, request_of
from evidence.models import ItemState
from evidence.projections import state_of
from ledger import codec
from ledger.actors import Actor
from ledger.append import Fact, append
from ledger.erasing import keep_rest
from ledger.errors import Forbidden
from ledger.recorded import Recorded


def preview_erasure(*, case_id: UUID, wanted: WhatGoes, by: Actor) -> Preview:
    """Say what an erasure would take away; nothing is recorded.

    :raises Invalid: something that is asked for can not be erased; `errors` names it.
    :raises NothingGoes: nothing of it is there.
    """
    require(case_id, Permission.ERASE, by=by)
    planned = plan_of(case_id, asked_of(case_id, wanted, by=by))
    rules.require_something(planned)
    return preview(case_id, planned, by=by)


def preview_request(*, case_id: UUID, redaction: UUID, by: Actor) -> Preview:
    """Say what a request would take away by now."""
    require(case_id, Permission.READ, by=by)
    _, request = request_of(case_id, redaction)
    return preview(case_id, plan_of(case_id, asked_before(request)), by=by)


@transaction.atomic
def request_erasure(*, case_id: UUID, wanted: NewErasure, by: Actor) -> Recorded:
    """Ask for an erasure; a second person confirms it.

    :raises Invalid: something that is asked for can not be erased, or the reason repeats it; `errors` names it.
    :raises NothingGoes: nothing of it is there.
    :raises OtherList: the list is another one than the caller has seen.
    """
    load_case(case_id, by=by, permission=Permission.ERASE)
    planned = plan_of(case_id, asked_of(case_id, wanted, by=by))
    said = rules.request(planned, wanted=wanted, person=_person(by))
    return append(case_id, [Fact(said)], by=by)[0]


@transaction.atomic
def confirm_erasure(*, case_id: UUID, redaction: UUID, fingerprint: str, by: Actor) -> Recorded:
    """Agree to an erasure that somebody else asked for: from here on it is done, for good.

    :raises AlreadyDecided: it was confirmed or declined before.
    :raises SamePerson: the caller asked for it.
    :raises OtherList: the list is another one than the caller has seen.
    """
    load_case(case_id, by=by, permission=Permission.CONFIRM_ERASURE)
    row, request = request_of(case_id, redaction)
    planned = plan_of(case_id, asked_before(request))
    said = rules.confirm(request, planned, id=redaction, status=row.status, fingerprint=fingerprint, person=_person(by))
    kept_in = {each.event: keep_rest(each.event, [one.digest for one in each.fields]) for each in said.targets}
    again = _values(planned)
    [redacted] = append(case_id, [Fact(rules.with_files(said, kept_in))], by=by)
    facts = [
        Fact(EvidenceCorrected(changes=changes, reason=_restated(redacted)), item=item, cause=redacted.id)
        for item, changes in sorted(again.items())
    ]
    append(case_id, facts, by=by)
    return redacted


@transaction.atomic
def decline_erasure(*, case_id: UUID, redaction: UUID, reason: str, by: Actor) -> Recorded:
    """Decline an erasure that was asked for, or take one's own request back.

    :raises AlreadyDecided: it was confirmed or declined before.
    """
    load_case(case_id, by=by, permission=Permission.CONFIRM_ERASURE)
    row, _ = request_of(case_id, redaction)
    said = rules.decline(id=redaction, status=row.status, reason=reason)
    return append(case_id, [Fact(said, cause=redaction)], by=by)[0]


def _person(by: Actor) -> UUID:
    if by.user is None:
        raise Forbidden("An erasure is decided by persons.")
    return by.user


def _values(planned: Plan) -> dict[UUID, Mapping[str, Any]]:
    """Read, before they go, the values of fields that nobody meant and that go along with a correction."""
    found = {}
    for item, names in planned.restated.items():
        said = codec.to_plain(state_of(ItemState.objects.now().get(item=item)).said)
        found[item] = {name: said[name] for name in names}
    return found


def _restated(redacted: Recorded) -> str:
    return f"Said again: the correction that said it went with the erasure of event {redacted.seq}."
