"""Events in words, newest first: who did what, when, and what it changed from and to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from analysis import domain as findings
from cases import domain as cases
from enrichment.playbooks import Chosen, PlaybookChosen
from enrichment.runs.domain import RunChange, RunStarted
from evidence import domain as evidence
from evidence.erasure.domain import RedactionRequested
from evidence.models import ErasedPart
from evidence.rules import RELATION_WORDS
from ledger import codec
from ledger.events import ERASED
from ledger.models import Event
from ledger.read import read, recorded
from ledger.recorded import Recorded
from ledger.redaction import GROUND_WORDS, ErasedField, EventRedacted, Ground
from workspace.facts import flat, label_of
from workspace.people import names_of

PAGE = 50
GONE = "▇▇▇ erased"
"""What a page shows in the place of a value that was erased."""

WORDS = {
    "case.exported": "exported the whole case",
    "case.imported": "brought the case here out of a bundle",
    "case.bundle_downloaded": "took the bundle of an export away",
    "case.opened": "opened the case",
    "case.renamed": "renamed the case",
    "case.described": "described the case anew",
    "case.sensitivity_set": "set the sensitivity",
    "case.held": "put the case on hold",
    "case.resumed": "resumed the case",
    "case.sent_to_review": "sent the case to review",
    "case.closed": "closed the case",
    "case.reopened": "reopened the case",
    "case.archived": "archived the case",
    "case.member_added": "added to the team",
    "case.role_changed": "changed a role",
    "case.member_removed": "took off the team",
    "case.emergency_access_taken": "took emergency access",
    "case.account_changed": "changed the account of a member",
    "case.commented": "commented on the case",
    "case.tagged": "tagged the case",
    "case.untagged": "took a tag off the case",
    "evidence.submitted": "submitted the item",
    "evidence.graded": "graded the item",
    "evidence.corrected": "corrected the item",
    "evidence.retracted": "retracted the item",
    "evidence.linked": "linked the item",
    "evidence.tagged": "tagged the item",
    "evidence.untagged": "took a tag off the item",
    "evidence.commented": "commented on the item",
    "evidence.flagged": "flagged the item",
    "evidence.enriched": "read the item",
    "evidence.enrichment_failed": "could not read the item",
    "evidence.enrichment_retried": "let a tool try again",
    "enrichment.playbook_chosen": "chose the playbook",
    "enrichment.run_started": "had the evidence read again",
    "enrichment.run_paused": "paused a run",
    "enrichment.run_resumed": "let a run go on",
    "enrichment.run_stopped": "stopped a run",
    "finding.stated": "stated a finding",
    "finding.restated": "stated a finding anew",
    "finding.computed": "computed a finding",
    "finding.reviewed": "reviewed a finding",
    "finding.signed_off": "signed off a finding",
    "finding.published": "published a finding",
    "finding.withdrawn": "withdrew a finding",
    "custody.recorded": "recorded who viewed and downloaded",
    "redaction.requested": "asked for an erasure",
    "redaction.declined": "declined an erasure",
    "event.redacted": "confirmed an erasure, and it was done",
}


ACCOUNT_WORDS = {
    cases.AccountChange.PASSWORD: "password",
    cases.AccountChange.EMAIL: "e-mail address",
    cases.AccountChange.ACTIVATED: "may sign in again",
    cases.AccountChange.DEACTIVATED: "may not sign in any more",
}


@dataclass(frozen=True)
class Change:
    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Gone:
    """Something of event `of` that was erased: what, by which event, when, on what ground."""

    what: str
    of: int
    seq: int
    at: Any
    ground: str


@dataclass(frozen=True)
class Entry:
    """One event as a page shows it; `says` are the fields that are no change of state, `erased` what is gone of it."""

    event: Recorded
    did: str
    changes: list[Change] = field(default_factory=list)
    says: list[tuple[str, str]] = field(default_factory=list)
    erased: list[Gone] = field(default_factory=list)
    actor: str = ""
    title: str = ""


def of_item(case_id: UUID, item: UUID) -> list[Entry]:
    """Tell an item's whole history, by folding its events; newest first."""
    entries, state = [], None
    for event in read(case_id, item=item):
        before = state
        if isinstance(event.data, evidence.CHANGES_ITEM):
            state = evidence.applied(event, state)
        entries.append(_entry(event, _changes(before, state)))
    return with_actors(entries[::-1])


