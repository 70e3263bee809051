"""An enricher that would ask others: it is named or it is not run, and never on what is not for everybody."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from cases import commands as cases
from cases.domain import Sensitivity
from enrichment import commands, registry
from enrichment.choosing import choose_playbook
from enrichment.commands import retry
from enrichment.domain import Enricher, may_leave
from enrichment.models import Job
from enrichment.playbooks import NewPlaybook
from evidence import commands as evidence
from evidence.domain import EvidenceSubmitted, Kind
from ledger.actors import Actor
from tests.enrichment.jobs import results

pytestmark = pytest.mark.django_db


@pytest.fixture
def asking(monkeypatch: pytest.MonkeyPatch) -> Enricher:
    """The enricher of texts, as one that would ask others."""
    asks = replace(registry.installed()["text"], network=True)
    monkeypatch.setitem(registry.installed(), "text", asks)
    return asks


def submit(case: UUID, owner: Actor, label: Sensitivity = Sensitivity.CLEAR) -> UUID:
    said = EvidenceSubmitted(kind=Kind.STATEMENT, text="IMO 9074729", sensitivity=label)
    item = evidence.submit_evidence(case_id=case, said=said, by=owner).item
    assert item
    return item


def test_none_that_ships_asks_anybody() -> None:
    assert [name for name, enricher in registry.installed().items() if enricher.network] == []


@pytest.mark.parametrize("label", list(Sensitivity))
def test_only_what_everybody_may_know_may_be_asked_about(label: Sensitivity) -> None:
    assert may_leave(Sensitivity.CLEAR, label) is may_leave(label, Sensitivity.CLEAR) is (label == "clear")


def test_it_reads_nothing_where_nobody_named_it(case: UUID, owner: Actor, asking: Enricher) -> None:
    submit(case, owner)
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("of_case", "of_item", "status"),
    [("clear", "clear", "done"), ("clear", "green", "failed"), ("amber", "clear", "failed"), ("red", "red", "failed")],
)
def test_where_it_was_named_it_runs_on_what_everybody_may_know(
    case: UUID, owner: Actor, asking: Enricher, of_case: str, of_item: str, status: str
) -> None:
    choose_playbook(case_id=case, wanted=NewPlaybook(playbook="own", enrichers={"text": {}}), by=owner)
    if of_case != "amber":
        cases.set_sensitivity(case_id=case, sensitivity=Sensitivity(of_case), by=owner)
    item = submit(case, owner, Sensitivity(of_item))
    job = Job.objects.get(item=item)
    assert commands.run_job(job_id=job.pk) == status
    found = results(case, item, owner)["text"]
    assert found["status"] == status
    if status == "failed":
        assert found["reason"] == (
            f"Not run: it would ask others, and the case is TLP:{of_case.upper()}, the item TLP:{of_item.upper()}. "
            "Both have to be TLP:CLEAR."
        )


def test_a_case_that_became_sensitive_is_asked_about_no_more(case: UUID, owner: Actor, asking: Enricher) -> None:
    choose_playbook(case_id=case, wanted=NewPlaybook(playbook="own", enrichers={"text": {}}), by=owner)
    cases.set_sensitivity(case_id=case, sensitivity=Sensitivity.CLEAR, by=owner)
    job = Job.objects.get(item=submit(case, owner))
    cases.set_sensitivity(case_id=case, sensitivity=Sensitivity.GREEN, by=owner)
    assert commands.run_job(job_id=job.pk) == "failed"
    cases.set_sensitivity(case_id=case, sensitivity=Sensitivity.CLEAR, by=owner)
    retry(case_id=case, job_id=job.pk, by=owner)
    assert commands.run_job(job_id=job.pk) == "done"
