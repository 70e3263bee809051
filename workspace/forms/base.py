"""What all forms have in common: their look, and where a refusal's sentences go."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms.renderers import DjangoTemplates

from ledger.errors import DomainError, StaleStream


class Renderer(DjangoTemplates):
    field_template_name = "workspace/field.html"


class Form(forms.Form):
    """A form that can show a refusal beside the fields it names."""

    default_renderer = Renderer
    template_name_label = "workspace/label.html"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field.widget, forms.TextInput | forms.Textarea):
                # What people write may run in either direction.
                field.widget.attrs.setdefault("dir", "auto")

    def arguments(self) -> dict[str, Any]:
        """Read the cleaned form as the arguments of its command."""
        return dict(self.cleaned_data)

    def refuse(self, refusal: DomainError) -> None:
        """Put each sentence of a refusal at the field it names, and the others above the form."""
        if isinstance(refusal, StaleStream):
            said = "Changed meanwhile: somebody else changed this after you opened it. What you typed is kept below."
            self.add_error(None, f"{said} Look at how it stands now, then send it again.")
            return
        placed = False
        for path, sentences in refusal.errors.items():
            name = self.field_of(path)
            for sentence in sentences:
                self.add_error(name, sentence if name else f"{path}: {sentence}")
                placed = True
        if not placed:
            self.add_error(None, refusal.detail)

    def field_of(self, path: str) -> str | None:
        """Find the field for a dotted path of the domain, such as `changes.place.lat`.

        Where it has none, the nearest one above it is meant, else the first of its parts.
        """
        parts = path.removeprefix("changes.").split(".")
        for end in range(len(parts), 0, -1):
            if (name := "_".join(parts[:end])) in self.fields:
                return name
        return next((name for name in self.fields if name.startswith(f"{parts[0]}_")), None)


class SeenForm(Form):
    """A form about something that others may change meanwhile: `seen` is the state it was filled in on."""

    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0)


def line(
    label: str, *, required: bool = False, help_text: str = "", most: int = 500, initial: str = "", **attrs: str
) -> Any:
    """Make a field of one line."""
    widget = forms.TextInput(attrs=attrs)
    return forms.CharField(
        label=label, required=required, help_text=help_text, max_length=most, initial=initial, widget=widget
    )


def lines(label: str, *, required: bool = False, help_text: str = "", rows: int = 3, most: int = 20_000) -> Any:
    """Make a field of several lines; a browser's CRLF is read as the line feed that was typed."""
    widget = forms.Textarea(attrs={"rows": rows})
    return LinesField(label=label, required=required, help_text=help_text, max_length=most, widget=widget)


class LinesField(forms.CharField):
    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return text.replace("\r\n", "\n") if isinstance(text, str) else text
