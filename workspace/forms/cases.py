"""Forms about a case and its team."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth import get_user_model

from cases.domain import Role, Sensitivity, Status
from workspace.forms.base import Form, SeenForm, line, lines

TLP = [(each.value, f"TLP:{each.upper()}") for each in Sensitivity]
ROLES = [
    (Role.OWNER.value, "owner: everything, the team too"),
    (Role.INVESTIGATOR.value, "investigator: adds and changes evidence"),
    (Role.REVIEWER.value, "reviewer: grades and comments"),
    (Role.VIEWER.value, "viewer: reads"),
    (Role.SUBMITTER.value, "submitter: adds, and sees their own items only"),
]


class OpenCase(Form):
    title = line("Title", required=True, most=200, autofocus="autofocus")
    description = lines("Description", help_text="What is asked, and why.", rows=5)
    sensitivity = forms.TypedChoiceField(
        label="Sensitivity",
        coerce=Sensitivity,
        choices=TLP,
        initial=Sensitivity.AMBER.value,
        help_text="Traffic Light Protocol 2.0.",
    )


class CaseSearch(Form):
    """The filters of the list of cases, as they stand in the address."""

    title = line("Title contains")
    status = forms.ChoiceField(
        label="Status",
        required=False,
        choices=[("", "any"), *((each.value, each.replace("_", " ")) for each in Status)],
    )
    sensitivity = forms.ChoiceField(label="Sensitivity", required=False, choices=[("", "any"), *TLP])


class Rename(SeenForm):
    title = line("Title", required=True, most=200)


class Describe(SeenForm):
    description = lines("Description", rows=6)


class SetSensitivity(SeenForm):
    sensitivity = forms.TypedChoiceField(label="Sensitivity", choices=TLP, coerce=Sensitivity)
    reason = line("Reason")


class ChangeStatus(SeenForm):
    """The button that was pressed says which change is meant."""

    change = forms.CharField(widget=forms.HiddenInput, max_length=20)
    reason = lines("Reason", required=True, rows=2, help_text="It stays in the case's history.")


class AddTag(SeenForm):
    tag = line("Tag", required=True, most=60)


class RemoveTag(SeenForm):
    tag = forms.CharField(max_length=60, widget=forms.HiddenInput)


class Comment(Form):
    text = lines("Comment", required=True, rows=3)


class AddMember(SeenForm):
    user = line("User name", required=True, most=150, autocapitalize="none", autocomplete="off", spellcheck="false")
    role = forms.TypedChoiceField(label="Role", coerce=Role, choices=ROLES, initial=Role.VIEWER.value)

    def clean_user(self) -> UUID:
        name = self.cleaned_data["user"]
        found: Any = get_user_model().objects.filter(username=name, is_active=True).values_list("pk", flat=True)
        if not found:
            raise forms.ValidationError("No active person signs in with this name.")
        return found[0]


class ChangeRole(SeenForm):
    user = forms.UUIDField(widget=forms.HiddenInput)
    role = forms.TypedChoiceField(label="Role", coerce=Role, choices=[(role.value, role.value) for role in Role])


class RemoveMember(SeenForm):
    user = forms.UUIDField(widget=forms.HiddenInput)
    reason = line("Reason")


class EmergencyAccess(Form):
    case = forms.UUIDField(label="Case", help_text="The id of the case, as its address shows it.")
    reason = lines("Reason", required=True, help_text="The team sees that you came in, and why.")
