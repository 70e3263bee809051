"""AIS sentences: those of a collection with known answers, those with parts, notes and faults."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from benchmarks.accuracy import same_message
from enrichment.ais import APART, MOST_OPEN, Message, Reject, read_sentences

POSITION = b"!AIVDM,1,1,,A,15RTgt0PAso;90TKcjM8h6g208CQ,0*4A"
FIRST = b"!AIVDM,2,1,1,A,55?MbV02;H;s<HtKR20EHE:0@T4@Dn2222222216L961O5Gf0NSQEp6ClRp8,0*1C"
SECOND = b"!AIVDM,2,2,1,A,88888888880,2*25"


def read(*lines: bytes) -> list[Message | Reject]:
    return list(read_sentences(lines))


def test_a_position_is_read_with_what_is_not_available_left_out() -> None:
    [message] = read(POSITION)
    assert isinstance(message, Message)
    assert (message.type, message.mmsi, message.line) == (1, "371798000", 1)
    assert (message.lat, message.lon) == (pytest.approx(48.381633), pytest.approx(-123.395383))
    assert (message.speed_kn, message.course_deg, message.heading_deg) == (12.3, 224.0, 215.0)
    assert (message.imo, message.name, message.draught_m, message.received_at) == ("", "", None, None)


def test_the_parts_of_a_message_are_joined_in_whatever_order_they_come() -> None:
    [message] = read(FIRST, SECOND)
    [other] = read(SECOND, POSITION, FIRST)[1:]
    assert isinstance(message, Message)
    assert isinstance(other, Message)
    assert (message.type, message.name, message.call_sign) == (5, "EVER DIADEM", "3FOF8")
    assert (other.name, other.imo, other.draught_m) == (message.name, message.imo, message.draught_m)


@pytest.mark.parametrize(
    "line",
    [
        b"\\s:station,c:1242958962*1C\\" + POSITION,
        b"\\c:1242958962000*2C\\" + POSITION,
        POSITION + b",s28089,d-103,T39.44353985,x147521,r08TPHI1,1242958962",
    ],
)
def test_when_it_was_received_is_read_from_before_or_behind_the_sentence(line: bytes) -> None:
    [message] = read(line)
    assert isinstance(message, Message)
    assert message.received_at == 1242958962


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([b"GET / HTTP/1.1"], "This is no AIS sentence."),
        ([POSITION.replace(b"*4A", b"*4B")], "The checksum does not hold."),
        ([FIRST], "Of 2 parts only 1 came."),
        ([b"!AIVDM,1,2,1,A,88888888880,2*26"], "A part beyond the last."),
        ([b"!AIVDM,1,1,,A,,0*26"], "The message can not be decoded"),
        ([b"!AIVDM,1,1,,A,1,0*17"], "The message can not be decoded"),
    ],
)
def test_a_line_that_gives_nothing_has_a_reason(lines: list[bytes], reason: str) -> None:
    [reject] = read(*lines)
    assert isinstance(reject, Reject)
    assert reject.line == 1
    assert reason in reject.reason


def test_a_part_waits_neither_for_ever_nor_beside_too_many() -> None:
    late = read(FIRST, *[b"# nothing"] * APART, SECOND)
    assert [each.reason for each in late if isinstance(each, Reject)] == [
        "Of 2 parts only 1 came.",
        "Of 2 parts only 2 came.",
    ]
    assert read(FIRST, FIRST, SECOND)[0] == Reject(line=1, reason="Of 2 parts only 1 came.")
    assert MOST_OPEN < APART


def test_hostile_lines_end_as_rejects(shared: Path) -> None:
    strings = json.loads((shared / "data/naughty-strings/blns.json").read_text())
    lines = [text.encode("utf-8", "replace") for text in strings]
    assert all(isinstance(each, Reject) for each in read(*lines))


def test_every_message_of_the_collection_is_decoded_as_expected(shared: Path) -> None:
    folder = shared / "data/ais-gpsd"
    with (folder / "sample.aivdm").open("rb") as file:
        found = list(read_sentences(file))
    messages = [each for each in found if isinstance(each, Message)]
    expected: list[dict[str, Any]] = [
        json.loads(line) for line in (folder / "sample.aivdm.js.chk").read_text().splitlines() if line
    ]
    # The collection joins the halves of type 24, which are messages of their own.
    assert Counter(message.type for message in messages) - Counter(each["type"] for each in expected) == {24: 5}
    assert [each.reason for each in found if isinstance(each, Reject)] == ["This is no AIS sentence."]
    assert [each for each in expected if not any(same_message(each, message) for message in messages)] == []
