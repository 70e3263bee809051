"""The form of an export: what of the case stays behind."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms

from cases.domain import Sensitivity
from exchange.domain import FIELDS, NewExport
from workspace.forms.base import Form, lines

ABOVE = [
    ("", "nothing by its label"),
    *((each.value, f"items above TLP:{each.upper()}") for each in Sensitivity if each is not Sensitivity.RED),
]


class Export(Form):
    """Left as it is, the form withholds nothing."""

    above = forms.ChoiceField(
        label="By sensitivity",
        required=False,
        choices=ABOVE,
        help_text="Of an item that is, or ever was, more sensitive than this, only its kind and its relations leave.",
    )
    persons = lines(
        "By name",
        help_text="One a line. Each field in which the name stands is withheld, whatever its case; other spellings "
        "need a line of their own.",
        most=100_000,
    )
    fields_ = forms.MultipleChoiceField(
        label="Fields",
        required=False,
        choices=[(name, name.replace("_", " ")) for name in FIELDS],
        widget=forms.CheckboxSelectMultiple,
        help_text="Of every item, with what tools made of it.",
    )
    items_ = lines(
        "Items",
        help_text="One id a line, as the item's page shows it. Of these items only the kind and the relations leave.",
        rows=2,
        most=400_000,
    )

    def clean_items_(self) -> tuple[UUID, ...]:
        found = []
        for text in self.cleaned_data["items_"].split():
            try:
                found.append(UUID(text))
            except ValueError:
                raise forms.ValidationError(f"{text[:60]} is no id of an item.") from None
        return tuple(found)

    def arguments(self) -> dict[str, Any]:
        """Read the form as what is wanted."""
        given = self.cleaned_data
        wanted = NewExport(
            fields=tuple(given["fields_"]),
            items=given["items_"],
            persons=tuple(name.strip() for name in given["persons"].split("\n") if name.strip()),
            above=Sensitivity(given["above"]) if given["above"] else None,
        )
        return {"wanted": wanted}

    def field_of(self, path: str) -> str | None:
        """Find the form's field: two are named otherwise than those of the domain, whose names a form keeps."""
        first = path.partition(".")[0]
        return f"{first}_" if f"{first}_" in self.fields else super().field_of(path)
