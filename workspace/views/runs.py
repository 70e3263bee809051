"""The page about runs of a case: how far each is, and how to start, pause and stop one."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from cases.access import Permission
from enrichment.choosing import playbook_of
from enrichment.runs.commands import start_run
from enrichment.runs.queries import progress_of, runs_of
from workspace.answers import show
from workspace.forms import runs as forms
from workspace.forms.playbooks import titled
from workspace.frame import frame
from workspace.intentions import Intention, outcome
from workspace.people import names_of

PAGE = 20
ACTIONS = {
    "start": Intention(forms.StartRun, start_run, Permission.EDIT, "The run is started; this page follows it."),
    "change": Intention(forms.ChangeRun, forms.change_run, Permission.EDIT, "Noted; this page follows it."),
}


@require_http_methods(["GET", "HEAD", "POST"])
def runs(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Show the runs of a case, newest first, and carry out what is asked of one."""
    around = frame(request, case_id)
    around.require(Permission.READ)
    done = outcome(request, ACTIONS, by=around.by, role=around.role, about={"case_id": case_id}, initial={})
    if done.answer:
        return done.answer
    page = Paginator(runs_of(case_id, by=around.by).order_by("-seq"), PAGE).get_page(request.GET.get("page"))
    progress = progress_of(list(page))
    names = names_of(run.by for run in page)
    listed = [(run, progress[run.pk], names[run.by], _written(progress[run.pk].seconds_left)) for run in page]
    context = around.context(
        "runs",
        page=page,
        query="",
        runs=listed,
        waits=any(each.open and each.status != "paused" for each in progress.values()),
        form=done.forms.get("start"),
        refused=done.refused,
        playbook=titled(playbook_of(case_id))[0],
    )
    return show(request, "case_runs", context, status=done.status)


def _written(seconds: float | None) -> str:
    """Write how long something takes, no finer than anybody can tell."""
    if seconds is None:
        return ""
    minutes = timedelta(seconds=seconds) / timedelta(minutes=1)
    if minutes < 1.5:
        return "about a minute"
    return f"{minutes:.0f} minutes" if minutes < 90 else f"{minutes / 60:.1f} hours"
