"""The rules that are installed: one file each in `rules/`, found by listing that package."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module

from analysis import rules
from analysis.rule import Rule


@cache
def installed() -> dict[str, Rule]:
    """List the rules by name.

    :raises ValueError: two have one name.
    """
    found: dict[str, Rule] = {}
    for module in pkgutil.iter_modules(rules.__path__):
        rule: Rule = import_module(f"{rules.__name__}.{module.name}").RULE
        if rule.name in found:
            raise ValueError(f"Two rules are named {rule.name}.")
        found[rule.name] = rule
    return found


def find(name: str, version: int) -> Rule | None:
    """Find a rule in exactly this version."""
    rule = installed().get(name)
    return rule if rule and rule.version == version else None
