"""The ledger panel of a case whose log has had another key, an authority and a witness."""

from __future__ import annotations

import html
import re
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from ledger import keys
from ledger.attest import attest_newest
from ledger.rotate import rotate
from ledger.sequence import sequence
from ledger.signer import sign
from tests.ledger.authority import Authority, answer, serving
from tests.ledger.witness import Witness
from tests.workspace.conftest import Browser, World

pytestmark = pytest.mark.django_db


@pytest.fixture
def panel(world: World, alice: Any, browser: Browser, log_folder: Path) -> Any:
    """Read the panel as text."""
    client: Client = browser(alice)

    def panel() -> str:
        page = client.get(world.page("ledger/")).content.decode()
        return " ".join(html.unescape(re.sub("<[^>]+>", " ", page)).split())

    return panel


def test_it_shows_the_keys_before_and_what_became_of_them(panel: Any) -> None:
    first = keys.make("waterline.example/panel").verifier
    sequence()
    sign()
    assert "key before" not in panel()
    rotate()
    second = keys.verifier()
    sign()
    rotate(lost=True)
    sign()
    said = panel()
    assert str(keys.verifier()) in said
    assert f"{first} Copy that key It signed heads of up to" in said
    assert "It handed over 20" in said
    assert f"{second} Copy that key It signed heads of up to" in said
    assert "It was given up as lost 20" in said


def test_it_shows_who_attested_which_head_and_who_failed(panel: Any, settings: Any, tmp_path: Path) -> None:
    witness = Witness("witness.example/w1", keys.make("waterline.example/panel").verifier)
    authority = Authority(tmp_path / "authority")
    sequence()
    sign()
    with ExitStack() as stack:
        good = stack.enter_context(serving(authority.serve))
        bad = stack.enter_context(serving(lambda handler, _: answer(handler, b"<b>no</b>", "text/html", 503)))
        settings.TSA_URLS, settings.TSA_ROOTS = [good, bad], str(authority.roots)
        settings.WITNESSES = [(str(witness.key), stack.enter_context(serving(witness.serve)))]
        assert f"{good}: nothing yet" in panel()
        attest_newest()
    said = panel()
    assert re.search(rf"{good} stamped the head of \d+ events at 20.* UTC ; that covers this case", said)
    assert "witness.example/w1 cosigned the head of" in said
    assert f"{bad}: nothing yet Its last try failed: the answer has the status 503" in said


def test_a_rotation_that_was_begun_and_not_ended_is_said(panel: Any) -> None:
    keys.make("waterline.example/panel")
    sequence()
    sign()
    old = keys.text_of(keys.load())
    rotate()
    (Path(keys._folder()) / "signing.key").write_text(old)
    (Path(keys._folder()) / "verifier.key").write_text(str(keys.parse(old).verifier))
    assert "Not signed any more: the log names another key" in panel()
