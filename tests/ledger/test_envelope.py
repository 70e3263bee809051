"""The exact bytes of envelopes and disclosures: compact JSON, whatever the values are."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from ledger.codec import to_json
from ledger.envelope import Envelope, disclose, instant

IDS = st.uuids()
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(IDS, IDS, st.integers(1, 2**53), st.none() | IDS, st.text(), st.datetimes(), st.text(), st.none() | IDS)
def test_an_envelope_is_the_compact_json_of_its_parts(
    id_: UUID, stream: UUID, seq: int, item: UUID | None, type_: str, at: datetime, actor: str, cause: UUID | None
) -> None:
    fields = ("a-b_", "c")
    envelope = Envelope(id_, stream, seq, item, type_, at.replace(tzinfo=UTC), actor, cause, "0" * 64, fields)
    parts = {
        "v": 1,
        "id": str(id_),
        "stream": str(stream),
        "seq": seq,
        "item": item and str(item),
        "type": type_,
        "at": instant(at.replace(tzinfo=UTC)),
        "actor": actor,
        "cause": cause and str(cause),
        "prev": "0" * 64,
        "fields": fields,
    }
    assert envelope.text() == to_json(parts)


@given(st.dictionaries(st.from_regex(r"[a-z][a-z_0-9]*", fullmatch=True), VALUES))
def test_a_disclosure_is_the_compact_json_of_salt_name_and_value(values: dict[str, object]) -> None:
    disclosures = disclose(values)
    read = list(map(json.loads, disclosures))
    assert [to_json(each) for each in read] == disclosures
    assert {name: value for _, name, value in read} == values
    assert all(len(salt) == 22 for salt, _, _ in read)


def test_an_instant_is_written_in_utc_with_all_its_digits() -> None:
    east = timezone(timedelta(hours=2))
    assert instant(datetime(2026, 11, 23, 12, 0, tzinfo=east)) == "2026-11-23T10:00:00.000000Z"
    assert instant(datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)) == "2026-01-02T03:04:05.000006Z"
