"""When a result is stale: something that it was computed from is not as it was, or more would go into it now. Pure."""

from __future__ import annotations

from typing import Any

from analysis.rule import Rule
from analysis.selection import Fit, Seen, Selection, values_of
from evidence.parts import ItemStatus

MOST = 20
"""How many reasons are kept, the first ones."""


def reads(rule: Rule, selection: Selection) -> frozenset[str]:
    """Name all that a rule reads of an item: what decides whether it is selected, and what is computed with."""
    return rule.reads | selection.reads


def why_stale(rule: Rule, parameters: Any, *, before: Seen | None, after: Seen | None) -> str:
    """Say why a result is stale now that an item is not as it was before; empty where nothing changed for it."""
    selection = rule.selection(parameters)
    if selection is None:
        return ""
    was, now = (Fit.NOT if seen is None else selection.fit(seen) for seen in (before, after))
    if was is now is Fit.NOT:
        return ""
    if before is None or was is Fit.NOT:
        return "New evidence matches." if before is None else "An item that was changed matches now."
    if after is None or now is Fit.NOT:
        gone = after is not None and after.status == ItemStatus.RETRACTED
        return "An item that was used was retracted." if gone else "An item that was used does not match any more."
    names = reads(rule, selection)
    old, new = values_of(before, names), values_of(after, names)
    changed = sorted(name for name in names if old[name] != new[name])
    if not changed and (before.earliest, before.latest) == (after.earliest, after.latest):
        return ""
    return f"An item that was used has another {', '.join(changed) or 'when'}."
