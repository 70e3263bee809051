"""Forms about runs: what is to be read again, and what is to become of a run."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms

from enrichment import registry
from enrichment.runs import commands
from enrichment.runs.domain import NewRun
from ledger.actors import Actor
from ledger.errors import Invalid
from workspace.forms.base import Form

CHANGES = {"pause": commands.pause_run, "resume": commands.resume_run, "stop": commands.stop_run}


class StartRun(Form):
    """Where nothing is ticked, the tools of the case's playbook read."""

    enrichers = forms.MultipleChoiceField(
        label="Only these tools",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None ticked: those of the case's playbook.",
    )
    failed = forms.BooleanField(label="Also where a tool failed or was given up before", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        installed = registry.installed()
        choices = [(name, f"{name.replace('_', ' ')} @{installed[name].version}") for name in sorted(installed)]
        self.fields["enrichers"].choices = choices  # type: ignore[attr-defined]

    def arguments(self) -> dict[str, Any]:
        """Read the form as what is wanted."""
        given = self.cleaned_data
        return {"wanted": NewRun(enrichers=tuple(given["enrichers"]), failed=given["failed"])}


class ChangeRun(Form):
    """The button that was pressed says what is to become of which run."""

    run = forms.UUIDField(widget=forms.HiddenInput)
    change = forms.CharField(widget=forms.HiddenInput, max_length=10)


def change_run(*, case_id: UUID, run: UUID, change: str, by: Actor) -> None:
    """Carry out the change that the pressed button names."""
    if change not in CHANGES:
        raise Invalid("There is no such change of a run.")
    CHANGES[change](case_id=case_id, run=run, by=by)
