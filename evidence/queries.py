"""Reads of evidence that are more than a filter: what a caller may see, at which moment, and how it is shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse

from cases.access import Permission, may, readable_cases, require, role_in
from cases.domain import Role
from cases.models import Member
from cases.queries import require_seen
from cases.rules import require_active
from evidence import domain
from evidence.erased import erased_of, require_bytes
from evidence.models import Enrichment, ItemState
from evidence.projections import state_of
from evidence.relations import links_of, own_links
from ledger import codec
from ledger.actors import Actor
from ledger.append import lock
from ledger.errors import DomainError, Forbidden, Invalid, NotFound
from ledger.models import Event
from ledger.read import seq_at
from ledger.receipts import receipt_of


@dataclass(frozen=True)
class Waiting:
    """Work on an item that has not ended."""

    item: UUID
    enricher: str
    version: int


waiting_for: list[Callable[[Collection[UUID]], Iterable[Waiting]]] = []
"""Rooms above that work on items say here what they have not finished."""

reading: list[Callable[[str, UUID], Iterable[tuple[str, int]]]] = []
"""The same for an item of a kind that was submitted to a case a moment ago: who reads it (enricher, version)."""

before_submission: list[Callable[[UUID], None]] = []
"""Rooms above that start work on what is submitted to a case look up here, before it is written, what they need."""

waiting_items: list[Callable[[], QuerySet[Any]]] = []
"""The same as a subquery of item ids, to filter by."""


def visible_items(case_id: UUID, *, by: Actor) -> QuerySet[ItemState]:
    """Select every state of the items of a case that the caller may see: a submitter sees their own only.

    :raises NotFound: the case does not exist for this caller.
    """
    states = ItemState.objects.filter(case=case_id)
    if may(role_in(case_id, by=by), Permission.READ):
        return states
    return states.filter(submitter=by.user)


def visible_everywhere(by: Actor) -> QuerySet[ItemState]:
    """Select the present states of all items that the caller may see, in any case."""
    own = Member.objects.filter(user=by.user, role="submitter").values("case_id")
    states = ItemState.objects.now()
    if by.case:
        states = states.filter(case=by.case)
    read = states.filter(case__in=readable_cases(by).values("id"))
    return read | states.filter(case__in=own, submitter=by.user)


def item_row(case_id: UUID, item: UUID, *, by: Actor, as_of: int | None = None) -> ItemState:
    """Find an item's state, now or as of an event of its case.

    :raises NotFound: there is none, or not for this caller, or not yet at that moment.
    """
    states = visible_items(case_id, by=by).filter(item=item)
    row = (states.now() if as_of is None else states.at(as_of)).first()  # type: ignore[attr-defined]
    if row is None:
        raise NotFound
    found: ItemState = row
    return found


def original_of(case_id: UUID, item: UUID, *, by: Actor) -> domain.FileReference:
    """Find the file that came with an item.

    :raises NotFound: there is no such item for this caller, or it has none.
    """
    file = state_of(item_row(case_id, item, by=by)).said.file
    if file is None:
        raise NotFound("This item has no file.")
    require_bytes(item, file.sha256)
    return file


def derivative_of(case_id: UUID, item: UUID, sha256: str, *, by: Actor) -> domain.Derivative:
    """Find a file that an enricher made of an item.

    :raises NotFound: there is no such item for this caller, or nothing with this digest was made of it.
    """
    item_row(case_id, item, by=by)
    for derivatives in Enrichment.objects.filter(item=item).values_list("derivatives", flat=True):
        for each in derivatives:
            if each["sha256"] == sha256:
                require_bytes(item, sha256)
                return codec.from_values(domain.Derivative, each)
    raise NotFound


def load_item(case_id: UUID, item: UUID, *, by: Actor, permission: Permission, seen: int | None = None) -> domain.Item:
    """Lock the case for the rest of the transaction and read how an item stands.

    :raises NotFound: there is none, or not for this caller.
    :raises Forbidden: the caller's role does not carry the permission.
    :raises CaseNotOpen: evidence of the case is not changed as it stands; comments are always welcome.
    :raises StaleStream: the item changed since `seen`.
    """
    lock(case_id)
    row = item_row(case_id, item, by=by)
    require(case_id, permission, by=by)
    if permission is not Permission.COMMENT:
        require_active(row.case.status)
    require_seen(seen, row.from_seq)
    return state_of(row)


def require_items(case_id: UUID, items: Collection[UUID], *, by: Actor) -> None:
    """Refuse a reference to an item that is not in the case, or not for this caller.

    :raises NotFound: for at least one of them.
    """
    if items and visible_items(case_id, by=by).now().filter(item__in=items).count() != len(set(items)):  # type: ignore[attr-defined]
        raise NotFound("An item that this refers to is not in the case.")


def moment(case_id: UUID, as_of: str) -> int:
    """Read `as_of` (an event's seq, or an ISO 8601 instant with its zone) as a seq of the case.

    :raises Invalid: it is neither.
    """
    if as_of.isascii() and as_of.isdigit() and len(as_of) <= 15:
        return int(as_of)
    try:
        at = datetime.fromisoformat(as_of)
        # Near the ends of the calendar there is no such instant in UTC.
        at = at.astimezone(UTC) if at.tzinfo else None
    except (ValueError, OverflowError):
        at = None
    if at is None:
        said = "An event's seq, or an instant with its zone such as 2026-11-23T10:00:00Z."
        raise Invalid("as_of can not be read.", errors={"as_of": [said]})
    return seq_at(case_id, at)


def represent(
    rows: Sequence[ItemState], *, as_of: int | None = None, fresh: bool = False, by: Actor | None = None
) -> list[dict[str, Any]]:
    """Show items as the API gives them: the fields as they stand, what is derived, what tools found.

    Three queries, however many items, and two for their links; none for fresh ones, which nobody can have read yet.

    :param by: who asks; where it is said, the links to what they may see are shown, too.
    """
    if fresh:
        return [
            {
                **_own(row),
                "erased": [],
                "links": own_links(row),
                "enrichments": _all_waiting(row.kind, row.case_id),
            }
            for row in rows
        ]
    items = [row.item for row in rows]
    results = enrichments_of(items, as_of=as_of)
    erased = erased_of(items, as_of=as_of)
    if by is None:
        return [{**_own(row), "erased": erased.get(row.item, []), "enrichments": results[row.item]} for row in rows]
    links = links_of(items, visible=visible_everywhere(by), as_of=as_of)
    unjudged = submits_to(by, {row.case_id for row in rows})
    return [
        {
            **_own(row),
            # What the team thinks of an item is not told to the one who brought it.
            **({"grade": None} if row.case_id in unjudged else {}),
            "erased": [
                each for each in erased.get(row.item, []) if row.case_id not in unjudged or each["event_seq"] == row.seq
            ],
            "links": links.get(row.item, []),
            "enrichments": results[row.item],
        }
        for row in rows
    ]


def proof_address(event: UUID) -> str:
    """Give the address at which an event is proved to be in the log."""
    return f"{reverse('log-proof')}?event={event}"


def proof_of(case_id: UUID, seq: int) -> dict[str, Any]:
    """Give the address of the proof of an event, and its receipt as soon as a signed head covers it."""
    event = Event.objects.filter(stream=case_id, seq=seq).values_list("id", flat=True).get()
    try:
        receipt = str(receipt_of(event))
    except DomainError:
        # Not yet; or never, of a log that was damaged: an item is read all the same.
        receipt = None
    return {"proof": proof_address(event), "receipt": receipt}


def submits_to(by: Actor, cases: Collection[UUID]) -> set[UUID]:
    """Find those of some cases to which the caller may only add."""
    members = Member.objects.filter(user=by.user, role=Role.SUBMITTER, case__in=cases)
    return set(members.values_list("case_id", flat=True))


def _all_waiting(kind: str, case_id: UUID) -> list[dict[str, Any]]:
    readers = sorted(each for source in reading for each in source(kind, case_id))
    return [_waiting(name, version) for name, version in readers]


def _waiting(enricher: str, version: int) -> dict[str, Any]:
    return {"enricher": enricher, "version": version, "status": "waiting", "output": None, "reason": ""}


def enrichments_of(items: Collection[UUID], *, as_of: int | None = None) -> dict[UUID, list[dict[str, Any]]]:
    """Show, for each item, the newest result of each enricher, and what is still being worked on."""
    found: dict[UUID, dict[str, dict[str, Any]]] = defaultdict(dict)
    rows = Enrichment.objects.filter(item__in=items)
    if as_of is not None:
        rows = rows.filter(seq__lte=as_of)
    for row in rows.order_by("version", "seq"):
        found[row.item][row.enricher] = result_shown(row)
    if as_of is None:
        for waiting in (each for source in waiting_for for each in source(items)):
            known = found[waiting.item].get(waiting.enricher)
            if known is None or known["version"] < waiting.version:
                found[waiting.item][waiting.enricher] = _waiting(waiting.enricher, waiting.version)
    return {item: [found[item][name] for name in sorted(found[item])] for item in items}


def require_reader(case_id: UUID, *, by: Actor) -> None:
    """Refuse one who may not read the whole case.

    :raises NotFound: the case does not exist for this caller.
    :raises Forbidden: the caller may add to it only.
    """
    if not may(role_in(case_id, by=by), Permission.READ):
        raise Forbidden("Your role in this case (submitter) shows you your own items only.")


def _own(row: ItemState) -> dict[str, Any]:
    item = state_of(row)
    shown: dict[str, Any] = codec.to_plain(item.said)
    file = shown.pop("file")
    return {
        "id": str(row.item),
        "case": str(row.case_id),
        "seq": row.seq,
        "state_seq": row.from_seq,
        "status": item.status.value,
        "retracted_because": item.retracted_because,
        **shown,
        "earliest": row.earliest,
        "latest": row.latest,
        "sha256": row.sha256 or None,
        "files": [file] if file else [],
        "grade": codec.to_plain(item.grade) if item.grade else None,
        "corrected": list(item.corrected),
        "flags": [codec.to_plain(flag) for flag in item.flags],
        "submitted_at": row.submitted_at,
        "submitted_by": row.submitted_by,
        "changed_at": row.changed_at,
    }


def result_shown(row: Enrichment) -> dict[str, Any]:
    """Show what an enricher said of an item."""
    return {
        "enricher": row.enricher,
        "version": row.version,
        "status": row.status,
        "output": row.output,
        "reason": row.reason,
        "tool": row.tool,
        "parameters": row.parameters,
        "input_digest": row.input_digest,
        "derivatives": row.derivatives,
        "seconds": row.seconds,
        "at": row.at,
        "seq": row.seq,
    }
