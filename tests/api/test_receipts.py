"""Receipts in answers: who submits something gets the proof that it is in the log, and needs nobody to check it."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command
from rest_framework.test import APIClient
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey
from tlog_scales.tlog import (
    Checkpoint,
    ConsistencyProof,
    ConsistencyProofInvalid,
    InclusionProof,
    InclusionProofInvalid,
)

from cases.commands import add_member
from cases.domain import Role
from ledger import keys
from ledger.actors import Actor
from ledger.receipts import read_receipt
from ledger.rotate import rotate
from ledger.rotation import STREAM
from ledger.signer import sign
from tests.api.bodies import STATEMENT, submit

LOG = "/api/v1/log/"


@pytest.fixture(autouse=True)
def signing(log_folder: Path) -> None:
    keys.make("waterline.example/api")


def test_the_reply_to_a_submission_says_where_it_is_proved(api: APIClient, case: str) -> None:
    reply = api.post(f"{case}evidence/", STATEMENT).json()
    assert api.get(reply["proof"]).json()["code"] == "not-provable-yet"
    call_command("sequence", "--once")
    proved = api.get(reply["proof"]).json()
    event = next(each for each in api.get(f"{case}events/").json()["results"] if each["seq"] == reply["seq"])
    assert proved["event"] == event["id"]
    assert read_receipt(proved["receipt"]).holds(event["envelope"], keys.verifier())


def test_a_submission_that_is_sent_again_has_the_same_reply(api: APIClient, case: str) -> None:
    first = api.post(f"{case}evidence/", STATEMENT, HTTP_IDEMPOTENCY_KEY="once")
    call_command("sequence", "--once")
    again = api.post(f"{case}evidence/", STATEMENT, HTTP_IDEMPOTENCY_KEY="once")
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"


def test_an_item_carries_its_receipt_once_a_signed_head_covers_it(api: APIClient, case: str) -> None:
    item = submit(api, case)
    before = api.get(item).json()
    assert before["receipt"] is None
    call_command("sequence", "--once")
    api.post(f"{item}grade/", {"reliability": "B", "credibility": "2"})
    shown = api.get(item).json()
    assert shown["proof"] == before["proof"]
    events = {each["seq"]: each for each in api.get(f"{case}events/").json()["results"]}
    assert read_receipt(shown["receipt"]).holds(events[shown["seq"]]["envelope"], keys.verifier())
    # It is of the submission, whatever was done with the item since.
    assert not read_receipt(shown["receipt"]).holds(events[shown["state_seq"]]["envelope"], keys.verifier())


def test_reading_an_item_with_its_receipt_takes_as_many_queries_however_much_it_holds(
    api: APIClient, case: str, django_assert_max_num_queries: Any
) -> None:
    counts = []
    for n in range(2):
        for m in range(1 + 5 * n):
            item = submit(api, case, title=f"{n} {m}")
        call_command("sequence", "--once")
        with django_assert_max_num_queries(20) as seen:
            assert api.get(item).json()["receipt"]
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_who_may_only_add_gets_the_receipts_of_what_they_added_and_no_others(
    api: APIClient, client_of: Callable[..., APIClient], case: str, alice: Any, charlie: Any
) -> None:
    theirs = client_of(charlie)
    case_id = UUID(case.split("/")[-2])
    add_member(case_id=case_id, user=charlie.pk, role=Role.SUBMITTER, by=Actor.person(alice.pk))
    other = api.post(f"{case}evidence/", STATEMENT).json()
    own = theirs.post(f"{case}evidence/", STATEMENT).json()
    call_command("sequence", "--once")
    assert theirs.get(own["proof"]).status_code == 200
    assert theirs.get(f"{case}evidence/{own['id']}/").json()["receipt"]
    assert theirs.get(other["proof"]).status_code == 403


def test_a_stranger_does_not_learn_that_an_event_exists(
    api: APIClient, client_of: Callable[..., APIClient], case: str, charlie: Any
) -> None:
    proof = api.post(f"{case}evidence/", STATEMENT).json()["proof"]
    call_command("sequence", "--once")
    assert client_of(charlie).get(proof).status_code == 404


# -- the key was exchanged ----------------------------------------------------------------------------


def test_receipts_go_on_under_the_new_key_and_old_ones_hold_under_the_old(api: APIClient, case: str) -> None:
    item = submit(api, case)
    call_command("sequence", "--once")
    old, first = keys.verifier(), api.get(item).json()
    rotate()
    sign()
    second = api.get(item).json()
    event = next(each for each in api.get(f"{case}events/").json()["results"] if each["seq"] == first["seq"])
    assert read_receipt(first["receipt"]).holds(event["envelope"], old)
    assert read_receipt(second["receipt"]).holds(event["envelope"], keys.verifier())
    assert not read_receipt(second["receipt"]).holds(event["envelope"], old)


def test_the_log_s_own_events_are_in_no_answer_about_cases(api: APIClient, case: str) -> None:
    submit(api, case)
    call_command("sequence", "--once")
    rotate()
    call_command("sequence", "--once")
    submit(api, case, title="After")
    call_command("sequence", "--once")
    entries = api.get(f"{LOG}entries/").json()["results"]
    positions = [each["position"] for each in entries]
    [own] = set(range(positions[-1] + 1)) - set(positions)
    assert all(each["case"] != str(STREAM) for each in entries)
    assert [each["position"] for each in api.get(f"{LOG}entries/?after={own - 1}").json()["results"]] == [own + 1]
    from ledger.models import Entry

    rotation = Entry.objects.get(position=own).event
    for address in (
        f"{LOG}proof?event={rotation}",
        f"/api/v1/cases/{STREAM}/",
        f"/api/v1/cases/{STREAM}/events/?after=0",
        f"/api/v1/cases/{STREAM}/evidence/",
    ):
        assert api.get(address).status_code == 404, address
    assert len(api.get("/api/v1/cases/").json()["results"]) == 1


# -- an independent implementation --------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 3, 300])
def test_another_implementation_of_logs_accepts_our_checkpoint_proofs_and_tiles(
    api: APIClient, case: str, count: int
) -> None:
    """tlog-scales knows nothing of us: it checks the signature, each path, consistency, and the root over our tiles."""
    lines = "\n".join(f'{{"kind": "statement", "title": "{n}", "text": "x"}}' for n in range(count))
    api.post(f"{case}evidence/batch/", lines.encode(), content_type="application/x-ndjson")
    call_command("sequence", "--once")
    text = api.get(f"{LOG}checkpoint").content.decode()
    checkpoint = Checkpoint.from_text(text)
    checkpoint.verify(Vkey.from_string(str(keys.verifier())))
    events = api.get(f"{case}events/").json()["results"]
    for event in [events[-1], events[0]]:
        proved = api.get(f"{LOG}proof", {"event": event["id"]}).json()
        first_path = [b64decode(each) for each in proved["proof"]]
        leaf = b64decode(proved["leaf_hash"])
        InclusionProof(proved["position"], proved["size"], first_path).check(leaf, checkpoint.root_hash)
        with pytest.raises(InclusionProofInvalid):
            InclusionProof(proved["position"], proved["size"], first_path).check(bytes(32), checkpoint.root_hash)
    reader = TilesReader(OurTiles(api))
    assert reader.get_checkpoint() == checkpoint
    assert reader.calculate_root_hash() == checkpoint.root_hash
    assert reader.get_inclusion_proof(0, checkpoint.size).node_hashes == first_path
    half = max(1, checkpoint.size // 2)
    ours = api.get(f"{LOG}consistency", {"from": half, "to": checkpoint.size}).json()["proof"]
    proof = ConsistencyProof(half, checkpoint.size, [b64decode(each) for each in ours])
    assert proof == reader.get_consistency_proof(half, checkpoint.size)
    proof.check(reader.mth(0, half), checkpoint.root_hash)
    with pytest.raises(ConsistencyProofInvalid):
        proof.check(bytes(32), checkpoint.root_hash)


class OurTiles:
    """The log over the API, as a place that tiles are read from."""

    def __init__(self, api: APIClient) -> None:
        self.api = api

    def get(self, *path: str) -> bytes | None:
        answer = self.api.get(f"{LOG}{'/'.join(path)}")
        return answer.content if answer.status_code == 200 else None
