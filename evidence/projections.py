"""From evidence events to the rows that pages and the API read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from uuid import UUID

from django.db.models import QuerySet

from cases.domain import BundleDownloaded, CaseExported
from cases.folding import folded
from cases.models import Comment
from evidence import domain
from evidence.models import Custody, Enrichment, ItemState, ItemTag, Link, SearchText
from evidence.search import tidy
from evidence.when import parse
from evidence.words import words
from ledger import codec
from ledger.events import ERASED
from ledger.files import names_files
from ledger.read import CHUNK, read
from ledger.recorded import Recorded
from ledger.rows import insert
from ledger.subscriptions import Projection

items = Projection(tables=[ItemState, ItemTag, Link, Enrichment, Custody, SearchText])


@items.on_run(domain.EvidenceSubmitted)
def receive(events: Sequence[Recorded]) -> None:
    """Begin items: how each stands, its words, its tags, its custody, what it was derived from."""
    new = [(event, domain.applied(event, None)) for event in events]
    insert(
        [_row(event, item, earlier=None) for event, item in new],
        [SearchText(item=event.item, case_id=event.stream, words=_words(item)) for event, item in new],
        [tag for event, item in new for tag in _tags(event, item.said.tags)],
        [_received(event) for event in events],
        [link for event in events for link in _origins(event, event.data.derived_from)],
    )


@items.on(*(cls for cls in domain.CHANGES_ITEM if cls is not domain.EvidenceSubmitted))
def fold(event: Recorded) -> None:
    """Apply one event to its item: the state that held until now ends, a new one begins."""
    row = ItemState.objects.now().get(item=event.item)
    before = state_of(row)
    after = domain.applied(event, before)
    if after == before:
        return
    ItemState.objects.filter(pk=row.pk).update(until_seq=event.seq)
    insert([_row(event, after, earlier=row)])
    SearchText.objects.filter(item=row.item).update(words=_words(after))
    _change_tags(event, before.said.tags, after.said.tags)
    _change_origins(event, before.said.derived_from, after.said.derived_from)


@items.on(CaseExported)
def hand_out(event: Recorded) -> None:
    """Note for each item of the case that it left in a bundle."""
    _handle(event, ItemState.objects.now(), action="exported")


@items.on(BundleDownloaded)
def take_away(event: Recorded) -> None:
    """Note for each item that was in a bundle that somebody took it away."""
    _handle(event, ItemState.objects.at(event.data.seq), action="downloaded")


@items.on(domain.EvidenceLinked)
def add_link(event: Recorded) -> None:
    link: domain.EvidenceLinked = event.data
    note = ERASED if "note" in event.erased else link.note
    insert([_link(event, link.relation, link.target, note=note, of_field=False)])


@items.on(domain.EvidenceCommented)
def add_comment(event: Recorded) -> None:
    Comment.objects.create(
        id=event.id,
        case_id=event.stream,
        item=event.item,
        seq=event.seq,
        text=event.data.text,
        author=event.actor,
        at=event.at,
    )


@items.on(domain.EvidenceEnriched)
def add_result(event: Recorded) -> None:
    found: domain.EvidenceEnriched = event.data
    result = Enrichment(
        **_of_enrichment(event),
        status="done",
        tool=found.tool,
        output=dict(found.output),
        derivatives=[codec.to_plain(each) for each in found.derivatives],
        seconds=found.seconds,
    )
    insert([result])


@items.on(domain.EnrichmentFailed)
def add_failure(event: Recorded) -> None:
    failed: domain.EnrichmentFailed = event.data
    result = Enrichment(
        **_of_enrichment(event),
        status="failed",
        reason=failed.reason,
        phase=failed.phase,
        permanent=failed.permanent,
    )
    insert([result])


@items.on(domain.CustodyRecorded)
def add_handlings(event: Recorded) -> None:
    insert(
        [
            Custody(
                case_id=event.stream,
                item=handling.item,
                seq=event.seq,
                action=handling.action,
                actor=handling.actor,
                times=handling.times,
                first=handling.first,
                last=handling.last,
            )
            for handling in event.data.handlings
        ]
    )


@items.renews
def renew(events: Sequence[Recorded]) -> None:
    """Fold items anew from their own events, after something of them was erased: what follows from others stays."""
    for item in {event.item for event in events if event.item}:
        for table in (ItemState, ItemTag, Link, Enrichment, SearchText, Comment):
            table._default_manager.filter(item=item).delete()
        Custody.objects.filter(item=item, action="received").delete()
        stream = next(event.stream for event in events if event.item == item)
        again = read(stream, item=item)
        while some := list(islice(again, CHUNK)):
            items.see(some)
    if any(event.item for event in events):
        tidy()
    for event in events:
        if isinstance(event.data, domain.CustodyRecorded):
            Custody.objects.filter(case=event.stream, seq=event.seq).delete()
            add_handlings(event)


@names_files(domain.EvidenceSubmitted)
def _original(data: domain.EvidenceSubmitted) -> list[tuple[str, int]]:
    return [(data.file.sha256, data.file.size)] if data.file else []


@names_files(domain.EvidenceEnriched)
def _derivatives(data: domain.EvidenceEnriched) -> list[tuple[str, int]]:
    return [(each.sha256, each.size) for each in data.derivatives]


def begun(events: Sequence[Recorded]) -> ItemState:
    """Make the row of an item from its first events, as it now stands in the database, without asking it."""
    first, *more = events
    item = first.data.apply(None)
    row = _row(first, item, earlier=None)
    for event in more:
        after = event.data.apply(item)
        if after != item:
            item, row = after, _row(event, after, earlier=row)
    return row


def state_of(row: ItemState) -> domain.Item:
    """Read a row back into the domain's state."""
    return codec.from_values(domain.Item, row.state)


