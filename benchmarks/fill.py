"""Large cases, filled through `ledger.append` with the real projections."""

from __future__ import annotations

from uuid import UUID

from benchmarks.statements import submission

BATCH = 1000


def new_case(owner: UUID) -> UUID:
    """Open a case."""
    from cases.commands import open_case
    from ledger.actors import Actor

    return open_case(title="Tankers", by=Actor.person(owner)).stream


def fill(case: UUID, *, events: int) -> None:
    """Append statements until a case has so many events; no jobs are left that a worker would have carried out."""
    from enrichment.models import Job
    from ledger.actors import Actor
    from ledger.append import Fact, append
    from ledger.ids import uuid7
    from ledger.models import Event

    by = Actor.worker("benchmark", 1)
    there = Event.objects.filter(stream=case).count()
    while there < events:
        count = min(BATCH, events - there)
        append(case, [Fact(submission(there + n), item=uuid7()) for n in range(count)], by=by)
        there += count
    Job.objects.filter(case_id=case).update(status=Job.DONE)
