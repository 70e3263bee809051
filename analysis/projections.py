"""From events to findings: how each stands, every result it had, and whether its evidence changed since.

Staleness is written here, in the transaction of the change that makes it so, and comes out the same in a replay:
items are looked at as they stood before and after that very event.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db.models import Q

from analysis import domain
from analysis.decisions import askable
from analysis.models import Computation, Finding
from analysis.reading import seen_before_and_after
from analysis.rule import Rule
from analysis.selection import Fit, Selection
from analysis.staleness import MOST, reads, why_stale
from evidence import domain as evidence
from ledger import codec
from ledger.erasing import EventRedacted
from ledger.models import Event
from ledger.read import read
from ledger.recorded import Recorded
from ledger.subscriptions import Projection

findings = Projection(tables=[Finding, Computation])

_ahead: ContextVar[tuple[UUID, bool] | None] = ContextVar("ahead", default=None)

ITEM_CHANGES = (
    evidence.EvidenceCorrected,
    evidence.EvidenceRetracted,
    evidence.EvidenceGraded,
    evidence.EvidenceTagged,
    evidence.EvidenceUntagged,
)
"""What can change an item for a rule, besides its submission and an erasure."""


@findings.on(domain.FindingStated)
def begin(event: Recorded) -> None:
    """Begin a finding."""
    assert event.item is not None  # noqa: S101 -- every event of a finding is about it
    stated = domain.applied(event, None)
    Finding.objects.create(
        id=event.item,
        case_id=event.stream,
        seq=event.seq,
        author=event.actor,
        stated_at=event.at,
        **_standing(event, stated),
    )


@findings.on(*(cls for cls in domain.CHANGES_FINDING if cls is not domain.FindingStated))
def fold(event: Recorded) -> None:
    """Apply one event to its finding; keep a result with all its steps, and look at what changed meanwhile."""
    assert event.item is not None  # noqa: S101 -- every event of a finding is about it
    row = Finding.objects.get(pk=event.item)
    after = domain.applied(event, state_of(row))
    changes = _standing(event, after)
    if isinstance(event.data, domain.FindingRestated):
        changes |= {"computation": None, "digest": "", "stale": False, "stale_because": []}
    if isinstance(event.data, domain.FindingComputed):
        changes |= {"computation": event.id, "digest": event.data.digest, "stale": False, "stale_because": []}
        Computation.objects.create(**_computation(event, event.data))
    Finding.objects.filter(pk=row.pk).update(**changes)
    if isinstance(event.data, domain.FindingRestated):
        _spread(event, [row.pk], "A finding that it rests on was stated anew.")
    if isinstance(event.data, domain.FindingWithdrawn):
        _spread(event, [row.pk], "A finding that it rests on was withdrawn.")
    if isinstance(event.data, domain.FindingComputed):
        _catch_up(event, event.data)
        if event.data.digest != row.digest:
            _spread(event, [row.pk], "A finding that it rests on has another result.")


@findings.on_run(evidence.EvidenceSubmitted)
def arrive(events: Sequence[Recorded]) -> None:
    """Let new evidence make those findings stale that it would go into."""
    ahead = _ahead.get()
    _ahead.set(None)
    case_id = events[0].stream
    if ahead[1] if ahead and ahead[0] == case_id else Finding.objects.watching(case_id).exists():
        for event in events:
            _touch(event)


def look_ahead(case_id: UUID) -> None:
    """Look up whether a case that evidence is about to be submitted to has findings to look at; it is locked by now.

    Asked for amid the writing, it would part into two what PostgreSQL takes in one message.
    """
    _ahead.set((case_id, Finding.objects.watching(case_id).exists()))


@findings.on(*ITEM_CHANGES)
def change(event: Recorded) -> None:
    """Let a changed item make those findings stale for which it is another one now."""
    if Finding.objects.watching(event.stream).exists():
        _touch(event)


@findings.on(EventRedacted)
def erase(event: Recorded) -> None:
    """Let an erasure make those findings stale that were computed from what is gone."""
    _erase(event)


def _erase(event: Recorded, *, only: UUID | None = None) -> None:
    gone = {target.event: {name for each in target.fields for name in _names(each)} for target in event.data.targets}
    of_items = Event.objects.filter(pk__in=gone).values_list("pk", "item")
    about = {each: item for each, item in of_items if item is not None}
    asked_anew = {about[each] for each, names in gone.items() if each in about and "parameters" in names}
    watching = Finding.objects.watching(event.stream)
    own = watching.filter(pk__in=asked_anew) if only is None else watching.filter(pk__in=asked_anew & {only})
    _mark(event, own, "What the rule was asked was erased.")
    used, let_in = [], []
    for row, rule, parameters in _watching(event.stream, only=only):
        if selection := rule.selection(parameters):
            uses = _uses(row)
            events, items = {each for use in uses for each in use["events"]}, {UUID(use["item"]) for use in uses}
            names = reads(rule, selection)
            if any(str(each) in events and not names.isdisjoint(erased) for each, erased in gone.items()):
                used.append(row)
            deciding = {about[each] for each, erased in gone.items() if each in about and erased & selection.reads}
            if any(_matches(event, item, selection) for item in deciding - items):
                let_in.append(row)
    _mark(event, used, "Evidence that was used was erased.")
    _mark(event, let_in, "Evidence matches, now that something of it was erased.")


def _matches(event: Recorded, item: UUID, selection: Selection) -> bool:
    _, now = seen_before_and_after(event.stream, item, event.seq)
    return now is not None and selection.fit(now) is not Fit.NOT


@findings.renews
def renew(events: Sequence[Recorded]) -> None:
    """Fold the findings of a case anew from all of its events, after something in it was erased."""
    for stream in {event.stream for event in events}:
        if Finding.objects.filter(case=stream).exists():
            Computation.objects.filter(case=stream).delete()
            Finding.objects.filter(case=stream).delete()
            findings.see(list(read(stream)))


def state_of(row: Finding) -> domain.Finding:
    """Read a row back into the domain's state; its result is without steps and uses."""
    return codec.from_values(domain.Finding, row.state)


