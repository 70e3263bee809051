"""The fields of an item of evidence as a form: flat for people, nested for the domain.

A form field is named like the domain's path with `_` between the parts: `place_lat` is `place.lat`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any
from uuid import UUID

from django import forms

from cases.domain import Sensitivity
from evidence import domain
from evidence.domain import AttributionRole, EvidenceSubmitted, Kind
from evidence.rules import OWNED
from ledger import codec
from workspace.forms.base import Form, SeenForm, line, lines
from workspace.forms.cases import TLP

EDTF = "As known: 2024-03, 2024-03-05, 2024-03-05T10:00Z, 2024-03/2024-05, 2024-03~ (about)."
PARTS = {
    "place": domain.Place,
    "source": domain.Source,
    "collection": domain.Collection,
    "speaker": domain.Speaker,
    "subject": domain.Subject,
}
CHAIN = 3
"""Empty rows offered for an attribution chain, beside those that are filled."""

Choices = list[tuple[str, str]]


def number(label: str, *, help_text: str = "") -> Any:
    return forms.FloatField(label=label, required=False, help_text=help_text, widget=forms.NumberInput({"step": "any"}))


def several(label: str, help_text: str) -> Any:
    return forms.MultipleChoiceField(label=label, required=False, help_text=help_text)


class EvidenceFields(Form):
    """What all kinds have in common."""

    kind: Kind

    title = line("Title", help_text="A few words to find it by.")
    when = line("When it happened", help_text=EDTF)
    place_name = line("Place")
    place_lat = number("Latitude", help_text="Degrees north, WGS 84.")
    place_lon = number("Longitude", help_text="Degrees east.")
    place_radius_m = number("Accurate to", help_text="Plus or minus, in metres.")
    source_name = line("Source")
    source_kind = line("Kind of source", help_text="satellite, newspaper, social media, person…")
    source_url = line("Address (URL)")
    source_publisher = line("Publisher")
    source_author = line("Author")
    source_published_at = line("Published", help_text="EDTF, as above.")
    collection_by = line("Collected by")
    collection_at = line("Collected", help_text="EDTF, as above.")
    collection_method = line("How")
    collection_tool = line("Tool")
    collection_tool_version = line("Tool version")
    collection_url = line("Collected from (URL)")
    collection_notes = lines("Notes on the collection")
    derived_from = several("Derived from", "Items of this case that it was made from.")
    tags = line("Tags", help_text="Separated by commas.")
    sensitivity = forms.ChoiceField(label="Sensitivity", choices=TLP)
    graphic = forms.BooleanField(
        label="Graphic content", required=False, help_text="Shown covered until somebody asks to see it."
    )
    external_id = line("External id", help_text="Its number in another system.")

    def __init__(self, *args: Any, items: Iterable[tuple[UUID, str]] = (), chain: int = 0, **kwargs: Any) -> None:
        """:param items: the case's items to choose from; :param chain: filled links of an attribution chain."""
        super().__init__(*args, **kwargs)
        choices = [(str(item), title) for item, title in items]
        for name in ("derived_from", "basis"):
            if name in self.fields:
                self.fields[name].choices = choices  # type: ignore[attr-defined]

    def groups(self) -> list[tuple[str, list[Any]]]:
        """Lay the fields out under headings."""
        headings = [
            *self.own_groups(),
            ("What and when", ["title", "when", "sensitivity", "graphic", "tags", "external_id"]),
            ("Where", ["place_name", "place_lat", "place_lon", "place_radius_m"]),
            ("Source: who published it", [name for name in self.fields if name.startswith("source_")]),
            ("Collection: who took it in", [name for name in self.fields if name.startswith("collection_")]),
            ("Derivation", ["derived_from"]),
        ]
        return [(heading, [self[name] for name in names if name in self.fields]) for heading, names in headings]

    def own_groups(self) -> list[tuple[str, list[str]]]:
        return []

    def values(self) -> dict[str, Any]:
        """Read the cleaned form as the JSON values of a submission, without what was left empty."""
        found: dict[str, Any] = {}
        for field in fields(EvidenceSubmitted):
            if field.name in OWNED:
                continue
            value = self._part(field.name) if field.name in PARTS else self.cleaned_data.get(field.name)
            if value not in (None, "", [], {}, False):
                found[field.name] = value
        if tags := [tag for each in self.cleaned_data.get("tags", "").split(",") if (tag := each.strip())]:
            found["tags"] = tags
        return found | self.own_values()

    def own_values(self) -> dict[str, Any]:
        return {}

    def _part(self, name: str) -> dict[str, Any]:
        given = {field.name: self.cleaned_data.get(f"{name}_{field.name}") for field in fields(PARTS[name])}
        return {key: value for key, value in given.items() if value not in (None, "", False)}


class ImageFields(EvidenceFields):
    kind = Kind.IMAGE


