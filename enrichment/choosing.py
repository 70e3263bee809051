"""Choosing a case's playbook, and knowing which one holds."""

from __future__ import annotations

from contextvars import ContextVar
from uuid import UUID

from django.db import transaction

from cases.access import Permission, require
from cases.queries import load_case
from cases.rules import NothingChanges, require_active
from enrichment import playbooks, registry
from enrichment.models import CasePlaybook
from enrichment.playbooks import NewPlaybook, Playbook
from ledger.actors import Actor
from ledger.append import Fact, append
from ledger.recorded import Recorded
from ledger.rows import WrittenOnce

_ROW = WrittenOnce(lambda case: CasePlaybook.objects.filter(pk=case).values_list("name", "enrichers"), UUID)

_ahead = ContextVar[tuple[UUID, Playbook] | None]("ahead", default=None)
_planned = ContextVar[tuple[UUID, Playbook] | None]("planned", default=None)


@transaction.atomic
def choose_playbook(*, case_id: UUID, wanted: NewPlaybook, by: Actor) -> Recorded:
    """Choose which enrichers read the new evidence of a case, and with which parameters; what they found stays.

    :raises NotFound: there is no such case for the caller.
    :raises Forbidden: the caller's role does not carry it.
    :raises CaseNotOpen: no evidence is added to the case as it stands.
    :raises Invalid: there is no such playbook, enricher or parameter, or one can not be set to this.
    :raises NothingChanges: it is chosen already.
    """
    require_active(load_case(case_id, by=by, permission=Permission.EDIT).status)
    said = playbooks.choose(wanted, registry.installed())
    now = playbook_of(case_id)
    new = {each.enricher: each.parameters for each in said.enrichers}
    if (said.playbook, new) == (now.name, now.parameters):
        raise NothingChanges("The case has this playbook already.")
    return append(case_id, [Fact(said)], by=by)[0]


def playbook_of(case_id: UUID) -> Playbook:
    """Find the playbook of a case, in one query: the standard one where none was chosen."""
    rows = _ROW(case_id)
    if not rows:
        return Playbook()
    name, enrichers = rows[0]
    return Playbook(name=name, parameters={each["enricher"]: each.get("parameters", {}) for each in enrichers})


def look_ahead(case_id: UUID) -> None:
    """Look up the playbook of a case that evidence is about to be submitted to, before anything is written.

    Asked for amid the writing, it would part into two what PostgreSQL takes in one message.
    """
    _ahead.set((case_id, playbook_of(case_id)))


def playbook_to_plan_by(case_id: UUID) -> Playbook:
    """Give the playbook that was looked up ahead, once, else the one that holds; `planned_by` remembers it."""
    ahead = _ahead.get()
    _ahead.set(None)
    found = ahead[1] if ahead is not None and ahead[0] == case_id else playbook_of(case_id)
    _planned.set((case_id, found))
    return found


def planned_by(case_id: UUID) -> Playbook:
    """Give the playbook by which this thread has just planned jobs in a case, without asking for it again."""
    last = _planned.get()
    return last[1] if last is not None and last[0] == case_id else playbook_of(case_id)


def chosen_for(case_id: UUID, *, by: Actor) -> CasePlaybook | None:
    """Read what was chosen for a case, and by whom; None where nothing was.

    :raises NotFound: there is no such case for the caller.
    :raises Forbidden: the caller's role does not carry it.
    """
    require(case_id, Permission.READ, by=by)
    return CasePlaybook.objects.filter(pk=case_id).first()
