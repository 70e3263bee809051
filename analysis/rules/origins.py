"""How many independent origins some items have: five links that lead to one source are one origin.

Two items have one origin where the same one is said to have said it, where one was derived from the other or from the
same third one, and where the file is the same. Who said it is the first link of the chain of attribution, else the
speaker. A source that nobody names may be one of those that are named, or not: it counts in the upper end alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from analysis.domain import About, Result, Role, Step
from analysis.rule import Given, Outcome, Rule
from analysis.selection import Fit, Seen, Selection
from enrichment.states import folded_name
from evidence.parts import AttributionRole


@dataclass(frozen=True, kw_only=True)
class Origins:
    """`of`: the items that say it."""

    of: Selection = field(default_factory=Selection)

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield each parameter that can not be meant, and why."""
        yield from ((f"of.{name}", why) for name, why in self.of.problems())


def origins(parameters: Origins, given: Given) -> Outcome:
    """Count the groups of items that share an origin, apart those of which nobody says who said it."""
    fits = {seen.item: parameters.of.fit(seen) for seen in given.items}
    seen = [each for each in given.items if fits[each.item] is not Fit.NOT]
    groups = _groups(seen)
    surely: list[tuple[UUID, ...]] = []
    perhaps: list[tuple[UUID, ...]] = []
    for group in groups:
        is_sure = any(_root(each) and fits[each.item] is Fit.SURELY for each in group)
        (surely if is_sure else perhaps).append(tuple(each.item for each in group))
    value = float(len(surely))
    unnamed = "Nobody says who said it, or it may not be among the items: perhaps another origin."
    steps = [Step(text="One origin.", value=1.0, items=items) for items in surely]
    steps += [Step(text=unnamed, about=About.LEFT_OUT, items=items) for items in perhaps]
    roles = {item: Role.COUNTS for items in surely for item in items}
    roles |= {item: Role.MAY_COUNT for items in perhaps for item in items}
    result = Result(value=value, low=value, high=value + len(perhaps), unit="origins")
    return Outcome(result=result, steps=tuple(steps), roles=roles)


def _groups(seen: Sequence[Seen]) -> list[list[Seen]]:
    """Put together the items that share something which tells their origin, in the order they were submitted."""
    leader = {each.item: each.item for each in seen}

    def find(item: UUID) -> UUID:
        while leader[item] != item:
            leader[item] = leader[leader[item]]
            item = leader[item]
        return item

    by_trait = dict[Hashable, UUID]()
    for each in seen:
        for trait in _traits(each):
            leader[find(each.item)] = find(by_trait.setdefault(trait, each.item))
    found = defaultdict[UUID, list[Seen]](list)
    for each in seen:
        found[find(each.item)].append(each)
    return list(found.values())


def _traits(seen: Seen) -> Iterator[Hashable]:
    """Yield what an item shares with others of its origin: who said it, what it was made from, itself, its file."""
    if root := _root(seen):
        yield "said", root
    yield "item", str(seen.item)
    for source in seen.said.get("derived_from", ()):
        yield "item", source
    if file := (seen.said.get("file") or {}).get("sha256"):
        yield "file", file


def _root(seen: Seen) -> str:
    """Name who said it, as far as anybody does."""
    chain: Sequence[Mapping[str, Any]] = seen.said.get("attribution", ())
    said_by = next((link["name"] for link in chain if link["role"] == AttributionRole.SAID), "")
    speaker: Mapping[str, Any] = seen.said.get("speaker") or {}
    if speaker.get("anonymous"):
        return ""
    return folded_name(said_by or speaker.get("name", ""))


RULE = Rule(
    name="origins",
    version=1,
    says="How many independent origins some items have.",
    parameters=Origins,
    run=origins,
    selection=lambda parameters: parameters.of,
    reads=frozenset({"attribution", "speaker", "derived_from", "file"}),
)
