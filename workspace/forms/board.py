"""The filters of a case's evidence list, as they stand in the address."""

from __future__ import annotations

from django import forms

from evidence.domain import ItemStatus, Kind
from workspace.forms.base import Form, line
from workspace.forms.cases import TLP


class BoardFilters(Form):
    """Only for showing: what the filters mean is said in `evidence.filters`."""

    text = line("Words", type="search", autocomplete="off")
    kind = forms.MultipleChoiceField(
        label="Kind",
        required=False,
        choices=[(each.value, each.value) for each in Kind],
        widget=forms.CheckboxSelectMultiple,
    )
    tag = line("Tag", most=60)
    grade = line("Grade", most=2, help_text="B2, or B, or 2.")
    when_from = line("Happened from", help_text="EDTF, such as 2024-03.")
    when_to = line("Happened to")
    source = line("Source contains")
    status = forms.ChoiceField(
        label="Status",
        required=False,
        choices=[("", "any"), *((each.value, each.value) for each in ItemStatus)],
    )
    sensitivity = forms.ChoiceField(label="Sensitivity", required=False, choices=[("", "any"), *TLP])
    flagged = forms.ChoiceField(
        label="Flags", required=False, choices=[("", "any"), ("true", "flagged"), ("false", "not flagged")]
    )
    enrichment = forms.ChoiceField(
        label="Tools",
        required=False,
        choices=[("", "any"), ("done", "have a result"), ("failed", "failed"), ("waiting", "waiting")],
    )
    as_of = line("As of", help_text="An event's number, or 2026-11-23T10:00:00Z.", most=40)
