"""The log over the API: a stranger to the database checks it with what the API hands out, and nothing else."""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from rest_framework.test import APIClient

from ledger import keys, merkle
from ledger.receipts import read_receipt
from ledger.signed_note import read_checkpoint, read_note
from tests.api.bodies import submit

LOG = "/api/v1/log/"


@pytest.fixture(autouse=True)
def signing(log_folder: Path) -> None:
    keys.make("waterline.example/api")


def events_of(api: APIClient, case: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get(f"{case}events/").json()["results"]
    return found


def test_a_receipt_proves_an_event_to_one_who_has_the_verifier_key_alone(api: APIClient, case: str) -> None:
    submit(api, case)
    call_command("sequence", "--once")
    key = keys.load().verifier
    for event in events_of(api, case):
        answer = api.get(f"{LOG}proof", {"event": event["id"]}).json()
        receipt = read_receipt(answer["receipt"])
        assert receipt.holds(event["envelope"], key)
        assert not receipt.holds(event["envelope"].replace('"v":1', '"v":2'), key)
        assert str(receipt) == answer["receipt"]
        head = read_checkpoint(read_note(answer["checkpoint"]))
        assert merkle.verify_inclusion(
            leaf=b64decode(answer["leaf_hash"]),
            index=answer["position"],
            size=answer["size"],
            proof=[b64decode(each) for each in answer["proof"]],
            root=head.root,
        )


def test_what_no_signed_head_covers_yet_is_not_provable_yet(api: APIClient, case: str) -> None:
    event = events_of(api, case)[0]["id"]
    assert api.get(f"{LOG}checkpoint").status_code == 404
    answer = api.get(f"{LOG}proof", {"event": event})
    assert (answer.status_code, answer.json()["code"]) == (503, "not-provable-yet")
    assert answer.headers["Retry-After"]
    call_command("sequence", "--once")
    assert api.get(f"{LOG}proof", {"event": event}).status_code == 200


def test_the_checkpoint_is_the_signed_note_itself(api: APIClient, case: str) -> None:
    call_command("sequence", "--once")
    answer = api.get(f"{LOG}checkpoint")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    note = read_note(answer.content.decode())
    assert keys.load().verifier.verified(note)
    assert read_checkpoint(note).size == 1


def test_the_log_is_followed_page_by_page(api: APIClient, case: str) -> None:
    for n in range(3):
        submit(api, case, title=str(n))
    call_command("sequence", "--once")
    expected = [event["id"] for event in events_of(api, case)]
    found, address = [], f"{LOG}entries/?page_size=2"
    while address:
        page = api.get(address).json()
        found += page["results"]
        address = page["next"]
    assert [each["event"] for each in found] == expected
    assert [each["position"] for each in found] == list(range(len(expected)))


def test_heads_of_two_times_are_shown_to_be_one_log(api: APIClient, case: str) -> None:
    call_command("sequence", "--once")
    first = read_checkpoint(read_note(api.get(f"{LOG}checkpoint").content.decode()))
    submit(api, case)
    submit(api, case, title="Another")
    call_command("sequence", "--once")
    second = read_checkpoint(read_note(api.get(f"{LOG}checkpoint").content.decode()))
    proof = api.get(f"{LOG}consistency", {"from": first.size, "to": second.size}).json()["proof"]
    assert merkle.verify_consistency(
        first=first.size,
        second=second.size,
        first_root=first.root,
        second_root=second.root,
        proof=[b64decode(each) for each in proof],
    )


def test_a_tile_holds_the_leaves_and_is_kept_for_ever(api: APIClient, case: str) -> None:
    submit(api, case)
    call_command("sequence", "--once")
    leaves = [b64decode(each["leaf_hash"]) for each in api.get(f"{LOG}entries/").json()["results"]]
    answer = api.get(f"{LOG}tile/0/000.p/{len(leaves)}")
    assert answer.content == b"".join(leaves)
    assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    "address",
    [
        "tile/0/000",
        "tile/0/000.p/200",
        "tile/0/x000/000/000",
        "tile/64/000",
        "tile/0/0",
        "tile/0/000.p/256",
        "tile/0/x000/000.p/1",
        "tile/0/٠٠٠.p/1",
        "tile/1/000",
    ],
)
def test_there_is_no_tile_that_is_not_there(api: APIClient, case: str, address: str) -> None:
    call_command("sequence", "--once")
    assert api.get(f"{LOG}{address}").status_code == 404


@pytest.mark.parametrize(
    "address", ["proof", "proof?event=x", "consistency?from=1", "consistency?from=2&to=1", "consistency?from=0&to=99"]
)
def test_what_can_not_be_proved_is_refused_in_a_sentence(api: APIClient, case: str, address: str) -> None:
    call_command("sequence", "--once")
    answer = api.get(f"{LOG}{address}")
    assert answer.status_code == 400
    assert answer.json()["errors"]


def test_a_tile_with_an_endless_index_is_none(api: APIClient, case: str) -> None:
    call_command("sequence", "--once")
    for index in ("x000/" * 1500 + "000", "x999/" * 5 + "999"):
        assert api.get(f"{LOG}tile/0/{index}.p/1").status_code == 404
