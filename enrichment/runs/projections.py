"""From events to rows of runs."""

from __future__ import annotations

from collections.abc import Sequence

from enrichment.models import Run
from enrichment.runs.domain import LEADS_TO, RunPaused, RunResumed, RunStarted, RunStopped, Status
from ledger import codec
from ledger.recorded import Recorded
from ledger.subscriptions import Projection

runs = Projection(tables=[Run])

_BECOMES = {said: status for status, (said, _, _) in LEADS_TO.items()}


@runs.on(RunStarted)
def begin(event: Recorded) -> None:
    started: RunStarted = event.data
    Run.objects.create(
        id=event.id,
        case_id=event.stream,
        enrichers=[codec.to_plain(each) for each in started.enrichers],
        failed=started.failed,
        status=Status.RUNNING,
        seq=event.seq,
        by=event.actor,
        started_at=event.at,
        changed_at=event.at,
    )


@runs.on(RunPaused, RunResumed, RunStopped)
def change(event: Recorded) -> None:
    """Note what became of a run."""
    of_case = Run.objects.filter(pk=event.data.run, case_id=event.stream)
    of_case.update(status=_BECOMES[type(event.data)], changed_at=event.at)


@runs.renews
def keep(events: Sequence[Recorded]) -> None:
    """Leave them as they are: a run holds nothing that can be erased."""