class StatementFields(EvidenceFields):
    kind = Kind.STATEMENT

    text = lines("What was said", required=True, rows=6, most=1_000_000)
    language = line("Language", help_text="A code such as en, ko, ru.")
    speaker_name = line("Speaker")
    speaker_role = line("Their role")
    speaker_anonymous = forms.BooleanField(label="The speaker is not named", required=False)
    stated_at = line("When it was said", help_text="EDTF, as below.")

    def __init__(self, *args: Any, chain: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roles = [("", "–"), *((each.value, f"{each.value} it") for each in AttributionRole)]
        self.chain = [(f"attribution_{n}_role", f"attribution_{n}_name") for n in range(chain + CHAIN)]
        for n, (role, name) in enumerate(self.chain, 1):
            self.fields[role] = forms.ChoiceField(label=f"Link {n}: part", required=False, choices=roles)
            self.fields[name] = line(f"Link {n}: who")
            self.fields[name].widget.attrs["dir"] = "auto"

    def own_groups(self) -> list[tuple[str, list[str]]]:
        return [
            (
                "The statement",
                ["text", "language", "speaker_name", "speaker_role", "speaker_anonymous", "stated_at"],
            ),
            ("Attribution chain: said, relayed, published", [name for pair in self.chain for name in pair]),
        ]

    def own_values(self) -> dict[str, Any]:
        links = [
            {"role": self.cleaned_data[role], "name": self.cleaned_data[name]}
            for role, name in self.chain
            if self.cleaned_data.get(role) or self.cleaned_data.get(name)
        ]
        return {"attribution": links} if links else {}

    def clean(self) -> dict[str, Any]:
        for role, name in self.chain:
            if bool(self.cleaned_data.get(role)) != bool(self.cleaned_data.get(name)):
                self.add_error(name, "A link needs both: the part, and who.")
        return self.cleaned_data


class SightingFields(EvidenceFields):
    kind = Kind.SIGHTING

    subject_kind = line("Kind", help_text="ship, vehicle, unit, person…")
    subject_name = line("Name")
    subject_imo = line("IMO number")
    subject_mmsi = line("MMSI")
    subject_call_sign = line("Call sign")
    subject_flag = line("Flag")
    subject_type = line("Type")
    subject_length_m = number("Length", help_text="Metres.")
    subject_beam_m = number("Beam", help_text="Metres.")
    subject_design_draught_m = number("Design draught", help_text="Metres.")
    subject_deadweight_t = number("Deadweight", help_text="Tonnes.")
    subject_notes = lines("Notes on the subject")
    activity = line("Activity", help_text="docked, loading, tracker silent…")
    observed = forms.ChoiceField(
        label="Outcome",
        choices=[("yes", "seen"), ("no", "looked, not there")],
        initial="yes",
        widget=forms.RadioSelect,
    )
    draught_m = number("Draught", help_text="Metres.")
    draught_error_m = number("Error of the draught", help_text="Plus or minus, in metres.")
    basis = several("Basis", "Items of this case in which it was seen.")
    observer = line("Observer")

    def own_groups(self) -> list[tuple[str, list[str]]]:
        seen = ["observed", "activity", "draught_m", "draught_error_m", "observer", "basis"]
        subject = [name for name in self.fields if name.startswith("subject_")]
        return [("The sighting", seen), ("Subject: what it is about", subject)]

    def own_values(self) -> dict[str, Any]:
        return {"observed": False} if self.cleaned_data["observed"] == "no" else {}

    def values(self) -> dict[str, Any]:
        found = super().values()
        if self.cleaned_data["observed"] == "yes":
            found.pop("observed", None)
        return found


class NewImage(ImageFields):
    file = forms.FileField(
        label="The picture", allow_empty_file=True, help_text="Kept byte for byte, under its own name."
    )
    declared_sha256 = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    declared_size = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)


class NewStatement(StatementFields):
    pass


class NewSighting(SightingFields):
    pass


class _Correction(SeenForm):
    """Tags are not among the fields: they are put on and taken off one by one, on the item's page."""

    reason = lines("Why it is corrected", required=True, rows=2, help_text="The old values stay in the history.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["tags"]


class CorrectImage(_Correction, ImageFields):
    pass


class CorrectStatement(_Correction, StatementFields):
    pass


class CorrectSighting(_Correction, SightingFields):
    pass


NEW: dict[Kind, type[EvidenceFields]] = {
    Kind.IMAGE: NewImage,
    Kind.STATEMENT: NewStatement,
    Kind.SIGHTING: NewSighting,
}
CORRECT: dict[Kind, type[EvidenceFields]] = {
    Kind.IMAGE: CorrectImage,
    Kind.STATEMENT: CorrectStatement,
    Kind.SIGHTING: CorrectSighting,
}


def initial_of(said: EvidenceSubmitted) -> dict[str, Any]:
    """Write an item's fields as the values of a form."""
    plain = codec.to_plain(said)
    flat = {name: value for name, value in plain.items() if name not in PARTS}
    for part in PARTS:
        flat |= {f"{part}_{name}": value for name, value in (plain[part] or {}).items()}
    for n, link in enumerate(plain["attribution"]):
        flat |= {f"attribution_{n}_{name}": value for name, value in link.items()}
    return {**flat, "tags": ", ".join(said.tags), "observed": "yes" if said.observed else "no"}


def changes(before: EvidenceSubmitted, form_values: Mapping[str, Any]) -> dict[str, Any]:
    """Name the fields whose values in the form differ from an item's, with their new values.

    What a form can not keep (a trailing space, CRLF line ends) does not count as a difference.
    """
    old, empty = codec.to_values(before), codec.to_plain(EvidenceSubmitted(kind=before.kind))
    asked: dict[str, Any] = {"sensitivity": Sensitivity.AMBER.value, **form_values}
    names = {field.name for field in fields(EvidenceSubmitted)} - OWNED - {"tags"}
    found = {}
    for name in sorted(names):
        was, is_now = old.get(name, empty[name]), asked.get(name, empty[name])
        if _typed(was) != _typed(is_now):
            found[name] = is_now
    return found


def _typed(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\r\n", "\n").strip()
    if isinstance(value, Mapping):
        return {key: _typed(each) for key, each in value.items()} or None
    if isinstance(value, list | tuple):
        return [_typed(each) for each in value]
    return value
