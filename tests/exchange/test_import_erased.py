"""A case of which something was erased comes back without it, and still says that it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from cases import commands as cases
from cases.domain import Role
from evidence.erasure.domain import NewErasure
from evidence.models import ItemState
from exchange.restore import import_bundle
from ledger import keys
from ledger.actors import Actor
from ledger.read import read
from ledger.sequence import sequence
from tests.evidence.erasures import WHY, erase, of_item
from tests.exchange.conftest import export, lose_everything, make_case
from verifier.verify import verify as verify_bundle

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_comes_back_without_what_was_erased_and_says_so(
    alice: Any, bob: Any, log_folder: Path, tmp_path: Path
) -> None:
    keys.make("waterline.example/erased")
    owner, reviewer = Actor.person(alice.pk), Actor.person(bob.pk)
    case = make_case(alice, title="Tankers")
    cases.add_member(case_id=case, user=bob.pk, role=Role.REVIEWER, by=owner)
    rows = dict(ItemState.objects.now().filter(case=case).values_list("kind", "item"))
    erase(case, of_item(rows["statement"], "speaker"), asks=owner, agrees=reviewer)
    sha256 = ItemState.objects.now().get(item=rows["image"]).sha256
    erase(case, NewErasure(files=(sha256,), **WHY), asks=owner, agrees=reviewer)
    left = export(case, tmp_path / "bundle.zip")
    was = [(each.hash, tuple(each.disclosures), dict(each.erased)) for each in read(case)]
    lose_everything(log_folder)
    done = import_bundle(left.path, key=left.key)
    assert (done.events, done.files) == (len(was), 0)
    back = [(each.hash, tuple(each.disclosures), dict(each.erased)) for each in read(case)]
    assert back[: len(was)] == was
    while sequence():
        pass
    call_command("sequence", "--once")
    call_command("verify", "--files")
    call_command("rebuild", "--check")
    again = export(case, tmp_path / "again.zip")
    report = verify_bundle(str(again.path), again.key)
    assert report.fails == []
    assert len(report.erased) == 2
