"""What follows from what: which fields of events were made from fields of their item, and would give them away. Pure.

Who withholds a field from a disclosure withholds this with it; who erases it, erases this.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from evidence.domain import (
    EnrichmentFailed,
    EvidenceCorrected,
    EvidenceEnriched,
    EvidenceFlagged,
    EvidenceTagged,
    EvidenceUntagged,
)

Reads = Mapping[str, Collection[str]]
"""Which fields of an item each tool reads."""

tools: list[Callable[[], Reads]] = []
"""Rooms above that work on items say here what their tools read."""

_OF_TOOLS = {
    EvidenceEnriched: frozenset({"output", "derivatives", "input_digest"}),
    EnrichmentFailed: frozenset({"reason", "input_digest"}),
}
"""What a tool says of an item. The digest of its input is that of the fields themselves, without a salt."""

_FLAGGED = {"null_island": "place", "name_held_nul": "file"}
"""The field that a flag of the submission is about, where its detail does not begin with it."""


def all_reads() -> Reads:
    """Tell what every installed tool reads."""
    return {name: fields for each in tools for name, fields in each().items()}


def follows(data: Any, name: str, *, fields: Collection[str], reads: Reads) -> bool:
    """Say whether what an event says under `name` was made from one of these fields of its item.

    A tool that is not installed any more may have read any of them.
    """
    if not fields:
        return False
    if isinstance(data, EvidenceCorrected):
        return name == "changes" and not data.changes.keys().isdisjoint(fields)
    if isinstance(data, EvidenceEnriched | EnrichmentFailed):
        return name in _OF_TOOLS[type(data)] and _read_one(data.enricher, fields, reads)
    if isinstance(data, EvidenceFlagged):
        return name == "detail" and _flag_follows(data, fields, reads)
    return isinstance(data, EvidenceTagged | EvidenceUntagged) and name == "tag" and "tags" in fields


def _read_one(tool: str, fields: Collection[str], reads: Reads) -> bool:
    return tool not in reads or not set(reads[tool]).isdisjoint(fields)


def _flag_follows(flag: EvidenceFlagged, fields: Collection[str], reads: Reads) -> bool:
    if flag.found_by != "submission":
        return _read_one(flag.found_by.partition("@")[0], fields, reads)
    return field_of(flag) in fields


def field_of(flag: EvidenceFlagged) -> str:
    """Name the field that a flag of the submission is about; its detail begins with it."""
    return _FLAGGED.get(flag.flag, flag.detail.partition(" ")[0].partition(".")[0])