def of_case(case_id: UUID, *, before: int | None = None) -> list[Entry]:
    """Tell the last events of a case that came before a seq, newest first; one more than a page if there are more."""
    rows = Event.objects.filter(stream=case_id).select_related("payload").order_by("-seq")
    events = [recorded(row) for row in (rows if before is None else rows.filter(seq__lt=before))[: PAGE + 1]]
    changes = _of_case_itself(case_id, events)
    return with_actors([_alone(_entry(event, changes.get(event.seq, []))) for event in events])


def with_actors(entries: Sequence[Entry]) -> list[Entry]:
    """Put names to those who acted."""
    people = [f"user:{user}" for each in entries if (user := getattr(each.event.data, "user", None))]
    names = names_of([*(each.event.actor for each in entries), *people])
    gone = gone_of([each.event.id for each in entries])
    named = []
    for each in entries:
        says = list(each.says)
        if user := getattr(each.event.data, "user", None):
            says.insert(0, ("person", names[f"user:{user}"]))
        named.append(replace(each, actor=names[each.event.actor], says=says, erased=gone.get(each.event.id, [])))
    return named


def gone_of(events: Sequence[UUID]) -> dict[UUID, list[Gone]]:
    """Tell what of some events was erased."""
    found: dict[UUID, list[Gone]] = defaultdict(list)
    for part in ErasedPart.objects.filter(event__in=events):
        found[part.event].append(gone(part))
    return found


def gone(part: ErasedPart) -> Gone:
    """Name one erased field, or the bytes of a file."""
    what = label_of(part.field)[0] if not part.file else "the bytes of the file"
    if part.parts:
        what += f" ({', '.join(label_of(each)[0] for each in part.parts)})"
    return Gone(what=what, of=part.event_seq, seq=part.seq, at=part.at, ground=GROUND_WORDS[Ground(part.ground)])


def _of_case_itself(case_id: UUID, events: Sequence[Recorded]) -> dict[int, list[Change]]:
    """Fold the case's own events, which are few, up to the newest one shown."""
    if not events:
        return {}
    own = Event.objects.filter(stream=case_id, item__isnull=True, type__startswith="case.", seq__lte=events[0].seq)
    state, found = cases.Case(), {}
    for event in map(recorded, own.select_related("payload").order_by("seq")):
        if not isinstance(event.data, cases.CASE_EVENTS):
            continue
        after = cases.applied(event, state)
        first = event.data.__class__ is cases.CaseOpened
        found[event.seq] = _differences(None if first else _of_case(state), _of_case(after))
        if role := _role_changed(state, after, event.data):
            found[event.seq].append(role)
        state = after
    return found


def _of_case(state: cases.Case) -> dict[str, Any]:
    plain = codec.to_plain(state)
    plain |= dict.fromkeys(state.erased, GONE)
    return {name: value for name, value in plain.items() if name not in {"team", "erased"}}


def _role_changed(before: cases.Case, after: cases.Case, data: Any) -> Change | None:
    user = getattr(data, "user", None)
    if user is None or before.team.get(user) == after.team.get(user):
        return None
    return Change("role", before.team.get(user, "–"), after.team.get(user, "–"))


def _changes(before: evidence.Item | None, after: evidence.Item | None) -> list[Change]:
    if after is None or before is after:
        return []
    return _differences(_of_item(before) if before else None, _of_item(after))


def _of_item(item: evidence.Item) -> dict[str, Any]:
    plain: dict[str, Any] = codec.to_plain(item)
    plain["said"] |= dict.fromkeys(plain.pop("erased"), GONE)
    return plain


def _differences(before: dict[str, Any] | None, after: dict[str, Any]) -> list[Change]:
    was, is_now = dict(flat(before or {})), dict(flat(after))
    labels = dict.fromkeys([*is_now, *was])
    hidden = {"corrected", "submitter"}
    return [
        Change(label, was.get(label, "–"), is_now.get(label, "–"))
        for label in labels
        if was.get(label, "–") != is_now.get(label, "–") and label not in hidden
    ]


