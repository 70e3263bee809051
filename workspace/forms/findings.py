"""Forms about findings: one for each rule, since each asks for other things; and those of the people who judge them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms

from analysis.domain import FindingPublished, FindingReviewed, FindingSignedOff, FindingStated
from analysis.rules.cargo import Unit
from analysis.rules.distinct import By
from evidence.domain import Kind
from workspace.forms.base import Form, SeenForm, line, lines

KINDS = [(kind.value, f"{kind}s") for kind in Kind]
GRADES = [("", "any, or none")] + [
    (f"{letter}{digit}", f"{letter}{digit} or better") for letter in "ABCDE" for digit in "12345"
]


class State(Form):
    """A sentence; what is common to all rules."""

    rule, version = "", 1

    sentence = lines("Sentence", required=True, rows=2, most=1000, help_text="As it would be printed, with its number.")
    note = lines("Note", rows=2, help_text="Why this rule, and these parameters.")

    def arguments(self) -> dict[str, Any]:
        """Read the form as what is stated."""
        given = self.cleaned_data
        stated = FindingStated(
            sentence=given["sentence"],
            note=given["note"],
            rule=self.rule,
            version=self.version,
            parameters=self.parameters(given),
        )
        return {"stated": stated}

    def parameters(self, given: dict[str, Any]) -> dict[str, Any]:
        """Read the rule's parameters."""
        raise NotImplementedError

    def field_of(self, path: str) -> str | None:
        """Find the field of a parameter; those of the selection and of the place have no names of their own."""
        return super().field_of(path.removeprefix("parameters.").removeprefix("of.").replace("at.", "area."))


class OfItems(State):
    """Which items a rule is about."""

    kinds = forms.MultipleChoiceField(
        label="Kinds", required=False, choices=KINDS, widget=forms.CheckboxSelectMultiple, help_text="None: all."
    )
    tags = line("Tags", help_text="Items that carry all of these, with commas between.")
    when_from = line("Happened from", help_text="EDTF, such as 2024-03 or 2024-03-01T00:00Z.", most=120)
    when_to = line("Happened to", most=120)
    grade_at_least = forms.ChoiceField(label="Grade at least", required=False, choices=GRADES)

    def selection(self, given: dict[str, Any]) -> dict[str, Any]:
        tags = [tag.strip() for tag in given["tags"].split(",") if tag.strip()]
        names = ("kinds", "when_from", "when_to", "grade_at_least")
        return {**{name: given[name] for name in names if given.get(name)}, **({"tags": tags} if tags else {})}


class Count(OfItems):
    rule = "count"

    unit = line("What each is called", most=60, help_text="Such as statements or looks.")

    def parameters(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"of": self.selection(given), "unit": given["unit"] or "items"}


class Distinct(OfItems):
    rule = "distinct"

    by = forms.ChoiceField(label="Different", choices=[(each.value, f"{each}s") for each in By])

    def parameters(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"of": self.selection(given), "by": given["by"]}


