"""Disclosures that withhold: nothing withheld leaks anywhere, the rest holds, and each field can be proved later."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command

from analysis import commands as findings
from analysis.domain import FindingStated
from cases import commands as cases
from cases.domain import Sensitivity
from evidence import commands as evidence
from evidence.domain import (
    EvidenceEnriched,
    EvidenceFlagged,
    EvidenceLinked,
    EvidenceSubmitted,
    Kind,
    Relation,
    Speaker,
)
from exchange.bundle import write_bundle
from exchange.profile import Profile
from ledger import keys
from ledger.actors import Actor
from ledger.append import Fact, append
from ledger.read import read
from tests.exchange.conftest import Left, make_case
from verifier.verify import main
from verifier.verify import verify as verify_bundle

pytestmark = pytest.mark.django_db
WITNESS = "Ji-woo Zelenograd"


@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        ('Ivan "Vanya" Petrov', 'ivan "vanya" petrov'),
        ("back\\slash", "Back\\Slash"),
        # Decomposed and composed; a space that does not break, two of them, an end of line.
        ("Zoe\u0308 C\u030capek", "Zoë Čapek"),
        ("Ji-woo\u00a0Zelenograd", "Ji-woo Zelenograd"),
        ("Ji-woo  \n Zelenograd", " Ji-woo Zelenograd "),
    ],
)
def test_a_name_is_found_in_whatever_spelling_of_its_characters(
    alice: Any, log_folder: Path, tmp_path: Path, stored: str, asked: str
) -> None:
    keys.make("waterline.example/withheld")
    case = make_case(alice, title="Tankers")
    said = EvidenceSubmitted(kind=Kind.STATEMENT, text=f"So said {stored}.", speaker=Speaker(name=stored))
    evidence.submit_evidence(case_id=case, said=said, by=Actor.person(alice.pk))
    out = tmp_path / "out.zip"
    call_command("export", str(case), "--out", str(out), "--person", asked, stdout=StringIO())
    [line] = [each for each in Left(out, case, "").events() if len(each["withheld"]) == 2]
    assert not any('"speaker"' in each or '"text"' in each for each in line["disclosures"])


@pytest.mark.parametrize("option", [("--item", "01a21089-c055-7288-9e44-039436de4027"), ("--field", "kind")])
def test_what_would_withhold_nothing_is_refused(
    story: dict[str, UUID], tmp_path: Path, option: tuple[str, str]
) -> None:
    out = tmp_path / "out.zip"
    with pytest.raises(CommandError):
        call_command("export", str(story["case"]), "--out", str(out), *option)
    assert not out.exists()


@pytest.fixture
def story(alice: Any, log_folder: Path) -> dict[str, UUID]:
    """A case with a witness who is named in many places, a sensitive item, and a contradiction."""
    keys.make("waterline.example/withheld")
    by = Actor.person(alice.pk)
    case = make_case(alice, title="Tankers")

    def submit(**fields: Any) -> UUID:
        said = EvidenceSubmitted(kind=Kind.STATEMENT, sensitivity=Sensitivity.GREEN, **fields)
        item = evidence.submit_evidence(case_id=case, said=said, by=by).item
        assert item is not None
        return item

    spoken = submit(text="They docked at night, at 42.74, 133.08.", speaker=Speaker(name=WITNESS), title="A witness")
    against = submit(text="They never docked.", title="A port authority")
    secret = evidence.submit_evidence(
        case_id=case,
        said=EvidenceSubmitted(
            kind=Kind.STATEMENT, text="The meeting place is the old pier.", sensitivity=Sensitivity.RED
        ),
        by=by,
    ).item
    assert secret is not None
    linked = EvidenceLinked(relation=Relation.CONTRADICTS, target=spoken, note=f"Against {WITNESS.upper()}")
    evidence.link(case_id=case, item=against, linked=linked, by=by)
    evidence.comment(case_id=case, item=spoken, text=f"I called {WITNESS} today.", by=by)
    evidence.correct(
        case_id=case,
        item=spoken,
        changes={"text": "They docked at night, at 42.75, 133.08."},
        reason="Misheard.",
        by=by,
    )
    found = {"output": {"coordinates": ["42.74, 133.08"]}, "input_digest": "0" * 64, "seconds": 0.1, "tool": "t"}
    data = [
        EvidenceEnriched(enricher="text", version=1, **found),
        EvidenceFlagged(flag="x", detail="42.74", found_by="text@1"),
    ]
    append(case, [Fact(each, item=spoken) for each in data], by=Actor.worker("text", 1))
    return {"case": case, "spoken": spoken, "against": against, "secret": secret}


@pytest.fixture
def leave(story: dict[str, UUID], tmp_path: Path) -> Callable[[Profile], Left]:
    def leave(profile: Profile) -> Left:
        path = tmp_path / "bundle.zip"
        write_bundle(story["case"], out=path, by=Actor.worker("export", 1), profile=profile)
        return Left(path=path, case=story["case"], key=str(keys.load().verifier))

    return leave


def whole_text(left: Left) -> str:
    """All that is in a bundle, in lower case, but for pictures."""
    files = left.files()
    return "\n".join(data.decode() for name, data in files.items() if not name.startswith("data/files/")).casefold()


def test_without_a_profile_everything_leaves(leave: Callable[[Profile], Left]) -> None:
    assert WITNESS.casefold() in whole_text(leave(Profile()))


def test_a_withheld_person_is_named_nowhere_and_the_rest_holds(leave: Callable[[Profile], Left]) -> None:
    left = leave(Profile(persons=(WITNESS,)))
    assert WITNESS.casefold() not in whole_text(left)
    assert "they never docked." in whole_text(left)
    report = verify_bundle(str(left.path), left.key)
    assert report.fails == []
    assert len(report.withheld) == 3


def test_what_was_made_from_a_withheld_field_is_withheld_with_it(leave: Callable[[Profile], Left]) -> None:
    left = leave(Profile(fields=frozenset({"text"})))
    text = whole_text(left)
    for given_away in ("docked at night", "42.74", "42.75", "never docked"):
        assert given_away not in text
    assert "a port authority" in text
    assert verify_bundle(str(left.path), left.key).fails == []


def test_what_is_too_sensitive_is_there_and_says_nothing(
    leave: Callable[[Profile], Left], story: dict[str, UUID]
) -> None:
    left = leave(Profile(above=Sensitivity.AMBER))
    assert "the old pier" not in whole_text(left)
    [event] = [each for each in left.events() if f'"item":"{story["secret"]}"' in each["envelope"]]
    assert [json.loads(each)[1] for each in event["disclosures"]] == ["kind"]
    assert verify_bundle(str(left.path), left.key).fails == []


def test_what_was_computed_from_a_withheld_item_is_withheld_with_it(
    leave: Callable[[Profile], Left], story: dict[str, UUID], alice: Any
) -> None:
    case, by = story["case"], Actor.person(alice.pk)

    def state(sentence: str, rule: str = "count", **parameters: Any) -> UUID:
        stated = FindingStated(sentence=sentence, rule=rule, version=1, parameters=parameters)
        finding = findings.state_finding(case_id=case, stated=stated, by=by).item
        assert finding is not None
        findings.compute_finding(case_id=case, finding=finding, by=by)
        return finding

    state("Two say that they docked.", of={"items": [str(story["spoken"]), str(story["against"])]})
    pier = state("One names the pier.", of={"items": [str(story["secret"])]})
    state("Once more, the pier.", "sum", of=[str(pier)])
    text = whole_text(leave(Profile(above=Sensitivity.AMBER)))
    assert "two say that they docked." in text
    assert "the pier" not in text
    left = leave(Profile(items=frozenset({story["against"]})))
    assert "one names the pier." in whole_text(left)
    assert "two say" not in whole_text(left)
    assert verify_bundle(str(left.path), left.key).fails == []


def test_a_contradiction_is_not_dropped_with_the_item_that_contradicts(
    leave: Callable[[Profile], Left], story: dict[str, UUID]
) -> None:
    left = leave(Profile(items=frozenset({story["against"]})))
    assert "they never docked." not in whole_text(left)
    [link] = [each for each in left.events() if '"evidence.linked/1"' in each["envelope"]]
    said = {name: value for _, name, value in map(json.loads, link["disclosures"])}
    assert said == {"relation": "contradicts", "target": str(story["spoken"])}


def test_the_export_and_the_manifest_say_what_was_withheld_and_why(
    leave: Callable[[Profile], Left], story: dict[str, UUID]
) -> None:
    left = leave(Profile(fields=frozenset({"speaker"}), persons=(WITNESS,), above=Sensitivity.AMBER))
    *_, last = read(story["case"])
    assert last.data.withheld == ("field speaker", "1 persons", "above TLP:AMBER")
    said = json.loads(left.files()["data/bundle.json"])["withheld"]
    assert said["profile"] == list(last.data.withheld)
    reasons = {reason for event in said["events"] for reason in event["fields"].values()}
    assert reasons == {"field", "person", "item"}


def test_a_withheld_field_is_proved_later_by_its_disclosure_alone(
    leave: Callable[[Profile], Left], story: dict[str, UUID], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    left = leave(Profile(fields=frozenset({"speaker"})))
    event = next(each for each in read(story["case"]) if each.item == story["spoken"])
    [disclosure] = [each for each in event.disclosures if '"speaker"' in each]
    later = tmp_path / "later"
    later.write_text(f"{disclosure}\n")
    assert main([str(left.path), "--key", left.key, "--also", str(later)]) == 0
    assert f'the field \'speaker\', withheld here, is {{"name": "{WITNESS}"}}' in capsys.readouterr().out
    later.write_text(disclosure.replace("Ji-woo", "Min-ji"))
    assert main([str(left.path), "--key", left.key, "--also", str(later)]) == 1


def test_the_command_takes_what_is_withheld_and_refuses_fields_that_are_none(
    story: dict[str, UUID], tmp_path: Path
) -> None:
    case, path = str(story["case"]), tmp_path / "command.zip"
    with pytest.raises(CommandError, match="No item has a field speakers"):
        call_command("export", case, "--out", str(path), "--field", "speakers")
    options = ["--field", "speaker", "--person", WITNESS, "--above", "amber", "--item", str(story["against"])]
    call_command("export", case, "--out", str(path), *options, stdout=StringIO(), stderr=StringIO())
    left = Left(path=path, case=story["case"], key=str(keys.load().verifier))
    assert WITNESS.casefold() not in whole_text(left)
    assert verify_bundle(str(path), left.key).fails == []


def test_a_case_whose_title_names_a_person_leaves_without_it(
    alice: Any, story: dict[str, UUID], leave: Callable[[Profile], Left]
) -> None:
    cases.rename_case(case_id=story["case"], title=f"What {WITNESS} saw", by=Actor.person(alice.pk))
    left = leave(Profile(persons=(WITNESS,)))
    assert WITNESS.casefold() not in whole_text(left)