def _standing(event: Recorded, finding: domain.Finding) -> dict[str, Any]:
    if finding.computed:
        finding = replace(finding, computed=replace(finding.computed, steps=(), uses=()))
    return {
        "last_seq": event.seq,
        "changed_at": event.at,
        "rule": finding.stated.rule,
        "status": _status(finding),
        "state": codec.to_values(finding),
    }


def _status(finding: domain.Finding) -> str:
    for status, holds in (
        ("withdrawn", bool(finding.withdrawn_because)),
        ("published", any(finding.holds(each) for each in finding.published)),
        ("signed_off", finding.signed_off is not None and finding.holds(finding.signed_off)),
        ("reviewed", finding.reviewed is not None and finding.holds(finding.reviewed)),
        ("computed", finding.computed is not None),
    ):
        if holds:
            return status
    return "stated"


def _computation(event: Recorded, computed: domain.FindingComputed) -> dict[str, Any]:
    values = codec.to_plain(computed)
    return {
        "id": event.id,
        "case_id": event.stream,
        "finding": event.item,
        "seq": event.seq,
        "at": event.at,
        "by": event.actor,
        **{name: values[name] for name in (
            "rule", "version", "parameters", "as_of", "digest", "result", "steps", "uses", "findings",
        )},
    }  # fmt: skip


def _catch_up(event: Recorded, computed: domain.FindingComputed) -> None:
    """Look at what was recorded while the rule was at work, and at the findings that the result rests on."""
    for each in read(event.stream, after=computed.as_of, until=event.seq - 1):
        if isinstance(each.data, (evidence.EvidenceSubmitted, *ITEM_CHANGES)):
            _touch(each, only=event.item)
        elif isinstance(each.data, EventRedacted):
            _erase(each, only=event.item)
    rests_on = {UUID(finding): used for finding, used in computed.findings.items()}
    now = dict(Finding.objects.filter(pk__in=rests_on).values_list("pk", "computation"))
    undone = Finding.objects.filter(Q(stale=True) | Q(status="withdrawn"), pk__in=rests_on).exists()
    if undone or any(now.get(finding) != used for finding, used in rests_on.items()):
        _mark(event, Finding.objects.filter(pk=str(event.item)), "A finding that it rests on is not as it was.")


def _touch(event: Recorded, *, only: UUID | None = None) -> None:
    """Mark the findings stale for which this event changes something."""
    assert event.item is not None  # noqa: S101 -- every evidence event is about an item
    before, after = seen_before_and_after(event.stream, event.item, event.seq)
    reasons: dict[str, list[Finding]] = {}
    for row, rule, parameters in _watching(event.stream, only=only):
        if why := why_stale(rule, parameters, before=before, after=after):
            reasons.setdefault(why, []).append(row)
    for why, rows in reasons.items():
        _mark(event, rows, why)


def _watching(case_id: UUID, *, only: UUID | None = None) -> Iterator[tuple[Finding, Rule, Any]]:
    watching = Finding.objects.watching(case_id)
    for row in watching if only is None else watching.filter(pk=only):
        # What can not be asked any more keeps its result as it is.
        if asked := askable(state_of(row)):
            yield row, *asked


def _mark(event: Recorded, rows: Iterable[Finding], why: str) -> None:
    """Mark findings stale, and what rests on them."""
    if marked := _set_stale(event, rows, why):
        _spread(event, marked, "A finding that it rests on is stale.")


def _set_stale(event: Recorded, rows: Iterable[Finding], why: str) -> set[UUID]:
    """Mark findings stale; give those that were not before."""
    marked = set()
    for row in rows:
        reason = {"seq": event.seq, "event": str(event.id), "item": str(event.item or ""), "why": why}
        because = [*row.stale_because, reason][:MOST]
        if Finding.objects.filter(pk=row.pk, stale=False).update(stale=True, stale_because=because):
            marked.add(row.pk)
    return marked


def _spread(event: Recorded, changed: Collection[UUID], why: str) -> None:
    """Mark those stale that rest on others which changed, and those that rest on them in turn."""
    resting = [(row, rule.findings(asked)) for row, rule, asked in _watching(event.stream)]
    changed = set(changed)
    while rows := [row for row, others in resting if not changed.isdisjoint(others)]:
        changed, why = _set_stale(event, rows, why), "A finding that it rests on is stale."


def _uses(row: Finding) -> list[dict[str, Any]]:
    assert row.computation is not None  # noqa: S101 -- only findings with a result are watched
    uses: list[dict[str, Any]] = Computation.objects.filter(pk=row.computation).values_list("uses", flat=True).get()
    return uses


def _names(field: Any) -> tuple[str, ...]:
    return (*field.parts, *field.others) or (field.name,)
