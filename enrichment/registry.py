"""The enrichers that are installed: one file each in `enrichers/`, found by listing that package."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module

from enrichment import enrichers
from enrichment.domain import Enricher


@cache
def installed() -> dict[str, Enricher]:
    """List the enrichers by name.

    :raises ValueError: two have one name.
    """
    found: dict[str, Enricher] = {}
    for module in pkgutil.iter_modules(enrichers.__path__):
        enricher: Enricher = import_module(f"{enrichers.__name__}.{module.name}").ENRICHER
        if enricher.name in found:
            raise ValueError(f"Two enrichers are named {enricher.name}.")
        found[enricher.name] = enricher
    return found


def of_kind(kind: str) -> list[Enricher]:
    """List the enrichers that read this kind of evidence, if only some of its files."""
    return [enricher for enricher in installed().values() if kind in enricher.accepts]


def accepting(kind: str, media: str = "") -> list[Enricher]:
    """List those that read an item of this kind whose file has this media type; empty where that is not known yet."""
    return [enricher for enricher in of_kind(kind) if not enricher.media or media in enricher.media]


def find(name: str, version: int) -> Enricher | None:
    """Find an enricher in exactly this version."""
    enricher = installed().get(name)
    return enricher if enricher and enricher.version == version else None


def module_of(enricher: Enricher) -> str:
    """Name the module that an enricher lives in."""
    return enricher.run.__module__
