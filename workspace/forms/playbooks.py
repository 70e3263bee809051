"""The form of a playbook: a shipped one, or enrichers of one's own choice; and what of them can be set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms

from enrichment import registry
from enrichment.domain import Enricher
from enrichment.parameters import Parameter, adjusted, declared, read
from enrichment.playbooks import OWN, SHIPPED, NewPlaybook, Playbook, enrichers_of
from workspace.facts import label_of, text_of
from workspace.forms.base import Form

APART = "__"


class ChoosePlaybook(Form):
    """Parameters count for the enrichers of the playbook that is chosen; for others they are left unread."""

    playbook = forms.ChoiceField(
        label="Playbook",
        choices=[
            *((name, f"{each.title}: {each.says}") for name, each in SHIPPED.items()),
            (OWN, "Own choice: the tools that are ticked below."),
        ],
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        installed = registry.installed()
        self.fields["enrichers"] = forms.MultipleChoiceField(
            label="Tools of your own choice",
            required=False,
            choices=[(name, _title(installed[name])) for name in sorted(installed)],
            widget=forms.CheckboxSelectMultiple,
        )
        for enricher, parameter in _parameters(installed):
            self.fields[f"{enricher.name}{APART}{parameter.name}"] = _field(enricher, parameter)

    @property
    def settable(self) -> list[forms.BoundField]:
        """List the fields of parameters."""
        return [self[name] for name in self.fields if APART in name]

    def arguments(self) -> dict[str, Any]:
        """Read the form as what is wanted."""
        given, installed = self.cleaned_data, registry.installed()
        name = given["playbook"]
        ticked = given["enrichers"] if name == OWN else enrichers_of(name, installed)
        wanted: dict[str, dict[str, Any]] = {each: {} for each in ticked}
        for enricher, parameter in _parameters(installed):
            value = given[f"{enricher.name}{APART}{parameter.name}"]
            if enricher.name in wanted and value not in (None, "", []):
                wanted[enricher.name][parameter.name] = value
        return {"wanted": NewPlaybook(playbook=name, enrichers=wanted)}

    def field_of(self, path: str) -> str | None:
        """Find the form's field of a path such as `enrichers.position.most`."""
        name = path.removeprefix("enrichers.").replace(".", APART)
        return name if name in self.fields else path.partition(".")[0]


def initial_of(playbook: Playbook) -> dict[str, Any]:
    """Give the form's first values: how things stand."""
    installed = registry.installed()
    values = {
        f"{enricher.name}{APART}{parameter.name}": playbook.parameters_of(enricher.name).get(
            parameter.name, parameter.default
        )
        for enricher, parameter in _parameters(installed)
    }
    return {
        "playbook": playbook.name,
        "enrichers": [name for name, each in installed.items() if playbook.has(each)],
        **{
            name: int(value) if isinstance(value, float) and value.is_integer() else value
            for name, value in values.items()
        },
    }


def titled(playbook: Playbook) -> tuple[str, list[tuple[str, str]]]:
    """Name a playbook for people: its title, and its enrichers, each with the parameters that are not as usual."""
    installed = registry.installed()
    title = SHIPPED[playbook.name].title if playbook.name in SHIPPED else "Own choice"
    readers = [installed[name] for name in sorted(installed) if playbook.has(installed[name])]
    return title, [(each.name, _said(each, playbook)) for each in readers]


def _said(enricher: Enricher, playbook: Playbook) -> str:
    set_to = adjusted(read(enricher.adjustable, playbook.parameters_of(enricher.name))[0])
    words = [(*label_of(name), value) for name, value in set_to.items()]
    return ", ".join(f"{label} {text_of(value, unit)}" for label, unit, value in words)


def _parameters(installed: Mapping[str, Enricher]) -> Iterator[tuple[Enricher, Parameter]]:
    for name in sorted(installed):
        for parameter in declared(installed[name].adjustable):
            yield installed[name], parameter


def _title(enricher: Enricher) -> str:
    kinds = ", ".join(f"{kind}s" for kind in sorted(enricher.accepts))
    lacks = f" (not installed: {enricher.missing()})" if enricher.missing() else ""
    return f"{enricher.name.replace('_', ' ')}, reads {kinds}{lacks}"


def _field(enricher: Enricher, parameter: Parameter) -> forms.Field:
    """Make the field of a parameter; what it holds is judged by the command, for pages and programs alike."""
    bounds, default = parameter.bounds, parameter.default
    label = f"{enricher.name.replace('_', ' ')}: {label_of(parameter.name)[0]}"
    if bounds.choices:
        kind = forms.MultipleChoiceField if isinstance(default, tuple) else forms.ChoiceField
        of = [(each, each) for each in bounds.choices]
        return kind(label=label, required=False, choices=of, help_text=bounds.says)
    if isinstance(default, bool):
        return forms.BooleanField(label=label, required=False, help_text=bounds.says)
    kind = forms.IntegerField if isinstance(default, int) else forms.FloatField
    said = f"{bounds.says} From {bounds.least:g} to {bounds.most:g}; {default:g} unless set."
    return kind(label=f"{label}{f' ({bounds.unit})' if bounds.unit else ''}", required=False, help_text=said)