def _entry(event: Recorded, changes: list[Change]) -> Entry:
    did = WORDS.get(event.name, event.name.replace(".", ": ").replace("_", " "))
    # What stands in for a text that was erased says nothing.
    says = [(label, said) for label, said in _says(event.data) if said != ERASED]
    return Entry(event=event, did=did, changes=changes, says=says)


def _alone(entry: Entry) -> Entry:
    """Let an event about an item say what it says by itself: its item is not folded here, so nothing stands before."""
    data = entry.event.data
    if not isinstance(data, evidence.CHANGES_ITEM) or isinstance(data, evidence.EvidenceSubmitted):
        return entry
    left = {name: value for name, value in codec.to_values(data).items() if name not in entry.event.erased}
    return replace(entry, says=list(flat(left)))


def _says(data: Any) -> Iterable[tuple[str, str]]:
    if isinstance(data, evidence.EvidenceLinked):
        yield RELATION_WORDS[data.relation][0], str(data.target)
        if data.note:
            yield "note", data.note
    elif isinstance(data, evidence.EvidenceEnriched):
        yield "tool", f"{data.enricher}@{data.version}, {data.tool}"
        yield "took", f"{data.seconds:g} s"
    elif isinstance(data, evidence.EnrichmentRetried):
        yield "tool", f"{data.enricher}@{data.version}"
    elif isinstance(data, evidence.EnrichmentFailed):
        yield "tool", f"{data.enricher}@{data.version}, attempt {data.attempt}, while: {data.phase}"
        yield "reason", data.reason
    elif isinstance(data, cases.AccountChanged):
        yield "changed", ", ".join(ACCOUNT_WORDS[each] for each in data.changes)
    elif isinstance(data, cases.CaseExported):
        yield "withheld", "; ".join(data.withheld) or "nothing"
    elif isinstance(data, cases.CaseImported):
        yield "recorded elsewhere", f"up to event {data.head_seq}"
        yield "log", data.key.partition("+")[0]
    elif isinstance(data, cases.BundleDownloaded):
        yield "export", f"event {data.seq}"
        yield "SHA-256", data.sha256
    elif isinstance(data, EventRedacted | RedactionRequested):
        yield "ground", GROUND_WORDS[data.ground]
        if isinstance(data, RedactionRequested) and data.reason:
            yield "reason", data.reason
        for target in data.targets:
            yield f"of event {target.seq}", ", ".join(map(_named, target.fields))
        if data.files:
            yield "files", ", ".join(each.sha256 for each in data.files)
    elif isinstance(data, PlaybookChosen):
        yield "playbook", data.playbook
        yield "tools", _tools(data.enrichers)
    elif isinstance(data, RunStarted):
        yield "tools", _tools(data.enrichers)
        if data.failed:
            yield "what failed before", "also"
    elif isinstance(data, RunChange):
        yield "run", str(data.run)
    elif isinstance(data, findings.Said):
        yield from _of_finding(data)
    elif isinstance(data, evidence.CustodyRecorded):
        yield "handlings", str(sum(each.times for each in data.handlings))
    else:
        for name in ("text", "reason"):
            said = getattr(data, name, "")
            # A submission's text is among its changes; a grade's reason is too.
            if (
                isinstance(said, str)
                and said
                and not isinstance(
                    data, evidence.EvidenceSubmitted | evidence.EvidenceGraded | evidence.EvidenceRetracted
                )
            ):
                yield name, said


def _of_finding(data: findings.Said) -> Iterable[tuple[str, str]]:
    if isinstance(data, findings.FindingComputed):
        yield "number", f"{data.result.value} {data.result.unit}, from {data.result.low} to {data.result.high}"
        yield "rule", f"{data.rule}@{data.version}, over the evidence up to event {data.as_of}"
    if isinstance(data, findings.FindingReviewed):
        yield "agrees", "yes" if data.agrees else "no"
    for name in ("sentence", "where", "reason", "note", "digest"):
        if said := getattr(data, name, ""):
            yield name, said


def _tools(enrichers: Iterable[Chosen]) -> str:
    """Name enrichers with their versions, each with its parameters."""
    return "; ".join(
        f"{each.enricher}@{each.version}" + "".join(f", {name} {value}" for name, value in each.parameters.items())
        for each in enrichers
    )


def _named(field: ErasedField) -> str:
    name = label_of(field.name)[0]
    return f"{name} ({', '.join(label_of(each)[0] for each in field.parts)})" if field.parts else name
