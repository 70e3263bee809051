"""What tools found in an item: each tool with its newest result first, and what is still to be done."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from enrichment.changes import Changes
from enrichment.models import ATTEMPTS, Job
from enrichment.versions import Version, side_by_side
from evidence.download import PREVIEWS
from evidence.models import Enrichment, ErasedPart
from workspace.facts import Node, tree

MOST = 10
"""How many results of a tool are compared with the one before."""

BRIEF = 24
"""How many values a result may have and still stand open on the page."""

SHOWN_ABOVE = frozenset({"preview", "thumb"})
"""Pictures of an item that stand at the head of its page."""


@dataclass(frozen=True)
class Drawn:
    """A picture that a tool made, to be looked at under its result; sizes in pixels."""

    label: str
    sha256: str
    width: int | None
    height: int | None


@dataclass(frozen=True)
class Result:
    """One result of one version of a tool; `job` is what can be tried again.

    `changed` is what is another than in the result before it, of version `since`, where there is one to compare with.
    """

    enricher: str
    version: int
    status: str
    tool: str = ""
    reason: str = ""
    phase: str = ""
    output: Node | None = None
    drawn: tuple[Drawn, ...] = ()
    parameters: Node | None = None
    digest: str = ""
    seconds: float | None = None
    at: Any = None
    seq: int = 0
    attempts: int = 0
    job: UUID | None = None
    erased: bool = False
    since: int | None = None
    changed: Changes | None = None
    earlier: list[Result] = field(default_factory=list)

    @property
    def waits(self) -> bool:
        """Say whether the tool has still to read the item."""
        return self.status in {Job.WAITING, Job.RUNNING}

    @property
    def brief(self) -> bool:
        """Say whether it is short enough to be shown without being asked for."""
        return self.output is None or self.output.leaves <= BRIEF


def of_item(case_id: UUID, item: UUID, *, as_of: int | None = None) -> list[Result]:
    """List what each tool found in an item, the newest version and run first, earlier ones under it."""
    rows = Enrichment.objects.filter(item=item)
    jobs = [] if as_of is not None else list(Job.objects.filter(case_id=case_id, item=item).order_by("id"))
    if as_of is not None:
        rows = rows.filter(seq__lte=as_of)
    erased = set(ErasedPart.objects.filter(item=item).values_list("event", flat=True))
    again = {(job.enricher, job.version): job for job in jobs}
    by_tool: dict[str, list[Result]] = defaultdict(list)
    rows_of: dict[str, list[Enrichment]] = defaultdict(list)
    for row in rows.order_by("-version", "-seq"):
        rows_of[row.enricher].append(row)
    for enricher, found in rows_of.items():
        for place, version in enumerate(side_by_side(found[:MOST], erased, shown=_for_people)):
            job = None if place else again.get((enricher, version.row.version))
            by_tool[enricher].append(_result(version, job))
        by_tool[enricher] += [_result(Version(row, row.pk in erased), None) for row in found[MOST:]]
    for job in jobs:
        if job.status in {Job.WAITING, Job.RUNNING}:
            by_tool[job.enricher].insert(0, _open(job))
    return [_with_earlier(found) for _, found in sorted(by_tool.items()) if found]


def _with_earlier(found: list[Result]) -> Result:
    newest, *earlier = found
    return Result(**{**vars(newest), "earlier": earlier})


def _open(job: Job) -> Result:
    attempts = min(job.attempts, ATTEMPTS)
    return Result(enricher=job.enricher, version=job.version, status=job.status, reason=job.reason, attempts=attempts)


def _for_people(output: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what only a machine reads: the marks of a fingerprint."""
    return {
        name: {key: each for key, each in value.items() if key not in {"marks", "whole"}}
        if name == "fingerprint" and isinstance(value, Mapping)
        else value
        for name, value in output.items()
    }


def _drawn(derivatives: Iterable[Mapping[str, Any]]) -> Iterator[Drawn]:
    for each in derivatives:
        if each["media_type"] in PREVIEWS and each["name"] not in SHOWN_ABOVE:
            label = re.sub("[_-]", " ", each["name"])
            yield Drawn(label=label, sha256=each["sha256"], width=each.get("width"), height=each.get("height"))


def _result(version: Version, job: Job | None) -> Result:
    row = version.row
    tried_again = job is not None and job.status in {Job.PARKED, Job.FAILED}
    status = "parked" if job is not None and job.status == Job.PARKED and row.status == "failed" else row.status
    return Result(
        enricher=row.enricher,
        version=row.version,
        status=status,
        tool=row.tool,
        reason=row.reason,
        phase=row.phase,
        output=tree(_for_people(row.output)) if row.output else None,
        drawn=() if version.erased else tuple(_drawn(row.derivatives)),
        parameters=tree(row.parameters) if row.parameters else None,
        digest=row.input_digest,
        seconds=row.seconds,
        at=row.at,
        seq=row.seq,
        job=job.pk if job is not None and tried_again else None,
        erased=version.erased,
        since=version.since.version if version.since else None,
        changed=version.changed,
    )
