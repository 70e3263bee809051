"""What the tests of erasures share: asking and agreeing, and looking everywhere for what should be gone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db import connection

from evidence import commands as evidence
from evidence import domain, queries
from evidence.erasure import commands
from evidence.erasure.domain import NewErasure, OfEvent, OfItem
from ledger.actors import Actor
from ledger.rebuild import differing
from ledger.recorded import Recorded
from ledger.redaction import Ground
from ledger.verify import verify

WHY = {"ground": Ground.DATA_SUBJECT, "reason": "Asked for in a letter of 3 March."}


def submit(case: UUID, by: Actor, **fields: Any) -> UUID:
    said = domain.EvidenceSubmitted(**({"kind": domain.Kind.STATEMENT, "text": "They docked."} | fields))
    item = evidence.submit_evidence(case_id=case, said=said, by=by).item
    assert item is not None
    return item


def shown(case: UUID, item: UUID, by: Actor) -> dict[str, Any]:
    return queries.represent([queries.item_row(case, item, by=by)], by=by)[0]


def sound(case: UUID) -> bool:
    return verify(stream=case).faults == [] and differing() == []


def of_item(item: UUID, *fields: str, **more: Any) -> NewErasure:
    return NewErasure(items=(OfItem(item=item, fields=fields),), **(WHY | more))


def of_event(event: UUID, *fields: str, **more: Any) -> NewErasure:
    return NewErasure(events=(OfEvent(event=event, fields=fields),), **(WHY | more))


def erase(case: UUID, wanted: NewErasure, *, asks: Actor, agrees: Actor) -> Recorded:
    """Do the whole of it: one asks, the other looks and agrees."""
    asked = commands.request_erasure(case_id=case, wanted=wanted, by=asks)
    seen = commands.preview_request(case_id=case, redaction=asked.id, by=agrees)
    return commands.confirm_erasure(case_id=case, redaction=asked.id, fingerprint=seen.plan.fingerprint, by=agrees)


def places_of(text: str) -> list[str]:
    """Name every table of the database in a row of which a text stands, in whatever column."""
    wanted, found = text.casefold(), []
    with connection.cursor() as cursor:
        for table in sorted(connection.introspection.table_names(cursor)):
            if table.endswith("_fts"):
                continue  # A view of its shadow tables, which are looked at.
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608
            if any(wanted in each for row in cursor.fetchall() for each in _texts(row)):
                found.append(table)
    return found


def _texts(row: Any) -> Iterator[str]:
    for value in row:
        if isinstance(value, bytes | memoryview):
            yield bytes(value).decode("utf-8", "ignore").casefold()
        elif value is not None:
            yield str(value).casefold()
