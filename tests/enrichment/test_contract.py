"""What every enricher promises, whoever wrote it: the tests run over all that are installed."""

from __future__ import annotations

import dataclasses
import inspect
import json
import os
from pathlib import Path

import pytest

from enrichment import enrichers, registry, sandbox
from enrichment.domain import Enricher, EnricherInput, Limits, Result
from enrichment.printable import printable
from evidence.domain import EvidenceSubmitted, Kind
from ledger import codec
from ledger.strict_json import parse_strict
from tests.enrichment.films import film
from tests.enrichment.papers import text_pdf

ENRICHERS = list(registry.installed().values())
TEXT = "IMO 9074729 at 42.7400, 133.0800 on 3 May 2024, see hxxps://a[.]example; стоит у причала."


@pytest.fixture(params=ENRICHERS, ids=lambda enricher: enricher.name)
def enricher(request: pytest.FixtureRequest) -> Enricher:
    installed: Enricher = request.param
    if because := installed.missing():
        # What a machine lacks is named; in continuous integration it must be there.
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"not installed: {because}")
    return installed


@pytest.fixture
def given(enricher: Enricher, shared: Path, tmp_path: Path) -> EnricherInput:
    """A real item of a kind that the enricher accepts, with the fields that it reads."""
    kind = sorted(enricher.accepts)[0]
    original = shared / "data/exif-samples/jpg/hdr/iphone_hdr_YES.jpg"
    if enricher.media == {"application/pdf"}:
        original = tmp_path / "made.pdf"
        original.write_bytes(text_pdf("Tanker at berth 4", "Loaded"))
    fields = {
        "file": {"name": "iphone_hdr_YES.jpg", "media_type": "image/png", "sha256": "0" * 64, "size": 1},
        "place": {"name": "Vostochny", "lat": 42.74, "lon": 133.08},
        "when": "2024-05-03",
        "text": TEXT,
        "subject": {"name": "Angara", "imo": "9179842", "mmsi": "273348830", "flag": "Panama", "call_sign": "UBTE"},
    }
    if "video/mp4" in enricher.media and "image/jpeg" not in enricher.media:
        original = film(tmp_path / "made.mp4")
    read = {name: fields[name] for name in enricher.reads}
    folder = tmp_path / "made"
    folder.mkdir()
    return EnricherInput(kind=kind, fields=read, original=original if kind == "image" else None, folder=folder)


def test_each_file_is_an_enricher_of_its_name() -> None:
    files = sorted(path.stem for path in Path(enrichers.__path__[0]).glob("*.py") if path.stem != "__init__")
    assert [enricher.name for enricher in ENRICHERS] == files
    assert len(files) >= 10


def test_it_has_a_name_a_version_and_says_with_what_it_works(enricher: Enricher) -> None:
    assert enricher.name.isidentifier()
    assert enricher.name.islower()
    assert enricher.version >= 1
    assert enricher.tool().rpartition(" ")[2][0].isdigit()
    assert registry.module_of(enricher) == f"enrichment.enrichers.{enricher.name}"
    assert registry.find(enricher.name, enricher.version) is enricher
    assert registry.find(enricher.name, enricher.version + 1) is None


def test_it_accepts_kinds_and_reads_fields_that_exist(enricher: Enricher) -> None:
    assert enricher.accepts
    assert enricher.accepts <= set(Kind)
    assert enricher.reads
    assert enricher.reads <= {field.name for field in dataclasses.fields(EvidenceSubmitted)}


def test_its_output_is_a_frozen_dataclass_that_is_explained(enricher: Enricher, given: EnricherInput) -> None:
    assert enricher.run.__doc__
    result = enricher.run(given)
    assert isinstance(result, Result)
    kind = type(result.output)
    assert dataclasses.is_dataclass(kind)
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
    # A dataclass without a docstring gets its own signature for one.
    assert not (inspect.getdoc(kind) or "").startswith(f"{kind.__name__}(")


def test_it_says_the_same_twice(enricher: Enricher, given: EnricherInput) -> None:
    first = enricher.run(given)
    files = [made.path.read_bytes() for made in first.made]
    second = enricher.run(given)
    assert (first.output, first.flags) == (second.output, second.flags)
    assert [made.path.read_bytes() for made in second.made] == files


def test_what_it_finds_and_its_parameters_are_strict_json(enricher: Enricher, given: EnricherInput) -> None:
    output = dataclasses.asdict(enricher.run(given).output)
    parsed = parse_strict(codec.to_json(output).encode())
    assert parsed == json.loads(json.dumps(output)) == printable(output)
    assert parse_strict(codec.to_json(dict(enricher.parameters)).encode()) == dict(enricher.parameters)


def test_what_it_makes_lies_in_its_folder(enricher: Enricher, given: EnricherInput) -> None:
    made = enricher.run(given).made
    assert {each.path.parent for each in made} <= {given.folder}
    assert sorted(each.path for each in made) == sorted(given.folder.iterdir())


def test_the_sandbox_gives_what_a_direct_call_gives(enricher: Enricher, given: EnricherInput) -> None:
    direct = enricher.run(given)
    with sandbox.run(
        registry.module_of(enricher), kind=given.kind, fields=given.fields, original=given.original, limits=Limits()
    ) as outcome:
        assert isinstance(outcome, sandbox.Done), outcome
        assert outcome.output == json.loads(json.dumps(dataclasses.asdict(direct.output)))
        assert outcome.flags == direct.flags
        assert [made.path.read_bytes() for made in outcome.made] == [made.path.read_bytes() for made in direct.made]
        assert outcome.tool == enricher.tool()