class PortCalls(OfItems):
    rule = "port-calls"

    area_name = line("Place")
    area_lat = forms.FloatField(
        label="Latitude", min_value=-90, max_value=90, help_text="Degrees, WGS 84; south negative."
    )
    area_lon = forms.FloatField(label="Longitude", min_value=-180, max_value=180, help_text="West negative.")
    area_radius_m = forms.FloatField(label="Within", min_value=1, initial=5000, help_text="Metres.")
    merge_hours = forms.FloatField(
        label="One call while less lies between sightings than", min_value=0.1, initial=72, help_text="Hours."
    )

    field_order = ["sentence", "area_name", "area_lat", "area_lon", "area_radius_m", "merge_hours"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Calls are made of sightings.
        del self.fields["kinds"]

    def parameters(self, given: dict[str, Any]) -> dict[str, Any]:
        at = {name: given[f"area_{name}"] for name in ("name", "lat", "lon", "radius_m")}
        return {"at": at, "of": self.selection(given), "merge_hours": given["merge_hours"]}


class Cargo(PortCalls):
    rule = "cargo"

    unit = forms.ChoiceField(label="In", choices=[(each.value, each.value) for each in Unit])
    between = {
        "waterplane_coefficient": ("Waterplane coefficient", 0.76, 0.84),
        "water_density": ("Density of the water, t/m³", 1.020, 1.030),
        "barrels_per_tonne": ("Barrels per tonne of the cargo", 7.25, 7.65),
    }
    """What is known of each only as lying between two numbers, with a probability of 95 %."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (label, low, high) in self.between.items():
            self.fields[f"{name}_low"] = forms.FloatField(label=f"{label}, from", initial=low)
            self.fields[f"{name}_high"] = forms.FloatField(label="to", initial=high)

    def parameters(self, given: dict[str, Any]) -> dict[str, Any]:
        known = {name: {"low": given[f"{name}_low"], "high": given[f"{name}_high"]} for name in self.between}
        return {**super().parameters(given), "unit": given["unit"], **known}


class DarkPeriods(OfItems):
    rule = "dark-periods"

    activity = line("Activity of the sightings that tell of a silence", initial="tracker silent", required=True)
    least_hours = forms.FloatField(label="Silent for at least", min_value=0.1, initial=6, help_text="Hours.")
    near_m = forms.FloatField(
        label="Ships that may have met were last heard within", min_value=1, initial=20_000, help_text="Metres."
    )

    field_order = ["sentence", "activity", "least_hours", "near_m"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Silences are sightings.
        del self.fields["kinds"]

    def parameters(self, given: dict[str, Any]) -> dict[str, Any]:
        named = {name: given[name] for name in ("activity", "least_hours", "near_m")}
        return {"of": self.selection(given), **named}


class Origins(OfItems):
    rule = "origins"

    items = lines("Items", rows=3, most=100_000, help_text="One id a line, as the item's page shows it; none: all.")

    field_order = ["sentence", "items"]

    def clean_items(self) -> list[str]:
        found = []
        for text in self.cleaned_data["items"].split():
            try:
                found.append(str(UUID(text)))
            except ValueError:
                raise forms.ValidationError(f"{text[:60]} is no id of an item.") from None
        return found

    def parameters(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"of": {**self.selection(given), **({"items": given["items"]} if given["items"] else {})}}


class OfFindings(State):
    """Which findings a rule rests on, among those of the case."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        findings: list[tuple[str, str]] = kwargs.pop("findings", [])
        super().__init__(*args, **kwargs)
        for name in ("of", "over"):
            if name in self.fields:
                none = [("", "–")] if not self.fields[name].required else []
                self.fields[name].choices = [*none, *findings]  # type: ignore[attr-defined]


class Ratio(OfFindings):
    rule = "ratio"

    of = forms.ChoiceField(label="This finding")
    over = forms.ChoiceField(label="Divided by this one", required=False)
    number = forms.FloatField(label="Or by a number", required=False, help_text="Such as a cap, in the same unit.")
    because = line("Where the number comes from")

    def parameters(self, given: dict[str, Any]) -> dict[str, Any]:
        found = {
            "of": given["of"],
            "over": given["over"] or None,
            "number": given["number"],
            "because": given["because"],
        }
        return {name: value for name, value in found.items() if value not in (None, "")}


class Total(OfFindings):
    rule = "sum"

    of = forms.MultipleChoiceField(label="These findings", widget=forms.CheckboxSelectMultiple)

    def parameters(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"of": given["of"]}


FORMS: tuple[type[State], ...] = (Count, Distinct, PortCalls, DarkPeriods, Cargo, Origins, Ratio, Total)
STATE = {form.rule: form for form in FORMS}
"""The form of each rule."""


class Compute(SeenForm):
    """Nothing is asked for."""


class _OfResult(SeenForm):
    digest = forms.CharField(widget=forms.HiddenInput, max_length=64)


class Review(_OfResult):
    agrees = forms.TypedChoiceField(
        label="Do you agree?", choices=[("yes", "yes"), ("no", "no")], coerce=lambda text: text == "yes"
    )
    note = lines("Why", required=True, rows=2)

    def arguments(self) -> dict[str, Any]:
        given = self.cleaned_data
        said = FindingReviewed(digest=given["digest"], agrees=given["agrees"], note=given["note"])
        return {"reviewed": said, "seen": given["seen"]}


class SignOff(_OfResult):
    note = lines("Note", rows=2)

    def arguments(self) -> dict[str, Any]:
        given = self.cleaned_data
        return {"signed_off": FindingSignedOff(digest=given["digest"], note=given["note"]), "seen": given["seen"]}


class Publish(_OfResult):
    sentence = lines("As it was printed", required=True, rows=2, most=1000)
    where = line("Where", required=True)
    at = line("When", help_text="EDTF.", most=120)

    def arguments(self) -> dict[str, Any]:
        given = {name: self.cleaned_data[name] for name in ("digest", "sentence", "where", "at")}
        return {"published": FindingPublished(**given), "seen": self.cleaned_data["seen"]}


class Withdraw(SeenForm):
    reason = lines("Reason", required=True, rows=2)


def choices(findings: list[tuple[UUID, str]]) -> list[tuple[str, str]]:
    """Make choices of findings, each with the beginning of its sentence."""
    return [(str(id), sentence if len(sentence) <= 100 else f"{sentence[:99]}…") for id, sentence in findings]