def _row(event: Recorded, item: domain.Item, *, earlier: ItemState | None) -> ItemState:
    said = item.said
    when = parse(said.when) if said.when else None
    return ItemState(
        id=event.id,
        item=event.item,
        case_id=event.stream,
        seq=earlier.seq if earlier else event.seq,
        from_seq=event.seq,
        submitted_at=earlier.submitted_at if earlier else event.at,
        submitted_by=earlier.submitted_by if earlier else event.actor,
        submitter=said.submitter,
        changed_at=event.at,
        kind=said.kind,
        status=item.status,
        title=said.title,
        earliest=when.earliest if when else None,
        latest=when.latest if when else None,
        lat=said.place.lat if said.place else None,
        lon=said.place.lon if said.place else None,
        source_name=said.source.name if said.source else "",
        source_folded=folded(said.source.name) if said.source else "",
        reliability=item.grade.reliability if item.grade else "",
        credibility=item.grade.credibility if item.grade else "",
        sensitivity=said.sensitivity,
        external_id=said.external_id,
        sha256=said.file.sha256 if said.file else "",
        flagged=bool(item.flags),
        state=codec.to_values(item),
    )


def _words(item: domain.Item) -> str:
    said = item.said
    parts = [said.title, said.text, said.activity, said.observer, said.external_id, *said.tags]
    for part in (said.place, said.source, said.subject, said.speaker, said.collection, said.file):
        if part:
            parts += [value for value in codec.to_values(part).values() if isinstance(value, str)]
    parts += [each.name for each in said.attribution]
    return " ".join(words("\n".join(parts)))


def _change_tags(event: Recorded, before: tuple[str, ...], after: tuple[str, ...]) -> None:
    if gone := set(before) - set(after):
        held = ItemTag.objects.filter(item=event.item, tag__in=gone, until_seq__isnull=True)
        held.update(until_seq=event.seq)
    insert(_tags(event, [tag for tag in after if tag not in before]))


def _tags(event: Recorded, tags: Iterable[str]) -> list[ItemTag]:
    once = dict.fromkeys(tags)
    return [ItemTag(case_id=event.stream, item=event.item, tag=tag, from_seq=event.seq) for tag in once]


def _change_origins(event: Recorded, before: tuple[UUID, ...], after: tuple[UUID, ...]) -> None:
    if gone := set(before) - set(after):
        held = Link.objects.now().filter(item=event.item, target__in=gone, of_field=True)
        held.update(until_seq=event.seq)
    insert(_origins(event, [target for target in after if target not in before]))


def _origins(event: Recorded, targets: Iterable[UUID]) -> list[Link]:
    once = dict.fromkeys(targets)
    return [_link(event, domain.Relation.DERIVED_FROM, target, note="", of_field=True) for target in once]


def _link(event: Recorded, relation: domain.Relation, target: UUID, *, note: str, of_field: bool) -> Link:
    return Link(
        case_id=event.stream,
        event=event.id,
        seq=event.seq,
        item=event.item,
        relation=relation,
        target=target,
        note=note,
        of_field=of_field,
        by=event.actor,
        at=event.at,
    )


def _received(event: Recorded) -> Custody:
    return Custody(
        case_id=event.stream,
        item=event.item,
        seq=event.seq,
        action="received",
        actor=event.actor,
        first=event.at,
        last=event.at,
    )


def _handle(event: Recorded, states: QuerySet[ItemState], *, action: str) -> None:
    there = states.filter(case=event.stream).order_by("seq").values_list("item", flat=True)
    insert(
        [
            Custody(
                case_id=event.stream,
                item=item,
                seq=event.seq,
                action=action,
                actor=event.actor,
                times=1,
                first=event.at,
                last=event.at,
            )
            for item in there
        ]
    )


def _of_enrichment(event: Recorded) -> dict[str, object]:
    data: domain.EvidenceEnriched | domain.EnrichmentFailed = event.data
    return {
        "id": event.id,
        "case_id": event.stream,
        "item": event.item,
        "seq": event.seq,
        "enricher": data.enricher,
        "version": data.version,
        "parameters": dict(data.parameters),
        "input_digest": data.input_digest,
        "at": event.at,
    }
