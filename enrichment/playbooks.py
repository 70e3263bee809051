"""Playbooks: which enrichers read the new evidence of a case, and with which parameters. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from enrichment.domain import Enricher
from enrichment.parameters import read, written
from ledger.errors import Invalid
from ledger.events import event

STANDARD, OWN = "standard", "own"

MOST_PARAMETERS = 50
"""No enricher has more: a longer list is not answered one by one."""

IDENTITY = "file_identity"
"""The enricher that tells by the content what a file is, and so who reads it next."""


@dataclass(frozen=True, kw_only=True)
class Shipped:
    """A playbook that everybody has; `enrichers` of None are all that are installed, also those that come later."""

    title: str
    says: str
    enrichers: tuple[str, ...] | None


SHIPPED: Mapping[str, Shipped] = {
    STANDARD: Shipped(
        title="Standard",
        says="Every tool that is installed and asks nobody, also one that is installed later.",
        enrichers=None,
    ),
    "quick": Shipped(
        title="Quick",
        says="What a file is, a preview and its metadata. Texts and sightings are not read.",
        enrichers=(IDENTITY, "image", "exif", "document"),
    ),
    "pictures": Shipped(
        title="Pictures",
        says="What a file is, previews, metadata, credentials, and which other pictures are nearly the same.",
        enrichers=(IDENTITY, "image", "exif", "document", "content_credentials", "perceptual_hash"),
    ),
    "texts": Shipped(
        title="Texts",
        says="Files are told and shown, and texts searched for languages, ships, places, times and quantities.",
        enrichers=(IDENTITY, "image", "document", "text"),
    ),
    "ships": Shipped(
        title="Ships and places",
        says="For sightings: checks of a ship's numbers, ports and land near by; what a text says of ships and places.",
        enrichers=(IDENTITY, "image", "position", "ship", "text"),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """An enricher of a playbook with all parameters that can be set, as it stood when the playbook was chosen."""

    enricher: str
    version: int
    parameters: Mapping[str, Any] = field(default_factory=dict)


@event("enrichment.playbook_chosen", version=1)
@dataclass(frozen=True, kw_only=True)
class PlaybookChosen:
    """From here on these enrichers read the new evidence of the case, with these parameters.

    Under the name `standard` whatever else is installed later reads it, too.
    """

    playbook: str
    enrichers: tuple[Chosen, ...]

    def apply(self, state: Any) -> Any:
        return state


@dataclass(frozen=True, kw_only=True)
class NewPlaybook:
    """What is wanted: a playbook by its name, and parameters for its enrichers by their names.

    Of `own` the enrichers are those that are named here, if without parameters.
    """

    playbook: str
    enrichers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Playbook:
    """What holds for a case: a name, and the parameters that were set, by enricher."""

    name: str = STANDARD
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def has(self, enricher: Enricher) -> bool:
        """Say whether an enricher reads the case's new evidence; one that asks others only where it was named."""
        return enricher.name in self.parameters or (self.name == STANDARD and not enricher.network)

    def parameters_of(self, enricher: str) -> Mapping[str, Any]:
        """Give the parameters that were set for an enricher."""
        return self.parameters.get(enricher, {})


def enrichers_of(name: str, installed: Mapping[str, Enricher]) -> list[str]:
    """List the enrichers of a shipped playbook that are installed."""
    names = SHIPPED[name].enrichers
    own = [name for name, enricher in installed.items() if not enricher.network]
    return [name for name in own if names is None or name in names]


def choose(wanted: NewPlaybook, installed: Mapping[str, Enricher]) -> PlaybookChosen:
    """Decide which enrichers read a case from now on.

    :raises Invalid: there is no such playbook, enricher or parameter, or a parameter can not be what it is to be.
    """
    if wanted.playbook == OWN:
        names = list(wanted.enrichers)
    elif wanted.playbook in SHIPPED:
        names = enrichers_of(wanted.playbook, installed)
    else:
        known = ", ".join([*SHIPPED, OWN])
        raise Invalid("There is no such playbook.", errors={"playbook": [f"One of {known}."]})
    require_installed(wanted.enrichers, installed)
    errors = dict(_faults(wanted, names, installed))
    needs_type = [name for name in names if installed[name].media]
    if needs_type and IDENTITY not in names:
        errors["enrichers"] = f"{IDENTITY} tells of which type a file is, for {', '.join(needs_type)}: add it."
    if not names:
        errors["enrichers"] = "At least one enricher."
    if errors:
        raise Invalid("This playbook can not be chosen.", errors={path: [said] for path, said in errors.items()})
    return PlaybookChosen(
        playbook=wanted.playbook,
        enrichers=tuple(chosen(installed[name], wanted.enrichers.get(name, {})) for name in sorted(names)),
    )


def chosen(enricher: Enricher, parameters: Mapping[str, Any]) -> Chosen:
    """Write an enricher down as it stands, with all parameters; of those that were set, what can still be."""
    instance, _ = read(enricher.adjustable, parameters)
    return Chosen(enricher=enricher.name, version=enricher.version, parameters=written(instance))


def require_installed(names: Mapping[str, Any] | tuple[str, ...], installed: Mapping[str, Enricher]) -> None:
    """Refuse names of enrichers that are not installed.

    :raises Invalid: one is not, or there are more than there can be.
    """
    known = f"There are: {', '.join(installed)}."
    if len(names) > len(installed):
        raise Invalid("So many enrichers are not installed.", errors={"enrichers": [known]})
    if unknown := sorted(set(names) - set(installed)):
        errors = {f"enrichers.{name}": [f"It is not installed. {known}"] for name in unknown}
        raise Invalid("An enricher is not installed.", errors=errors)


def _faults(wanted: NewPlaybook, names: list[str], installed: Mapping[str, Enricher]) -> Iterator[tuple[str, str]]:
    for name, parameters in wanted.enrichers.items():
        if name not in names:
            yield f"enrichers.{name}", f"It is not in the playbook {wanted.playbook}."
        if len(parameters) > MOST_PARAMETERS:
            yield f"enrichers.{name}", "It has no so many parameters."
            continue
        for parameter, said in read(installed[name].adjustable, parameters)[1].items():
            yield f"enrichers.{name}.{parameter}", said
