"""A bundle of which any one byte was changed does not hold, whichever of its files the byte lies in."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from tests.exchange.conftest import Left
from verifier.verify import Unreadable, verify

LONG, STRIDE = 3000, 61
"""Of a file of more bytes than this, every so-manieth is changed: a digest is held against all of them alike."""


@pytest.mark.slow
@pytest.mark.django_db
def test_no_byte_of_a_bundle_can_be_changed_unseen(left: Left, tmp_path: Path) -> None:
    bag = tmp_path / "bag"
    for name, data in left.files().items():
        (bag / name).parent.mkdir(parents=True, exist_ok=True)
        (bag / name).write_bytes(data)
    assert verify(str(bag), left.key).count == 0
    unseen, changed = [], 0
    for name, data in left.files().items():
        for place in range(0, len(data), 1 if len(data) <= LONG else STRIDE):
            flipped = bytearray(data)
            # Not the bit that makes a capital of a letter: a digest in capitals is the same one.
            flipped[place] ^= 1 + place % 7
            (bag / name).write_bytes(flipped)
            changed += 1
            with contextlib.suppress(Unreadable):
                if verify(str(bag), left.key).count == 0:
                    unseen.append(f"{name}, byte {place}: {data[max(0, place - 9) : place + 9]!r}")
        (bag / name).write_bytes(data)
    assert changed > 3000
    assert unseen == []
